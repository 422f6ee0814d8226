//! What the film shows, in numbers.

use super::walk::frame_from_poster;
use super::{CLIP, FRAMES, LENS, POSTER_WIDTH_M};
use crate::poster;

/// The truth as JSON: the poster, the film, the camera, and for each frame the homography from the poster's pixels to
/// the frame's, row by row.
pub(super) fn text() -> String {
    let (width, height) = poster::SIZE;
    let ([fx, fy], [cx, cy]) = (LENS.focal, LENS.center);
    let row = |number| format!("    [{}]", frame_from_poster(number).map(|part| format!("{part:.10}")).join(", "));
    let rows: Vec<_> = (0..FRAMES).map(row).collect();
    format!(
        r#"{{
  "target": {{ "file": "poster.png", "width": {width}, "height": {height}, "width_m": {POSTER_WIDTH_M} }},
  "video": {{ "file": "poster.avi", "width": {}, "height": {}, "rate_hz": {} }},
  "camera": {{ "fx": {fx}, "fy": {fy}, "cx": {cx}, "cy": {cy} }},
  "frame_from_target": [
{}
  ]
}}
"#,
        CLIP.width,
        CLIP.height,
        CLIP.rate_hz,
        rows.join(",\n")
    )
}
