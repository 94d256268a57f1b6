//! Remotes and names that are not what they should be: a bounded time, a clear answer, no command run.

use std::time::{Duration, Instant};

use crate::support::remote::{git_daemon, silent};
use crate::support::run_ok;
use crate::support::spork::{BINDINGS, CONFIG, NIX, Scene, let_in};

fn with_url(url: &str) -> Scene {
    let scene = Scene::new();
    scene.set_url(url);
    scene.filled_in()
}

#[test]
fn a_remote_that_hangs() {
    let (_listener, port) = silent();
    for url in [
        format!("git://127.0.0.1:{port}/kf.git"),
        format!("http://127.0.0.1:{port}/kf.git"),
    ] {
        let scene = with_url(&url);
        let start = Instant::now();
        let says = format!("{url}: no answer within 1 s");
        let run = scene.refuses(
            &["--timeout", "1", "--format", "json"],
            3,
            &[&says, "raise the timeout"],
        );
        // Far below the default of half a minute.
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{:?}",
            start.elapsed()
        );
        assert_eq!(run.json()["error"]["kind"], "outside");
    }
}

#[test]
fn a_remote_that_is_not_there() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    for url in [
        format!("git://127.0.0.1:{port}/kf.git"),
        format!("http://127.0.0.1:{port}/kf.git"),
    ] {
        with_url(&url).refuses(&[], 3, &[&url]);
    }
    let scene = Scene::usual();
    let daemon = git_daemon(&scene.path("srv"));
    let url = format!("git://127.0.0.1:{}/nosuch.git", daemon.port);
    scene.set_url(&url);
    scene.put(NIX, &let_in(BINDINGS));
    scene.refuses(&[], 3, &[&url, "check the URL"]);
    scene.set_url("file:///nosuch/kf.git");
    scene.put(NIX, &let_in(BINDINGS));
    scene.refuses(&[], 3, &["/nosuch/kf.git"]);
}

#[test]
fn a_remote_that_lies() {
    // A branch that names a blob: git itself refuses to make one, a file does not.
    for over_the_wire in [false, true] {
        let scene = Scene::new();
        let daemon = git_daemon(&scene.path("srv"));
        if over_the_wire {
            scene.set_url(format!("git://127.0.0.1:{}/kf.git", daemon.port));
        }
        let scene = scene.filled_in();
        let blob = scene.rev("main:README");
        scene.sync();
        let branch = scene.path("srv/kf.git/refs/heads/main");
        std::fs::write(branch, format!("{blob}\n")).unwrap();
        let (code, says) = match over_the_wire {
            true => (
                3,
                format!("its `refs/heads/main` is a blob ({blob}), not a commit"),
            ),
            false => (
                2,
                "`main`, which `kf:upstreamRev` follows, is no branch or tag".to_owned(),
            ),
        };
        let run = scene.refuses(&["--format", "json"], code, &[&says]);
        assert!(run.json()["error"]["message"].is_string());
    }
}

#[test]
fn a_shallow_clone() {
    let scene = Scene::usual();
    scene.file("cotter.toml", &format!("{CONFIG}clone = \"../clone\"\n"));
    scene.sync();
    // Its tip is cut off from upstream by the commit between them.
    scene.work.git(&["checkout", "-q", "feature/upstream/one"]);
    scene.work.write("extra/one.txt", "1\n");
    scene.work.commit("One more");
    scene.work.git(&["checkout", "-q", "main"]);
    scene.push("srv/kf.git");
    let from = format!("file://{}", scene.path("srv/kf.git").display());
    let clone = scene.path("clone");
    let home = scene.path("home");
    let to = clone.to_str().unwrap();
    scene.git_in(
        &home,
        &["clone", "-q", "--depth=1", "--no-single-branch", &from, to],
    );
    let run = scene.refuses(
        &["--format", "json"],
        3,
        &["a shallow clone", "--unshallow"],
    );
    assert_eq!(run.json()["error"]["kind"], "outside");
    scene.refuses(&["kf:features.one"], 3, &["a shallow clone", "--unshallow"]);
    scene.git_in(&clone, &["fetch", "-q", "--unshallow"]);
    scene.bump(&[]).expect(0);
}

#[test]
fn clones_that_are_none() {
    let scene = Scene::usual();
    scene.sync();
    let gone = scene.path("nowhere").display().to_string();
    let clones = [
        ("../nowhere", gone.as_str()),
        ("../home", "home"),
        ("services.yaml", "services.yaml"),
    ];
    for (clone, name) in clones {
        scene.file("cotter.toml", &format!("{CONFIG}clone = \"{clone}\"\n"));
        let says = [
            "cotter.toml:4:9",
            name,
            "not a git repository",
            "name a clone",
        ];
        let run = scene.refuses(&["--format", "json"], 2, &says);
        assert_eq!(run.json()["error"]["line"], 4);
        scene.file("cotter.toml", CONFIG);
        scene.refuses(
            &["--clone", clone],
            2,
            &["--clone", name, "not a git repository"],
        );
    }
}

#[test]
fn urls_that_would_run_a_command() {
    let mark = |scene: &Scene| scene.path("home/touched");
    for template in [
        "ext::sh -c touch% MARK",
        "--upload-pack=touch MARK",
        "-oProxyCommand=touch MARK",
        "ssh://-oProxyCommand=touch%20MARK/x",
        "-oProxyCommand=touch MARK:x",
        "fd::17/x",
    ] {
        let scene = Scene::new();
        let url = template.replace("MARK", mark(&scene).to_str().unwrap());
        scene.set_url(&url);
        let scene = scene.filled_in();
        let run = scene.refuses(&["--format", "json"], 2, &["is not used as a git remote"]);
        assert_eq!(run.json()["error"]["kind"], "usage", "{template}");
        assert!(!mark(&scene).exists(), "{template}");
    }
}

#[test]
fn names_that_look_like_options() {
    let scene = Scene::new();
    let daemon = git_daemon(&scene.path("srv"));
    scene.set_url(format!("git://127.0.0.1:{}/kf.git", daemon.port));
    let mark = scene.path("home/touched");
    let evil = format!("--upload-pack=touch {}", mark.display());
    let scene = scene.filled_in();
    scene.sync();
    let branch = BINDINGS.replace("feature/local/two", &evil);
    scene.put(NIX, &let_in(&branch));
    let old = scene.rev("main~1");
    scene.file(NIX, &scene.read(NIX).replace(&scene.rev("main"), &old));
    scene.refuses(&[], 2, &[NIX, &evil, "is no branch or tag of"]);
    scene.put(NIX, &let_in(BINDINGS));
    scene.refuses(&["kf:upstreamRev", &format!("--to={evil}")], 2, &[&evil]);

    // A remote may really have refs of such names; they are no more than names.
    let mut git = scene.work.command();
    git.args(["update-ref", "refs/heads/--upload-pack=x", "main"]);
    run_ok(&mut git, "git");
    scene.push("srv/kf.git");
    let tip = scene.rev("refs/heads/--upload-pack=x");
    scene.file(NIX, &scene.read(NIX).replace(&scene.rev("main"), &old));
    scene
        .bump(&["kf:upstreamRev", "--to=--upload-pack=x"])
        .expect(0);
    assert!(scene.read(NIX).contains(&tip));
    assert!(!mark.exists());
}
