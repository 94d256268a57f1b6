//! The whole way: from a remote of each kind to a source with the patches in it.

use std::os::unix::fs::PermissionsExt;

use crate::support::http::{Http, Wants};
use crate::support::remote::git_daemon;
use crate::support::spork::{CONFIG, LOCK, NIX, Scene};
use crate::support::tree::written;

const ALL: &[(&str, &str)] = &[
    ("kf:upstreamRev", "rev"),
    ("kf:upstreamRev", "version"),
    ("kf:features.one", "rev"),
    ("kf:features.two", "rev"),
    ("kf:upstreamRev", "Cargo.lock"),
    ("kf:upstreamRev", "service"),
];

/// Looks, bumps, bumps again, builds.
fn whole(scene: &Scene, args: &[&str]) {
    std::fs::set_permissions(scene.ops().join(NIX), PermissionsExt::from_mode(0o640)).unwrap();
    let before = scene.tree();

    let everything = scene.everything();
    let dry = scene
        .bump(&[args, &["--dry-run", "--format", "json"]].concat())
        .expect(1);
    assert_eq!(dry.json()["written"], false);
    let after: Vec<_> = scene
        .everything()
        .0
        .into_iter()
        .filter(|(path, _)| !path.starts_with("cache"))
        .collect();
    let still: Vec<_> = everything
        .0
        .into_iter()
        .filter(|(path, _)| !path.starts_with("cache"))
        .collect();
    assert!(after == still, "a dry run wrote something");
    let diff = scene
        .bump(&[args, &["--dry-run", "--diff"]].concat())
        .expect(1)
        .out;

    let run = scene
        .bump(&[args, &["--format", "json"]].concat())
        .expect(0);
    scene.assert_bumped(&before);
    let (said, dry) = (run.json(), dry.json());
    assert_eq!(
        (&said["schema"], &said["written"]),
        (&1.into(), &true.into())
    );
    assert_eq!(said["changes"], dry["changes"]);
    let changes = said["changes"].as_array().unwrap();
    let named: Vec<_> = changes
        .iter()
        .map(|change| {
            (
                change["name"].as_str().unwrap(),
                change["field"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(named, ALL);
    for change in changes
        .iter()
        .filter(|change| change["field"] != "Cargo.lock")
    {
        let text = scene.read(change["file"].as_str().unwrap());
        let at = |key: &str| change[key].as_u64().unwrap() as usize - 1;
        let here = &text.lines().nth(at("line")).unwrap()[at("column")..];
        assert!(
            here.starts_with(change["new"].as_str().unwrap()),
            "{change}"
        );
    }

    // The diff is what happened: taken back and applied by git it makes the same files.
    let bumped = scene.tree();
    let patch = scene.path("home/bump.diff");
    std::fs::write(&patch, diff).unwrap();
    let patch = patch.to_str().unwrap();
    scene.git_in(&scene.ops(), &["apply", "-R", patch]);
    assert_eq!(texts(&scene.tree()), texts(&before));
    scene.git_in(&scene.ops(), &["apply", patch]);
    assert_eq!(texts(&scene.tree()), texts(&bumped));

    let times = || [NIX, LOCK, "services.yaml"].map(|path| written(&scene.ops().join(path)));
    let then = times();
    let again = scene
        .bump(&[args, &["--format", "json"]].concat())
        .expect(0)
        .json();
    assert_eq!(
        (
            &again["written"],
            again["changes"].as_array().unwrap().len()
        ),
        (&false.into(), 0)
    );
    assert_eq!(again["unchanged"].as_array().unwrap().len(), 3);
    assert_eq!(times(), then);
    scene.bump(&[args, &["--dry-run"]].concat()).expect(0);
}

fn texts(tree: &crate::support::tree::Tree) -> Vec<(&std::path::PathBuf, &Vec<u8>)> {
    tree.0
        .iter()
        .map(|(path, entry)| (path, &entry.bytes))
        .collect()
}

#[test]
fn from_a_file_url() {
    let scene = Scene::usual();
    scene.sync();
    whole(&scene, &["kf"]);
    scene.assert_builds(NIX);
    assert!(
        !scene.path("cache").exists(),
        "a local repository needs no cache"
    );
}

#[test]
fn from_git_daemon() {
    let scene = Scene::new();
    let daemon = git_daemon(&scene.path("srv"));
    remote(scene, format!("git://127.0.0.1:{}/kf.git", daemon.port));
}

#[test]
fn from_git_http_backend() {
    let scene = Scene::new();
    let http = Http::serve(&scene.path("srv"), Wants::default());
    remote(scene, format!("http://127.0.0.1:{}/kf.git", http.port));
}

fn remote(scene: Scene, url: String) {
    scene.set_url(url);
    let scene = scene.filled_in();
    scene.bump(&["--dry-run"]).expect(0);
    scene.sync();
    whole(&scene, &[]);
    scene.assert_builds(NIX);

    // What was fetched serves without the remote; a container that was never asked for cannot.
    scene.bump(&["--offline"]).expect(0);
    std::fs::remove_dir_all(scene.path("cache")).unwrap();
    scene.refuses(
        &["--offline"],
        3,
        &["not available offline", "run once without `--offline`"],
    );
}

#[test]
fn from_a_clone() {
    let scene = Scene::usual();
    scene.file("cotter.toml", &format!("{CONFIG}clone = \"../clone\"\n"));
    scene.bare("mirror.git");
    let (mirror, clone) = (scene.path("mirror.git"), scene.path("clone"));
    scene.git_in(
        &scene.path("home"),
        &[
            "clone",
            "-q",
            mirror.to_str().unwrap(),
            clone.to_str().unwrap(),
        ],
    );
    scene.bump(&["--dry-run"]).expect(0);

    // The clone's own branches stay behind; what it fetched counts, and the URL of the source is not asked.
    scene.sync();
    scene
        .work
        .git(&["push", "-q", "--force", "--all", mirror.to_str().unwrap()]);
    std::fs::rename(scene.path("srv"), scene.path("away")).unwrap();
    scene.bump(&["--dry-run"]).expect(0);
    scene.git_in(&clone, &["fetch", "-q"]);
    whole(&scene, &["containers"]);
    std::fs::rename(scene.path("away"), scene.path("srv")).unwrap();
    scene.assert_builds(NIX);
}

#[test]
fn from_a_bare_mirror_that_the_command_line_names() {
    let scene = Scene::usual();
    scene.file("cotter.toml", &format!("{CONFIG}clone = \"../nowhere\"\n"));
    scene.bare("mirror.git");
    scene.sync();
    scene.push("mirror.git");
    whole(&scene, &["kf:*", "--clone", "../mirror.git"]);
    scene.assert_builds(NIX);
}

#[test]
fn from_a_folder_without_git() {
    let scene = Scene::usual();
    std::fs::remove_dir_all(scene.ops().join(".git")).unwrap();
    scene.sync();
    let before = scene.tree();
    scene.bump(&[]).expect(0);
    scene.assert_bumped(&before);
}
