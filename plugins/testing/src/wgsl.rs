//! What a shader says of itself: does it hold, and do its structs and bindings lie where Rust thinks.

use std::fmt;

use naga::valid::{Capabilities, ValidationFlags, Validator};

/// A parsed and validated shader.
pub struct Wgsl {
    module: naga::Module,
}

/// What is wrong with a shader, with the place in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WgslError(pub String);

impl fmt::Display for WgslError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl std::error::Error for WgslError {}

impl Wgsl {
    /// Parses and validates.
    ///
    /// # Errors
    ///
    /// When the text is no valid WGSL.
    pub fn parse(text: &str) -> Result<Self, WgslError> {
        let module = naga::front::wgsl::parse_str(text).map_err(|error| WgslError(error.emit_to_string(text)))?;
        Validator::new(ValidationFlags::all(), Capabilities::all())
            .validate(&module)
            .map_err(|error| WgslError(error.emit_to_string(text)))?;
        Ok(Self { module })
    }

    /// The workgroup size of an entry point.
    pub fn workgroup_size(&self, entry: &str) -> Option<[u32; 3]> {
        let entry = self.module.entry_points.iter().find(|point| point.name == entry)?;
        Some(entry.workgroup_size)
    }

    /// The names of the entry points.
    pub fn entry_points(&self) -> Vec<&str> {
        self.module.entry_points.iter().map(|point| point.name.as_str()).collect()
    }

    /// Group and number of each binding and the name of what is bound, in order.
    pub fn bindings(&self) -> Vec<(u32, u32, &str)> {
        let globals = self.module.global_variables.iter();
        let mut bindings: Vec<_> = globals
            .filter_map(|(_, global)| {
                let binding = global.binding.as_ref()?;
                Some((binding.group, binding.binding, global.name.as_deref()?))
            })
            .collect();
        bindings.sort_unstable();
        bindings
    }

    /// Size of a struct in bytes.
    pub fn size_of(&self, name: &str) -> Option<u32> {
        self.find(name).map(|(_, span)| span)
    }

    /// Byte of a struct's member.
    pub fn offset_of(&self, name: &str, member: &str) -> Option<u32> {
        let (members, _) = self.find(name)?;
        members.iter().find(|one| one.name.as_deref() == Some(member)).map(|one| one.offset)
    }

    fn find(&self, name: &str) -> Option<(&[naga::StructMember], u32)> {
        self.module.types.iter().find_map(|(_, kind)| match &kind.inner {
            naga::TypeInner::Struct { members, span } if kind.name.as_deref() == Some(name) => {
                Some((members.as_slice(), *span))
            }
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_is_told() {
        let text = "struct P { a: u32, b: vec2<f32> } @group(0) @binding(3) var<uniform> p: P;
            @compute @workgroup_size(8, 4) fn go() { _ = p.b; }";
        let shader = Wgsl::parse(text).unwrap();
        assert_eq!(shader.workgroup_size("go"), Some([8, 4, 1]));
        assert_eq!(shader.bindings(), [(0, 3, "p")]);
        assert_eq!((shader.size_of("P"), shader.offset_of("P", "b")), (Some(16), Some(8)));
    }

    #[test]
    fn an_invalid_shader_is_refused_with_the_place() {
        let error = Wgsl::parse("@compute @workgroup_size(1) fn go() { let a: u32 = 1.5; }").err().unwrap();
        assert!(error.to_string().contains("1.5"), "{error}");
    }
}
