//! What stands before a kernel: constants of the step, and how values are stored.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::kernels::Kernel;

/// A constant of a kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Constant {
    U(u32),
    I(i32),
    F(f32),
    B(bool),
}

impl From<u32> for Constant {
    fn from(value: u32) -> Self {
        Self::U(value)
    }
}

impl From<usize> for Constant {
    fn from(value: usize) -> Self {
        // Extents and strides of values below 2^31 elements.
        Self::U(value as u32)
    }
}

impl From<i32> for Constant {
    fn from(value: i32) -> Self {
        Self::I(value)
    }
}

impl From<f32> for Constant {
    fn from(value: f32) -> Self {
        Self::F(value)
    }
}

impl From<bool> for Constant {
    fn from(value: bool) -> Self {
        Self::B(value)
    }
}

/// Constants of a kernel by their names.
#[derive(Debug, Clone, Default)]
pub(super) struct Header(BTreeMap<&'static str, Constant>);

impl Header {
    /// Constants that all kernels read, at values that do nothing.
    pub(super) fn new() -> Self {
        let mut header = Self::default();
        for space in ["A_SPACE", "B_SPACE", "C_SPACE", "ADD_SPACE", "OUT_SPACE"] {
            header.set(space, 0_u32);
        }
        header.set("HAS_ADD", false).set("HAS_SHIFT", false);
        header.set("ACTIVATION", 0_u32).set("LOW", 0.0_f32).set("HIGH", 0.0_f32);
        header.set("CHANNEL_INNER", 1_u32).set("CHANNELS", 1_u32);
        header
    }

    pub(super) fn set(&mut self, name: &'static str, value: impl Into<Constant>) -> &mut Self {
        self.0.insert(name, value.into());
        self
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn set_all<V: Into<Constant> + Copy>(&mut self, values: &[(&'static str, V)]) -> &mut Self {
        for &(name, value) in values {
            self.set(name, value);
        }
        self
    }

    /// The whole text of a kernel.
    pub(super) fn source(&self, kernel: Kernel, half: bool) -> String {
        let mut text = String::with_capacity(16 << 10);
        if half {
            text.push_str("enable f16;\n");
        }
        if kernel.is_cooperative() {
            text.push_str("enable wgpu_cooperative_matrix;\n");
        }
        text.push_str(if half { "alias T = f16;\n" } else { "alias T = f32;\n" });
        for (name, value) in &self.0 {
            // Writing to a string cannot fail.
            let _never = match value {
                Constant::U(value) => writeln!(text, "const {name}: u32 = {value}u;"),
                Constant::I(value) => writeln!(text, "const {name}: i32 = {value};"),
                Constant::F(value) => writeln!(text, "const {name}: f32 = {value:?}f;"),
                Constant::B(value) => writeln!(text, "const {name}: bool = {value};"),
            };
        }
        text.push_str(kernel.text());
        text
    }
}
