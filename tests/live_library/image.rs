//! The parts of images, in images that a real Nix builds.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::store::Store;
use crate::support::{command, run, run_ok};

struct Built {
    dir: TempDir,
    store: Store,
}

impl Built {
    fn new() -> Built {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new_in(dir.path());
        Built { dir, store }
    }

    fn nix(&self, program: &str, attribute: &str) -> Command {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let source = |variable: &str, fixture: &str| match std::env::var_os(variable) {
            Some(path) => PathBuf::from(path),
            None => root.join(fixture),
        };
        let mut nix = self.store.nix(program);
        nix.arg(root.join("tests/live_library/image.nix"))
            .args(["-A", attribute]);
        for (name, path) in [
            ("nixpkgs", source("COTTER_NIXPKGS", "fixtures/nixpkgs")),
            (
                "nix2container",
                source("COTTER_NIX2CONTAINER", "fixtures/nix2container"),
            ),
            ("library", root.join("nix")),
        ] {
            nix.args(["--arg", name]).arg(path);
        }
        nix
    }

    fn build(&self, attribute: &str) -> PathBuf {
        let mut nix = self.nix("nix-build", attribute);
        run_ok(nix.arg("--no-out-link"), "nix-bin").into()
    }

    fn run(&self, program: &str, args: &[&str]) -> String {
        run_ok(command(program, self.dir.path()).args(args), program)
    }

    /// The files of an image's layers, with their modes, and its configuration.
    fn image(&self, copy: impl FnOnce(&str)) -> (Vec<Entry>, Value) {
        let layout = self.dir.path().join("layout");
        copy(&format!("oci:{}:image", layout.display()));
        let blob = |digest: &Value| {
            let name = digest.as_str().unwrap().replace(':', "/");
            fs::read(layout.join("blobs").join(name)).unwrap()
        };
        let json = |bytes: Vec<u8>| -> Value { serde_json::from_slice(&bytes).unwrap() };
        let index = json(fs::read(layout.join("index.json")).unwrap());
        let manifest = json(blob(&index["manifests"][0]["digest"]));
        let mut entries = Vec::new();
        for layer in manifest["layers"].as_array().unwrap() {
            let bytes = blob(&layer["digest"]);
            let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
            for entry in archive.entries().unwrap() {
                let mut entry = entry.unwrap();
                let mut content = Vec::new();
                entry.read_to_end(&mut content).unwrap();
                let path = entry.path().unwrap().to_string_lossy().into_owned();
                entries.push(Entry {
                    path: path.trim_matches(['.', '/']).to_owned(),
                    mode: entry.header().mode().unwrap() & 0o7777,
                    link: entry.link_name().unwrap().map(|link| link.into_owned()),
                    content,
                });
            }
        }
        (entries, json(blob(&manifest["config"]["digest"])))
    }
}

struct Entry {
    path: String,
    mode: u32,
    link: Option<PathBuf>,
    content: Vec<u8>,
}

/// The mode that the last layer gives: the test's store is itself below /tmp.
fn mode(entries: &[Entry], path: &str) -> u32 {
    let mut found = entries.iter().rev().filter(|entry| entry.path == path);
    found.next().unwrap_or_else(|| panic!("no {path}")).mode
}

/// A file of an image, by way of the links that lead to it.
fn read(entries: &[Entry], path: &str) -> String {
    let entry = entries.iter().rev().find(|entry| entry.path == path);
    let entry = entry.unwrap_or_else(|| panic!("no {path}"));
    match &entry.link {
        Some(link) => read(entries, link.to_str().unwrap().trim_start_matches('/')),
        None => String::from_utf8(entry.content.clone()).unwrap(),
    }
}

