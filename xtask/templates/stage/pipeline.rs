//! What `{{name}}` is made of: its shader, its bindings, its size.

/// The side of a workgroup; `{{name}}.wgsl` says the same.
pub const {{NAME}}_SIDE: u32 = 8;

/// The stage.
#[derive(Debug, Clone, Copy, Default)]
pub struct {{Name}};

impl {{Name}} {
    /// The shader's source.
    pub const SHADER: &'static str = include_str!("{{name}}.wgsl");
}
