//! Containers of images, run by runc in the host's network or in one of their own. Where the machine runs none, the reason is an error that a
//! test prints: what a sandbox or a missing privilege forbids is no fault of the image.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::image::Image;
use super::{command, run};

/// No container of a test takes longer to listen or to end.
const PATIENCE: Duration = Duration::from_secs(60);

const CAPABILITIES: [&str; 14] = [
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
];

/// A container that runs; it ends with the value.
pub struct Container {
    state: TempDir,
    id: String,
    process: Child,
}

#[derive(Clone, Copy)]
enum Network {
    Host,
    Own,
}

/// What a container that ended by itself said.
#[derive(Debug)]
pub struct Said {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

/// Whether the machine can run containers; otherwise why not.
pub fn possible() -> Result<(), String> {
    static POSSIBLE: OnceLock<Result<(), String>> = OnceLock::new();
    POSSIBLE
        .get_or_init(|| {
            let dir = tempfile::tempdir().map_err(|e| e.to_string())?;
            let root = dir.path().join("rootfs");
            fs::create_dir_all(root.join("bin")).map_err(|e| e.to_string())?;
            fs::copy("/bin/busybox", root.join("bin/busybox")).map_err(|e| {
                format!("/bin/busybox: {e}; `apt-get install busybox-static` has it")
            })?;
            let mut spec = command("runc", dir.path());
            run(spec.current_dir(dir.path()).arg("spec"), "runc");
            let process = |config: &mut Value| {
                config["process"]["args"] = json!(["/bin/busybox", "true"]);
            };
            let said = Container::of(dir.path(), Network::Host, process)?.wait()?;
            if said.success {
                return Ok(());
            }
            Err(format!("this machine runs no containers: {}", said.stderr))
        })
        .clone()
}

/// A port of 127.0.0.1 that nothing listens at.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Image {
    /// Starts a container of the image, with more variables.
    pub fn start(&self, variables: &[(&str, &str)]) -> Result<Container, String> {
        self.start_with(variables, None)
    }

    /// The same with another command line.
    pub fn start_with(
        &self,
        variables: &[(&str, &str)],
        args: Option<&[&str]>,
    ) -> Result<Container, String> {
        possible()?;
        Container::of(&self.bundle(), Network::Host, |config| {
            if let Some(args) = args {
                config["process"]["args"] = json!(args);
            }
            let env = config["process"]["env"].as_array_mut();
            let env = env.expect("umoci writes the environment");
            env.extend(
                variables
                    .iter()
                    .map(|(name, value)| json!(format!("{name}={value}"))),
            );
        })
    }

    /// Starts a container of the image in a network of its own, where it may listen at any port.
    pub fn start_apart(&self) -> Result<Container, String> {
        possible()?;
        Container::of(&self.bundle(), Network::Own, |_| {})
    }

    /// Runs a container of the image until it ends.
    pub fn run(&self, args: Option<&[&str]>) -> Result<Said, String> {
        self.start_with(&[], args)?.wait()
    }
}

