//! Where weights come from.

use std::borrow::Cow;
use std::ops::Deref;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::error::WeightsError;
use super::handle::Weights;

/// Where weights come from.
///
/// ```text
/// Bundled  a file of the app's assets      mapped       what an app ships: named as every other asset of it
/// Path     a file anywhere                 mapped       what a user brings
/// Bytes    memory: built in, or received   as they lie  one executable, no files; browsers
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelSource {
    /// A file below the folder of assets, by the name it has there: `"models/face.safetensors"`. It is a name and not
    /// bytes so that the file stays mapped; an asset reader would load it.
    Bundled(Cow<'static, str>),
    /// A file.
    Path(PathBuf),
    /// The content of such a file.
    Bytes {
        /// What messages call it.
        name: Cow<'static, str>,
        /// The content.
        bytes: WeightBytes,
    },
}

impl ModelSource {
    /// A file.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self::Path(path.into())
    }

    /// A file below the folder of assets.
    pub fn bundled(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Bundled(name.into())
    }

    /// The content of a file, and what messages call it.
    pub fn bytes(name: impl Into<Cow<'static, str>>, bytes: impl Into<WeightBytes>) -> Self {
        Self::Bytes { name: name.into(), bytes: bytes.into() }
    }
}

impl From<PathBuf> for ModelSource {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl From<&Path> for ModelSource {
    fn from(path: &Path) -> Self {
        Self::Path(path.to_owned())
    }
}

/// The content of a file of weights, in memory. Neither kind is copied.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightBytes {
    /// Part of the program: the system loads its pages as they are read, as it does for a mapped file.
    Static(&'static [u8]),
    /// On the heap.
    Shared(Arc<[u8]>),
}

impl std::fmt::Debug for WeightBytes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} bytes", self.len())
    }
}

impl Deref for WeightBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Static(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

impl From<&'static [u8]> for WeightBytes {
    fn from(bytes: &'static [u8]) -> Self {
        Self::Static(bytes)
    }
}

impl<const N: usize> From<&'static [u8; N]> for WeightBytes {
    fn from(bytes: &'static [u8; N]) -> Self {
        Self::Static(bytes)
    }
}

impl From<Arc<[u8]>> for WeightBytes {
    fn from(bytes: Arc<[u8]>) -> Self {
        Self::Shared(bytes)
    }
}

impl From<Vec<u8>> for WeightBytes {
    /// Copies once: the length has to lie beside a counter.
    fn from(bytes: Vec<u8>) -> Self {
        Self::Shared(bytes.into())
    }
}

impl Weights {
    /// Opens weights. `assets` is the folder that bundled ones lie below.
    ///
    /// # Errors
    ///
    /// As [`Weights::open`]; and a bundled name that leads out of the folder.
    pub fn from_source(source: &ModelSource, assets: &Path) -> Result<Self, WeightsError> {
        match source {
            ModelSource::Bundled(name) => {
                let is_below = |part| matches!(part, Component::Normal(_) | Component::CurDir);
                if name.is_empty() || !Path::new(&**name).components().all(is_below) {
                    return Err(WeightsError::NotBundled { file: name.to_string() });
                }
                Self::open(&assets.join(&**name))
            }
            ModelSource::Path(path) => Self::open(path),
            ModelSource::Bytes { name, bytes } => Self::from_bytes(&**name, bytes.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{one_tensor, temp_file};
    use super::*;

    #[test]
    fn bundled_names_stay_below_the_folder() {
        let assets = std::env::temp_dir();
        for name in ["", "/etc/passwd", "../secret", "models/../../secret"] {
            let error = Weights::from_source(&ModelSource::bundled(name), &assets).unwrap_err();
            assert!(matches!(error, WeightsError::NotBundled { .. }), "{name}: {error}");
        }
    }

    #[test]
    fn all_three_sources_give_the_same() {
        let file = temp_file(&one_tensor());
        let assets = file.path().parent().unwrap();
        let name = file.path().file_name().unwrap().to_str().unwrap().to_owned();
        for source in [
            ModelSource::bundled(name),
            ModelSource::from(file.path()),
            ModelSource::bytes("memory", one_tensor()),
            ModelSource::bytes("built in", &*one_tensor().leak()),
        ] {
            let weights = Weights::from_source(&source, assets).unwrap();
            assert_eq!(weights.tensor("t").unwrap().bytes(), [0, 0, 128, 63, 0, 0, 0, 64], "{source:?}");
        }
    }
}
