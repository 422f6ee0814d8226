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
        // Pieces have no entry point. Shaders that need some name them; the stages put the same before them.
        if text.starts_with("// Piece: ") {
            continue;
        }
        assert!(text.starts_with("// In: "), "{}: the first line says what goes in and out", path.display());
        let pieces = text.lines().find_map(|line| line.strip_prefix("// With: ")).unwrap_or_default();
        let pieces = pieces.split_whitespace().map(|piece| {
            let piece = path.with_file_name(piece);
            std::fs::read_to_string(&piece).unwrap_or_else(|error| panic!("{}: {error}", piece.display()))
        });
        let whole = pieces.collect::<String>() + &text;
        if let Err(error) = Wgsl::parse(&whole) {
            panic!("{}:\n{error}", path.display());
        }
    }
}
