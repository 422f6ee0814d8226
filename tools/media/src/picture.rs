//! A picture in the making.

/// Red, green and blue, gamma-encoded, 0 to 1.
pub(crate) type Color = [f32; 3];

/// A picture.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// `R G B`, row by row.
    pub(crate) bytes: Vec<u8>,
}

/// A colour on the way from one to another.
pub(crate) fn mix(from: Color, to: Color, share: f32) -> Color {
    let share = share.clamp(0.0, 1.0);
    [0, 1, 2].map(|channel| from[channel] + (to[channel] - from[channel]) * share)
}

/// 0 below `start`, 1 above `end`, smooth between.
pub(crate) fn step(start: f32, end: f32, value: f32) -> f32 {
    let t = ((value - start) / (end - start)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

impl Picture {
    /// Paints a picture: `color` is asked at four points of each pixel, in parts of the picture's height; `x` runs to
    /// the width over the height.
    pub(crate) fn paint(width: u32, height: u32, color: impl Fn(f32, f32) -> Color) -> Self {
        let mut bytes = Vec::with_capacity((width * height * 3) as usize);
        for y in 0..height {
            for x in 0..width {
                let points = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
                let colors =
                    points.map(|(dx, dy)| color((x as f32 + dx) / height as f32, (y as f32 + dy) / height as f32));
                let mean = |channel: usize| colors.iter().map(|color| color[channel]).sum::<f32>() / 4.0;
                bytes.extend([0, 1, 2].map(|channel| (mean(channel) * 255.0 + 0.5) as u8));
            }
        }
        Self { width, height, bytes }
    }

    /// The picture at half its size: each pixel the mean of four. Even sides only.
    pub(crate) fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let part = |x: u32, y: u32, channel: u32| u32::from(self.bytes[((y * self.width + x) * 3 + channel) as usize]);
        let mut bytes = Vec::with_capacity((width * height * 3) as usize);
        for place in 0..width * height * 3 {
            let (x, y, channel) = (place / 3 % width * 2, place / 3 / width * 2, place % 3);
            let corners = [(0, 0), (1, 0), (0, 1), (1, 1)];
            let sum: u32 = corners.iter().map(|(right, down)| part(x + right, y + down, channel)).sum();
            bytes.push(((sum + 2) / 4) as u8);
        }
        Self { width, height, bytes }
    }

    /// The colour at a place in pixels, their centres at whole numbers: between four, a share of each.
    pub(crate) fn at(&self, [x, y]: [f32; 2]) -> Color {
        let (x, y) = (x.clamp(0.0, (self.width - 1) as f32), y.clamp(0.0, (self.height - 1) as f32));
        let (column, row) = (x as u32, y as u32);
        let pixel = |right: u32, down: u32| {
            let (x, y) = ((column + right).min(self.width - 1), (row + down).min(self.height - 1));
            let at = ((y * self.width + x) * 3) as usize;
            [0, 1, 2].map(|channel| f32::from(self.bytes[at + channel]) / 255.0)
        };
        let (right, down) = (x - column as f32, y - row as f32);
        mix(mix(pixel(0, 0), pixel(1, 0), right), mix(pixel(0, 1), pixel(1, 1), right), down)
    }

    /// Sets one pixel, where there is such.
    pub(crate) fn set(&mut self, x: u32, y: u32, color: [u8; 3]) {
        if x < self.width && y < self.height {
            let at = ((y * self.width + x) * 3) as usize;
            self.bytes[at..at + 3].copy_from_slice(&color);
        }
    }

    /// Luma, then blue and red difference at half the size: BT.601 in video's range. Even sides only.
    pub(crate) fn yuv(&self) -> [Vec<u8>; 3] {
        let (width, height) = (self.width as usize, self.height as usize);
        let pixel = |x: usize, y: usize| {
            let at = (y * width + x) * 3;
            [0, 1, 2].map(|channel| f32::from(self.bytes[at + channel]) / 255.0)
        };
        let luma = |[red, green, blue]: Color| 0.299 * red + 0.587 * green + 0.114 * blue;
        let mut planes = [Vec::new(), Vec::new(), Vec::new()];
        for y in 0..height {
            planes[0].extend((0..width).map(|x| (16.5 + 219.0 * luma(pixel(x, y))) as u8));
        }
        for y in (0..height).step_by(2) {
            for x in (0..width).step_by(2) {
                let block = [pixel(x, y), pixel(x + 1, y), pixel(x, y + 1), pixel(x + 1, y + 1)];
                let mean = [0, 1, 2].map(|channel| block.iter().map(|color| color[channel]).sum::<f32>() / 4.0);
                planes[1].push((128.5 + 224.0 * (mean[2] - luma(mean)) / 1.772) as u8);
                planes[2].push((128.5 + 224.0 * (mean[0] - luma(mean)) / 1.402) as u8);
            }
        }
        planes
    }
}
