//! Writing what OpenCV reads.

use super::CalibrationFile;

impl CalibrationFile {
    /// As YAML that `cv::FileStorage` reads. Numbers come back exactly.
    pub fn to_yaml(&self) -> String {
        let mut out = String::from("%YAML:1.0\n---\n");
        for (name, side) in self.sides() {
            out.push_str(&format!("{name}: {side}\n"));
        }
        for (name, rows, columns, numbers) in self.matrices() {
            out.push_str(&format!(
                "{name}: !!opencv-matrix\n   rows: {rows}\n   cols: {columns}\n   dt: d\n   data: [ {} ]\n",
                joined(&numbers, ", ")
            ));
        }
        out
    }

    /// As XML that `cv::FileStorage` reads. Numbers come back exactly.
    pub fn to_xml(&self) -> String {
        let mut out = String::from("<?xml version=\"1.0\"?>\n<opencv_storage>\n");
        for (name, side) in self.sides() {
            out.push_str(&format!("<{name}>{side}</{name}>\n"));
        }
        for (name, rows, columns, numbers) in self.matrices() {
            out.push_str(&format!(
                "<{name} type_id=\"opencv-matrix\">\n  <rows>{rows}</rows>\n  <cols>{columns}</cols>\n  \
                     <dt>d</dt>\n  <data>\n    {}</data></{name}>\n",
                joined(&numbers, " ")
            ));
        }
        out.push_str("</opencv_storage>\n");
        out
    }

    fn sides(&self) -> impl Iterator<Item = (&'static str, u32)> {
        self.size.into_iter().flat_map(|(width, height)| [("image_width", width), ("image_height", height)])
    }

    /// Name, rows, columns, numbers.
    fn matrices(&self) -> impl Iterator<Item = (&'static str, usize, usize, Vec<f64>)> {
        let lens = self.intrinsics;
        let camera = vec![lens.fx, 0.0, lens.cx, 0.0, lens.fy, lens.cy, 0.0, 0.0, 1.0];
        let coefficients = if self.coefficients.is_empty() { vec![0.0; 5] } else { self.coefficients.clone() };
        [("camera_matrix", 3, 3, camera), ("distortion_coefficients", coefficients.len(), 1, coefficients)].into_iter()
    }
}

fn joined(numbers: &[f64], by: &str) -> String {
    numbers.iter().map(|number| format!("{number:?}")).collect::<Vec<_>>().join(by)
}
