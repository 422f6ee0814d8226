//! `cargo xtask graph`: the schedules of both worlds as pictures, in `docs/graphs`.
//!
//! The example `graphs` writes the texts, graphviz makes an SVG of each. A line in the SVG says which text it was made
//! from, so that a test without graphviz sees when one is stale.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};
use crate::{process, say, setup, workspace};

/// The program that writes the texts.
const EXAMPLE: &str = "graphs";

/// Set-up, build, texts, pictures.
pub fn run(no_install: bool) -> Outcome {
    setup::run(no_install)?;
    setup::want_program("dot", "graphviz", "draws the graphs", no_install)?;
    let programs = process::build_examples(&["--example", EXAMPLE])?;
    let Some(program) = programs.get(EXAMPLE) else {
        return Err(Failure::Step(format!("cargo built no program for the example {EXAMPLE}")));
    };
    let folder = workspace::root().join("docs/graphs");
    clear(&folder)?;
    process::run(process::example(program).arg(&folder))?;
    let texts = files(&folder, "dot")?;
    for text in &texts {
        draw(text)?;
    }
    say!("graph: {} pictures in {}", texts.len(), folder.display());
    Ok(())
}

/// Makes the picture of one text, beside it.
fn draw(text: &Path) -> Outcome {
    let dot = fs::read_to_string(text).map_err(|cause| cannot("read", text, &cause))?;
    let svg = process::output(process::program("dot").arg("-Tsvg").arg(text))?;
    let picture = text.with_extension("svg");
    let marked = marked(&svg, &dot).ok_or_else(|| Failure::Step(format!("dot wrote no SVG for {}", text.display())))?;
    fs::write(&picture, marked).map_err(|cause| cannot("write", &picture, &cause))
}

/// The picture with the line that names its text, in front of the drawing.
fn marked(svg: &str, dot: &str) -> Option<String> {
    let at = svg.find("<svg")?;
    Some(format!("{}{}\n{}", &svg[..at], made_from(dot), &svg[at..]))
}

/// As `made_from` in `freshet_testing`, which this program cannot use; the test of the graphs compares both.
fn made_from(dot: &str) -> String {
    let add = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = dot.bytes().fold(0xcbf2_9ce4_8422_2325, add);
    format!("<!-- made from a dot file with FNV-1a {hash:016x} -->")
}

/// Texts and pictures of schedules that are no more go.
fn clear(folder: &Path) -> Outcome {
    fs::create_dir_all(folder).map_err(|cause| cannot("make", folder, &cause))?;
    for file in files(folder, "dot")?.into_iter().chain(files(folder, "svg")?) {
        fs::remove_file(&file).map_err(|cause| cannot("remove", &file, &cause))?;
    }
    Ok(())
}

fn files(folder: &Path, end: &str) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|cause| cannot("list", folder, &cause))?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == end));
    files.sort();
    Ok(files)
}

fn cannot(what: &str, path: &Path, cause: &std::io::Error) -> Failure {
    Failure::Step(format!("cannot {what} {}: {cause}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_in_front_of_the_drawing() {
        let marked = marked("<?xml?>\n<svg width=\"1\"/>", "foobar").unwrap();
        assert_eq!(marked, "<?xml?>\n<!-- made from a dot file with FNV-1a 85944171f73967e8 -->\n<svg width=\"1\"/>");
        assert_eq!(super::marked("no picture", ""), None);
    }

    #[test]
    fn old_texts_and_pictures_go_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("freshet-xtask-{}-graphs", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for name in ["a.dot", "a.svg", "README.md"] {
            fs::write(folder.join(name), "").unwrap();
        }
        clear(&folder).unwrap();
        let left = files(&folder, "md").unwrap().len() + files(&folder, "dot").unwrap().len();
        let pictures = files(&folder, "svg").unwrap().len();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((left, pictures), (1, 0));
    }
}
