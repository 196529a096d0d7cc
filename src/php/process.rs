//! What a process shares with its threads and its children.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::panic::catch_unwind;
use std::ptr::null_mut;
use std::sync::OnceLock;

static LET_GO: OnceLock<fn()> = OnceLock::new();

unsafe extern "C" {
    safe fn pthread_atfork(
        prepare: Option<extern "C" fn()>,
        parent: Option<extern "C" fn()>,
        child: Option<extern "C" fn()>,
    ) -> c_int;
}

/// From now on runs `let_go` in the parent before each of its forks.
pub fn before_each_fork(let_go: fn()) {
    LET_GO.get_or_init(|| {
        // Fails only without memory; then a child that uses what its parent has open takes its chances.
        let _ = pthread_atfork(Some(prepare), None, None);
        let_go
    });
}

extern "C" fn prepare() {
    // A panic must not leave a function that C calls.
    let _ = catch_unwind(|| {
        if let Some(let_go) = LET_GO.get() {
            let_go();
        }
    });
}

/// Runs `action` while this thread takes no signals. Threads that it starts never will: PHP's handlers
/// expect to run in PHP's own thread.
pub fn with_signals_blocked<T>(action: impl FnOnce() -> T) -> T {
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: both sets are ours; the first is filled before it is read, the second is written by the
    // call, and read below only if that succeeded.
    let is_blocked = unsafe {
        let mut all = MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) == 0
    };
    let answer = action();
    if is_blocked {
        // SAFETY: `before` was written by the call above.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), null_mut()) };
    }
    answer
}