impl Container {
    fn of(
        bundle: &Path,
        network: Network,
        change: impl FnOnce(&mut Value),
    ) -> Result<Container, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let id = format!("cotter-test-{}-{count}", std::process::id());
        let state = tempfile::tempdir().map_err(|e| e.to_string())?;
        let bundle = bundle_of(bundle, state.path(), network, change)?;
        let output = |name: &str| File::create(state.path().join(name)).map_err(|e| e.to_string());
        let process = command("runc", state.path())
            .arg("--root")
            .arg(state.path().join("runc"))
            .args(["run", "--bundle"])
            .arg(&bundle)
            .arg(&id)
            .stdin(Stdio::null())
            .stdout(output("stdout")?)
            .stderr(output("stderr")?)
            .spawn()
            .map_err(|e| format!("runc: {e}; `apt-get install runc` has it"))?;
        Ok(Container { state, id, process })
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Result<Said, String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let status = self.process.try_wait().map_err(|e| e.to_string())?;
            if let Some(status) = status {
                return Ok(Said {
                    success: status.success(),
                    stdout: self.said("stdout"),
                    stderr: self.said("stderr"),
                });
            }
            if Instant::now() > end {
                return Err(format!(
                    "a container that does not end: {}{}",
                    self.said("stdout"),
                    self.said("stderr")
                ));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What a web server in it answers to a GET of `path`, once it listens at `port` of 127.0.0.1: the status and the body.
    pub fn get(&mut self, port: u16, path: &str) -> Result<(u16, String), String> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
                return answer(stream, path).map_err(|e| e.to_string());
            }
            self.goes_on(end, port)?;
        }
    }

    /// The same in the container's own network.
    pub fn get_apart(&mut self, port: u16, path: &str) -> Result<(u16, String), String> {
        let end = Instant::now() + PATIENCE;
        let url = format!("http://127.0.0.1:{port}{path}");
        loop {
            let mut state = command("runc", self.state.path());
            state.arg("--root").arg(self.state.path().join("runc"));
            let state = run(state.args(["state", &self.id]), "runc");
            let state: Value = serde_json::from_slice(&state.stdout).unwrap_or_default();
            if state["status"] == "running" {
                let target = format!("--target={}", state["pid"]);
                let mut get = command("nsenter", self.state.path());
                get.args([&target, "--net", "curl", "-s", "-w", "%{http_code}", &url]);
                let got = run(&mut get, "curl");
                if got.status.success() {
                    let text = String::from_utf8_lossy(&got.stdout).into_owned();
                    let (body, status) = text.split_at(text.len() - 3);
                    return Ok((status.parse().unwrap_or(0), body.to_owned()));
                }
            }
            self.goes_on(end, port)?;
        }
    }

    /// An error when it has ended, or takes too long; a short wait otherwise.
    fn goes_on(&mut self, end: Instant, port: u16) -> Result<(), String> {
        let status = self.process.try_wait().map_err(|e| e.to_string())?;
        if status.is_some() || Instant::now() > end {
            return Err(format!(
                "nothing listens at port {port}; the container said {:?} {}{}",
                status,
                self.said("stdout"),
                self.said("stderr")
            ));
        }
        thread::sleep(Duration::from_millis(20));
        Ok(())
    }

    fn said(&self, name: &str) -> String {
        let bytes = fs::read(self.state.path().join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn runc(&self, args: &[&str]) {
        let mut runc = command("runc", self.state.path());
        runc.arg("--root").arg(self.state.path().join("runc"));
        // One that has ended by itself is not there any more.
        run(runc.args(args), "runc");
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if let Ok(None) = self.process.try_wait() {
            self.runc(&["delete", "--force", &self.id]);
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

/// A bundle in `state` with the root file system of `bundle`: no terminal, the usual capabilities, and what `change`
/// changes.
fn bundle_of(
    bundle: &Path,
    state: &Path,
    network: Network,
    change: impl FnOnce(&mut Value),
) -> Result<PathBuf, String> {
    let text = fs::read(bundle.join("config.json")).map_err(|e| format!("config.json: {e}"))?;
    let mut config: Value = serde_json::from_slice(&text).map_err(|e| e.to_string())?;
    config["process"]["terminal"] = json!(false);
    config["root"]["path"] = json!(bundle.join("rootfs"));
    config["root"]["readonly"] = json!(false);
    if let (Network::Host, Some(namespaces)) =
        (network, config["linux"]["namespaces"].as_array_mut())
    {
        namespaces.retain(|namespace| namespace["type"] != "network");
    }
    // What Docker and containerd grant, rather than the little that umoci does.
    let granted = json!(CAPABILITIES);
    let mut sets = json!({"bounding": granted});
    if config["process"]["user"]["uid"] == 0 {
        sets["effective"] = granted.clone();
        sets["permitted"] = granted;
    }
    config["process"]["capabilities"] = sets;
    change(&mut config);
    fs::write(state.join("config.json"), config.to_string()).map_err(|e| e.to_string())?;
    Ok(state.to_owned())
}

fn answer(mut stream: TcpStream, path: &str) -> std::io::Result<(u16, String)> {
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((status.unwrap_or(0), body.to_owned()))
}
