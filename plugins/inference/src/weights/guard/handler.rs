//! The handler of `SIGBUS`.

#![expect(unsafe_code, reason = "signal handlers are installed and run through the C library")]

use std::io;
use std::mem::{self, MaybeUninit};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use libc::{c_int, c_void, siginfo_t};

use super::table;

type InfoHandler = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);
type PlainHandler = extern "C" fn(c_int);

/// What handled the signal before us. Set before our handler can run.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();
static PAGE_BYTES: AtomicUsize = AtomicUsize::new(0);
static INSTALLED: Mutex<bool> = Mutex::new(false);

/// Installs the handler, once.
pub(super) fn install() -> io::Result<()> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if *installed {
        return Ok(());
    }
    // SAFETY: sysconf takes a number and gives one back.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    let page = usize::try_from(page).map_err(|_| io::Error::last_os_error())?;
    PAGE_BYTES.store(page, Ordering::Release);

    let mut before = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: with no new action, the present one is written to `before`, which is large enough.
    if unsafe { libc::sigaction(libc::SIGBUS, ptr::null(), before.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call above succeeded, so it is filled in; it was all zeros before, which is valid, too.
    let before = BEFORE.get_or_init(|| unsafe { before.assume_init() });

    // SAFETY: all zeros are a valid `sigaction`: the default action with an empty mask.
    let mut ours: libc::sigaction = unsafe { mem::zeroed() };
    ours.sa_sigaction = on_bus_error as InfoHandler as usize;
    // The same stack and mask as before; a thread that ran out of its stack can still be told of it.
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | (before.sa_flags & libc::SA_NODEFER);
    ours.sa_mask = before.sa_mask;
    // SAFETY: `on_bus_error` has the signature that SA_SIGINFO asks for, and calls nothing that a handler must not.
    if unsafe { libc::sigaction(libc::SIGBUS, &raw const ours, ptr::null_mut()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    *installed = true;
    Ok(())
}

/// Reads atomics and calls `mmap`, which is one system call. It touches neither the heap nor a lock.
extern "C" fn on_bus_error(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the system passes a valid description, because SA_SIGINFO is set.
    let code = unsafe { (*info).si_code };
    // A signal that another process sent carries no address.
    if code > 0 {
        // SAFETY: a signal that the system raised for a read carries the address of that read.
        let address = unsafe { (*info).si_addr() } as usize;
        // What was interrupted may be about to look at its own error.
        // SAFETY: the place of this thread's `errno`, which a handler may read and write.
        let errno = unsafe { errno_location() };
        // SAFETY: as above.
        let kept = unsafe { *errno };
        let is_patched = patch(address);
        // SAFETY: as above.
        unsafe { *errno = kept };
        if is_patched {
            return;
        }
    }
    forward(signal, info, context, code > 0);
}

/// Where this thread's `errno` lies.
unsafe fn errno_location() -> *mut c_int {
    #[cfg(any(target_os = "linux", target_os = "emscripten"))]
    // SAFETY: it has no condition.
    unsafe {
        libc::__errno_location()
    }
    #[cfg(any(target_os = "macos", target_os = "ios", target_os = "freebsd"))]
    // SAFETY: it has no condition.
    unsafe {
        libc::__error()
    }
    #[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
    // SAFETY: it has no condition.
    unsafe {
        libc::__errno()
    }
}

/// Puts zeros from this address' page to the end of the guarded map that holds it.
fn patch(address: usize) -> bool {
    let Some((entry, end)) = table::find(address) else { return false };
    // First: a reader that sees a zero must be able to see this.
    entry.tear();
    let page = address & !(PAGE_BYTES.load(Ordering::Acquire) - 1);
    let kind = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_FIXED | libc::MAP_NORESERVE;
    // SAFETY: the range lies in a map of ours, which lives while somebody reads in it: this thread, right now. The
    // system rounds the length up to whole pages, as it did for the map itself. Readers of the range see other bytes
    // from here on, which for a mapped file they may at any time.
    let zeros = unsafe { libc::mmap(page as *mut c_void, end - page, libc::PROT_READ, kind, -1, 0) };
    zeros != libc::MAP_FAILED
}

/// Does what would have been done without us.
fn forward(signal: c_int, info: *mut siginfo_t, context: *mut c_void, is_fault: bool) {
    let Some(before) = BEFORE.get() else { return };
    match before.sa_sigaction {
        libc::SIG_IGN if !is_fault => {}
        libc::SIG_DFL | libc::SIG_IGN => {
            // SAFETY: all zeros are a valid `sigaction`: the default action, which ends the program.
            let default: libc::sigaction = unsafe { mem::zeroed() };
            // SAFETY: a valid action. A read that failed is tried again when this returns, and ends the program then.
            unsafe { libc::sigaction(signal, &raw const default, ptr::null_mut()) };
            if !is_fault {
                // SAFETY: takes a number. The signal comes when this handler returns.
                unsafe { libc::raise(signal) };
            }
        }
        handler if before.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: with SA_SIGINFO, the field holds a function of this type.
            let handler = unsafe { mem::transmute::<usize, InfoHandler>(handler) };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: without SA_SIGINFO, the field holds a function of this type.
            let handler = unsafe { mem::transmute::<usize, PlainHandler>(handler) };
            handler(signal);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, ExitStatus, Stdio};

    use super::super::super::tests::{TempFile, one_tensor, temp_file};
    use super::super::super::{Weights, WeightsError};
    use super::super::MAX_GUARDS;
    use super::*;

    const CASE: &str = "FRESHET_SIGNAL_CASE";

    /// Runs [`in_a_process_of_its_own`] in a process of its own: signals and the table belong to a whole process.
    fn run(case: &str) -> ExitStatus {
        let (_, module) = module_path!().split_once("::").unwrap();
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("{module}::in_a_process_of_its_own"), "--include-ignored"])
            .env(CASE, case)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
    }

    #[test]
    #[ignore = "run by the other tests"]
    fn in_a_process_of_its_own() {
        match std::env::var(CASE).as_deref() {
            Ok("info handler") => {
                handle_by(exit_42 as InfoHandler as usize, libc::SA_SIGINFO);
                fault_elsewhere();
            }
            Ok("plain handler") => {
                handle_by(exit_43 as PlainHandler as usize, 0);
                fault_elsewhere();
            }
            Ok("no handler") => fault_elsewhere(),
            Ok("ignored fault") => {
                handle_by(libc::SIG_IGN, 0);
                fault_elsewhere();
            }
            Ok("ignored signal") => {
                handle_by(libc::SIG_IGN, 0);
                let _weights = Weights::open(temp_file(&one_tensor()).path()).unwrap();
                // SAFETY: takes a number.
                unsafe { libc::raise(libc::SIGBUS) };
            }
            Ok("sent signal") => {
                handle_by(libc::SIG_DFL, 0);
                let _weights = Weights::open(temp_file(&one_tensor()).path()).unwrap();
                // SAFETY: takes a number.
                unsafe { libc::raise(libc::SIGBUS) };
            }
            Ok("full table") => fill_the_table(),
            Ok("ours") => drop(read_torn()),
            _ => {}
        }
    }

    extern "C" fn exit_42(_: c_int, _: *mut siginfo_t, _: *mut c_void) {
        // SAFETY: ends the process, which a handler may do.
        unsafe { libc::_exit(42) };
    }

    extern "C" fn exit_43(_: c_int) {
        // SAFETY: ends the process, which a handler may do.
        unsafe { libc::_exit(43) };
    }

    fn handle_by(handler: usize, flags: c_int) {
        // SAFETY: all zeros are a valid `sigaction`.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = handler;
        action.sa_flags = flags;
        // SAFETY: a valid action, whose handler fits its flags.
        assert_eq!(unsafe { libc::sigaction(libc::SIGBUS, &raw const action, ptr::null_mut()) }, 0);
    }

    /// A file of three pages that is cut to nothing after it was mapped.
    fn cut(file: &TempFile) {
        File::options().write(true).open(file.path()).unwrap().set_len(0).unwrap();
    }

    /// First in a map of ours, where it does no harm, then in one that is not guarded.
    fn fault_elsewhere() {
        let _weights = read_torn();
        let file = temp_file(&[1; 12_000]);
        // SAFETY: read-only, and only read as bytes.
        let map = unsafe { memmap2::Mmap::map(&File::open(file.path()).unwrap()) }.unwrap();
        let path = file.path().to_owned();
        cut(&file);
        std::fs::remove_file(path).unwrap();
        std::hint::black_box(map[5000]);
    }

    fn read_torn() -> Weights {
        let file = temp_file(&one_tensor());
        let weights = Weights::open(file.path()).unwrap();
        cut(&file);
        assert!(weights.is_intact());
        assert_eq!(weights.tensor("t").unwrap().bytes(), [0; 8]);
        assert!(!weights.is_intact());
        weights
    }

    fn fill_the_table() {
        let file = temp_file(&one_tensor());
        let mut all: Vec<_> = (0..MAX_GUARDS).map(|_| Weights::open(file.path()).unwrap()).collect();
        let error = Weights::open(file.path()).unwrap_err();
        assert!(matches!(error, WeightsError::TooManyMaps { limit: MAX_GUARDS, .. }), "{error}");
        all.pop();
        Weights::open(file.path()).unwrap();
    }

    #[test]
    fn a_fault_elsewhere_goes_to_the_handler_that_was_there() {
        assert_eq!(run("info handler").code(), Some(42));
        assert_eq!(run("plain handler").code(), Some(43));
    }

    #[test]
    fn without_a_handler_a_fault_elsewhere_ends_the_program() {
        assert_eq!(run("no handler").signal(), Some(libc::SIGBUS));
        assert_eq!(run("ignored fault").signal(), Some(libc::SIGBUS));
    }

    #[test]
    fn a_signal_that_was_sent_does_what_it_did() {
        assert_eq!(run("ignored signal").code(), Some(0));
        assert_eq!(run("sent signal").signal(), Some(libc::SIGBUS));
    }

    #[test]
    fn a_fault_in_our_map_ends_nothing() {
        assert_eq!(run("ours").code(), Some(0));
    }

    #[test]
    fn a_full_table_is_an_error_and_places_come_back() {
        assert_eq!(run("full table").code(), Some(0));
    }
}