#[test]
fn a_layered_image_has_a_user_a_tmp_certificates_and_a_server() {
    let built = Built::new();
    let stream = built.build("stream");
    let archive = built.dir.path().join("archive.tar");
    built.run(
        "sh",
        &[
            "-c",
            "\"$0\" >\"$1\"",
            stream.to_str().unwrap(),
            archive.to_str().unwrap(),
        ],
    );
    let (entries, config) = built.image(|to| {
        let from = format!("docker-archive:{}", archive.display());
        built.run(
            "skopeo",
            &[
                "--insecure-policy",
                "copy",
                "-q",
                "--format",
                "oci",
                &from,
                to,
            ],
        );
    });
    assert_eq!(
        read(&entries, "etc/passwd"),
        "root:x:0:0:root:/root:/bin/sh\napp:x:1000:100:app:/data:/bin/sh\n"
    );
    assert_eq!(read(&entries, "etc/group"), "root:x:0:\napp:x:100:\n");
    assert_eq!(mode(&entries, "tmp"), 0o1777);

    assert_eq!(config["architecture"], "arm64");
    let config = &config["config"];
    assert_eq!(config["User"], "1000:100");
    assert_eq!(config["ExposedPorts"], json!({ "8081/tcp": {} }));
    assert_eq!(config["StopSignal"], "SIGQUIT");
    let variable = config["Env"][0].as_str().unwrap();
    let bundle = variable.strip_prefix("SSL_CERT_FILE=/").unwrap();
    assert!(read(&entries, bundle).contains("BEGIN CERTIFICATE"));
    // The configuration that the command names is in the image.
    let command = config["Entrypoint"].as_array().unwrap();
    let conf = command.last().unwrap().as_str().unwrap();
    assert!(read(&entries, conf.trim_start_matches('/')).contains("listen 8081;"));
}

#[test]
fn an_image_of_nix2container_has_a_tmp() {
    let built = Built::new();
    let copy = built.build("layers").join("bin/copy-to");
    let (entries, _) = built.image(|to| {
        built.run(copy.to_str().unwrap(), &[to]);
    });
    assert_eq!(mode(&entries, "tmp"), 0o1777);
}

/// nginx with a configuration of the library, but for /tmp, which is the machine's here, and the port.
struct Server {
    port: u16,
    process: Child,
}

impl Server {
    fn start(built: &Built, attribute: &str, port_in_file: u16) -> Server {
        let text = fs::read_to_string(built.build(attribute)).unwrap();
        let tmp = tempfile::tempdir_in(built.dir.path()).unwrap().keep();
        let port = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        let text = text
            .replace("pid /tmp/", &format!("pid {}/", tmp.display()))
            .replace("_path /tmp/", &format!("_path {}/", tmp.display()))
            .replace(
                &format!("listen {port_in_file};"),
                &format!("listen 127.0.0.1:{port};"),
            );
        let file = tmp.join("nginx.conf");
        fs::write(&file, text).unwrap();
        let process = command("nginx", &tmp)
            .args(["-e", "stderr", "-c"])
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("`apt-get install nginx-light` has it");
        let server = Server { port, process };
        let patience = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(patience.elapsed() < Duration::from_secs(60));
            thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its workers end with it only when it is asked to end.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
    }
}

#[test]
fn the_server_serves_and_falls_back_where_it_is_told() {
    let built = Built::new();
    let server = Server::start(&built, "conf", 8081);
    let page = server.get("/sub/page.html");
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains("text/html") && page.ends_with("sub\n"),
        "{page}"
    );
    assert!(server.get("/").ends_with("home\n"));
    assert!(server.get("/route/of/the/application").ends_with("home\n"));

    let plain = Server::start(&built, "plain", 8080);
    assert!(plain.get("/").ends_with("home\n"));
    assert!(plain.get("/nothing").starts_with("HTTP/1.1 404"));
}

#[test]
fn wrong_arguments_are_named() {
    let built = Built::new();
    for (attribute, words) in [
        ("darwin", "no image has programs for `aarch64-darwin`"),
        ("root", "root is there anyway"),
        ("uid", "root is there anyway"),
        ("name", "a user's name"),
        ("home", "a home is an absolute path"),
        ("port", "from 1024 to 65535"),
        ("fallback", "a path below root"),
    ] {
        let mut nix = built.nix("nix-instantiate", &format!("wrong.{attribute}"));
        let output = run(nix.arg("--eval"), "nix-bin");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.contains(words),
            "{attribute}: {said}"
        );
    }
}
