//! The process that stands between cotter and each program that it runs. It is told when cotter dies, whatever the
//! cause, and it adopts whoever loses a parent below it; so it can end the program with all that this has started,
//! also builders in sessions of their own, where cotter itself would only reach one process group, and nothing once
//! it is killed.
//!
//! It leads the program's process group and ends as the program ends, with the same status. Told to end, by cotter or
//! by cotter's death, it asks the group to end, waits [`GRACE`] for the program, and kills every descendant that is
//! left. A program that ends by itself loses what it left in its group; a daemon that it left on purpose, in a session
//! of its own, is not ours to end.
//!
//! It is cotter's own image, forked while a program is started, and never runs another: of all that cotter has open
//! it keeps nothing, and it does only what is allowed between fork and exec, which neither locks nor allocates.

use std::io;
use std::mem::MaybeUninit;
use std::process::Command;
use std::ptr;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};

/// How long a program has to put its own affairs in order (lock files, temporary folders) before it is killed.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// How often it is looked whether those that were killed are gone.
const LOOK: Duration = Duration::from_millis(10);
/// The signals that are taken one by one.
const TAKEN: [i32; 4] = [libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGHUP];
/// No table of open files is looked through further than this, where the kernel cannot close them all at once.
const MOST_FILES: u64 = 1 << 16;

/// Has `command`, once it is started as the leader of a group, start the program as the child of a keeper. The thread
/// that starts it must live as long as the program: its end counts as cotter's death.
pub(super) fn install(command: &mut Command) {
    use std::os::unix::process::CommandExt;

    let cotter = rustix::process::getpid();
    // SAFETY: `split` makes system calls only; nothing that it calls locks or allocates.
    unsafe {
        command.pre_exec(move || split(cotter));
    }
}

/// Returns in the program's process alone.
fn split(cotter: Pid) -> io::Result<()> {
    let before = block_all();
    // A signal that comes before exec is the program's: cotter's handlers would swallow it. An ignored end of a
    // child is one that cannot be waited for.
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGCHLD] {
        // SAFETY: the default disposition is no handler of ours.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    born_to(cotter)?;
    let keeper = rustix::process::getpid();
    rustix::process::set_child_subreaper(Some(keeper))?;
    // SAFETY: this process has one thread, that of the fork before; what both then do is said above.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            // Should the keeper be killed, this is what is left of it.
            born_to(keeper)?;
            // SAFETY: a set that was filled by the same call.
            unsafe { libc::sigprocmask(libc::SIG_SETMASK, &before, ptr::null_mut()) };
            Ok(())
        }
        program => {
            leave_everything();
            let status = Pid::from_raw(program).and_then(keep);
            end_as(status)
        }
    }
}

/// Has the kernel send SIGTERM when the parent's thread that started this process ends. Not SIGKILL: Nix ends its
/// builders when it is asked to end.
fn born_to(parent: Pid) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
    // A parent that was gone before that call sends nothing.
    if rustix::process::getppid() != Some(parent) {
        return Err(Errno::SRCH.into());
    }
    Ok(())
}

fn block_all() -> libc::sigset_t {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: both sets are written before they are read.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::sigemptyset(before.as_mut_ptr());
        libc::sigprocmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr());
        before.assume_init()
    }
}

/// Lets go of pipes and locks, which would stay open with it, and of the folder; and takes a name of its own, so that
/// a kill by name (`killall cotter`) does not take the keeper first.
fn leave_everything() {
    // SAFETY: nothing here uses a file of cotter's again.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 0, libc::c_uint::MAX, 0) };
    if closed != 0 {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        for file in 0..limit.unwrap_or(MOST_FILES).min(MOST_FILES) {
            // SAFETY: as above.
            unsafe { libc::close(file as libc::c_int) };
        }
    }
    let _ = rustix::process::chdir(c"/");
    // SAFETY: the kernel copies the name.
    unsafe { libc::prctl(libc::PR_SET_NAME, c"keeper".as_ptr()) };
}

