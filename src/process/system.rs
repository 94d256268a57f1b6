//! The real runner: this machine's programs.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};

use super::groups::{self, Group, PATIENCE};
use super::keeper::GRACE;
use super::lines::Lines;
use super::{Invocation, Output, ProcessError, Runner, environment, tail};

const CHUNK: usize = 64 << 10;
/// Chunks on their way: together with [`CHUNK`] the bound on what is read ahead.
const IN_FLIGHT: usize = 16;
const STDERR_LIMIT: usize = 4 << 20;
/// Far enough away to be never, near enough to be added to a clock.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Runs programs on this machine.
///
/// The first run makes SIGINT and SIGTERM end every running program, and then cotter.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Runner for System {
    fn run_watched(
        &self,
        invocation: &Invocation,
        on_line: &mut dyn FnMut(&[u8]),
    ) -> Result<Output, ProcessError> {
        unless_interrupted(invocation, run(invocation, on_line, None))
    }

    fn run_into(
        &self,
        invocation: &Invocation,
        sink: &mut dyn Write,
    ) -> Result<Output, ProcessError> {
        unless_interrupted(invocation, run(invocation, &mut |_| {}, Some(sink)))
    }
}

fn unless_interrupted(
    invocation: &Invocation,
    result: Result<Output, ProcessError>,
) -> Result<Output, ProcessError> {
    if groups::is_interrupted() {
        // The end of cotter is under way. Nothing that a caller would do now, such as reporting that the
        // program failed, should come before it.
        thread::sleep(PATIENCE * 2);
        return Err(ProcessError::Interrupted {
            command: invocation.to_string(),
        });
    }
    result
}

enum Event {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    /// One of the two pipes is at its end.
    Closed,
    Exited,
}

/// How far the end of a program that must end has come.
enum Stage {
    Running,
    Asked,
    Killed,
}

fn run(
    invocation: &Invocation,
    on_line: &mut dyn FnMut(&[u8]),
    sink: Option<&mut dyn Write>,
) -> Result<Output, ProcessError> {
    let start_error = |source| ProcessError::Start {
        command: invocation.to_string(),
        source,
    };
    let mut group = spawn(invocation)?;
    let events = listen(&mut group).map_err(start_error)?;
    let mut read = Captured::new(invocation.stdout_limit, on_line, sink);
    let mut stage = Stage::Running;
    let mut deadline = Instant::now() + invocation.timeout.min(LONGEST);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let is_late = left.is_zero();
        match events.recv_timeout(left) {
            // The thread that waits sends `Exited` before it lets go of the channel.
            Ok(Event::Exited) | Err(RecvTimeoutError::Disconnected) => break,
            Ok(event) => read.take(event),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let must_end = is_late || (read.is_over() && matches!(stage, Stage::Running));
        if must_end {
            stage = match stage {
                Stage::Running => {
                    group.ask_to_end();
                    Stage::Asked
                }
                Stage::Asked => {
                    group.kill();
                    Stage::Killed
                }
                // Not even this ended it: the kernel holds it, and only the kernel can let go.
                Stage::Killed => break,
            };
            deadline = Instant::now() + PATIENCE;
        }
    }
    let is_whole = matches!(stage, Stage::Running);
    let status = if is_whole {
        let status = group.reap().map_err(start_error)?;
        read.rest(&events);
        Some(status)
    } else {
        drop(group);
        read.rest(&events);
        None
    };
    read.lines.end(read.on_line);
    if let Some(source) = read.sink_error {
        return Err(ProcessError::Sink {
            command: invocation.to_string(),
            source,
        });
    }
    if read.is_too_much {
        return Err(ProcessError::TooMuchOutput {
            command: invocation.to_string(),
            limit: invocation.stdout_limit,
        });
    }
    let stderr: Vec<u8> = read.stderr.into();
    match status {
        Some(status) => Ok(Output {
            status,
            stdout: read.stdout,
            stderr,
        }),
        None => Err(ProcessError::TimedOut {
            command: invocation.to_string(),
            after: invocation.timeout,
            stderr: tail(&stderr),
        }),
    }
}

