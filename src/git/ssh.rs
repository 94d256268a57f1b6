//! The ssh transport: the user's own ssh, asked for nothing on the terminal.
//!
//! gix has one, but it writes what ssh says straight to standard error and leaves the process running
//! when a caller gives up.

use std::any::Any;
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use gix::bstr::{BStr, BString, ByteSlice};
use gix::protocol::transport::client::blocking_io::ssh::ProgramKind;
use gix::protocol::transport::client::blocking_io::ssh::connect::Options;
use gix::protocol::transport::client::blocking_io::{RequestWriter, SetServiceResponse, Transport};
use gix::protocol::transport::client::git::ConnectMode;
use gix::protocol::transport::client::git::blocking_io::Connection;
use gix::protocol::transport::client::{Error, MessageKind, TransportWithoutIO, WriteMode};
use gix::protocol::transport::{Protocol, Service};

use super::watch::{Group, Watch};
use crate::process::REPOSITORY_VARIABLES;

/// A running ssh with `git-upload-pack` at its other end.
pub(super) struct Ssh {
    connection: Connection<ChildStdout, ChildStdin>,
    // After the connection: its pipes close first.
    _group: Group,
}

/// The last of what ssh wrote to standard error.
#[derive(Clone)]
pub(super) struct Said {
    bytes: Arc<Mutex<Vec<u8>>>,
    end: Arc<Mutex<mpsc::Receiver<()>>>,
}

impl Said {
    /// Waits a little for ssh to have said everything; empty when it said nothing but warnings.
    pub fn text(&self) -> String {
        if let Ok(end) = self.end.lock() {
            // A master connection in the background may hold the pipe open for as long as it likes.
            let _ = end.recv_timeout(Duration::from_millis(500));
        }
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes)
            .lines()
            .filter(|line| !line.starts_with("Warning:"))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// Starts ssh for `url` with the user's settings in `options`.
pub(super) fn connect(
    url: &gix::Url,
    version: Protocol,
    options: &Options,
    watch: &Watch,
) -> std::io::Result<(Ssh, Said)> {
    let invalid = |text| std::io::Error::new(std::io::ErrorKind::InvalidInput, text);
    let host = url
        .host_argument_safe()
        .ok_or_else(|| invalid("the host cannot be given to ssh"))?;
    let kind = match options.kind {
        Some(kind) => kind,
        None => kind_of(options, host, watch),
    };
    let mut command = invocation(options);
    match kind {
        ProgramKind::Ssh => {
            // Without a terminal to ask on: an answer or a failure, at once. The user's own command
            // line comes first and wins.
            command.args(["-o", "BatchMode=yes"]);
            if version != Protocol::V1 {
                command.args(["-o", "SendEnv=GIT_PROTOCOL"]);
            }
            if let Some(port) = url.port {
                command.arg("-p").arg(port.to_string());
            }
        }
        ProgramKind::Plink | ProgramKind::Putty | ProgramKind::TortoisePlink => {
            command.arg("-batch");
            if let Some(port) = url.port {
                command.arg("-P").arg(port.to_string());
            }
        }
        ProgramKind::Simple if url.port.is_some() => {
            return Err(invalid(
                "this ssh program is not known to take a port; set `ssh.variant`",
            ));
        }
        ProgramKind::Simple => {}
    }
    if version != Protocol::V1 {
        command.env("GIT_PROTOCOL", format!("version={}", version as usize));
    }
    command.arg(match url.user() {
        Some(user) => format!("{user}@{host}"),
        None => host.to_owned(),
    });
    let path = gix::url::expand_path::for_shell(url.path.clone());
    command.arg(remote_command(path.as_ref()));
    let mut group = watch.spawn(
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()),
    )?;
    let pipes = (
        group.child.stdin.take(),
        group.child.stdout.take(),
        group.child.stderr.take(),
    );
    let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
        return Err(std::io::ErrorKind::BrokenPipe.into());
    };
    let said = listen(stderr);
    let connection = Connection::new(
        stdout,
        stdin,
        version,
        path,
        None::<(&str, _)>,
        ConnectMode::Process,
        false,
    )
    .custom_url(Some(url.to_bstring()));
    Ok((
        Ssh {
            connection,
            _group: group,
        },
        said,
    ))
}

