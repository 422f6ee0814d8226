//! `cargo xtask new-stage NAME`: the folder of a new GPU stage.

mod module_list;
mod name;
mod templates;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use name::StageName;

use crate::cli::NewStage;
use crate::failure::{Failure, Outcome};
use crate::{say, workspace};

/// Where the stages lie.
const STAGES: &str = "plugins/vision/src/stages";

/// Checks everything first, then writes; a mistake leaves nothing behind.
pub fn run(asked: &NewStage) -> Outcome {
    let name = StageName::new(&asked.name).map_err(Failure::Asked)?;
    let stages = asked.folder.clone().unwrap_or_else(|| workspace::root().join(STAGES));
    let list = if asked.folder.is_none() { Some(list_with(&stages.join("mod.rs"), &name)?) } else { None };
    let folder = stages.join(name.snake());
    if folder.exists() {
        return Err(Failure::Asked(format!("{} exists already", folder.display())));
    }
    write_files(&folder, &name)?;
    if let Some((path, text)) = &list {
        fs::write(path, text).map_err(|cause| cannot_write(path, &cause))?;
        say!("changed {}", path.display());
    }
    tell_next_steps(&name, list.is_some());
    Ok(())
}

/// The module list and what it will be.
fn list_with(path: &Path, name: &StageName) -> Outcome<(PathBuf, String)> {
    let cannot = |cause| Failure::Asked(format!("cannot read {}: {cause}", path.display()));
    let text = fs::read_to_string(path).map_err(cannot)?;
    let taken = || Failure::Asked(format!("{} has a module {} already", path.display(), name.snake()));
    Ok((path.to_path_buf(), module_list::with(&text, name.snake()).ok_or_else(taken)?))
}

fn write_files(folder: &Path, name: &StageName) -> Outcome {
    fs::create_dir_all(folder).map_err(|cause| cannot_write(folder, &cause))?;
    for (file_name, text) in templates::filled(name) {
        let path = folder.join(file_name);
        write_new(&path, &text).map_err(|cause| cannot_write(&path, &cause))?;
        say!("made {}", path.display());
    }
    Ok(())
}

/// Writes a file that must not exist yet.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    fs::File::create_new(path)?.write_all(text.as_bytes())
}

fn cannot_write(path: &Path, cause: &io::Error) -> Failure {
    Failure::Asked(format!("cannot write {}: {cause}", path.display()))
}

fn tell_next_steps(name: &StageName, listed: bool) {
    say!("\nNext:");
    if !listed {
        say!("- add `pub mod {};` to the module above the folder", name.snake());
    }
    say!("- write {0}.wgsl; its first line says what goes in, what comes out and the range", name.snake());
    say!("- in mod.rs, answer the seven questions");
    say!("- add `StagePlugin::<{}Stage>::default()` to the app, after FreshetPlugins", name.pascal());
    say!("- in tests.rs, compare with a plain CPU function; see the test fail once");
    say!("- cargo xtask test");
}

#[cfg(test)]
mod tests {
    use std::{env, process};

    use super::*;

    /// A folder of its own, gone with the value.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = env::temp_dir().join(format!("freshet-xtask-stage-{}-{name}", process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn ask(&self, name: &str) -> Outcome {
            run(&NewStage { name: name.to_owned(), folder: Some(self.0.clone()) })
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).ok();
        }
    }

    #[test]
    fn a_stage_is_three_sources_and_a_shader_of_its_name() {
        let folder = Folder::new("made");
        folder.ask("edge_map").unwrap();
        let entries = fs::read_dir(folder.0.join("edge_map")).unwrap();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        assert_eq!(files, ["edge_map.wgsl", "mod.rs", "prepare.rs", "tests.rs"]);
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = Folder::new("kept");
        fs::create_dir(folder.0.join("edge_map")).unwrap();
        assert!(matches!(folder.ask("edge_map"), Err(Failure::Asked(text)) if text.contains("exists already")));
        assert_eq!(fs::read_dir(folder.0.join("edge_map")).unwrap().count(), 0);
    }

    #[test]
    fn a_bad_name_leaves_nothing_behind() {
        let folder = Folder::new("bad");
        assert!(matches!(folder.ask("EdgeMap"), Err(Failure::Asked(_))));
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
    }
}
