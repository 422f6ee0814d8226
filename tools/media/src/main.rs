//! Makes the project's own media: the same bytes every time, from nothing but numbers.
//!
//! ```text
//! freshet_media FOLDER        clip.avi · clip.mp4 · clip.y4m · still.png · still.jpg · still.bmp · frames/
//!                             poster.png · poster.avi · poster.truth.json
//!                             chessboard/00.png ... · chessboard/truth.yml
//! ```
//!
//! The clip shows a brook in spring, two seconds that join at their ends. The poster is a target for image tracking; its
//! film goes once round it, and the truth says where it is in each frame. The chessboards are seen through a lens that
//! bends, whose numbers are the truth beside them.

mod camera;
mod chessboard;
mod clips;
mod error;
mod files;
mod film;
mod font;
mod jpeg;
mod mux;
mod noise;
mod picture;
mod poster;
mod river;
mod scene;
mod sensor;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use error::MediaError;
use indicatif::{ProgressBar, ProgressStyle};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(folder), None) = (arguments.next(), arguments.next()) else {
        eprintln!("freshet_media: give the folder to write into, such as assets/media");
        return ExitCode::from(2);
    };
    match make(&PathBuf::from(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("freshet_media: {}", error.one_line());
            ExitCode::from(2)
        }
    }
}

fn make(folder: &Path) -> Result<(), MediaError> {
    // Progress goes to the terminal's error output, and nowhere when there is no terminal.
    let progress = ProgressBar::new(clips::STEPS + film::STEPS + chessboard::STEPS);
    let style = ProgressStyle::with_template("{msg:24} {bar:40} {pos}/{len}");
    progress.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let made = clips::make(folder, &progress)
        .and_then(|()| film::make(folder, &progress))
        .and_then(|()| chessboard::make(folder, &progress));
    progress.finish_and_clear();
    made
}
