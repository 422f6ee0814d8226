//! Files, whole and broken.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use freshet_base::{Component, FrameFormat, PixelFormat};
use proptest::prelude::*;

use super::open;
use crate::capture::Capture;
use crate::error::SourceError;
use crate::source::Next;
use freshet_frame::FrameWriter;

/// The project's own media.
fn media(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/media").join(name)
}

/// A folder that is removed again.
struct Room(PathBuf);

impl Room {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("freshet-files-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// What came out of a file.
#[derive(Debug, Default)]
struct Played {
    frames: Vec<(FrameFormat, Vec<u8>)>,
    corrupt: usize,
    ended: Option<String>,
}

impl Played {
    fn ended(&self) -> &str {
        self.ended.as_deref().unwrap_or("well")
    }
}

/// Plays a file to its end, 200 frames at most.
fn play(path: &Path) -> Played {
    let mut played = Played::default();
    if let Err(error) = play_into(path, &mut played) {
        played.ended = Some(error.one_line());
    }
    played
}

fn play_into(path: &Path, played: &mut Played) -> Result<(), SourceError> {
    let mut source = open(path, &Capture::file(path))?;
    for _ in 0..200 {
        let Some(next) = excuse(source.next(), played)? else { continue };
        let Next::Frame(frame) = next else { return Ok(()) };
        let mut bytes = vec![0; frame.format.bytes().0 as usize];
        let mut writer = FrameWriter::memory(frame.format, &mut bytes).unwrap();
        if excuse(source.write(&mut writer), played)?.is_some() {
            played.frames.push((frame.format, bytes));
        }
    }
    Ok(())
}

/// Counts a corrupt frame; `None` then.
fn excuse<T>(result: Result<T, SourceError>, played: &mut Played) -> Result<Option<T>, SourceError> {
    match result {
        Err(error) if error.is_one_frame() => {
            played.corrupt += 1;
            Ok(None)
        }
        result => result.map(Some),
    }
}

/// The colours of a picture at some points, 0 to 255.
fn colors(format: &FrameFormat, bytes: &[u8]) -> Vec<[f32; 3]> {
    let points = (0..20).flat_map(|row| (0..20).map(move |column| (column, row)));
    let color = |(column, row): (u32, u32)| {
        let (x, y) = ((2 * column + 1) * format.width / 40, (2 * row + 1) * format.height / 40);
        let native = [Component::First, Component::Second, Component::Third].map(|component| {
            let layout = format.pixels.component(component, format.width, format.height);
            let at = layout.offset + (y >> layout.down_y) * layout.stride + (x >> layout.down_x) * layout.step;
            f32::from(bytes[at as usize]) / 255.0
        });
        format.rgb_from_native().apply(native).map(|level| level * 255.0)
    };
    points.map(color).collect()
}

fn difference(a: &(FrameFormat, Vec<u8>), b: &(FrameFormat, Vec<u8>)) -> f32 {
    let (a, b) = (colors(&a.0, &a.1), colors(&b.0, &b.1));
    let total: f32 =
        a.iter().zip(&b).map(|(a, b)| (0..3).map(|channel| (a[channel] - b[channel]).abs()).sum::<f32>()).sum();
    total / (3 * a.len()) as f32
}

#[test]
fn bundled_media_play_to_their_end() {
    let formats = [
        ("clip.avi", 60, 320, 240, PixelFormat::Yuv24),
        ("clip.y4m", 10, 96, 64, PixelFormat::I420),
        ("still.png", 1, 240, 180, PixelFormat::Rgb24),
        ("still.jpg", 1, 320, 240, PixelFormat::Yuv24),
        ("still.bmp", 1, 96, 64, PixelFormat::Rgb24),
        ("frames", 8, 96, 64, PixelFormat::Rgb24),
    ];
    for (name, frames, width, height, pixels) in formats {
        let played = play(&media(name));
        assert_eq!((played.frames.len(), played.ended(), played.corrupt), (frames, "well", 0), "{name}");
        for (format, _) in played.frames {
            assert_eq!((format.width, format.height, format.pixels), (width, height, pixels), "{name}");
        }
    }
}

/// The same scene in each coding has the same colours.
#[test]
fn codings_agree_on_colours() {
    let jpeg = &play(&media("still.jpg")).frames[0];
    let clip = &play(&media("clip.avi")).frames;
    assert_eq!(difference(jpeg, &clip[12]), 0.0);
    assert!(difference(&clip[12], &clip[40]) > 3.0, "the clip moves");
    let uncompressed = &play(&media("clip.y4m")).frames;
    let small = &play(&media("frames")).frames[0];
    assert!(difference(&uncompressed[0], small) < 4.0, "{}", difference(&uncompressed[0], small));
    let bitmap = &play(&media("still.bmp")).frames[0];
    assert!(difference(&uncompressed[6], bitmap) < 4.0, "{}", difference(&uncompressed[6], bitmap));
}

#[test]
#[cfg(feature = "h264")]
fn h264_shows_what_motion_jpeg_shows() {
    let (coded, jpeg) = (play(&media("clip.mp4")), play(&media("clip.avi")));
    assert_eq!((coded.frames.len(), coded.ended(), coded.corrupt), (60, "well", 0));
    for (number, (coded, jpeg)) in coded.frames.iter().zip(&jpeg.frames).enumerate() {
        let difference = difference(coded, jpeg);
        assert!(difference < 6.0, "frame {number}: {difference}");
    }
}

#[test]
fn files_begin_again_and_go_on_counting() {
    for name in ["clip.avi", "clip.y4m", "clip.mp4", "still.png", "frames"] {
        if name == "clip.mp4" && cfg!(not(feature = "h264")) {
            continue;
        }
        let mut source = open(&media(name), &Capture::file(media(name))).unwrap();
        let (mut seqs, mut rounds, mut first) = (Vec::new(), 0, Vec::new());
        while rounds < 2 {
            match source.next().unwrap() {
                Next::Frame(frame) => {
                    if seqs.is_empty() || rounds == 1 && first.len() == 1 {
                        let mut bytes = vec![0; frame.format.bytes().0 as usize];
                        source.write(&mut FrameWriter::memory(frame.format, &mut bytes).unwrap()).unwrap();
                        first.push(bytes);
                    }
                    seqs.push(frame.seq);
                }
                _ => {
                    source.rewind().unwrap();
                    rounds += 1;
                }
            }
        }
        assert!(seqs.iter().copied().eq(0..seqs.len() as u64), "{name}: {seqs:?}");
        assert!(first[0] == first[1], "{name} begins with the same picture");
    }
}

#[test]
fn what_cannot_be_opened_says_why() {
    let room = Room::new();
    let why = |path: &Path| play(path).ended().to_owned();
    let check = |path: &Path, cause: &str| {
        let text = why(path);
        let name = path.display().to_string();
        assert!(text.contains(cause) && text.contains(&name), "{name}: {text}");
    };
    check(&room.0.join("missing.avi"), "no such file");
    check(&room.0, "holds no pictures");
    check(&room.file("empty.png", b""), "the file is empty");
    check(&room.file("text.mp4", b"This is not a film.\n"), "it is a text");
    check(&room.file("noise.bmp", &[1, 2, 3, 0, 255]), "no known kind");
    check(&room.file("short.png", b"\x89PNG\r\n\x1a\n\0\0"), "cannot read");
    check(&room.file("short.avi", b"RIFF\x10\0\0\0AVI LIST"), "truncated");
    check(&room.file("short.y4m", b"YUV4MPEG2 W64 H4"), "truncated");
    check(&room.file("zero.y4m", b"YUV4MPEG2 W0 H48 F30:1\nFRAME\n"), "0x48 has no pixels");
    check(&room.file("huge.y4m", b"YUV4MPEG2 W99999 H48 F30:1\nFRAME\n"), "larger than 32768");
    check(&room.file("odd.y4m", b"YUV4MPEG2 Wx H48\nFRAME\n"), "is no size");
    check(&room.file("deep.y4m", b"YUV4MPEG2 W8 H8 C420p10\nFRAME\n"), "420p10");
    check(&room.file("line.y4m", &[b"YUV4MPEG2 ".as_slice(), &[b'x'; 5000]].concat()), "has no end");
    check(
        &room.file("mixed.y4m", &[b"YUV4MPEG2 W2 H2\nFRAME\n".as_slice(), &[0; 6], b"NOFRAME\n"].concat()),
        "frame 1",
    );
}

#[test]
fn content_counts_and_not_the_name() {
    let room = Room::new();
    let png = std::fs::read(media("still.png")).unwrap();
    assert_eq!(play(&room.file("film.avi", &png)).frames.len(), 1);
    room.file("second.txt", b"no picture");
    room.file("a.jpg", &std::fs::read(media("still.bmp")).unwrap());
    std::fs::create_dir(room.0.join("folder.png")).unwrap();
    let sizes: Vec<_> = play(&room.0).frames.iter().map(|(format, _)| (format.width, format.height)).collect();
    assert_eq!(sizes, [(96, 64), (240, 180)], "by name; each picture has its own size");
}

#[test]
fn a_corrupt_picture_in_a_folder_is_passed_over() {
    let room = Room::new();
    let png = std::fs::read(media("frames/frame_000.png")).unwrap();
    room.file("0.png", &png[..20]);
    room.file("1.png", &png);
    room.file("2.png", &png[..png.len() / 2]);
    room.file("3.png", &png);
    let played = play(&room.0);
    assert_eq!((played.frames.len(), played.corrupt, played.ended()), (2, 2, "well"));
}

#[test]
fn a_corrupt_frame_in_an_avi_is_passed_over() {
    let room = Room::new();
    let mut bytes = std::fs::read(media("clip.avi")).unwrap();
    let chunks = bytes.windows(4).enumerate().filter(|(_, name)| name == b"00dc").map(|(at, _)| at);
    let chunks: Vec<_> = chunks.take(12).collect();
    // One without a header, one whose end is cut away, and one that the recorder lost.
    bytes[chunks[3] + 8..chunks[3] + 12].fill(0);
    bytes[chunks[7] - 4..chunks[7]].fill(0);
    let played = play(&room.file("clip.avi", &bytes));
    assert_eq!((played.frames.len(), played.corrupt, played.ended()), (58, 2, "well"));
    let whole = play(&media("clip.avi"));
    assert!(played.frames[3] == whole.frames[4] && played.frames[57] == whole.frames[59]);
}

#[test]
fn y4m_says_how_its_colours_are_coded() {
    use freshet_base::ColorRange::{Full, Limited};
    let room = Room::new();
    let read = |words: &str| {
        let file = room.file("a.y4m", &[format!("YUV4MPEG2 W4 H2 {words}\nFRAME Ip\n").as_bytes(), &[9; 24]].concat());
        let info = open(&file, &Capture::file(&file)).unwrap().info();
        let format = info.format.unwrap();
        (format.pixels, format.color.range, info.rate_hz)
    };
    assert_eq!(read(""), (PixelFormat::I420, Limited, None));
    assert_eq!(read("F25:1 C422 XCOLORRANGE=FULL"), (PixelFormat::I422, Full, Some(25.0)));
    assert_eq!(read("F30000:1001 It A1:1 C444"), (PixelFormat::I444, Limited, Some(30_000.0 / 1001.0)));
    assert_eq!(read("Cmono F0:0"), (PixelFormat::Gray8, Limited, None));
    assert_eq!(read("C420mpeg2 XYSCSS=420MPEG2"), (PixelFormat::I420, Limited, None));
}

#[test]
fn another_size_than_the_files_own_is_refused() {
    let sized = |width, height| open(&media("clip.avi"), &Capture::file("").with_size(width, height)).map(drop);
    assert!(sized(320, 240).is_ok());
    let error = sized(640, 480).unwrap_err().one_line();
    assert!(error.contains("320x240") && error.contains("640x480"), "{error}");
}

/// Wherever a file is cut, its whole frames come, and then the reason why no more do.
#[test]
fn truncated_videos_deliver_their_whole_frames() {
    let room = Room::new();
    let names =
        if cfg!(feature = "h264") { vec!["clip.y4m", "clip.avi", "clip.mp4"] } else { vec!["clip.y4m", "clip.avi"] };
    for name in names {
        let bytes = std::fs::read(media(name)).unwrap();
        let whole = play(&media(name));
        let mut most = 0;
        for part in 1..40 {
            let cut = room.file(name, &bytes[..bytes.len() * part / 40]);
            let played = play(&cut);
            assert!(played.ended().contains("truncated"), "{name} {part}: {}", played.ended());
            assert_eq!(played.corrupt, 0, "{name} {part}");
            assert!(played.frames.len() >= most && played.frames.len() < whole.frames.len(), "{name} {part}");
            assert!(played.frames.iter().zip(&whole.frames).all(|(cut, whole)| cut == whole), "{name} {part}");
            most = played.frames.len();
            if most > 0 {
                assert!(played.ended().ends_with(&format!("after {most} whole frames")), "{}", played.ended());
            }
        }
        assert!(most > 7, "{name}");
    }
}

#[test]
fn every_cut_of_a_head_is_survived() {
    let room = Room::new();
    for name in ["clip.y4m", "clip.avi", "clip.mp4", "still.png", "still.jpg", "still.bmp"] {
        let bytes = std::fs::read(media(name)).unwrap();
        for length in (1..bytes.len().min(1500)).step_by(7) {
            let played = play(&room.file(name, &bytes[..length]));
            assert!(played.ended.is_some(), "{name} cut at {length} plays {} frames", played.frames.len());
        }
    }
}

fn damaged(name: &str, damage: &[(prop::sample::Index, u8)], first: usize) -> Vec<u8> {
    let mut bytes = std::fs::read(media(name)).unwrap();
    let length = first.min(bytes.len());
    for (place, value) in damage {
        let place = place.index(length);
        bytes[place] = *value;
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Damage anywhere ends in frames, in corrupt frames, or in an error: never in a panic and never in a loop.
    #[test]
    fn damage_is_survived(
        name in prop::sample::select(vec!["clip.y4m", "clip.avi", "still.png", "still.jpg", "still.bmp"]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        first in prop::sample::select(vec![120_usize, 4000, 100_000]),
    ) {
        let room = Room::new();
        play(&room.file(name, &damaged(name, &damage, first)));
    }

    /// Damage to the index of an MP4 file.
    #[test]
    #[cfg(feature = "h264")]
    fn damage_to_an_index_is_survived(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let room = Room::new();
        play(&room.file("clip.mp4", &damaged("clip.mp4", &damage, 1000)));
    }
}
