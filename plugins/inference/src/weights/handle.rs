//! The weights themselves.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::error::{WeightsError, clip};
use super::header::{Header, LENGTH_BYTES, TensorInfo};
use super::map::MappedFile;
use super::source::WeightBytes;
use super::stamp::Standing;
use super::view::TensorView;

/// For how long the pages of a tensor are taken to be in memory. Asking for what is there costs 20 µs for each MiB.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The weights of a net: tensors by name, and a few texts.
///
/// A file stays where it is and is mapped; opening reads its header and nothing else, and a tensor's pages come from
/// the disk, or from what the system holds in memory anyway, when they are first read. Processes that open the same
/// file share them. A clone is the same weights again and costs a counter.
///
/// A file may be replaced (written elsewhere and renamed) or removed while it is in use: these weights stay as they
/// were. Writing into it or cutting it short is an error that [`Self::read`] and [`Self::check_unchanged`] report.
#[derive(Clone)]
pub struct Weights {
    inner: Arc<Inner>,
}

struct Inner {
    file: String,
    header: Header,
    /// Where the first tensor begins.
    data: usize,
    store: Store,
    opened: Instant,
    /// When the system was last asked to have each tensor ready, in milliseconds since then, plus one. 0 for never.
    asked: Box<[AtomicU64]>,
}

enum Store {
    Mapped(MappedFile),
    Memory(WeightBytes),
}

impl fmt::Debug for Weights {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Weights({:?}, {} tensors)", self.file(), self.tensors().len())
    }
}

