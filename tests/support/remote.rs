//! Real git servers on 127.0.0.1, each of which ends with its value: `git daemon`, `sshd`, and a
//! listener that never answers. The one for http is in `http`.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{command, run_ok};

/// A child process with all that it starts; killed when dropped.
pub struct Server {
    child: Child,
    pub port: u16,
}

impl Server {
    /// Starts what `command` makes for a free port and waits until it listens there.
    fn start(package: &str, make: impl Fn(u16) -> Command) -> Server {
        // The port is free when it is chosen; should another process take it, the next one is tried.
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            let mut command = make(port);
            let child = command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .process_group(0)
                .spawn()
                .unwrap_or_else(|e| panic!("{command:?}: {e}; `apt-get install {package}` has it"));
            let mut server = Server { child, port };
            if server.listens() {
                return server;
            }
        }
        panic!("no server for {package} would start");
    }

    fn listens(&mut self) -> bool {
        let end = Instant::now() + Duration::from_secs(30);
        while Instant::now() < end {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.child.wait();
    }
}

/// `git daemon` for the repositories below `root`: `git://127.0.0.1:PORT/NAME`.
pub fn git_daemon(root: &Path) -> Server {
    Server::start("git", |port| {
        let mut daemon = command("git", root);
        daemon
            .args([
                "daemon",
                "--listen=127.0.0.1",
                "--export-all",
                "--reuseaddr",
                // Past the usual 32 it ends the eldest.
                "--max-connections=0",
            ])
            .arg(format!("--port={port}"))
            .arg(format!("--base-path={}", root.display()));
        daemon
    })
}

/// An `sshd` that lets the current user in with the key that `config` (for `ssh -F`) names.
pub struct Sshd {
    pub server: Server,
    pub config: PathBuf,
    pub user: String,
}

pub fn sshd(dir: &Path) -> Sshd {
    std::fs::create_dir_all(dir).unwrap();
    // Where sshd drops its privileges; a distribution makes it when the service starts.
    let _ = std::fs::create_dir_all("/run/sshd");
    let path = |name: &str| dir.join(name).display().to_string();
    for key in ["host", "client"] {
        let mut keygen = command("ssh-keygen", dir);
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-f", &path(key)]);
        run_ok(&mut keygen, "openssh-client");
    }
    std::fs::copy(path("client.pub"), path("authorized")).unwrap();
    let server = Server::start("openssh-server", |port| {
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
             StrictModes no\nUsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\nAcceptEnv GIT_PROTOCOL\n",
            path("host"),
            path("authorized"),
        );
        std::fs::write(path("sshd_config"), config).unwrap();
        let mut sshd = command("/usr/sbin/sshd", dir);
        sshd.args(["-D", "-e", "-f", &path("sshd_config")]);
        sshd
    });
    let host = std::fs::read_to_string(path("host.pub")).unwrap();
    let known = format!("[127.0.0.1]:{} {host}", server.port);
    std::fs::write(path("known_hosts"), known).unwrap();
    let config = format!(
        "Host *\nIdentityFile {}\nIdentitiesOnly yes\nUserKnownHostsFile {}\nStrictHostKeyChecking yes\n",
        path("client"),
        path("known_hosts"),
    );
    std::fs::write(path("ssh_config"), config).unwrap();
    let user = run_ok(command("id", dir).arg("-un"), "coreutils");
    Sshd {
        server,
        config: dir.join("ssh_config"),
        user,
    }
}

/// A TLS server whose certificate nobody signed. It speaks http but not git.
pub struct Tls {
    pub server: Server,
    pub certificate: PathBuf,
}

pub fn tls(dir: &Path) -> Tls {
    std::fs::create_dir_all(dir).unwrap();
    let path = |name: &str| dir.join(name).display().to_string();
    let mut request = command("openssl", dir);
    request.args(["req", "-x509", "-nodes", "-days", "365000"]);
    request.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    request.args([
        "-subj",
        "/CN=test",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]);
    request.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    request.args(["-keyout", &path("key"), "-out", &path("certificate")]);
    run_ok(&mut request, "openssl");
    let server = Server::start("openssl", |port| {
        let mut openssl = command("openssl", dir);
        openssl
            .args([
                "s_server",
                "-www",
                "-quiet",
                "-accept",
                &format!("127.0.0.1:{port}"),
            ])
            .args(["-key", &path("key"), "-cert", &path("certificate")]);
        openssl
    });
    Tls {
        server,
        certificate: dir.join("certificate"),
    }
}

/// A listener that accepts and never says a word.
pub fn silent() -> (TcpListener, u16) {
    // The system accepts on its behalf; nobody reads.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}
