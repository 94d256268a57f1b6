//! `cotter image explain` on what real tools write and keep: skopeo's layouts and archives, a registry, the store of a
//! real Nix.

mod support;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use support::cotter::{Run, ran};
use support::made_image::{Layer, digest, docker_archive, program, store_path};
use support::store::Store;
use support::{command, run_ok};

const NAME: &str = "registry.example.org/team/hello:1.1";

fn new_archive() -> Vec<u8> {
    let (libc, hello) = (store_path('g', "glibc-2.40"), store_path('y', "hello-1.1"));
    let layers = [
        Layer::new()
            .file(&format!("{libc}/lib/libc.so.6"), &program(90_000, &[]))
            .bytes(),
        Layer::new()
            .file(&format!("{hello}/bin/hello"), &program(9000, &[&libc]))
            .bytes(),
        Layer::new()
            .link("bin/hello", &format!("/{hello}/bin/hello"))
            .bytes(),
    ];
    docker_archive(&layers, NAME, json!({ "Entrypoint": ["/bin/hello"] }))
}

fn explain(folder: &Path, args: &[&str]) -> Run {
    let mut cotter = command(env!("CARGO_BIN_EXE_cotter"), folder);
    let cotter = cotter
        .current_dir(folder)
        .args(["image", "explain"])
        .args(args);
    ran(cotter)
}

#[track_caller]
fn explained(folder: &Path, args: &[&str]) -> Value {
    explain(folder, &[args, &["--format", "json"]].concat())
        .expect(0)
        .json()
}

fn skopeo(folder: &Path, args: &[&str]) -> String {
    let mut skopeo = command("skopeo", folder);
    run_ok(
        skopeo
            .current_dir(folder)
            .args(["--insecure-policy"])
            .args(args),
        "skopeo",
    )
}

#[test]
fn what_skopeo_writes_is_what_it_read() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("a.tar"), new_archive()).unwrap();
    let from = explained(folder, &["a.tar", "--verify"]);
    for (to, kind, compressed) in [
        ("oci:layout:1.1", "oci-layout", true),
        ("oci-archive:layout.tar:1.1", "oci-archive", true),
        (
            "docker-archive:docker.tar:registry.example.org/team/hello:2",
            "docker-archive",
            false,
        ),
    ] {
        skopeo(folder, &["copy", "--quiet", "docker-archive:a.tar", to]);
        let written = explained(folder, &[to, "--verify"]);
        for key in ["store_paths", "files", "waste"] {
            assert_eq!(written[key], from[key], "{to}: {key}");
        }
        assert_eq!(written["image"]["kind"], kind);
        assert_eq!(written["image"]["verified"], true);
        assert_eq!(written["image"]["size"], from["image"]["size"]);
        let stored = written["image"]["stored"].as_u64().unwrap();
        assert_eq!(
            stored < from["image"]["size"].as_u64().unwrap(),
            compressed,
            "{to}"
        );
        if compressed {
            let raw = skopeo(folder, &["inspect", "--raw", to]);
            assert_eq!(
                written["image"]["manifest_digest"],
                digest(raw.as_bytes()),
                "{to}"
            );
        }
        // All of it is there already, however it is stored.
        let against = &explained(folder, &[to, "--against", "a.tar"])["against"];
        assert_eq!(against["pushed"], json!([]), "{to}");
    }
    skopeo(
        folder,
        &[
            "copy",
            "--quiet",
            "--dest-compress-format",
            "zstd",
            "--dest-oci-accept-uncompressed-layers=false",
            "--dest-compress",
            "docker-archive:a.tar",
            "oci:zstd:1",
        ],
    );
    let zstd = explained(folder, &["oci:zstd"]);
    assert_eq!(zstd["layers"][0]["compression"], "zstd");
    assert_eq!(zstd["store_paths"], from["store_paths"]);
}

