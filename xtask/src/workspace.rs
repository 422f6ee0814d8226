//! Where the workspace is and what is in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The root of the checkout. Cargo says at run time where this crate lies; the place of the build is the fallback.
pub fn root() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    manifest.parent().map_or_else(|| manifest.clone(), Path::to_path_buf)
}

/// The names of every package in `Cargo.lock`; none when there is no such file yet.
pub fn locked_packages(root: &Path) -> BTreeSet<String> {
    fs::read_to_string(root.join("Cargo.lock")).map(|text| package_names(&text)).unwrap_or_default()
}

fn package_names(lock: &str) -> BTreeSet<String> {
    lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_lock_file() {
        let lock =
            "version = 4\n\n[[package]]\nname = \"alsa-sys\"\nversion = \"0.3.1\"\n\n[[package]]\nname = \"cc\"\n";
        assert_eq!(package_names(lock), BTreeSet::from(["alsa-sys".to_owned(), "cc".to_owned()]));
    }

    #[test]
    fn the_root_holds_this_crate() {
        assert!(root().join("xtask/Cargo.toml").is_file());
    }
}
