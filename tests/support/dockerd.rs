//! A Docker daemon of a test's own: its folders are the test's, it leaves the machine's network and firewall alone, and it
//! ends with its value. Needs Debian's docker.io, and to be root.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{command, run};

const PATIENCE: Duration = Duration::from_secs(60);

pub struct Dockerd {
    dir: TempDir,
    child: Child,
}

impl Dockerd {
    pub fn start() -> Dockerd {
        // Its sockets need short paths.
        let dir = tempfile::Builder::new().prefix("dkr").tempdir_in("/tmp");
        let dir = dir.unwrap();
        let at = |name: &str| dir.path().join(name);
        let child = command("dockerd", dir.path())
            .args(["--bridge=none", "--iptables=false", "--ip6tables=false"])
            .arg("--storage-driver=vfs")
            .arg("--data-root")
            .arg(at("data"))
            .arg("--exec-root")
            .arg(at("exec"))
            .arg("--pidfile")
            .arg(at("pid"))
            .arg("--add-runtime")
            .arg(format!("bounded={}", bounded_runtime(dir.path()).display()))
            .arg("--default-runtime=bounded")
            .arg("--host")
            .arg(address(dir.path()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(at("log")).unwrap())
            .spawn()
            .expect("`apt-get install docker.io` has it");
        let dockerd = Dockerd { dir, child };
        let end = Instant::now() + PATIENCE;
        while !run(dockerd.docker().arg("version"), "docker.io")
            .status
            .success()
        {
            let log = fs::read_to_string(dockerd.dir.path().join("log")).unwrap();
            assert!(Instant::now() < end, "no dockerd: {log}");
            thread::sleep(Duration::from_millis(50));
        }
        dockerd
    }

    /// For `DOCKER_HOST`.
    pub fn host(&self) -> String {
        address(self.dir.path())
    }

    pub fn docker(&self) -> Command {
        let mut docker = command("docker", self.dir.path());
        docker.env("DOCKER_HOST", self.host());
        docker
    }
}

/// runc, that gives a container no capability which the machine withholds from root: a privileged one wants all.
fn bounded_runtime(dir: &Path) -> PathBuf {
    let script = dir.join("runtime");
    fs::write(&script, include_str!("bounded_runtime.sh")).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    script
}

fn address(dir: &Path) -> String {
    format!("unix://{}", dir.join("sock").display())
}

impl Drop for Dockerd {
    /// Asked to end, it ends its containerd and its containers first.
    fn drop(&mut self) {
        super::end(&mut self.child);
    }
}
