//! `cargo xtask media`: makes the bundled media again.

use crate::failure::{Failure, Outcome};
use crate::{process, say, workspace};

/// Runs the generator. It is heavy work on small pictures, so it is built with optimisation.
pub fn run() -> Outcome {
    if !workspace::root().join("tools/media/Cargo.toml").is_file() {
        return Err(Failure::Asked("tools/media, the generator of the media, is not in this checkout".to_owned()));
    }
    process::run(&mut process::cargo(["run", "--release", "--package", "freshet_media", "--", "assets/media"]))?;
    say!("media: in {}", workspace::root().join("assets/media").display());
    Ok(())
}
