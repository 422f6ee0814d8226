//! The project's own documentation, read in the background into an index of its words.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{Task, futures::check_ready};
use bevy_freshet::prelude::*;

use crate::passages::passages;
use crate::text_index::TextIndex;

/// The index, once it is read.
#[derive(Resource, Default)]
pub struct Library {
    pub index: Option<Arc<TextIndex>>,
    reading: Option<Task<Result<TextIndex, TaskFailure>>>,
}

/// Reads the documents, one passage after another.
pub fn read(tasks: Tasks, mut library: ResMut<Library>) {
    if library.index.is_some() || library.reading.is_some() {
        return;
    }
    let root = freshet_example::assets().parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    let task = tasks.spawn("library", |context| async move {
        let mut index = TextIndex::default();
        let mut paths = Vec::new();
        for folder in [root.clone(), root.join("plugins"), root.join("examples")] {
            context.checkpoint().await?;
            find_documents(&folder, folder != root, &mut paths);
        }
        paths.sort();
        for path in paths {
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let title = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
            for passage in passages(&title, &text) {
                context.checkpoint().await?;
                index.add_passage(passage);
            }
        }
        Ok(index)
    });
    library.reading = task.ok();
}

/// Takes the index when it is done. One that was not finished is begun anew.
pub fn take(mut library: ResMut<Library>) {
    let Some(reading) = &mut library.reading else { return };
    let Some(read) = check_ready(reading) else { return };
    library.reading = None;
    library.index = read.ok().map(Arc::new);
}

/// Texts and sources under a folder, tests left out.
fn find_documents(folder: &Path, deep: bool, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if deep && name != "tests" {
                find_documents(&path, deep, found);
            }
        } else if name.ends_with(".md") || name.ends_with(".rs") && name != "tests.rs" {
            found.push(path);
        }
    }
}
