//! `cotter image explain` over images that are made here, the good and the hostile.
//!
//! `fixtures/image_explain/CASE` has what is shown of the image CASE: `expected.txt`, `expected.json`.
//! `SNAPSHOTS=overwrite cargo test --test image_explain` writes them anew.

mod support;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use cotter::image::archive::{self, Options, Reading};
use cotter::image::explain::{StoreFacts, explain};
use cotter::process::System;
use proptest::prelude::*;
use serde_json::{Value, json};
use snapbox::{Assert, Data};
use support::cotter::{Run, ran};
use support::made_image::{
    Layer, archive as tar_archive, config, docker_archive, gzip, oci_files, program, store_path,
    write_files,
};
use support::{command, run_ok};
use tar::EntryType;

struct Case {
    home: tempfile::TempDir,
}

impl Case {
    fn new() -> Case {
        Case {
            home: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> &Case {
        fs::write(self.path(name), bytes).unwrap();
        self
    }

    fn explain(&self, args: &[&str]) -> Run {
        let mut cotter = command(env!("CARGO_BIN_EXE_cotter"), self.home.path());
        ran(cotter
            .current_dir(self.home.path())
            .args(["image", "explain"])
            .args(args))
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        let run = self.explain(&[args, &["--format", "json"]].concat());
        run.expect(0).json()
    }
}

fn run_config(app: &str) -> Value {
    json!({
        "Entrypoint": ["/bin/hello"],
        "Cmd": null,
        "Env": [format!("SSL_CERT_FILE=/{}/etc/ssl/certs/ca-bundle.crt", store_path('c', "cacert-1"))],
        "User": "65534",
        "Labels": { "vcs": app },
    })
}

/// glibc below, openssl and a runtime with the application in one layer, links and files on top.
fn layers(runtime_len: usize, openssl: (char, &str), app: (char, &str)) -> Vec<Vec<u8>> {
    let glibc = store_path('g', "glibc-2.40");
    let openssl = store_path(openssl.0, openssl.1);
    let runtime = store_path('p', "runtime-3.12");
    let app = store_path(app.0, app.1);
    let cacert = store_path('c', "cacert-1");
    let stray = store_path('s', "stray-1");
    vec![
        Layer::new()
            .folder(&glibc)
            .file(&format!("{glibc}/lib/libc.so.6"), &program(3000, &[&glibc]))
            .file(&format!("{stray}/empty"), b"")
            .bytes(),
        Layer::new()
            .file(
                &format!("{openssl}/lib/libssl.so"),
                &program(2000, &[&glibc]),
            )
            .file(
                &format!("{cacert}/etc/ssl/certs/ca-bundle.crt"),
                &program(500, &[]),
            )
            .bytes(),
        Layer::new()
            .file(
                &format!("{runtime}/bin/run"),
                &program(runtime_len, &[&openssl]),
            )
            .file(
                &format!("{app}/bin/hello"),
                format!("#!/{runtime}/bin/run\n").as_bytes(),
            )
            .bytes(),
        Layer::new()
            .link("bin/hello", &format!("/{app}/bin/hello"))
            .file("etc/passwd", b"root:x:0:0\n")
            .file("etc/motd", &program(700, &[]))
            .entry(b"bin/su", EntryType::Regular, b"su", b"", 0o4755)
            .file("nix/var/nix/db/db.sqlite", format!("/{stray}").as_bytes())
            .bytes(),
        Layer::new()
            .file("etc/passwd", b"root:x:0:0\napp:x:1:1\n")
            .file("etc/.wh.motd", b"")
            .bytes(),
    ]
}

const RUNTIME: usize = 100_000;

fn new_image(runtime_len: usize) -> Vec<Vec<u8>> {
    layers(runtime_len, ('m', "openssl-3.4.0"), ('y', "hello-1.1"))
}

fn old_image(runtime_len: usize) -> Vec<Vec<u8>> {
    layers(runtime_len, ('l', "openssl-3.3.2"), ('x', "hello-1.0"))
}

const NAME: &str = "registry.example.org/team/hello:1.1";

fn new_archive() -> Vec<u8> {
    docker_archive(&new_image(RUNTIME), NAME, run_config("1.1"))
}

#[track_caller]
fn expect(case: &str, name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/image_explain");
    let path = path.join(case).join(name);
    let assert = Assert::new().action_env("SNAPSHOTS");
    assert.eq(Data::text(actual), Data::read_from(&path, None).raw());
}

#[test]
fn a_docker_archive_is_explained_in_words_and_as_json() {
    let case = Case::new();
    case.write("new.tar", &new_archive());
    let human = case.explain(&["new.tar"]).expect(0);
    assert_eq!(human.err, "");
    expect("docker-archive", "expected.txt", &human.out);
    let json = case.explain(&["new.tar", "--format", "json"]).expect(0);
    expect("docker-archive", "expected.json", &json.out);
}

#[test]
fn what_would_be_pushed_is_what_the_older_image_has_not() {
    let case = Case::new();
    // As big as it must be for the hint that it is pushed for little.
    let big = 11 << 20;
    let new = docker_archive(&new_image(big), NAME, run_config("1.1"));
    let old = docker_archive(&old_image(big), NAME, run_config("1.0"));
    case.write("new.tar", &new).write("old.tar", &old);
    let args = ["new.tar", "--against", "old.tar"];
    let human = case.explain(&args).expect(0);
    expect("against", "expected.txt", &human.out);
    let json = case.json(&args);
    expect(
        "against",
        "expected.json",
        &format!("{:#}\n", json["against"]),
    );
    // Nothing is pushed where all is there.
    let same = case.json(&["new.tar", "--against", "new.tar"]);
    assert_eq!(same["against"]["pushed"], json!([]));
    assert_eq!(same["against"]["store_paths"], json!([]));
    assert_eq!(same["against"]["pushed_size"], json!(0));
}

#[test]
fn how_an_image_is_stored_changes_nothing_of_what_is_in_it() {
    let case = Case::new();
    let tar = new_archive();
    let zstd = zstd::encode_all(tar.as_slice(), 1).unwrap();
    let oci = oci_files(&[("amd64", new_image(RUNTIME))], &run_config("1.1"));
    write_files(&case.path("oci"), &oci);
    case.write("a.tar", &tar)
        .write("a.tar.gz", &gzip(&tar))
        .write("a.tar.zst", &zstd)
        .write("oci.tar", &tar_archive(&oci))
        .write("oci.tar.gz", &gzip(&tar_archive(&oci)));
    symlink("a.tar.gz", case.path("result")).unwrap();
    let plain = case.json(&["a.tar"]);
    for (word, kind) in [
        ("a.tar.gz", "docker-archive"),
        ("a.tar.zst", "docker-archive"),
        ("result", "docker-archive"),
        ("docker-archive:a.tar", "docker-archive"),
        (
            "docker-archive:a.tar:registry.example.org/team/hello:1.1",
            "docker-archive",
        ),
        ("oci", "oci-layout"),
        ("oci:oci:1.0", "oci-layout"),
        ("oci.tar", "oci-archive"),
        ("oci-archive:oci.tar.gz", "oci-archive"),
    ] {
        for verify in [&[][..], &["--verify"]] {
            let other = case.json(&[&[word], verify].concat());
            for key in ["store_paths", "files", "privileged", "waste"] {
                assert_eq!(other[key], plain[key], "{word}: {key}");
            }
            assert_eq!(other["image"]["kind"], kind, "{word}");
            assert_eq!(other["image"]["size"], plain["image"]["size"], "{word}");
            assert_eq!(other["image"]["verified"], !verify.is_empty(), "{word}");
            let diff_ids = |json: &Value| -> Vec<Value> {
                let layers = json["layers"].as_array().unwrap().iter();
                layers.map(|layer| layer["diff_id"].clone()).collect()
            };
            assert_eq!(diff_ids(&other), diff_ids(&plain), "{word}");
        }
    }
}

#[test]
fn one_of_several_platforms_is_chosen() {
    let case = Case::new();
    let images = [
        ("amd64", new_image(RUNTIME)),
        ("riscv64", old_image(RUNTIME)),
    ];
    write_files(&case.path("oci"), &oci_files(&images, &run_config("1")));
    let chosen = case.json(&["oci", "--platform", "linux/riscv64"]);
    assert_eq!(chosen["image"]["platform"], "linux/riscv64");
    assert!(chosen.to_string().contains("hello-1.0"));
    case.explain(&["oci", "--platform", "linux/s390x"])
        .expect(2)
        .says(&["no image for linux/s390x", "linux/amd64", "linux/riscv64"]);
    case.explain(&["oci", "--platform", "amd64"])
        .expect(2)
        .says(&["no platform"]);
    let images = [
        ("riscv64", new_image(RUNTIME)),
        ("s390x", old_image(RUNTIME)),
    ];
    write_files(&case.path("two"), &oci_files(&images, &run_config("1")));
    case.explain(&["two"])
        .expect(2)
        .says(&["several images", "--platform"]);
}

#[test]
fn a_nix2container_image_says_what_its_json_says() {
    let case = Case::new();
    let path = |name: &str| format!("/{}", store_path('g', name));
    let layer = |size: u64, paths: Value| {
        let digest = support::made_image::digest(&size.to_le_bytes());
        json!({
            "digest": digest, "diff_ids": digest, "size": size, "paths": paths,
            "mediatype": "application/vnd.oci.image.layer.v1.tar",
            "History": { "created_by": "nix2container" },
        })
    };
    let root = json!({ "path": path("root"), "options": { "rewrite": {
        "path": path("root"), "regex": format!("^{}", path("root")), "repl": "" } } });
    let image = json!({
        "version": 1,
        "image-config": { "Entrypoint": [format!("{}/bin/hello", path("hello-1"))] },
        "layers": [layer(3000, json!([{ "path": path("hello-1") }])), layer(50, json!([root]))],
        "arch": "amd64",
    });
    case.write("image.json", image.to_string().as_bytes());
    let json = case.json(&["image.json"]);
    assert_eq!(json["image"]["kind"], "nix2container");
    assert_eq!(json["image"]["size"], 3050);
    let paths = json["store_paths"].as_array().unwrap();
    assert_eq!(
        paths.len(),
        1,
        "what is moved to the root is no store path of the image"
    );
    assert_eq!(paths[0]["name"], "hello-1");
    assert_eq!(paths[0]["size"], Value::Null);
    assert_eq!(paths[0]["why"]["root"]["name"], "Entrypoint");
    // Any other JSON is no image.
    case.write("other.json", br#"{"version": 1, "layers": []}"#);
    case.explain(&["other.json"])
        .expect(2)
        .says(&["no image that cotter knows"]);
}

#[test]
fn a_stream_script_is_run_and_nothing_else() {
    let case = Case::new();
    let file = |name: &str| {
        let name = store_path('0', name);
        case.path(name.rsplit('/').next().unwrap())
    };
    let (stream, conf) = (file("stream"), file("hello-conf.json"));
    let executable = |path: &Path, text: &str| {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let archive = case.path("a.tar");
    case.write("a.tar", &new_archive());
    executable(
        &stream,
        &format!("#!/bin/sh\ncat '{}'\n", archive.display()),
    );
    let script = format!(
        "#!/bin/sh -e\nexec \"{}\"  {} \"$@\"\n",
        stream.display(),
        conf.display()
    );
    executable(&case.path("result"), &script);
    let streamed = case.json(&["result", "--verify"]);
    assert_eq!(streamed["image"]["kind"], "stream-script");
    assert_eq!(
        streamed["store_paths"],
        case.json(&["a.tar"])["store_paths"]
    );

    executable(&stream, "#!/bin/sh\necho 'no disk' >&2\nexit 7\n");
    case.explain(&["result"])
        .expect(3)
        .says(&["exit code 7", "no disk"]);
    executable(
        &stream,
        &format!("#!/bin/sh\nhead -c 70000 '{}'\n", archive.display()),
    );
    case.explain(&["result"]).expect(2).says(&["cut off"]);
    executable(&case.path("other"), "#!/bin/sh\ntouch ran\n");
    case.explain(&["other"])
        .expect(2)
        .says(&["no image that cotter knows"]);
    assert!(!case.path("ran").exists());
}

#[test]
fn a_word_that_names_no_image_is_told_so() {
    let case = Case::new();
    case.write("text", b"hello\n").write("empty", b"");
    fs::create_dir(case.path("folder")).unwrap();
    run_ok(
        command("mkfifo", case.home.path()).arg(case.path("pipe")),
        "coreutils",
    );
    for (word, code, says) in [
        ("text", 2, "no image that cotter knows"),
        ("empty", 2, "no image that cotter knows"),
        ("folder", 2, "no image that cotter knows"),
        ("pipe", 3, "this is no file"),
        ("missing.tar", 2, "write all of it: REGISTRY/NAME:TAG"),
        ("./missing.tar", 2, "there is no file or folder"),
        (
            "docker://user:secret@registry.example.org/x",
            2,
            "skopeo login",
        ),
    ] {
        let run = case
            .explain(&[word, "--format", "json"])
            .expect(code)
            .says(&[says]);
        assert!(run.json()["error"]["message"].is_string());
        assert!(!run.err.contains("secret") && !run.out.contains("secret"));
    }
}

/// What is wrong with an archive, and the words that say so.
fn hostile() -> Vec<(&'static str, Vec<u8>, &'static [&'static str])> {
    let good = new_image(RUNTIME);
    let manifest = |config: &str, layers: &[&str]| {
        json!([{ "Config": config, "RepoTags": null, "Layers": layers }])
            .to_string()
            .into_bytes()
    };
    let with = |config: Vec<u8>, layer: Vec<u8>| {
        let files = [
            ("l.tar".to_owned(), layer),
            ("c.json".to_owned(), config),
            ("manifest.json".to_owned(), manifest("c.json", &["l.tar"])),
        ];
        tar_archive(&files)
    };
    let config_of = |layer: &[u8]| config(&[layer.to_vec()], "amd64", json!({}));
    let mut absurd = Layer::new().file("big\nfile", b"x").bytes();
    // The size of the entry, in base 256: 2^62.
    absurd[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0]);
    let sum: u32 = (0..512)
        .map(|at| {
            if (148..156).contains(&at) {
                32
            } else {
                u32::from(absurd[at])
            }
        })
        .sum();
    absurd[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut name = Layer::new().entry(
        b"././@LongLink",
        EntryType::GNULongName,
        &vec![b'a'; 3 << 20],
        b"",
        0,
    );
    name = name.file("x", b"");
    let mut broken = gzip(&good[2]);
    let middle = broken.len() / 2;
    broken[middle] ^= 0x55;
    let circle = Layer::new()
        .link("l.tar", "m.tar")
        .link("m.tar", "./l.tar")
        .file("c.json", &config_of(&good[0]))
        .file("manifest.json", &manifest("c.json", &["l.tar"]))
        .bytes();
    let whole = with(config_of(&good[2]), good[2].clone());
    let again = vec![good[0].clone(); 1001];
    let again = [
        ("l.tar".to_owned(), good[0].clone()),
        ("c.json".to_owned(), config(&again, "amd64", json!({}))),
        (
            "manifest.json".to_owned(),
            manifest("c.json", &["l.tar"; 1001]),
        ),
    ];
    vec![
        ("again", tar_archive(&again), &["1001 layers"]),
        (
            "cut",
            whole[..whole.len() / 2].to_vec(),
            &["l.tar", "cut off"],
        ),
        (
            "cut-gz",
            gzip(&whole)[..whole.len() / 2].to_vec(),
            &["l.tar"],
        ),
        (
            "absurd",
            with(config_of(&absurd), absurd.clone()),
            &["l.tar", "big\\nfile", "cut off"],
        ),
        (
            "name",
            with(config_of(b""), name.bytes()),
            &["l.tar", "3145728 bytes"],
        ),
        ("circle", circle, &["l.tar", "links lead in a circle"]),
        (
            "config",
            with(b"{no json".to_vec(), good[0].clone()),
            &["c.json", "no image config"],
        ),
        (
            "config-text",
            with(b"text".to_vec(), good[0].clone()),
            &["c.json"],
        ),
        (
            "layer",
            with(config_of(b"text"), b"text".to_vec()),
            &["l.tar"],
        ),
        ("broken", with(config_of(&good[2]), broken), &["l.tar"]),
        (
            "count",
            with(config(&[], "amd64", json!({})), good[0].clone()),
            &["c.json", "diff_ids"],
        ),
        (
            "missing",
            tar_archive(&[("manifest.json".into(), manifest("c", &[]))]),
            &["no such file"],
        ),
        (
            "none",
            tar_archive(&[("manifest.json".into(), b"[]".to_vec())]),
            &["names no image"],
        ),
        (
            "deep",
            tar_archive(&[("manifest.json".into(), vec![b'['; 100_000])]),
            &["manifest.json"],
        ),
        (
            "up",
            tar_archive(&[("manifest.json".into(), manifest("../../etc/passwd", &[]))]),
            &["no such file"],
        ),
    ]
}

#[test]
fn hostile_archives_are_told_with_their_entry() {
    let case = Case::new();
    for (name, bytes, words) in hostile() {
        for (file, bytes) in [
            (format!("{name}.tar"), bytes.clone()),
            (format!("{name}.tar.gz"), gzip(&bytes)),
        ] {
            if name == "cut-gz" && file.ends_with(".gz") {
                continue;
            }
            case.write(&file, &bytes);
            let run = case.explain(&[&file]).expect(2).says(words).says(&[&file]);
            assert_eq!(run.out, "", "{file}");
            assert!(!run.err.contains("panicked"), "{file}: {}", run.err);
        }
    }
}

#[test]
fn a_digest_that_does_not_fit_is_seen() {
    let case = Case::new();
    let mut layers = new_image(RUNTIME);
    let config = config(&layers, "amd64", json!({}));
    // In the data of its first file.
    layers[1][600] ^= 1;
    let names: Vec<String> = (0..layers.len()).map(|at| format!("{at}.tar")).collect();
    let manifest = json!([{ "Config": "c.json", "RepoTags": [NAME], "Layers": names }]);
    let mut files: Vec<(String, Vec<u8>)> = names.into_iter().zip(layers).collect();
    files.push(("c.json".into(), config));
    files.push(("manifest.json".into(), manifest.to_string().into_bytes()));
    case.write("a.tar", &tar_archive(&files))
        .write("a.tar.gz", &gzip(&tar_archive(&files)));
    for file in ["a.tar", "a.tar.gz"] {
        case.explain(&[file]).expect(0);
        case.explain(&[file, "--verify"])
            .expect(2)
            .says(&["1.tar", "but the config says"]);
    }
    // Blobs of an OCI layout, and its documents always.
    let files = oci_files(&[("amd64", new_image(RUNTIME))], &json!({}));
    write_files(&case.path("oci"), &files);
    let (manifest, text) = files.iter().rev().nth(1).unwrap();
    let other = String::from_utf8(text.clone())
        .unwrap()
        .replace("layers", "layerz");
    fs::write(case.path("oci").join(manifest), other).unwrap();
    case.explain(&["oci"])
        .expect(2)
        .says(&[manifest, "not the one that it is named after"]);
}

#[test]
fn names_of_an_image_can_do_nothing_to_a_terminal_or_a_page() {
    let case = Case::new();
    let script = "<script>alert(1)</script>";
    let evil = store_path('e', "<img src=x onerror=alert(2)>\"'`{{this}}");
    let layer = Layer::new()
        .file(&format!("etc/{script}"), &program(90_000, &[]))
        .entry(
            b"etc/\x1b[2J\n\xff\xe2\x80\xae",
            EntryType::Regular,
            b"xyz",
            b"",
            0o4755,
        )
        .file(&format!("{evil}/\"><b>"), &program(90_000, &[]))
        .bytes();
    let run = json!({ "Entrypoint": [format!("/{evil}\x1b[2J")], "User": script });
    case.write(
        "evil.tar",
        &docker_archive(&[layer], &format!("{script}\x1b[31m"), run),
    );
    let human = case.explain(&["evil.tar", "--color", "never"]).expect(0);
    assert!(
        !human.out.contains('\x1b') && !human.out.contains('\u{202e}'),
        "{}",
        human.out
    );
    assert!(
        human.out.contains("/etc/\\u{1b}[2J\\n\u{fffd}\\u{202e}"),
        "{}",
        human.out
    );
    let args = [
        "evil.tar",
        "--against",
        "evil.tar",
        "--format",
        "html",
        "--out",
        "page.html",
    ];
    let run = case.explain(&args).expect(0);
    assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""));
    let page = fs::read_to_string(case.path("page.html")).unwrap();
    for hostile in [
        "<script>alert",
        "<img",
        "onerror=alert(2)>",
        "\"><b>",
        "\x1b",
    ] {
        assert!(!page.contains(hostile), "{hostile}");
    }
    assert!(page.contains("&lt;img src"), "{page}");
    assert_eq!(page.matches("<script").count(), 1);
    // Nothing is fetched by it.
    for word in ["http:", "https:", "url(", "@import", "src=\"", "href="] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn the_page_draws_each_layer_and_store_path_of_some_size() {
    let case = Case::new();
    let old = docker_archive(&old_image(RUNTIME), NAME, run_config("1.0"));
    case.write("new.tar", &new_archive()).write("old.tar", &old);
    let run = case
        .explain(&["new.tar", "--against", "old.tar", "--format", "html"])
        .expect(0);
    let page = run.out;
    for drawn in [
        "class=\"area layer pushed\"",
        "class=\"area store-path pushed\"",
        "runtime-3.12",
    ] {
        assert!(page.contains(drawn), "{drawn}: {page}");
    }
    assert!(
        page.contains("openssl") && page.contains("3.3.2 -&gt; 3.4.0"),
        "{page}"
    );
}

#[test]
fn many_entries_are_counted() {
    let case = Case::new();
    let mut layer = Layer::new();
    for at in 0..50_000 {
        layer = layer.file(&format!("d/{at}"), b"");
    }
    let layers = [layer.bytes()];
    case.write("many.tar", &docker_archive(&layers, NAME, json!({})));
    let json = case.json(&["many.tar"]);
    assert_eq!(json["layers"][0]["files"], 50_000);
    assert_eq!(json["layers"][0]["other_files"], 50_000);
}

/// Reads, explains and shows what `bytes` are; whatever they are, that ends.
fn survive(bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let options = Options {
        reading: Reading::References,
        verify: bytes.len().is_multiple_of(2),
        ..Options::default()
    };
    let kind = archive::recognise(file.path());
    match archive::read(file.path(), &options, &System) {
        Ok(image) => {
            assert!(kind.is_ok());
            let explanation = explain("x", &image, &StoreFacts::default(), Some(("y", &image)));
            let mut sink = Vec::new();
            cotter::output::explanation_json(&mut sink, &explanation).unwrap();
            cotter::output::explanation_human(&mut sink, &explanation).unwrap();
            cotter::output::explanation_html(&explanation).unwrap();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn small_image() -> Vec<u8> {
    let (one, other) = (store_path('a', "one-1"), store_path('b', "other-2"));
    let layers = [
        Layer::new()
            .file(
                &format!("{one}/{}", "long/".repeat(30)),
                &program(600, &[&other]),
            )
            .bytes(),
        Layer::new()
            .link("bin", &format!("/{one}/bin"))
            .file(&format!("{other}/x"), b"x")
            .file("etc/.wh..wh..opq", b"")
            .bytes(),
    ];
    docker_archive(&layers, NAME, json!({ "Entrypoint": ["/bin"] }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_change_to_an_archive_is_survived(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
        compressed in 0..3,
    ) {
        let mut bytes = small_image();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let bytes = match compressed {
            0 => bytes,
            1 => gzip(&bytes),
            _ => zstd::encode_all(bytes.as_slice(), 1).unwrap(),
        };
        let end = cut.map_or(bytes.len(), |cut| cut.index(bytes.len()));
        survive(&bytes[..end]);
    }

    #[test]
    fn any_name_is_explained(
        names in prop::collection::vec(prop::collection::vec(1_u8.., 1..150), 1..12),
        tag in any::<String>(),
        words in prop::collection::vec(any::<String>(), 0..4),
    ) {
        let mut layer = Layer::new();
        for (at, name) in names.iter().enumerate() {
            let kind = [EntryType::Regular, EntryType::Symlink, EntryType::Directory][at % 3];
            layer = layer.entry(name, kind, if at % 3 == 0 { b"xyz" } else { b"" }, b"/to", 0o6755);
        }
        let run = json!({ "Entrypoint": words, "Labels": { "a": tag } });
        let archive = docker_archive(&[layer.bytes()], &tag, run);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&archive).unwrap();
        let options = Options { reading: Reading::References, ..Options::default() };
        let image = archive::read(file.path(), &options, &System).unwrap();
        prop_assert_eq!(&image.names, &[tag]);
        survive(&archive);
    }
}
