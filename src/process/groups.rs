//! The process groups that are alive now, so that an interrupt of cotter ends them before it ends cotter, and so
//! that cotter's own death, whatever its cause, ends their leaders.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How long a group has to put its own affairs in order (lock files, temporary folders) before it is killed.
pub(super) const GRACE: Duration = Duration::from_secs(2);

struct Live {
    groups: Vec<Pid>,
    is_watched: bool,
    is_interrupted: bool,
}

static LIVE: Mutex<Live> = Mutex::new(Live {
    groups: Vec::new(),
    is_watched: false,
    is_interrupted: false,
});
static ENDED: Condvar = Condvar::new();

fn live() -> MutexGuard<'static, Live> {
    // The list is whole after every statement: a panic elsewhere does not spoil it.
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether cotter was told to end.
pub(super) fn is_interrupted() -> bool {
    live().is_interrupted
}

/// A child that leads a process group. Its process id stays taken until [`Group::reap`], so that no signal
/// can reach a stranger. Dropped before that, it is killed.
pub(super) struct Group {
    leader: Pid,
    child: Child,
}

impl Group {
    /// Starts `command` as the leader of a new group; from now on an interrupt ends it. The calling thread must
    /// live as long as the leader: its end counts as cotter's death.
    pub(super) fn spawn(command: &mut Command) -> io::Result<Group> {
        use std::os::unix::process::CommandExt;

        // Held while the child starts: an interrupt comes before it, or finds it on the list.
        let mut live = live();
        if live.is_interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if !live.is_watched {
            watch_signals()?;
            live.is_watched = true;
        }
        end_with_parent(command);
        let child = command.process_group(0).spawn()?;
        let leader = Pid::from_child(&child);
        live.groups.push(leader);
        Ok(Group { leader, child })
    }

    pub(super) fn leader(&self) -> Pid {
        self.leader
    }

    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub(super) fn signal(&self, signal: Signal) {
        signal_group(&live(), self.leader, signal);
    }

    /// Takes the status of a leader that has ended, and kills what it left in its group.
    pub(super) fn reap(mut self) -> io::Result<ExitStatus> {
        self.bury();
        self.child.wait()
    }

    fn bury(&self) {
        let mut live = live();
        signal_group(&live, self.leader, Signal::KILL);
        live.groups.retain(|leader| *leader != self.leader);
        ENDED.notify_all();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.bury();
        // Not waited for: a process that cannot even be killed would hold cotter up.
        let _ = self.child.try_wait();
    }
}

/// Only a group on the list still owns its number.
fn signal_group(live: &Live, leader: Pid, signal: Signal) {
    if live.groups.contains(&leader) {
        // The only failure is that all of the group have ended.
        let _ = rustix::process::kill_process_group(leader, signal);
    }
}

/// Has the kernel send SIGTERM to the child when the thread that starts it ends, as it does when cotter is killed.
/// Not SIGKILL: Nix ends its builders, which are in sessions of their own, when it is asked to end.
fn end_with_parent(command: &mut Command) {
    use std::os::unix::process::CommandExt;

    let parent = rustix::process::getpid();
    let prepare = move || {
        rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
        // A parent that was gone before that call sends nothing.
        if rustix::process::getppid() != Some(parent) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(())
    };
    // SAFETY: between fork and exec only two system calls are made; neither locks nor allocates.
    unsafe {
        command.pre_exec(prepare);
    }
}

/// From the first child on, SIGINT and SIGTERM end all groups and then cotter, by that same signal.
fn watch_signals() -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for signal in signals.forever() {
                end_all();
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        })?;
    Ok(())
}

fn end_all() {
    let mut live = live();
    live.is_interrupted = true;
    for leader in &live.groups {
        signal_group(&live, *leader, Signal::TERM);
    }
    let end = Instant::now() + GRACE;
    while !live.groups.is_empty() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        live = match ENDED.wait_timeout(live, left) {
            Ok((live, _)) => live,
            Err(poisoned) => poisoned.into_inner().0,
        };
    }
    for leader in &live.groups {
        signal_group(&live, *leader, Signal::KILL);
    }
}
