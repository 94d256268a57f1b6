//! Work that asks the outside world, within a time: its thread may be left behind, its child processes
//! may not.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// How long work may take.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    /// From beginning to end.
    Total(Duration),
    /// Without any progress: a large fetch takes its time, a dead connection does not.
    Idle(Duration),
}

/// The work's side: whether it should stop, who its children are, and its signs of life.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    signs: AtomicUsize,
    pulses: Mutex<Vec<Arc<AtomicUsize>>>,
    children: Mutex<Vec<Pid>>,
}

/// Runs `work` in a thread of its own; `None` when the limit was reached. Then its children have been
/// killed with all that they started, and it has been told to stop.
pub(super) fn within<T: Send + 'static>(
    limit: Limit,
    work: impl FnOnce(Watch) -> T + Send + 'static,
) -> io::Result<Option<T>> {
    let watch = Watch::default();
    let (send, receive) = mpsc::channel();
    let theirs = watch.clone();
    thread::Builder::new()
        .name("git".to_owned())
        .spawn(move || {
            // Nobody listens any more when the limit was reached.
            let _ = send.send(work(theirs));
        })?;
    let (Limit::Total(patience) | Limit::Idle(patience)) = limit;
    let mut seen = watch.signs();
    let mut end = Instant::now() + patience;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let pause = match limit {
            Limit::Total(_) => left,
            Limit::Idle(_) => left.min(Duration::from_millis(100)),
        };
        match receive.recv_timeout(pause) {
            Ok(done) => return Ok(Some(done)),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                watch.end();
                return Err(io::Error::other("the work ended without a result"));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
        let signs = watch.signs();
        if matches!(limit, Limit::Idle(_)) && signs != seen {
            seen = signs;
            end = Instant::now() + patience;
        } else if Instant::now() >= end {
            watch.end();
            return Ok(None);
        }
    }
}

impl Watch {
    /// Set once the limit is reached.
    pub fn stop(&self) -> &AtomicBool {
        &self.0.stop
    }

    /// Says that something happened.
    pub fn alive(&self) {
        self.0.signs.fetch_add(1, Ordering::Relaxed);
    }

    /// A progress whose every step is a sign of life.
    pub fn pulse(&self) -> Pulse {
        let step = Arc::new(AtomicUsize::new(0));
        self.alive();
        lock(&self.0.pulses).push(step.clone());
        Pulse {
            step,
            watch: self.clone(),
        }
    }

    /// Changes with every sign of life.
    fn signs(&self) -> usize {
        lock(&self.0.pulses)
            .iter()
            .map(|step| step.load(Ordering::Relaxed))
            .fold(self.0.signs.load(Ordering::Relaxed), usize::wrapping_add)
    }

    /// Starts `command` in a process group of its own, which ends with the [`Group`] or the limit.
    pub fn spawn(&self, command: &mut Command) -> io::Result<Group> {
        let mut children = self.children();
        // Under the lock: past the limit nothing new starts.
        if self.0.stop.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let child = command.process_group(0).spawn()?;
        children.push(Pid::from_child(&child));
        Ok(Group {
            child,
            watch: self.clone(),
        })
    }

    fn end(&self) {
        self.0.stop.store(true, Ordering::SeqCst);
        for pid in self.children().iter() {
            // It may just have ended by itself.
            let _ = kill_process_group(*pid, Signal::KILL);
        }
    }

    fn children(&self) -> MutexGuard<'_, Vec<Pid>> {
        lock(&self.0.children)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A child process and all that it started; killed when dropped.
#[derive(Debug)]
pub(super) struct Group {
    pub child: Child,
    watch: Watch,
}

impl Group {
    /// Waits for the child to end by itself.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        loop {
            {
                // Reaped under the lock, so that no other process with its number is ever killed.
                let mut children = self.watch.children();
                if let Some(status) = self.child.try_wait()? {
                    let pid = Pid::from_child(&self.child);
                    children.retain(|other| *other != pid);
                    return Ok(status);
                }
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let mut children = self.watch.children();
        let pid = Pid::from_child(&self.child);
        if children.contains(&pid) {
            let _ = kill_process_group(pid, Signal::KILL);
            let _ = self.child.wait();
            children.retain(|other| *other != pid);
        }
    }
}

/// Progress that nobody sees but the limit. Each has a count of its own: gix checks its work by it.
#[derive(Debug)]
pub(super) struct Pulse {
    step: Arc<AtomicUsize>,
    watch: Watch,
}

impl gix::Count for Pulse {
    fn set(&self, step: usize) {
        self.step.store(step, Ordering::Relaxed);
    }

    fn step(&self) -> usize {
        self.step.load(Ordering::Relaxed)
    }

    fn inc_by(&self, step: usize) {
        self.step.fetch_add(step, Ordering::Relaxed);
    }

    fn counter(&self) -> Arc<AtomicUsize> {
        self.step.clone()
    }
}

impl gix::Progress for Pulse {
    fn init(&mut self, _max: Option<usize>, _unit: Option<gix::progress::Unit>) {}

    fn unit(&self) -> Option<gix::progress::Unit> {
        None
    }

    fn set_name(&mut self, _name: String) {}

    fn name(&self) -> Option<String> {
        None
    }

    fn id(&self) -> gix::progress::Id {
        gix::progress::UNKNOWN
    }

    fn message(&self, _level: gix::progress::MessageLevel, _message: String) {
        self.watch.alive();
    }
}

impl gix::NestedProgress for Pulse {
    type SubProgress = Pulse;

    fn add_child(&mut self, _name: impl Into<String>) -> Pulse {
        self.watch.pulse()
    }

    fn add_child_with_id(&mut self, _name: impl Into<String>, _id: gix::progress::Id) -> Pulse {
        self.watch.pulse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_started_outlives_the_limit() {
        let (send, receive) = mpsc::channel();
        let outcome = within(Limit::Total(Duration::from_millis(300)), move |watch| {
            let mut sh = Command::new("sh");
            sh.args(["-c", "sleep 600 & echo $!; wait"])
                .stdout(std::process::Stdio::piped());
            let mut group = watch.spawn(&mut sh).unwrap();
            let mut line = String::new();
            let stdout = group.child.stdout.take().unwrap();
            io::BufRead::read_line(&mut io::BufReader::new(stdout), &mut line).unwrap();
            send.send(line.trim().to_owned()).unwrap();
            let status = group.wait();
            // Past the limit nothing new may start.
            assert!(watch.spawn(&mut Command::new("true")).is_err());
            status
        });
        assert!(outcome.unwrap().is_none());
        let sleeper = receive.recv().unwrap();
        let proc = std::path::PathBuf::from(format!("/proc/{sleeper}/stat"));
        let gone = || match std::fs::read_to_string(&proc) {
            // Dead, though nobody asked for its end yet.
            Ok(stat) => stat.contains(") Z "),
            Err(_) => true,
        };
        let end = Instant::now() + Duration::from_secs(20);
        while !gone() {
            assert!(Instant::now() < end, "the grandchild {sleeper} still runs");
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn every_step_is_a_sign_of_life() {
        let outcome = within(Limit::Idle(Duration::from_secs(5)), |watch| {
            let mut pulse = watch.pulse();
            let before = watch.signs();
            gix::Count::inc(&gix::NestedProgress::add_child(&mut pulse, "child"));
            watch.signs() - before
        });
        // The child came to be, and took a step.
        assert_eq!(outcome.unwrap(), Some(2));
    }
}
