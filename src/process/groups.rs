//! The process groups that are alive now, so that an interrupt of cotter ends them before it ends cotter. Each is led
//! by a keeper, which ends it when cotter dies of anything else.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::keeper::{self, GRACE};

/// How long a keeper that was told to end has to do so: what its program has, and as much again to see to the rest.
pub(super) const PATIENCE: Duration = GRACE.saturating_mul(2);

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
/// What comes last, before cotter ends by the signal.
static LAST: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(None);

fn live() -> MutexGuard<'static, Live> {
    // The list is whole after every statement: a panic elsewhere does not spoil it.
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether cotter was told to end.
pub(super) fn is_interrupted() -> bool {
    live().is_interrupted
}

/// A keeper, which leads the process group of its program. Its process id stays taken until [`Group::reap`], so that no signal
/// can reach a stranger. Dropped before that, it is told to end.
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
        keeper::install(command);
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

    /// Has the keeper end the group and all that came of it, in its own time.
    pub(super) fn ask_to_end(&self) {
        ask_to_end(&live(), self.leader);
    }

    /// For a keeper that does not.
    pub(super) fn kill(&self) {
        kill(&live(), self.leader);
    }

    /// Takes the status of a leader that has ended, and kills what a keeper that someone killed left in its group.
    pub(super) fn reap(mut self) -> io::Result<ExitStatus> {
        self.bury(kill);
        self.child.wait()
    }

    /// Off the list, after `last` has been done to it.
    fn bury(&self, last: fn(&Live, Pid)) {
        let mut live = live();
        last(&live, self.leader);
        live.groups.retain(|leader| *leader != self.leader);
        ENDED.notify_all();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.bury(ask_to_end);
        // Not waited for: a process that cannot even be killed would hold cotter up.
        let _ = self.child.try_wait();
    }
}

// Only a group on the list still owns its number. The only failure is that it has ended.

fn ask_to_end(live: &Live, leader: Pid) {
    if live.groups.contains(&leader) {
        keeper::ask_to_end(leader);
    }
}

fn kill(live: &Live, leader: Pid) {
    if live.groups.contains(&leader) {
        let _ = rustix::process::kill_process_group(leader, Signal::KILL);
    }
}

/// Has `last` done when SIGINT or SIGTERM comes, once all running programs have ended and before cotter does. It may
/// end cotter itself.
pub fn at_interrupt(last: impl FnOnce() + Send + 'static) -> io::Result<()> {
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(last));
    let mut live = live();
    if !live.is_watched {
        watch_signals()?;
        live.is_watched = true;
    }
    Ok(())
}

/// From the first child on, SIGINT and SIGTERM end all groups and then cotter, by that same signal.
fn watch_signals() -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for signal in signals.forever() {
                end_all();
                let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(last) = last {
                    last();
                }
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        })?;
    Ok(())
}

fn end_all() {
    let mut live = live();
    live.is_interrupted = true;
    for leader in &live.groups {
        ask_to_end(&live, *leader);
    }
    let end = Instant::now() + PATIENCE;
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
        kill(&live, *leader);
    }
}