struct Registry(Child);

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A registry on this machine, and its address.
fn registry(folder: &Path) -> (Registry, String) {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let config = json!({
        "version": 0.1,
        "log": { "level": "error" },
        "storage": { "filesystem": { "rootdirectory": folder.join("registry") } },
        "http": { "addr": address },
    });
    fs::write(folder.join("registry.yml"), config.to_string()).unwrap();
    let child = command("docker-registry", folder)
        .args(["serve", "registry.yml"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|e| panic!("{e}; `apt-get install docker-registry` has it"));
    let registry = Registry(child);
    for _ in 0..600 {
        if TcpStream::connect(&address).is_ok() {
            return (registry, address);
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("no registry at {address}");
}

#[test]
fn an_image_of_a_registry_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (_registry, address) = registry(folder);
    let insecure = format!("[[registry]]\nlocation = \"{address}\"\ninsecure = true\n");
    let containers = folder.join(".config/containers");
    fs::create_dir_all(&containers).unwrap();
    fs::write(containers.join("registries.conf"), insecure).unwrap();
    fs::write(folder.join("a.tar"), new_archive()).unwrap();
    let image = format!("{address}/team/hello:1.1");
    let to = format!("docker://{image}");
    skopeo(
        folder,
        &[
            "copy",
            "--quiet",
            "--dest-tls-verify=false",
            "docker-archive:a.tar",
            &to,
        ],
    );
    for word in [&image, &to] {
        let fetched = explained(folder, &[word, "--platform", "linux/amd64", "--verify"]);
        assert_eq!(
            fetched["store_paths"],
            explained(folder, &["a.tar"])["store_paths"]
        );
        assert_eq!(fetched["image"]["source"], word.as_str());
        let raw = skopeo(folder, &["inspect", "--raw", "--tls-verify=false", &to]);
        assert_eq!(fetched["image"]["manifest_digest"], digest(raw.as_bytes()));
    }
    let none = format!("{address}/team/hello:none");
    explain(folder, &[&none])
        .expect(3)
        .says(&["skopeo", "manifest unknown"]);
    assert!(!folder.join("image").exists());
    let left = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left
        .filter(|name| name.to_string_lossy().starts_with(".tmp"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn of_an_image_that_is_a_list_of_store_paths_nix_knows_sizes_and_reasons() {
    let store = Store::new();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let expression = r#"
        let
          make = name: script: derivation {
            inherit name; system = builtins.currentSystem; builder = "/bin/sh";
            args = [ "-ec" script ]; PATH = "/usr/bin:/bin";
          };
          lib = make "lib-1.0" "echo library > $out";
        in make "hello-1.0" "echo ${lib} > $out"
    "#;
    fs::write(folder.join("default.nix"), expression).unwrap();
    let nix_file = folder.join("default.nix");
    let hello = store.run("nix-build", &["--no-out-link", nix_file.to_str().unwrap()]);
    let closure = store.run("nix-store", &["--query", "--requisites", &hello]);
    let lib = closure
        .lines()
        .find(|path| path.ends_with("-lib-1.0"))
        .unwrap();
    let layer = |path: &str| {
        let digest = digest(path.as_bytes());
        json!({ "digest": digest, "diff_ids": digest, "size": 2048, "paths": [{ "path": path }] })
    };
    let image = json!({
        "version": 1, "arch": "amd64",
        "image-config": { "Cmd": [hello] },
        "layers": [layer(lib), layer(&hello)],
    });
    let file = folder.join("image.json");
    fs::write(&file, image.to_string()).unwrap();
    let mut cotter = store.nix(env!("CARGO_BIN_EXE_cotter"));
    let run = ran(cotter
        .args(["image", "explain", "--format", "json"])
        .arg(&file))
    .expect(0);
    assert_eq!(run.err, "");
    let explained = run.json();
    let path = |name: &str| {
        let paths = explained["store_paths"].as_array().unwrap();
        paths
            .iter()
            .find(|path| path["name"] == name)
            .unwrap()
            .clone()
    };
    let size = |path: &str| store.run("nix-store", &["--query", "--size", path]);
    assert_eq!(path("lib-1.0")["size"].to_string(), size(lib));
    assert_eq!(path("hello-1.0")["size"].to_string(), size(&hello));
    assert_eq!(path("lib-1.0")["why"]["chain"], json!([hello, lib]));
    assert_eq!(
        path("lib-1.0")["why"]["root"],
        json!({ "kind": "config", "name": "Cmd" })
    );
}