impl Weights {
    /// Maps a file. It reads the header and no tensor.
    ///
    /// # Errors
    ///
    /// The path leads to nothing or to no file, the system refuses it, or its header breaks a rule of the format.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let (file, header, data) = MappedFile::open(path)?;
        Ok(Self::new(path.display().to_string(), header, data, Store::Mapped(file)))
    }

    /// Takes weights that are in memory already. `name` is what messages call them.
    ///
    /// # Errors
    ///
    /// The header breaks a rule of the format.
    pub fn from_bytes(name: impl Into<String>, bytes: impl Into<WeightBytes>) -> Result<Self, WeightsError> {
        let (name, bytes) = (name.into(), bytes.into());
        let parsed = Header::length(&bytes, bytes.len() as u64).and_then(|length| {
            let data = LENGTH_BYTES + length;
            Ok((Header::parse(&bytes[LENGTH_BYTES..data], (bytes.len() - data) as u64)?, data))
        });
        match parsed {
            Ok((header, data)) => Ok(Self::new(name, header, data, Store::Memory(bytes))),
            Err(source) => Err(WeightsError::Malformed { file: name, source }),
        }
    }

    fn new(file: String, header: Header, data: usize, store: Store) -> Self {
        let asked = header.tensors().iter().map(|_| AtomicU64::new(0)).collect();
        Self { inner: Arc::new(Inner { file, header, data, store, opened: Instant::now(), asked }) }
    }

    /// The file's path or the name that was given, for messages.
    pub fn file(&self) -> &str {
        &self.inner.file
    }

    /// A text of the file's metadata.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.inner.header.text(key)
    }

    /// Names of all texts of the metadata, sorted.
    pub fn metadata_keys(&self) -> impl Iterator<Item = &str> {
        self.inner.header.keys()
    }

    /// What the header says of all tensors, sorted by name.
    pub fn tensors(&self) -> &[TensorInfo] {
        self.inner.header.tensors()
    }

    /// Names of all tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors().iter().map(TensorInfo::name)
    }

    /// What the header says of a tensor. Touches none of its pages.
    pub fn info(&self, name: &str) -> Option<&TensorInfo> {
        Some(&self.tensors()[self.inner.header.index(name)?])
    }

    /// A tensor, in place. The first call for a tensor also asks the system to bring its pages, and so does a call a
    /// second after that: what was not read for long may be gone from memory. So get a view for each use.
    ///
    /// What is read is only to be trusted if the file is still unchanged afterwards: use [`Self::read`], or
    /// [`Self::check_unchanged`] when all is read.
    ///
    /// # Errors
    ///
    /// There is no such tensor.
    pub fn tensor(&self, name: &str) -> Result<TensorView<'_>, WeightsError> {
        let index = self.index(name)?;
        if self.mapped().is_some() && self.is_to_be_asked(index) {
            self.ask(self.place(index));
        }
        Ok(self.view(index))
    }

    /// Reads a tensor between two looks at the file.
    ///
    /// # Errors
    ///
    /// There is no such tensor, or the file changed since it was opened.
    pub fn read<R>(&self, name: &str, read: impl FnOnce(TensorView<'_>) -> R) -> Result<R, WeightsError> {
        self.scope(|weights| weights.tensor(name).map(read))?
    }

    /// Does something with the weights between two looks at the file.
    ///
    /// # Errors
    ///
    /// The file changed since it was opened: the result was made from wrong numbers and is gone.
    pub fn scope<R>(&self, work: impl FnOnce(&Self) -> R) -> Result<R, WeightsError> {
        self.check_unchanged()?;
        let result = work(self);
        self.check_unchanged()?;
        Ok(result)
    }

    /// Whether every page that was read so far was there. One load, for inner loops; [`Self::check_unchanged`] sees
    /// more.
    pub fn is_intact(&self) -> bool {
        match &self.inner.store {
            Store::Mapped(file) => file.is_intact(),
            Store::Memory(_) => true,
        }
    }

    /// Looks at the file's length and the time it was last written. One system call.
    ///
    /// # Errors
    ///
    /// It is not what it was when it was opened. That stays so: open it again.
    pub fn check_unchanged(&self) -> Result<(), WeightsError> {
        match &self.inner.store {
            Store::Mapped(file) => match file.change() {
                Some(change) => Err(WeightsError::Changed { file: self.inner.file.clone(), change }),
                None => Ok(()),
            },
            Store::Memory(_) => Ok(()),
        }
    }

    /// What lies under the path now: for those who want to open a newer file.
    pub fn standing(&self) -> Standing {
        match &self.inner.store {
            Store::Mapped(file) => file.standing(),
            Store::Memory(_) => Standing::Current,
        }
    }

    pub(super) fn index(&self, name: &str) -> Result<usize, WeightsError> {
        let missing = || WeightsError::NoTensor { file: self.inner.file.clone(), tensor: clip(name) };
        self.inner.header.index(name).ok_or_else(missing)
    }

    fn is_to_be_asked(&self, index: usize) -> bool {
        let now = self.inner.opened.elapsed().as_millis() as u64 + 1;
        let last = self.inner.asked[index].load(Ordering::Relaxed);
        let is_due = last == 0 || now >= last + ASK_AGAIN.as_millis() as u64;
        if is_due {
            self.inner.asked[index].store(now, Ordering::Relaxed);
        }
        is_due
    }

    /// As if it had never been looked up.
    pub(super) fn forget_that_asked(&self, index: usize) {
        self.inner.asked[index].store(0, Ordering::Relaxed);
    }

    pub(super) fn view(&self, index: usize) -> TensorView<'_> {
        TensorView::new(&self.tensors()[index], &self.all()[self.place(index)])
    }

    /// Where a tensor lies in the file.
    pub(super) fn place(&self, index: usize) -> Range<usize> {
        let place = self.tensors()[index].place();
        self.inner.data + place.start..self.inner.data + place.end
    }

    pub(super) fn mapped(&self) -> Option<&MappedFile> {
        match &self.inner.store {
            Store::Mapped(file) => Some(file),
            Store::Memory(_) => None,
        }
    }

    /// Asks the system to bring these bytes of the file.
    pub(super) fn ask(&self, place: Range<usize>) {
        if let Some(file) = self.mapped() {
            file.ask(place);
        }
    }

    /// Takes the pages of these bytes out of the address space.
    pub(super) fn forget(&self, place: Range<usize>) {
        if let Some(file) = self.mapped() {
            file.forget(place);
        }
    }

    fn all(&self) -> &[u8] {
        match &self.inner.store {
            Store::Mapped(file) => file.bytes(),
            Store::Memory(bytes) => bytes,
        }
    }
}