/// As git does: the user's command is a piece of shell that gets the arguments.
fn invocation(options: &Options) -> Command {
    let program = options.ssh_command();
    let mut command = if options.disallow_shell {
        Command::new(program)
    } else {
        let mut script = OsString::from(program);
        script.push(" \"$@\"");
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(script).arg(program);
        shell
    };
    for name in REPOSITORY_VARIABLES {
        command.env_remove(name);
    }
    command
}

/// Which arguments the user's program takes: by its name, else by whether it answers `-G` as OpenSSH does.
fn kind_of(options: &Options, host: &str, watch: &Watch) -> ProgramKind {
    let command = options.ssh_command();
    let first = match command.to_str() {
        Some(text) if !options.disallow_shell => text
            .split_whitespace()
            .find(|word| !word.contains('=') || word.contains('/'))
            .unwrap_or(text)
            .trim_matches(['"', '\'']),
        _ => return ProgramKind::from(command),
    };
    match ProgramKind::from(OsStr::new(first)) {
        ProgramKind::Simple => {}
        known => return known,
    }
    let mut probe = invocation(options);
    probe
        .args(["-G", host])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let answered = watch
        .spawn(&mut probe)
        .and_then(|mut group| group.wait())
        .is_ok_and(|status| status.success());
    if answered {
        ProgramKind::Ssh
    } else {
        ProgramKind::Simple
    }
}

/// The other end gives this to its shell.
fn remote_command(path: &BStr) -> OsString {
    let mut quoted = BString::from("git-upload-pack '");
    for &byte in path.iter() {
        match byte {
            b'\'' | b'!' => quoted.extend_from_slice(&[b'\'', b'\\', byte, b'\'']),
            _ => quoted.push(byte),
        }
    }
    quoted.push(b'\'');
    quoted.to_os_str_lossy().into_owned()
}

fn listen(mut stderr: impl Read + Send + 'static) -> Said {
    const KEPT: usize = 4096;
    let bytes: Arc<Mutex<Vec<u8>>> = Arc::default();
    let (send, end) = mpsc::channel();
    let heard = bytes.clone();
    thread::spawn(move || {
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = stderr.read(&mut buffer) {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.extend_from_slice(buffer.get(..count).unwrap_or_default());
            let surplus = heard.len().saturating_sub(KEPT);
            heard.drain(..surplus);
        }
        let _ = send.send(());
    });
    Said {
        bytes,
        end: Arc::new(Mutex::new(end)),
    }
}

impl TransportWithoutIO for Ssh {
    fn to_url(&self) -> Cow<'_, BStr> {
        self.connection.to_url()
    }

    fn connection_persists_across_multiple_requests(&self) -> bool {
        true
    }

    fn configure(&mut self, _config: &dyn Any) -> Result<(), gix::Error> {
        Ok(())
    }
}

impl Transport for Ssh {
    fn handshake<'a>(
        &mut self,
        service: Service,
        extra_parameters: &'a [(&'a str, Option<&'a str>)],
    ) -> Result<SetServiceResponse<'_>, Error> {
        self.connection.handshake(service, extra_parameters)
    }

    fn request(
        &mut self,
        write_mode: WriteMode,
        on_into_read: MessageKind,
        trace: bool,
    ) -> Result<RequestWriter<'_>, Error> {
        self.connection.request(write_mode, on_into_read, trace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_stays_one_word_of_the_remote_shell() {
        assert_eq!(
            remote_command(b"/a b'; touch x; !".as_bstr()),
            OsString::from(r"git-upload-pack '/a b'\''; touch x; '\!''")
        );
    }
}
