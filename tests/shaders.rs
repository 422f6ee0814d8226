//! Every shader of the suite is valid, without a GPU.

use std::path::{Path, PathBuf};

use freshet_testing::Wgsl;

fn shaders(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            shaders(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "wgsl") {
            found.push(path);
        }
    }
}

#[test]
fn every_shader_is_valid() {
    let mut found = Vec::new();
    shaders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins"), &mut found);
    assert!(found.len() >= 3, "only {} shaders were found", found.len());
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        if let Err(error) = Wgsl::parse(&text) {
            panic!("{}:\n{error}", path.display());
        }
        assert!(text.starts_with("// In: "), "{}: the first line says what goes in and out", path.display());
    }
}
