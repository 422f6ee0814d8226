//! What can be said on the command line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy::prelude::*;
use bevy_freshet::prelude::*;
use bevy_freshet::vision::camera::{self, CameraModel, CameraModelError, Distortion};
use bevy_freshet::vision::stages::flow::FlowPreset;
use clap::{Parser, ValueEnum};

use super::outcome::fail;

/// What can be said on the command line of every example.
#[derive(Resource, Parser, Debug, Clone)]
#[command(about = None, long_about = None)]
pub struct Options {
    /// Where frames come from: `camera:0`, `synthetic:checker`, a video file, an image, a folder of images. Repeatable
    #[arg(long = "source", value_name = "SPEC")]
    pub sources: Vec<String>,
    /// Ask the source for this size (cameras and synthetic sources)
    #[arg(long, value_name = "WxH", value_parser = size)]
    pub size: Option<(u32, u32)>,
    /// Camera matrix in pixels at the source's size (default: 60° horizontal field of view), for examples that place
    /// things in the picture
    #[arg(long, value_name = "fx,fy,cx,cy", value_parser = intrinsics)]
    pub intrinsics: Option<Intrinsics>,
    /// No window; implied when there is no display
    #[arg(long)]
    pub headless: bool,
    /// Stop after this many frames
    #[arg(long, value_name = "N")]
    pub frames: Option<u64>,
    /// Stop after this many seconds
    #[arg(long, value_name = "S")]
    pub seconds: Option<f64>,
    /// `real`: the source's own rate, late frames dropped. `every`: each frame once, in order, none dropped
    #[arg(long, value_enum, default_value = "real")]
    pub pace: PaceArgument,
    /// Write one JSON object per frame
    #[arg(long, value_name = "FILE.jsonl")]
    pub record: Option<PathBuf>,
    /// Write the ledger, timings, adapter and versions
    #[arg(long, value_name = "FILE.json")]
    pub report: Option<PathBuf>,
    /// Write the last picture
    #[arg(long, value_name = "FILE.png")]
    pub screenshot: Option<PathBuf>,
    /// Write the first pictures as an animation (headless only; as many as `--frames`, at most 120)
    #[arg(long, value_name = "FILE.png")]
    pub clip: Option<PathBuf>,
    /// Write each frame's flow to DIR/SEQ.flo, in the format of the Middlebury benchmark (flow)
    #[arg(long, value_name = "DIR")]
    pub export_flow: Option<PathBuf>,
    /// Write each frame's features to DIR/SEQ.bin: count and capacity (u32), 32 bytes a point, 32 a descriptor (features)
    #[arg(long, value_name = "DIR")]
    pub export_features: Option<PathBuf>,
    /// A picture to look for, or a folder of them (ar: instead of the bundled poster; throughput). Repeatable
    #[arg(long = "target", value_name = "IMAGE")]
    pub targets: Vec<PathBuf>,
    /// Width of the printed picture in metres (ar); one for all targets, or one for each. Default 0.3
    #[arg(long = "target-width", value_name = "M")]
    pub target_widths: Vec<f32>,
    /// The camera's calibration, a file as OpenCV writes it (ar); what `calibrate` writes
    #[arg(long, value_name = "FILE.yml")]
    pub calibration: Option<PathBuf>,
    /// Flags of this example alone, as KEY=VALUE. Repeatable
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
}

/// A camera matrix, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Intrinsics {
    /// Focal lengths.
    pub focal: Vec2,
    /// Principal point.
    pub centre: Vec2,
}

impl Intrinsics {
    /// The camera, for pictures of this size.
    ///
    /// # Errors
    ///
    /// When the numbers are out of range.
    pub fn model(&self, (width, height): (u32, u32)) -> Result<CameraModel, CameraModelError> {
        let [fx, fy] = self.focal.to_array().map(f64::from);
        let [cx, cy] = self.centre.to_array().map(f64::from);
        CameraModel::new(width, height, camera::Intrinsics { fx, fy, cx, cy }, Distortion::NONE)
    }
}

/// How frames are paced.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaceArgument {
    /// The source's own rate.
    Real,
    /// Each frame once.
    Every,
}

impl Options {
    /// Reads the command line; without `--source`, the default one.
    pub fn read(default_source: &str) -> Self {
        let mut options = Self::parse();
        if options.sources.is_empty() {
            options.sources.push(default_source.into());
        }
        options.headless |= !has_display();
        if options.frames == Some(0) {
            fail("--frames 0: there is nothing to do");
        }
        if options.seconds.is_some_and(|seconds| !(seconds > 0.0 && seconds < 1e9)) {
            fail("--seconds: a number above 0 is wanted");
        }
        if options.clip.is_some() && !options.headless {
            fail("--clip: clips are made without a window; add --headless");
        }
        options
    }

    /// The same, with the `--set` keys and special flags that this program understands.
    pub fn read_with(default_source: &str, keys: &[&str]) -> Self {
        let options = Self::read(default_source);
        options.refuse_unknown(keys);
        options
    }

    /// Ends the program when a `--set` key or a special flag was given that is not among `keys`.
    pub(crate) fn refuse_unknown(&self, keys: &[&str]) {
        for setting in &self.settings {
            let mut known = keys.iter().filter(|key| !key.starts_with("--"));
            if !known.any(|key| setting.strip_prefix(key).is_some_and(|rest| rest.starts_with('='))) {
                let known: Vec<_> = keys.iter().copied().filter(|key| !key.starts_with("--")).collect();
                fail(&format!("--set {setting}: this example has no such setting; it has: {}", known.join(", ")));
            }
        }
        if let Some(flag) = self.special_flags().find(|flag| !keys.contains(flag)) {
            fail(&format!("{flag}: this example has no use for it"));
        }
    }

