//! PNG files, still and animated.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use super::{ExportDone, ExportError};

/// A PNG file that is being written: one picture, or an animation of pictures of one size.
pub(super) struct ClipFile {
    path: PathBuf,
    size: (u32, u32),
    frames: u32,
    rate_hz: u16,
    /// Pictures so far. An animation says in its head how many it has, so they are written when all are there.
    pictures: Vec<Vec<u8>>,
}

impl ClipFile {
    pub(super) fn create(path: &Path, size: (u32, u32), frames: u32, rate_hz: u16) -> Result<Self, ExportError> {
        // A file that cannot be made is better known now than after the last picture.
        File::create(path).map_err(|source| ExportError::Write { path: path.to_path_buf(), source })?;
        Ok(Self { path: path.to_path_buf(), size, frames, rate_hz, pictures: Vec::new() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a picture and answers whether it was the last. Pictures of another size than the first are left out.
    pub(super) fn add(&mut self, size: (u32, u32), rgba: &[u8]) -> Result<bool, ExportError> {
        if size == self.size {
            self.pictures.push(rgb(rgba));
        } else {
            self.frames -= 1;
        }
        Ok(self.pictures.len() as u32 >= self.frames)
    }

    /// Writes what is there.
    pub(super) fn close(self) -> ExportDone {
        let written = self.write();
        let path = self.path;
        let frames = self.pictures.len() as u32;
        let result = written.map(|()| frames).map_err(|source| ExportError::Write { path: path.clone(), source });
        ExportDone { path, result }
    }

    fn write(&self) -> io::Result<()> {
        let out = BufWriter::new(File::create(&self.path)?);
        let mut encoder = png::Encoder::new(out, self.size.0, self.size.1);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
        if self.pictures.len() > 1 {
            encoder.set_animated(self.pictures.len() as u32, 0)?;
            encoder.set_frame_delay(1, self.rate_hz)?;
        }
        let mut writer = encoder.write_header()?;
        for picture in &self.pictures {
            writer.write_image_data(picture)?;
        }
        writer.finish()?;
        Ok(())
    }
}

/// Pictures are opaque: alpha would be a quarter of the file for nothing.
fn rgb(rgba: &[u8]) -> Vec<u8> {
    rgba.chunks_exact(4).flat_map(|pixel| &pixel[..3]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clip_is_an_animation_of_what_was_added() {
        let path = std::env::temp_dir().join(format!("freshet-clip-{}.png", std::process::id()));
        let mut clip = ClipFile::create(&path, (2, 1), 3, 30).unwrap();
        assert!(!clip.add((2, 1), &[1, 2, 3, 0, 4, 5, 6, 0]).unwrap());
        assert!(!clip.add((1, 1), &[9; 4]).unwrap(), "another size is left out");
        assert!(clip.add((2, 1), &[7; 8]).unwrap());
        assert_eq!(clip.close().result.unwrap(), 2);

        let decoder = png::Decoder::new(io::BufReader::new(File::open(&path).unwrap()));
        let mut reader = decoder.read_info().unwrap();
        assert_eq!(reader.info().animation_control().unwrap().num_frames, 2);
        let mut picture = [0; 6];
        reader.next_frame(&mut picture).unwrap();
        assert_eq!(picture, [1, 2, 3, 4, 5, 6]);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_made_is_named() {
        let error = ClipFile::create(Path::new("/nowhere/at/all.png"), (1, 1), 1, 1).err().unwrap();
        assert!(error.to_string().contains("/nowhere/at/all.png"), "{error}");
    }
}
