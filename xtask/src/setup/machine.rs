//! What this machine has, found by looking at its files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::workspace;

/// A machine as the needs see it. Tests make one from a folder of their own.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The root of the file system.
    pub root: PathBuf,
    /// The folders in which programs are looked for.
    pub path: Vec<PathBuf>,
    /// Names of environment variables that are set and not empty.
    pub variables: BTreeSet<String>,
    /// The packages in `Cargo.lock`.
    pub locked: BTreeSet<String>,
}

/// Whether a window can be opened. Elsewhere than on Linux there is always a desktop.
pub fn has_display() -> bool {
    !cfg!(target_os = "linux") || Machine::here().has_display()
}

impl Machine {
    /// The machine that this program runs on.
    pub fn here() -> Self {
        let set = env::vars_os().filter(|(_, value)| !value.is_empty());
        Self {
            root: PathBuf::from("/"),
            path: env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default(),
            variables: set.filter_map(|(name, _)| name.into_string().ok()).collect(),
            locked: workspace::locked_packages(&workspace::root()),
        }
    }

    /// Whether a window can be opened. Wayland counts only when the code that talks to it is compiled in.
    pub fn has_display(&self) -> bool {
        let wayland = self.variables.contains("WAYLAND_DISPLAY") && self.locked.contains("wayland-client");
        self.variables.contains("DISPLAY") || wayland
    }

    /// Whether a program of this name is on the path.
    pub fn has_program(&self, name: &str) -> bool {
        self.path.iter().any(|folder| folder.join(name).is_file())
    }

    /// Whether a shared library of exactly this file name is installed.
    pub fn has_library(&self, file_name: &str) -> bool {
        self.library_folders().iter().any(|folder| folder.join(file_name).exists())
    }

    /// Whether a Vulkan driver is registered, or named by the environment.
    pub fn has_vulkan_driver(&self) -> bool {
        let named = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].iter().any(|name| self.variables.contains(*name));
        let folders = ["usr/share/vulkan/icd.d", "etc/vulkan/icd.d", "usr/local/share/vulkan/icd.d"];
        let registered = |folder: &str| {
            entries(&self.root.join(folder)).iter().any(|file| file.extension().is_some_and(|end| end == "json"))
        };
        named || folders.into_iter().any(registered)
    }

    /// Debian keeps libraries in `usr/lib/x86_64-linux-gnu` and LLVM's in `usr/lib/llvm-14/lib`, others in `usr/lib64`.
    fn library_folders(&self) -> Vec<PathBuf> {
        let base = ["usr/lib", "usr/lib64", "usr/local/lib", "lib", "lib64"].map(|folder| self.root.join(folder));
        let mut folders = base.to_vec();
        for folder in base.iter().flat_map(|folder| entries(folder)) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.contains("-linux-") {
                folders.push(folder);
            } else if name.starts_with("llvm") {
                folders.push(folder.join("lib"));
            }
        }
        folders
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}
