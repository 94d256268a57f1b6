//! Where the kernel tells no process of its parent's death and none can adopt others, nothing stands between cotter and
//! a program: when cotter is killed, the program goes on. All else is as with a keeper.

use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal};

/// How long a program has to put its own affairs in order (lock files, temporary folders) before it is killed.
pub(super) const GRACE: Duration = Duration::from_secs(2);

pub(super) fn install(_: &mut Command) {}

/// Asks the group that `leader` leads to end.
pub(super) fn ask_to_end(leader: Pid) {
    // The only failure is that it has ended.
    let _ = rustix::process::kill_process_group(leader, Signal::TERM);
}
