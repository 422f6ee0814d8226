//! Which pages of a map are in memory, and asking for more.
//!
//! The system reads ahead of a map, by default, around each page that is missed: tens of kilobytes to some megabytes,
//! so that reading one layer brings its neighbours. Maps here are set to random access, which turns that off, and a
//! tensor that is about to be read is asked for as a whole instead. So exactly its pages come, in large reads.

#![cfg_attr(unix, expect(unsafe_code, reason = "which pages are cached is only told by `mincore`"))]

use std::ops::Range;

use super::error::WeightsError;
use super::handle::Weights;
use super::map::MappedFile;

/// Bytes that are asked for at once: Linux cuts longer requests short.
#[cfg(unix)]
const ASK_BYTES: usize = 128 << 10;

/// What is going to be done with a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// It is read soon: the system starts to bring its pages. The call does not wait for them.
    WillNeed,
    /// It is not read for long: its pages leave this process, and stay in memory as long as there is room.
    DontNeed,
}

/// How many pages of a tensor are in memory. A page that it shares with its neighbour counts for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Residency {
    /// Pages that it lies on.
    pub pages: usize,
    /// Those that the system holds in memory, for whichever process.
    pub cached: usize,
    /// Those that this process has in its address space.
    pub mapped: usize,
}

impl Weights {
    /// Tells the system what is going to be done with a tensor. Does nothing for weights in memory.
    ///
    /// # Errors
    ///
    /// There is no such tensor.
    pub fn advise(&self, name: &str, advice: Advice) -> Result<(), WeightsError> {
        let index = self.index(name)?;
        match advice {
            Advice::WillNeed => self.ask(self.place(index)),
            Advice::DontNeed => {
                self.forget(self.place(index));
                self.forget_that_asked(index);
            }
        }
        Ok(())
    }

    /// How much of a tensor is in memory; `None` for weights that are not mapped, and where the system does not tell
    /// (it does on Linux).
    ///
    /// # Errors
    ///
    /// There is no such tensor.
    pub fn residency(&self, name: &str) -> Result<Option<Residency>, WeightsError> {
        let place = self.place(self.index(name)?);
        Ok(self.mapped().and_then(|file| file.residency(place)))
    }
}

impl MappedFile {
    /// Turns reading ahead off.
    pub(super) fn set_random(&self) {
        #[cfg(unix)]
        advised(self.map().advise(memmap2::Advice::Random));
    }

    /// Asks the system to bring these bytes. Those that are there already cost next to nothing.
    pub(super) fn ask(&self, place: Range<usize>) {
        #[cfg(unix)]
        for start in place.clone().step_by(ASK_BYTES) {
            let bytes = ASK_BYTES.min(place.end - start);
            advised(self.map().advise_range(memmap2::Advice::WillNeed, start, bytes));
        }
        #[cfg(not(unix))]
        drop(place);
    }

    pub(super) fn forget(&self, place: Range<usize>) {
        #[cfg(unix)]
        if !place.is_empty() {
            // SAFETY: the map is shared with the file and read-only, so what is forgotten is read from the file again.
            // Where it was torn, zeros become zeros.
            let answer = unsafe {
                self.map().unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, place.start, place.len())
            };
            advised(answer);
        }
        #[cfg(not(unix))]
        drop(place);
    }

    #[cfg(target_os = "linux")]
    fn residency(&self, place: Range<usize>) -> Option<Residency> {
        linux::residency(self.bytes(), place)
    }

    #[cfg(not(target_os = "linux"))]
    fn residency(&self, _: Range<usize>) -> Option<Residency> {
        None
    }
}

/// Advice that is not taken makes things slower, and nothing else.
#[cfg(unix)]
fn advised(_: std::io::Result<()>) {}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::ops::Range;
    use std::os::unix::fs::FileExt;

    use super::Residency;

    /// Pages that are asked about at once.
    const BLOCK: usize = 512;
    /// In the entry of a page in `/proc/self/pagemap`: the page is in the address space.
    const PRESENT: u64 = 1 << 63;

    /// Numbers of the pages around some bytes of a map, and the size of a page. The map begins with a page, so places
    /// in it count from there.
    fn pages(bytes: &[u8], place: &Range<usize>) -> Option<(Range<usize>, usize)> {
        // SAFETY: sysconf takes a number and gives one back.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()?;
        let first = bytes.as_ptr() as usize / page;
        let end = if place.is_empty() { place.start / page } else { place.end.div_ceil(page) };
        Some((first + place.start / page..first + end, page))
    }

    /// Of some pages of a map, at most [`BLOCK`], those that are in memory.
    fn cached(start: usize, count: usize, page: usize) -> Option<usize> {
        let mut states = [0_u8; BLOCK];
        // SAFETY: both callers pass pages of a map that they borrow. There is a byte for each.
        let answer = unsafe { libc::mincore((start * page) as *mut libc::c_void, count * page, states.as_mut_ptr()) };
        (answer == 0).then(|| states[..count].iter().filter(|&&state| state & 1 == 1).count())
    }

    pub(super) fn residency(bytes: &[u8], place: Range<usize>) -> Option<Residency> {
        let (pages, page) = pages(bytes, &place)?;
        let pagemap = File::open("/proc/self/pagemap").ok()?;
        let mut found = Residency { pages: pages.len(), ..Residency::default() };
        for start in pages.clone().step_by(BLOCK) {
            let count = BLOCK.min(pages.end - start);
            found.cached += cached(start, count, page)?;
            let mut entries = [0_u8; BLOCK * 8];
            pagemap.read_exact_at(&mut entries[..count * 8], start as u64 * 8).ok()?;
            let (entries, _) = entries[..count * 8].as_chunks::<8>();
            found.mapped += entries.iter().filter(|&&entry| u64::from_ne_bytes(entry) & PRESENT != 0).count();
        }
        Some(found)
    }
}
