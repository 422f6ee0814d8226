//! Files to try, good and bad.

mod changes;
mod hostile;
#[cfg(target_os = "linux")]
pub(super) mod pages;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use safetensors::Dtype;

use super::Weights;

/// A file that is removed when this is dropped.
pub(super) struct TempFile(PathBuf);

impl TempFile {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        // A test may have removed it.
        std::fs::remove_file(&self.0).unwrap_or_default();
    }
}

/// A path that nothing else has.
pub(super) fn temp_path() -> TempFile {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    TempFile(std::env::temp_dir().join(format!("freshet-weights-{}-{number}.safetensors", std::process::id())))
}

pub(super) fn temp_file(bytes: &[u8]) -> TempFile {
    let file = temp_path();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

/// A file with this header and this many bytes of tensors.
pub(super) fn with_header(json: &str, data: usize) -> Vec<u8> {
    let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(json.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

/// A file with these tensors and a text, written by the `safetensors` crate.
pub(super) fn safetensors(tensors: &[(&str, Dtype, &[usize], &[u8])]) -> Vec<u8> {
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        (*name, safetensors::tensor::TensorView::new(*dtype, shape.to_vec(), bytes).unwrap())
    });
    let texts = [("freshet.net".to_owned(), "{}".to_owned())].into();
    safetensors::serialize(views, Some(texts)).unwrap()
}

/// A file with the tensor `t`: 1 and 2.
pub(super) fn one_tensor() -> Vec<u8> {
    safetensors(&[("t", Dtype::F32, &[2], &[0, 0, 128, 63, 0, 0, 0, 64])])
}

#[test]
fn weights_go_to_any_thread() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Weights>();
}

#[test]
fn a_file_is_read_in_place() {
    let file = temp_file(&one_tensor());
    let weights = Weights::open(file.path()).unwrap();
    assert_eq!(weights.metadata("freshet.net"), Some("{}"));
    assert_eq!(weights.metadata("else"), None);
    assert_eq!(weights.names().collect::<Vec<_>>(), ["t"]);
    let view = weights.tensor("t").unwrap();
    assert_eq!((view.dtype(), view.shape(), view.elements()), (Dtype::F32, &[2][..], 2));
    assert_eq!(view.as_f32(), Some(&[1.0, 2.0][..]));
    assert_eq!(view.as_f16(), None);
    assert_eq!(weights.read("t", |view| view.as_f32().map(|all| all.iter().sum())).unwrap(), Some(3.0_f32));
    let error = weights.tensor(&"x".repeat(1000)).unwrap_err().to_string();
    assert!(error.contains("xxx…") && error.contains("freshet-weights") && error.len() < 300, "{error}");
}