/// Waits for the program's end, or brings it about.
fn keep(program: Pid) -> Option<WaitStatus> {
    let mut deadline: Option<Instant> = None;
    loop {
        if let Some(status) = reap(program) {
            sweep(deadline.is_some());
            return status;
        }
        let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            // The program is among them.
            sweep(true);
            return None;
        }
        let signal = next_signal(left);
        if signal.is_some_and(|signal| signal != libc::SIGCHLD) && deadline.is_none() {
            deadline = Some(Instant::now() + GRACE);
            // Blocked here, so that it reaches all but this process.
            let _ = rustix::process::kill_current_process_group(Signal::TERM);
        }
    }
}

/// Takes all children that have ended. The program's status when it is one of them; `Some(None)` when it was lost.
fn reap(program: Pid) -> Option<Option<WaitStatus>> {
    let mut ended = None;
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == program => ended = Some(Some(status)),
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return ended,
            // No child is left.
            Err(_) => return ended.or(Some(None)),
        }
    }
}

/// Kills all descendants, or those in the program's group, until none is left: one that loses its parent becomes a
/// child of this process.
fn sweep(all: bool) {
    let group = rustix::process::getpgrp();
    loop {
        while let Ok(Some(_)) | Err(Errno::INTR) = rustix::process::wait(WaitOptions::NOHANG) {}
        let mut is_left = false;
        let seen = each_child(&mut |child| {
            if all || rustix::process::getpgid(Some(child)) == Ok(group) {
                is_left = true;
                let _ = rustix::process::kill_process(child, Signal::KILL);
            }
        });
        if seen.is_none() && all {
            // The kernel does not list them: this ends those that can still be reached, and this process.
            let _ = rustix::process::kill_current_process_group(Signal::KILL);
        }
        if !is_left {
            return;
        }
        next_signal(Some(LOOK));
    }
}

/// Hands on the children of this process, or those that are first on the kernel's list if it is long.
fn each_child(on_child: &mut dyn FnMut(Pid)) -> Option<()> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let list = rustix::fs::open(c"/proc/thread-self/children", flags, Mode::empty()).ok()?;
    let mut bytes = [0; 4096];
    let length = rustix::io::read(&list, &mut bytes).ok()?;
    let mut number = 0_i32;
    for byte in bytes.get(..length)? {
        if byte.is_ascii_digit() {
            number = number.wrapping_mul(10).wrapping_add(i32::from(byte - b'0'));
        } else {
            // Each number ends in a space: one that is cut off is not taken for another.
            if let Some(child) = Pid::from_raw(number).filter(|_| number > 1) {
                on_child(child);
            }
            number = 0;
        }
    }
    Some(())
}

/// Waits for a signal, so long or for ever.
fn next_signal(limit: Option<Duration>) -> Option<i32> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    let limit = limit.map(|limit| libc::timespec {
        tv_sec: limit.as_secs() as libc::time_t,
        tv_nsec: limit.subsec_nanos().into(),
    });
    let limit = limit.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the set is written before it is read; the limit lives until the call returns; nobody asks who sent it.
    let signal = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in TAKEN {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        libc::sigtimedwait(set.as_ptr(), ptr::null_mut(), limit)
    };
    (signal > 0).then_some(signal)
}

/// Ends as the program did, for cotter to see.
fn end_as(status: Option<WaitStatus>) -> ! {
    let signal = match status {
        Some(status) => match status.exit_status() {
            // SAFETY: ends this process, and runs nothing of cotter's.
            Some(code) => unsafe { libc::_exit(code) },
            None => status.terminating_signal().unwrap_or(libc::SIGKILL),
        },
        None => libc::SIGKILL,
    };
    // SAFETY: the sets are written before they are read; the rest are plain system calls. The program has left its
    // memory to the debugger if it was to; this process would leave cotter's.
    unsafe {
        let none = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        libc::setrlimit(libc::RLIMIT_CORE, &none);
        libc::signal(signal, libc::SIG_DFL);
        libc::kill(libc::getpid(), signal);
        let mut only = MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(only.as_mut_ptr());
        libc::sigaddset(only.as_mut_ptr(), signal);
        libc::sigprocmask(libc::SIG_UNBLOCK, only.as_ptr(), ptr::null_mut());
        libc::_exit(128 + signal)
    }
}
