//! Images loaded into a containerd of the test's own, and run. Needs containerd and runc, and to be root.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::scene::Scene;
use crate::support::{command, run, run_ok};

/// Ends with the test. Its sockets need short paths.
struct Containerd {
    dir: TempDir,
    child: Child,
}

impl Containerd {
    fn start() -> Containerd {
        let dir = tempfile::Builder::new()
            .prefix("ctd")
            .tempdir_in("/tmp")
            .unwrap();
        let child = command("containerd", dir.path())
            .arg("--root")
            .arg(dir.path().join("root"))
            .arg("--state")
            .arg(dir.path().join("state"))
            .arg("--address")
            .arg(dir.path().join("sock"))
            .stdout(Stdio::null())
            .stderr(fs::File::create(dir.path().join("log")).unwrap())
            .spawn()
            .expect("`apt-get install containerd` has it");
        let containerd = Containerd { dir, child };
        let end = Instant::now() + Duration::from_secs(60);
        while !run(containerd.ctr().arg("version"), "containerd")
            .status
            .success()
        {
            let log = fs::read_to_string(containerd.dir.path().join("log")).unwrap();
            assert!(Instant::now() < end, "no containerd: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
        containerd
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("sock")
    }

    fn ctr(&self) -> Command {
        let mut ctr = command("ctr", self.dir.path());
        ctr.arg("--address")
            .arg(self.socket())
            .args(["-n", "k8s.io"]);
        ctr
    }
}

impl Drop for Containerd {
    fn drop(&mut self) {
        let id = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

#[test]
fn what_was_loaded_is_listed_and_runs() {
    let scene = Scene::new();
    let containerd = Containerd::start();
    let socket = containerd.socket();
    let load = [
        "--load",
        "containerd",
        "--containerd-address",
        socket.to_str().unwrap(),
    ];
    let run_of = scene
        .build("stream", &load)
        .expect(0)
        .says(&["only this node's containerd", "nodeSelector"]);
    let built = run_of.json();
    assert_eq!(built["loaded_into"], "containerd (k8s.io)");
    let listed = run_ok(containerd.ctr().args(["images", "ls"]), "containerd");
    let line = listed
        .lines()
        .find(|line| line.starts_with(&format!("{} ", scene.tag())));
    assert!(
        line.is_some_and(|line| line.contains(built["digest"].as_str().unwrap())),
        "{listed}"
    );
    // The name that it was built under is not there.
    assert!(!listed.contains(":old"), "{listed}");

    let ran = run(
        containerd.ctr().args(["run", "--rm", &scene.tag(), "test"]),
        "runc",
    );
    let err = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{err}");
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "hello from a test\n");

    // A second time is the same.
    let again = scene.build("stream", &load).expect(0).json();
    assert_eq!(again["digest"], built["digest"]);
    scene.is_clean();
}

/// Imported for other nodes, and not unpacked for this one.
#[test]
fn an_image_of_another_architecture_is_loaded_too() {
    let scene = Scene::new();
    let containerd = Containerd::start();
    let socket = containerd.socket();
    // Any Nix builds what says that it is for this system; only the image is another's.
    let text = scene
        .nixbuild("hello", "arm")
        .replace("x86_64-linux", "aarch64-linux");
    scene.write("manifest.yaml", &text);
    let mut command = scene.command();
    let config = "experimental-features = nix-command\nsandbox = false\nsubstituters =\nbuild-users-group =\nextra-platforms = aarch64-linux\n";
    command.env("NIX_CONFIG", config).args([
        "build",
        "manifest.yaml",
        "--format",
        "json",
        "--load",
        "containerd",
    ]);
    command.arg("--containerd-address").arg(&socket);
    let built = crate::support::cotter::ran(&mut command).expect(0).json();
    let listed = run_ok(containerd.ctr().args(["images", "ls"]), "containerd");
    assert!(
        listed.contains("linux/arm64") && listed.contains(built["digest"].as_str().unwrap()),
        "{listed}"
    );
}
