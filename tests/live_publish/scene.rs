//! A registry behind a proxy, a home, two images and their description; and runs of the scripts on them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::cotter::{Run, ran};
use crate::support::images::image_tools;
use crate::support::made_image::{Layer, docker_archive_for, program};
use crate::support::proxy::{Fate, Proxy, Seen};
use crate::support::registry::{Registry, USER};
use crate::support::{TOOL_PATH, command, run_ok};

pub const TOKEN: &str = "correct-horse-battery-staple";
pub const REPOSITORY: &str = "team/app";

pub struct Scene {
    pub dir: TempDir,
    pub registry: Registry,
    pub proxy: Proxy,
    pub spec: Value,
}

impl Scene {
    /// A registry that nothing is wrong with.
    pub fn new() -> Scene {
        Scene::judged(|_| Fate::Forward)
    }

    pub fn judged(judge: impl Fn(&Seen) -> Fate + Send + Sync + 'static) -> Scene {
        // Below /tmp: the socket of a gpg-agent must have a short name.
        let dir = TempDir::new_in("/tmp").unwrap();
        let registry = Registry::start(&dir.path().join("registry"), TOKEN);
        let proxy = Proxy::start(registry.port, judge);
        let spec = json!({
            "schema": 1,
            "context": "default",
            "repositories": {
                "default": format!("127.0.0.1:{}/{REPOSITORY}", proxy.port),
                "prod": format!("127.0.0.1:{}/prod/app", proxy.port),
            },
            "version": "dev",
            "username": USER,
            "passPath": null,
            "tls": false,
            "ids": {},
            "images": {},
        });
        let mut scene = Scene {
            dir,
            registry,
            proxy,
            spec,
        };
        for name in ["home", "tmp"] {
            fs::create_dir(scene.path(name)).unwrap();
        }
        scene.build("amd64", 1);
        scene.build("arm64", 1);
        scene
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The image of an architecture, built anew: another one for each number.
    pub fn build(&mut self, arch: &str, number: usize) {
        let archive = self.path(&format!("{arch}-{number}.tar"));
        let content = program(300_000, &[arch, &number.to_string()]);
        let layer = Layer::new().file("content", &content).bytes();
        let run = json!({ "Cmd": ["/content"] });
        fs::write(
            &archive,
            docker_archive_for(arch, &[layer], "app:built", run),
        )
        .unwrap();
        self.describe(arch, "archive", &archive);
    }

    pub fn describe(&mut self, arch: &str, kind: &str, path: &Path) {
        self.spec["ids"][arch] = json!(path);
        self.spec["images"][arch] = json!({ "kind": kind, "path": path });
    }

    /// The scripts, on the description as it is now.
    pub fn command(&self, args: &[&str]) -> Command {
        self.command_of("spec.json", args)
    }

    /// The same, with the description in a file of its own.
    pub fn command_of(&self, file: &str, args: &[&str]) -> Command {
        let spec = self.path(file);
        fs::write(&spec, self.spec.to_string()).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/nix/publish/main.sh");
        let mut publish = command(script, &self.path("home"));
        publish
            .arg(spec)
            .args(args)
            .env("PATH", self.search_path())
            .env("TMPDIR", self.path("tmp"))
            .env("REGISTRY_TOKEN", TOKEN)
            .env("PUBLISH_TRIES", "3")
            .env("PUBLISH_BACKOFF", "0");
        publish
    }

    /// What stands in for a program of the machine is in `bin`.
    pub fn search_path(&self) -> String {
        let bin = self.path("bin");
        format!("{}:{}:{TOOL_PATH}", bin.display(), image_tools().display())
    }

    pub fn run(&self, version: &str, args: &[&str]) -> Run {
        ran(self.command(args).env("VERSION", version))
    }

    pub fn publish(&self, version: &str) -> Run {
        self.run(version, &["publish", "--publish"])
    }

    pub fn reference(&self, tag: &str) -> String {
        format!("127.0.0.1:{}/{REPOSITORY}:{tag}", self.proxy.port)
    }

    /// The digest of a tag, as the registry has it on its disk.
    pub fn digest(&self, tag: &str) -> Option<String> {
        self.digest_in(REPOSITORY, tag)
    }

    pub fn digest_in(&self, repository: &str, tag: &str) -> Option<String> {
        let link = format!(
            "registry/data/docker/registry/v2/repositories/{repository}/_manifests/tags/{tag}/current/link"
        );
        fs::read_to_string(self.path(&link)).ok()
    }

    /// Reads as somebody who has the password does.
    pub fn reader(&self, program: &str) -> Command {
        let folder = self.path("reader");
        fs::create_dir_all(&folder).unwrap();
        let credential = data_encoding::BASE64.encode(format!("{USER}:{TOKEN}").as_bytes());
        let host = format!("127.0.0.1:{}", self.proxy.port);
        fs::write(
            folder.join("config.json"),
            json!({ "auths": { host: { "auth": credential } } }).to_string(),
        )
        .unwrap();
        let mut reader = command(program, &self.path("home"));
        reader
            .env("PATH", self.search_path())
            .env("DOCKER_CONFIG", &folder)
            .env("REGISTRY_AUTH_FILE", folder.join("config.json"));
        reader
    }

    /// A manifest as skopeo reads it; the same bytes as regctl reads.
    pub fn manifest(&self, tag: &str) -> String {
        let reference = self.reference(tag);
        let mut skopeo = self.reader("skopeo");
        skopeo
            .args(["inspect", "--raw", "--tls-verify=false"])
            .arg(format!("docker://{reference}"));
        let by_skopeo = run_ok(&mut skopeo, "skopeo");
        let mut regctl = self.reader("regctl");
        regctl
            .arg("--host")
            .arg(format!("reg=127.0.0.1:{},tls=disabled", self.proxy.port))
            .args(["manifest", "get", "--format", "raw-body", &reference]);
        assert_eq!(run_ok(&mut regctl, "scripts/regctl.sh"), by_skopeo);
        by_skopeo
    }

    /// Nothing is left of a run where it keeps temporary files.
    #[track_caller]
    pub fn assert_cleaned_up(&self) {
        let left: Vec<_> = fs::read_dir(self.path("tmp"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(left, Vec::<PathBuf>::new());
    }
}

pub fn write_program(path: &Path, script: &str) {
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// What a run printed for `what`, e.g. an architecture: its digest.
#[track_caller]
pub fn printed(run: &Run, what: &str) -> String {
    let line = run.out.lines().find_map(|line| line.strip_prefix(what));
    line.unwrap_or_else(|| panic!("no {what} in:\n{}", run.out))
        .trim()
        .to_owned()
}
