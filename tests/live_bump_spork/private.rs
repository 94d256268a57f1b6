//! What is secret in a URL stays where it was written: in the source.

use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use crate::support::http::{Http, Wants};
use crate::support::spork::{NIX, Scene};

const SECRET: &str = "s3cr3t-t0ken";

fn assert_silent(text: &[u8], what: &str) {
    // As it is, and as a basic authorization has it.
    let encoded = data_encoding::BASE64.encode(format!("user:{SECRET}").as_bytes());
    for word in [SECRET, &encoded] {
        let found = text
            .windows(word.len())
            .any(|window| window == word.as_bytes());
        assert!(
            !found,
            "the secret is in {what}:\n{}",
            String::from_utf8_lossy(text)
        );
    }
}

fn assert_silent_files(scene: &Scene) {
    for (path, entry) in scene.everything().0 {
        // The source itself has it.
        if !path.ends_with(NIX) {
            assert_silent(&entry.bytes, &path.display().to_string());
            assert_silent(path.to_string_lossy().as_bytes(), "a file's name");
        }
    }
}

#[test]
fn a_token_in_a_url() {
    let scene = Scene::new();
    let header = data_encoding::BASE64.encode(format!("user:{SECRET}").as_bytes());
    let wants = Wants {
        header: Some(format!("authorization: Basic {header}")),
        ..Wants::default()
    };
    let http = Http::serve(&scene.path("srv"), wants);
    let url = |password: &str| format!("http://user:{password}@127.0.0.1:{}/kf.git", http.port);
    scene.set_url(url(SECRET));
    let scene = scene.filled_in();
    scene.sync();
    let before = scene.tree();
    for args in [
        &["pin", "list"][..],
        &["pin", "list", "--format", "json"],
        &["pin", "bump", "--dry-run", "-vv"],
        &["pin", "bump", "--dry-run", "--format", "json"],
        &["pin", "bump", "kf:upstreamRev", "--to", "nosuch"],
        &["pin", "bump", "kf:upstreamRev", "--to", "deploy"],
        &["pin", "bump", "-vv"],
        &["pin", "bump", "--offline"],
    ] {
        let run = scene.cotter(args);
        assert_silent(run.out.as_bytes(), &format!("the output of {args:?}"));
        assert_silent(run.err.as_bytes(), &format!("the messages of {args:?}"));
    }
    scene.assert_bumped(&before);
    assert_silent_files(&scene);

    // One that the server does not take is not told either.
    scene.set_url(url(&format!("{SECRET}-old")));
    scene.file(
        NIX,
        &scene.read(NIX).replace(SECRET, &format!("{SECRET}-old")),
    );
    scene.advance(|work| {
        work.write("README", "kf 0.6\n");
    });
    scene.push("srv/kf.git");
    let run = scene.bump(&["--format", "json"]).expect(3);
    assert_silent(run.out.as_bytes(), "the error");
    assert_silent(run.err.as_bytes(), "the messages");
}

#[test]
fn a_token_while_the_remote_is_asked() {
    let scene = Scene::new();
    let wants = Wants {
        silent_packs: true,
        ..Wants::default()
    };
    let http = Http::serve(&scene.path("srv"), wants);
    scene.set_url(format!(
        "http://user:{SECRET}@127.0.0.1:{}/kf.git",
        http.port
    ));
    let scene = scene.filled_in();
    scene.sync();
    let mut child = scene
        .command(&["pin", "bump", "--timeout", "5"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // While it waits for the pack.
    for _ in 0..500 {
        if http.requests().len() >= 3 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        assert_silent(&line, "a command line");
    }
    assert_silent_files(&scene);
    let mut said = Vec::new();
    child.stderr.take().unwrap().read_to_end(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert_silent(&said, "the messages");
}
