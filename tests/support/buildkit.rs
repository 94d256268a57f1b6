//! A BuildKit of a test's own, with its own folders, and buildx, which asks it. Needs what `scripts/image-tools.sh` installs,
//! Debian's runc, and to be root. It ends with its value.

use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::images::image_tools;
use super::{command, run};

const BUILDX: &str = "scripts/image-tools.sh";
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Buildkit {
    dir: TempDir,
    port: u16,
    child: Child,
}

impl Buildkit {
    /// It takes images from the registries of `plain`, which are on plain HTTP.
    pub fn start(plain: &[&str]) -> Buildkit {
        // Its sockets need short paths.
        let dir = tempfile::Builder::new().prefix("bkt").tempdir_in("/tmp");
        let dir = dir.unwrap();
        let port = super::container::free_port();
        let config: String = plain
            .iter()
            .map(|registry| format!("[registry.\"{registry}\"]\nhttp = true\n"))
            .collect();
        fs::write(dir.path().join("buildkitd.toml"), config).unwrap();
        let program = image_tools().join("buildkitd");
        let child = command(program.to_str().unwrap(), dir.path())
            .arg("--config")
            .arg(dir.path().join("buildkitd.toml"))
            .arg("--root")
            .arg(dir.path().join("root"))
            .arg("--addr")
            .arg(format!("unix://{}", socket(dir.path()).display()))
            .arg("--addr")
            .arg(format!("tcp://127.0.0.1:{port}"))
            .args(["--containerd-worker=false", "--oci-worker=true"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(dir.path().join("log")).unwrap())
            .spawn()
            .expect("`scripts/image-tools.sh target/image-tools` makes it");
        let buildkit = Buildkit { dir, port, child };
        let end = Instant::now() + PATIENCE;
        while UnixStream::connect(socket(buildkit.dir.path())).is_err() {
            let log = fs::read_to_string(buildkit.dir.path().join("log")).unwrap();
            assert!(Instant::now() < end, "no buildkitd: {log}");
            thread::sleep(Duration::from_millis(20));
        }
        buildkit
    }

    /// For `BUILDKIT_ADDR`.
    pub fn address(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.port)
    }

    pub fn socket(&self) -> String {
        format!("unix://{}", socket(self.dir.path()).display())
    }

    /// Builds a Dockerfile for this machine into the archive `to`.
    pub fn build(&self, dockerfile: &Path, context: &Path, to: &Path) -> Output {
        let mut create = self.buildx();
        create.args([
            "create",
            "--name",
            "test",
            "--driver",
            "remote",
            &self.socket(),
        ]);
        run(&mut create, BUILDX);
        let mut build = self.buildx();
        build
            .args([
                "build",
                "--builder",
                "test",
                "--provenance=false",
                "--progress=plain",
            ])
            .arg(format!("--output=type=oci,dest={}", to.display()))
            .arg("--file")
            .arg(dockerfile)
            .arg(context);
        run(&mut build, BUILDX)
    }

    fn buildx(&self) -> Command {
        command(
            image_tools().join("buildx").to_str().unwrap(),
            self.dir.path(),
        )
    }
}

/// A home in which docker finds buildx as its plugin.
pub fn install_plugin(home: &Path) {
    let folder = home.join(".docker/cli-plugins");
    fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(image_tools().join("buildx"), folder.join("docker-buildx")).unwrap();
}

fn socket(dir: &Path) -> PathBuf {
    dir.join("sock")
}

impl Drop for Buildkit {
    fn drop(&mut self) {
        super::end(&mut self.child);
    }
}
