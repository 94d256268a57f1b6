//! podman with images and containers of a test's own. Needs Debian's podman and runc, and to be root.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::command;

pub struct Podman {
    dir: TempDir,
}

impl Podman {
    pub fn new() -> Podman {
        let dir = tempfile::Builder::new().prefix("pod").tempdir_in("/tmp");
        let dir = dir.unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        let storage = format!(
            "[storage]\ndriver = \"vfs\"\ngraphroot = \"{}\"\nrunroot = \"{}\"\n",
            at("graph"),
            at("run")
        );
        fs::write(at("storage.conf"), storage).unwrap();
        // A container may not raise the limits that it finds; nothing of it is systemd's.
        let containers = format!(
            "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\nnetns = \"none\"\n[engine]\n\
             cgroup_manager = \"cgroupfs\"\nevents_logger = \"none\"\nruntime = \"runc\"\nstatic_dir = \"{}\"\n\
             tmp_dir = \"{}\"\nvolume_path = \"{}\"\n",
            at("static"),
            at("tmp"),
            at("volumes")
        );
        fs::write(at("containers.conf"), containers).unwrap();
        Podman { dir }
    }

    /// The variables by which a program that runs podman finds this one.
    pub fn variables(&self) -> [(&'static str, String); 2] {
        let at = |name: &str| self.dir.path().join(name).display().to_string();
        [
            ("CONTAINERS_STORAGE_CONF", at("storage.conf")),
            ("CONTAINERS_CONF", at("containers.conf")),
        ]
    }

    pub fn command(&self) -> Command {
        let mut podman = command("podman", self.home());
        podman.envs(self.variables());
        podman
    }

    fn home(&self) -> &Path {
        self.dir.path()
    }
}
