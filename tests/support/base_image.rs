//! Base images made of this machine's programs, each with the libraries that it is linked to, in a registry of a test's own:
//! what a build takes instead of the images of a registry that cannot be reached.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tar::EntryType;
use tempfile::TempDir;

use super::made_image::{Layer, docker_archive};
use super::registry::Registry;
use super::{command, run, run_ok};

/// A registry without a password and what was pushed to it.
pub struct Bases {
    dir: TempDir,
    pub registry: Registry,
}

/// A root folder in the making.
pub struct Root {
    layer: Layer,
    there: BTreeSet<PathBuf>,
}

impl Bases {
    pub fn new() -> Bases {
        let dir = TempDir::new().unwrap();
        let registry = Registry::start_open(&dir.path().join("registry"));
        Bases { dir, registry }
    }

    /// The reference of an image of `root`, by its digest.
    pub fn push(&self, name: &str, root: Root, config: Value) -> String {
        let archive = self.dir.path().join(format!("{name}.tar"));
        let layer = root.layer.bytes();
        fs::write(&archive, docker_archive(&[layer], "base:1", config)).unwrap();
        let image = format!("{}/base/{name}", self.registry.address());
        let digest_file = self.dir.path().join(format!("{name}.digest"));
        let mut push = command("skopeo", self.dir.path());
        push.args([
            "--insecure-policy",
            "copy",
            "--quiet",
            "--dest-tls-verify=false",
        ])
        .args(["--dest-compress-level", "1", "--digestfile"])
        .arg(&digest_file)
        .arg(format!("docker-archive:{}", archive.display()))
        .arg(format!("docker://{image}:1"));
        run_ok(&mut push, "skopeo");
        fs::remove_file(&archive).unwrap();
        format!(
            "{image}:1@{}",
            fs::read_to_string(&digest_file).unwrap().trim()
        )
    }
}

impl Root {
    /// busybox under all of its names, `install`, which Debian's lacks, and a CA bundle.
    pub fn new() -> Root {
        let mut root = Root {
            layer: Layer::new(),
            there: BTreeSet::new(),
        };
        let busybox = "/bin/busybox";
        root.file(Path::new(busybox), busybox);
        let mut list = command(busybox, Path::new("/"));
        let names = run_ok(list.arg("--list"), "busybox-static");
        for name in names.lines().filter(|name| *name != "busybox") {
            root.link(&format!("/bin/{name}"), busybox);
        }
        let mut root = root.program("/usr/bin/install");
        root.link("/usr/bin/env", busybox);
        root.text(
            "/etc/ssl/certs/ca-certificates.crt",
            "the authorities of a test\n",
        );
        root
    }

    /// A program of this machine, with its libraries.
    pub fn program(mut self, path: &str) -> Root {
        self.program_at(Path::new(path), path);
        self
    }

    /// The program `from`, as `to`.
    pub fn program_at(&mut self, from: &Path, to: &str) {
        let mut ldd = command("ldd", Path::new("/"));
        // It fails for one that is linked to none.
        let linked = run(ldd.arg(from), "libc-bin").stdout;
        let linked = String::from_utf8(linked).unwrap();
        let libraries = linked
            .split_whitespace()
            .filter(|word| word.starts_with('/'));
        for library in libraries {
            self.file(Path::new(library), library);
        }
        self.file(from, to);
    }

    /// What is in the folder `from`, links followed, as `to`; without what has a name in `but`.
    pub fn folder(mut self, from: &Path, to: &str, but: &[&str]) -> Root {
        self.folder_at(from, to, but);
        self
    }

    fn folder_at(&mut self, from: &Path, to: &str, but: &[&str]) {
        let entries = fs::read_dir(from).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let to = format!("{to}/{name}");
            // A link may lead nowhere.
            let Ok(metadata) = fs::metadata(&path) else {
                continue;
            };
            if but.contains(&name.as_str()) {
                continue;
            }
            match metadata.is_dir() {
                true => self.folder_at(&path, &to, but),
                false => self.file(&path, &to),
            }
        }
    }

    pub fn with_text(mut self, path: &str, text: &str) -> Root {
        self.text(path, text);
        self
    }

    fn text(&mut self, path: &str, text: &str) {
        self.put(path, EntryType::Regular, text.as_bytes(), "", 0o644);
    }

    fn link(&mut self, path: &str, to: &str) {
        self.put(path, EntryType::Symlink, b"", to, 0o777);
    }

    fn file(&mut self, from: &Path, to: &str) {
        let bytes = fs::read(from).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
        let mode = fs::metadata(from).unwrap().permissions().mode() & 0o777;
        self.put(to, EntryType::Regular, &bytes, "", mode);
    }

    /// Once: two programs may have a library in common.
    fn put(&mut self, path: &str, kind: EntryType, bytes: &[u8], link: &str, mode: u32) {
        let path = path.trim_start_matches('/');
        if !self.there.insert(path.into()) {
            return;
        }
        let layer = std::mem::replace(&mut self.layer, Layer::new());
        self.layer = layer.entry(path.as_bytes(), kind, bytes, link.as_bytes(), mode);
    }
}

/// As base images of languages have it, with more of what an image may inherit.
pub fn config() -> Value {
    json!({ "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["/bin/sh"] })
}