fn spawn(invocation: &Invocation) -> Result<Group, ProcessError> {
    let mut command = Command::new(&invocation.program);
    environment::prepare(&mut command);
    command
        .args(&invocation.args)
        .envs(invocation.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(dir) = &invocation.dir {
        command.current_dir(dir);
    }
    Group::spawn(&mut command).map_err(|source| {
        // The same error means that the folder is missing.
        let has_dir = invocation.dir.as_ref().is_none_or(|dir| dir.is_dir());
        let is_absent = match source.kind() {
            io::ErrorKind::NotFound => has_dir,
            // So says the search of a PATH that holds a folder which this user may not enter.
            io::ErrorKind::PermissionDenied => {
                has_dir && !invocation.program.as_encoded_bytes().contains(&b'/')
            }
            _ => false,
        };
        if is_absent {
            return ProcessError::NotInstalled {
                program: invocation.program.to_string_lossy().into_owned(),
            };
        }
        ProcessError::Start {
            command: invocation.to_string(),
            source,
        }
    })
}

/// Three threads, one for each pipe and one for the end. They outlive the run only if a process that left the
/// group holds a pipe open, and then only until it prints again or ends.
fn listen(group: &mut Group) -> io::Result<Receiver<Event>> {
    let (sender, events) = sync_channel(IN_FLIGHT);
    let leader = group.leader();
    if let Some(pipe) = group.child().stdout.take() {
        forward(pipe, sender.clone(), Event::Stdout)?;
    }
    if let Some(pipe) = group.child().stderr.take() {
        forward(pipe, sender.clone(), Event::Stderr)?;
    }
    thread::Builder::new().name("wait".into()).spawn(move || {
        // The status is left where it is: see [`Group`].
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while waitid(WaitId::Pid(leader), options).is_err_and(|e| e == Errno::INTR) {}
        let _ = sender.send(Event::Exited);
    })?;
    Ok(events)
}

fn forward(
    mut pipe: impl Read + Send + 'static,
    sender: SyncSender<Event>,
    event: fn(Vec<u8>) -> Event,
) -> io::Result<()> {
    thread::Builder::new().name("pipe".into()).spawn(move || {
        let mut chunk = vec![0; CHUNK];
        loop {
            match pipe.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => {
                    let bytes = chunk.get(..count).unwrap_or_default().to_vec();
                    if sender.send(event(bytes)).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A pipe fails only when it is gone.
                Err(_) => break,
            }
        }
        let _ = sender.send(Event::Closed);
    })?;
    Ok(())
}

struct Captured<'a, 's> {
    stdout: Vec<u8>,
    /// Where standard output goes instead.
    sink: Option<&'s mut dyn Write>,
    sink_error: Option<io::Error>,
    stdout_len: usize,
    stdout_limit: usize,
    is_too_much: bool,
    stderr: VecDeque<u8>,
    lines: Lines,
    on_line: &'a mut dyn FnMut(&[u8]),
    closed: usize,
}

impl<'a, 's> Captured<'a, 's> {
    fn new(
        stdout_limit: usize,
        on_line: &'a mut dyn FnMut(&[u8]),
        sink: Option<&'s mut dyn Write>,
    ) -> Captured<'a, 's> {
        Captured {
            stdout: Vec::new(),
            sink,
            sink_error: None,
            stdout_len: 0,
            stdout_limit,
            is_too_much: false,
            stderr: VecDeque::new(),
            lines: Lines::default(),
            on_line,
            closed: 0,
        }
    }

    /// Whether no more of standard output is wanted.
    fn is_over(&self) -> bool {
        self.is_too_much || self.sink_error.is_some()
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Stdout(_) if self.is_over() => {}
            Event::Stdout(bytes) => {
                self.stdout_len = self.stdout_len.saturating_add(bytes.len());
                if self.stdout_len > self.stdout_limit {
                    self.is_too_much = true;
                    return;
                }
                match &mut self.sink {
                    Some(sink) => self.sink_error = sink.write_all(&bytes).err(),
                    None => self.stdout.extend(bytes),
                }
            }
            Event::Stderr(bytes) => {
                self.lines.take(&bytes, self.on_line);
                self.stderr.extend(bytes);
                let surplus = self.stderr.len().saturating_sub(STDERR_LIMIT);
                self.stderr.drain(..surplus);
            }
            Event::Closed => self.closed += 1,
            Event::Exited => {}
        }
    }

    /// What is still in the pipes of a program that has ended.
    fn rest(&mut self, events: &Receiver<Event>) {
        let mut end = Instant::now() + GRACE;
        while self.closed < 2 {
            let left = end.saturating_duration_since(Instant::now());
            match events.recv_timeout(left) {
                Ok(event) if !left.is_zero() => self.take(event),
                _ => break,
            }
            if self.sink.is_some() && !self.is_over() {
                // A sink may take its time, which is not the program's.
                end = Instant::now() + GRACE;
            }
        }
    }
}
