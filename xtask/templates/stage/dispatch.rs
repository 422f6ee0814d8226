//! One dispatch of `{{name}}` per frame.

use super::pipeline::{{NAME}}_SIDE;

/// Workgroups that cover a picture of this size.
pub fn workgroups(width: u32, height: u32) -> [u32; 3] {
    [width.div_ceil({{NAME}}_SIDE), height.div_ceil({{NAME}}_SIDE), 1]
}