    /// How frames are paced.
    pub fn pace(&self) -> Pace {
        match self.pace {
            PaceArgument::Real => Pace::Real,
            PaceArgument::Every => Pace::Every,
        }
    }

    /// The sources, with the settings of their streams.
    pub fn captures(&self) -> Vec<(Capture, StreamSettings)> {
        let capture = |spec: &String| {
            let mut capture = Capture::parse(&bundled(spec)).unwrap_or_else(|error| fail(&error.one_line()));
            if let Some((width, height)) = self.size {
                capture = capture.with_size(width, height);
            }
            // A live view goes on for as long as it is looked at; when every frame counts, once is all.
            if self.pace() == Pace::Real {
                capture = capture.repeating();
            }
            (capture, StreamSettings::default().with_pace(self.pace()))
        };
        self.sources.iter().map(capture).collect()
    }

    /// Turns of the app that reports leave out: 120, or a quarter of a short run.
    pub fn warmup_frames(&self) -> u32 {
        self.frames.map_or(120, |frames| (frames / 4).min(120) as u32)
    }

    /// How long a headless app rests between turns.
    pub fn turn(&self) -> Duration {
        if self.pace() == Pace::Every { Duration::ZERO } else { super::DISPLAY_PERIOD }
    }

    /// Pictures of a clip.
    pub fn clip_frames(&self) -> u32 {
        self.frames.unwrap_or(120).min(120) as u32
    }

    /// Flags that were given and that only some examples understand.
    fn special_flags(&self) -> impl Iterator<Item = &'static str> {
        [
            ("--export-flow", self.export_flow.is_some()),
            ("--export-features", self.export_features.is_some()),
            ("--target", !self.targets.is_empty()),
            ("--target-width", !self.target_widths.is_empty()),
            ("--calibration", self.calibration.is_some()),
        ]
        .into_iter()
        .filter_map(|(flag, given)| given.then_some(flag))
    }

    /// Makes a folder that something of the one source is exported into. Ends the program when that cannot be done.
    pub fn make_folder(&self, flag: &str, folder: Option<&PathBuf>) {
        let Some(folder) = folder else { return };
        if self.sources.len() > 1 {
            fail(&format!("{flag}: files are named by the frame's number; give one --source"));
        }
        let probe = folder.join(".freshet-probe");
        let made = std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&probe, ""))
            .and_then(|()| std::fs::remove_file(&probe));
        if let Err(error) = made {
            fail(&format!("{flag} {}: {error}", folder.display()));
        }
    }

    /// The pictures of the targets: those that were given, a folder standing for all in it, or `default`. Ends the
    /// program when one is no picture.
    pub fn target_pictures(&self, default: Option<PathBuf>) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        for given in &self.targets {
            if given.is_dir() {
                let mut found =
                    pictures_in(given).unwrap_or_else(|error| fail(&format!("--target {}: {error}", given.display())));
                if found.is_empty() {
                    fail(&format!("--target {}: there is no picture in it (png, jpg, bmp)", given.display()));
                }
                paths.append(&mut found);
            } else {
                paths.push(given.clone());
            }
        }
        paths.extend(default.filter(|_| self.targets.is_empty()));
        paths
    }

    /// The quality of flow that was said for `--set KEY=fast|balanced|accurate`. Ends the program for anything else.
    pub fn flow_preset(&self, key: &str) -> FlowPreset {
        match self.setting(key) {
            None => FlowPreset::default(),
            Some("fast") => FlowPreset::Fast,
            Some("balanced") => FlowPreset::Balanced,
            Some("accurate") => FlowPreset::Accurate,
            Some(other) => fail(&format!("--set {key}={other}: it is fast, balanced or accurate")),
        }
    }

    /// What was said for `--set KEY=…`.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().find_map(|setting| setting.strip_prefix(key)?.strip_prefix('='))
    }
}

/// The folder of the project's own media.
pub fn assets() -> PathBuf {
    std::env::var_os("BEVY_ASSET_ROOT")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")), PathBuf::from)
        .join("assets")
}

/// The pictures of a folder, in the order of their names.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn pictures_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let is_picture = |path: &PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        ["png", "jpg", "jpeg", "bmp"].contains(&extension.to_ascii_lowercase().as_str())
    };
    let mut found: Vec<_> = std::fs::read_dir(folder)?.flatten().map(|entry| entry.path()).filter(is_picture).collect();
    found.sort();
    Ok(found)
}

/// Finds bundled media from any folder.
pub fn bundled(spec: &str) -> String {
    match spec.strip_prefix("assets/") {
        Some(rest) if !PathBuf::from(spec).exists() => assets().join(rest).display().to_string(),
        _ => spec.into(),
    }
}

fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let (width, height) = text.split_once('x').ok_or("a size reads like 640x480")?;
    let side = |text: &str| match text.parse() {
        Ok(0) => Err("a side of 0 pixels holds no picture"),
        Ok(side) => Ok(side),
        Err(_) => Err("a size reads like 640x480"),
    };
    Ok((side(width)?, side(height)?))
}

fn intrinsics(text: &str) -> Result<Intrinsics, String> {
    let numbers: Result<Vec<f32>, _> = text.split(',').map(str::parse).collect();
    match numbers.as_deref() {
        Ok(&[fx, fy, cx, cy]) if [fx, fy, cx, cy].iter().all(|number| number.is_finite()) && fx > 0.0 && fy > 0.0 => {
            Ok(Intrinsics { focal: Vec2::new(fx, fy), centre: Vec2::new(cx, cy) })
        }
        _ => Err("four numbers are wanted: fx,fy,cx,cy, focal lengths above 0".into()),
    }
}
