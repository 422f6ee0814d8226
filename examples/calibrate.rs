//! Finds a camera's intrinsics and distortion from pictures of a chessboard.
//!
//! ```text
//! calibrate --source pictures/ --set board=9x6 --set square=0.025 --set out=camera.yml --screenshot corners.png
//! ```
//!
//! `board` counts inner corners. Show the board tilted by 20 to 40 degrees, near, and in every part of the picture; ten
//! pictures make a good calibration. The file is one of OpenCV's `FileStorage`: give it to `ar --calibration`.

#![expect(clippy::print_stdout, reason = "this program is here to print")]

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use bevy::math::DVec2;
use bevy_freshet::vision::calibrate::{Board, CalibrateSettings, Calibration, LensModel, Luma, calibrate};
use bevy_freshet::vision::camera::CalibrationFile;
use freshet_example::{Options, fail};
use image::{GrayImage, Rgb, RgbImage};
use indicatif::{ProgressBar, ProgressDrawTarget};

const KEYS: &[&str] = &["board", "square", "out", "lens"];

fn main() {
    let options = Options::read_with("assets/media/chessboard", KEYS);
    let board = board(&options);
    let settings = CalibrateSettings { lens: lens(&options), ..Default::default() };
    let paths: Vec<_> = options.sources.iter().flat_map(|source| pictures(source)).collect();
    let views = find_all(&board, &paths);
    let found: Vec<_> = views.iter().filter_map(|view| view.corners.clone()).collect();
    let size = views.iter().find(|view| view.corners.is_some()).map(|view| view.luma.dimensions());
    let Some(size) = size else { fail("the whole board is in none of the pictures; is --set board right?") };
    let calibration =
        calibrate(&board, &found, size, settings).unwrap_or_else(|error| fail(&freshet_example::one_line(&error)));
    tell(&calibration, &views);
    let text = CalibrationFile::from_model(&calibration.camera).to_yaml();
    match options.setting("out") {
        Some(path) => write(Path::new(path), text.as_bytes()),
        None => println!("\n{text}"),
    }
    if let Some(path) = &options.report {
        let json = serde_json::to_vec_pretty(&calibration).unwrap_or_default();
        write(path, &json);
    }
    if let (Some(path), Some(view)) = (&options.screenshot, views.iter().rev().find(|view| view.corners.is_some())) {
        drawn(view, &board).save(path).unwrap_or_else(|error| fail(&format!("{}: {error}", path.display())));
    }
}

/// A picture, and the board's corners if all of it is there.
struct View {
    path: PathBuf,
    luma: GrayImage,
    corners: Option<Vec<DVec2>>,
}

fn board(options: &Options) -> Board {
    let text = options.setting("board").unwrap_or("9x6");
    let sides = text.split_once('x').and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?)));
    let Some((columns, rows)) = sides else { fail(&format!("--set board={text}: inner corners read like 9x6")) };
    let square = options.setting("square").unwrap_or("0.025");
    let metres =
        square.parse().unwrap_or_else(|_| fail(&format!("--set square={square}: a length in metres is wanted")));
    Board::new(columns, rows, metres).unwrap_or_else(|error| fail(&error.to_string()))
}

fn lens(options: &Options) -> LensModel {
    match options.setting("lens") {
        Some("ideal") => LensModel::Ideal,
        Some("radial") => LensModel::Radial,
        None | Some("full") => LensModel::RadialTangential,
        Some("rational") => LensModel::Rational,
        Some(other) => fail(&format!("--set lens={other}: it is ideal, radial, full or rational")),
    }
}

/// The pictures of a folder in the order of their names, or the one that is meant.
fn pictures(source: &str) -> Vec<PathBuf> {
    let path = freshet_example::bundled(source);
    let path = Path::new(&path);
    if !path.is_dir() {
        return vec![path.to_path_buf()];
    }
    let found =
        freshet_example::pictures_in(path).unwrap_or_else(|error| fail(&format!("{}: {error}", path.display())));
    if found.is_empty() {
        fail(&format!("{}: there is no picture in it (png, jpg, bmp)", path.display()));
    }
    found
}

fn find_all(board: &Board, paths: &[PathBuf]) -> Vec<View> {
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(paths.len() as u64), target);
    let mut size = None;
    let find = |path: &PathBuf| {
        bar.inc(1);
        let luma = image::open(path).unwrap_or_else(|error| fail(&format!("{}: {error}", path.display()))).into_luma8();
        if *size.get_or_insert(luma.dimensions()) != luma.dimensions() {
            let ((width, height), (columns, rows)) = (luma.dimensions(), size.unwrap_or_default());
            fail(&format!("{}: it has {width}x{height} pixels, the first picture {columns}x{rows}", path.display()));
        }
        let corners = Luma::new(luma.as_raw(), luma.width(), luma.height()).and_then(|luma| board.find(luma));
        View { path: path.clone(), luma, corners }
    };
    let views = paths.iter().map(find).collect();
    bar.finish_and_clear();
    views
}

fn tell(calibration: &Calibration, views: &[View]) {
    let mut errors = calibration.view_rms_px.iter();
    for view in views {
        match &view.corners {
            Some(_) => println!("{}  {:.3} px", view.path.display(), errors.next().unwrap_or(&f64::NAN)),
            None => println!("{}  left out: the whole board is not in it", view.path.display()),
        }
    }
    let lens = calibration.camera.intrinsics();
    let [fx, fy, cx, cy] = calibration.intrinsics_deviations;
    println!("rms  {:.3} px over {} pictures", calibration.rms_px, calibration.view_rms_px.len());
    println!("fx   {:.2} ± {fx:.2} px", lens.fx);
    println!("fy   {:.2} ± {fy:.2} px", lens.fy);
    println!("cx   {:.2} ± {cx:.2} px", lens.cx);
    println!("cy   {:.2} ± {cy:.2} px", lens.cy);
    println!("k1 k2 p1 p2 k3  {:?}", &calibration.camera.distortion().to_opencv()[..5]);
}

/// The picture with its corners in their order, from red to blue.
fn drawn(view: &View, board: &Board) -> RgbImage {
    let mut picture = image::DynamicImage::ImageLuma8(view.luma.clone()).into_rgb8();
    let last = (board.corner_count() - 1).max(1) as f64;
    for (index, corner) in view.corners.iter().flatten().enumerate() {
        let share = index as f64 / last;
        let color = Rgb([(255.0 * (1.0 - share)) as u8, 60, (255.0 * share) as u8]);
        for step in -6_i64..=6 {
            for (x, y) in [(step, 0), (0, step), (step, 1), (1, step)] {
                let (x, y) = (corner.x.round() as i64 + x, corner.y.round() as i64 + y);
                if (0..i64::from(picture.width())).contains(&x) && (0..i64::from(picture.height())).contains(&y) {
                    picture.put_pixel(x as u32, y as u32, color);
                }
            }
        }
    }
    picture
}

fn write(path: &Path, contents: &[u8]) {
    if let Err(error) = std::fs::write(path, contents) {
        fail(&format!("{}: {error}", path.display()));
    }
}
