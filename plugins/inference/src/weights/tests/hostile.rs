//! Paths that lead to no weights.

use std::fs::File;

use super::super::{Weights, WeightsError};
use super::*;

fn refused(path: &Path) -> WeightsError {
    let error = Weights::open(path).unwrap_err();
    assert!(error.to_string().contains(path.file_name().unwrap().to_str().unwrap()), "{error}");
    error
}

#[test]
fn what_is_no_file_is_refused() {
    assert!(matches!(refused(temp_path().path()), WeightsError::NotFound { .. }));
    assert!(matches!(refused(&std::env::temp_dir()), WeightsError::NotAFile { what: "a folder", .. }));
    assert!(matches!(refused(temp_file(&[]).path()), WeightsError::Malformed { .. }));
    assert!(matches!(
        refused(&temp_file(&[]).path().join("below")),
        WeightsError::Open { .. } | WeightsError::NotFound { .. }
    ));
}

#[test]
#[cfg(unix)]
fn pipes_and_devices_are_refused_and_not_waited_for() {
    let pipe = temp_path();
    assert!(std::process::Command::new("mkfifo").arg(pipe.path()).status().unwrap().success());
    assert!(matches!(refused(pipe.path()), WeightsError::NotAFile { .. }));
    assert!(matches!(refused(Path::new("/dev/null")), WeightsError::NotAFile { .. }));
    let socket = temp_path();
    let _listener = std::os::unix::net::UnixListener::bind(socket.path()).unwrap();
    assert!(matches!(refused(socket.path()), WeightsError::NotAFile { .. }));
}

#[test]
#[cfg(unix)]
fn a_file_without_permission_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let file = temp_file(&one_tensor());
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o000)).unwrap();
    // The administrator may read everything.
    if std::fs::read(file.path()).is_err() {
        assert!(matches!(refused(file.path()), WeightsError::Open { .. }));
    }
}

#[test]
#[cfg(unix)]
fn a_loop_of_links_is_refused() {
    let link = temp_path();
    std::os::unix::fs::symlink(link.path(), link.path()).unwrap();
    assert!(matches!(refused(link.path()), WeightsError::Open { .. }));
}

#[test]
fn cut_anywhere_a_file_is_refused() {
    let whole = one_tensor();
    let file = temp_path();
    for bytes in 0..whole.len() {
        std::fs::write(file.path(), &whole[..bytes]).unwrap();
        assert!(matches!(refused(file.path()), WeightsError::Malformed { .. }));
    }
}

#[test]
fn a_giant_header_takes_no_memory() {
    // As long as the format allows, in a file that has no blocks.
    let file = temp_file(&100_000_001_u64.to_le_bytes());
    let length = File::options().write(true).open(file.path()).unwrap();
    length.set_len(100_000_100).unwrap();
    assert!(refused(file.path()).to_string().contains("claims 100000001 bytes"));
}
