//! What is wrong in the workspace: said with its place and what to do, and nothing is written.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::support::cotter::Run;
use crate::support::cotter::ran;
use crate::support::spork::{BINDINGS, CONFIG, LOCK, NIX, Scene, let_in};

/// The object of the contract, and the place in it.
#[track_caller]
fn error_of(run: &Run) -> (String, String, u64, u64) {
    let json = run.json();
    assert_eq!(json["schema"], 1);
    let error = &json["error"];
    assert!(
        error["message"].is_string() && error.get("hint").is_some(),
        "{json}"
    );
    (
        error["kind"].as_str().unwrap().into(),
        error["file"].as_str().unwrap_or_default().into(),
        error["line"].as_u64().unwrap_or_default(),
        error["column"].as_u64().unwrap_or_default(),
    )
}

#[test]
fn a_truncated_file() {
    let scene = Scene::usual();
    scene.sync();
    let whole = scene.read(NIX);
    scene.file(NIX, &whole[..whole.find("list =").unwrap()]);
    let run = scene.refuses(
        &["kf", "--format", "json"],
        2,
        &["containers/kf/default.nix:15:3"],
    );
    assert_eq!(error_of(&run), ("usage".into(), NIX.into(), 15, 3));
    scene.refuses(&[], 2, &["containers/kf/default.nix:15:3"]);
    scene.refuses(&[NIX], 2, &["containers/kf/default.nix:15:3"]);
}

#[test]
fn a_broken_file_keeps_only_what_it_may_be_part_of() {
    let scene = Scene::usual();
    scene.sync();
    let before = scene.tree();
    scene.put("broken.nix", "{ x = fetchgit {\n");
    scene.refuses(&[], 2, &["error: ", "broken.nix:1:18"]);
    scene
        .bump(&["kf"])
        .expect(0)
        .says(&["warning: ", "broken.nix:1:18"]);
    std::fs::remove_file(scene.ops().join("broken.nix")).unwrap();
    scene.put_away("broken.nix");
    scene.assert_bumped(&before);
}

#[test]
fn links_that_lead_in_circles() {
    let scene = Scene::usual();
    symlink("b", scene.ops().join("a")).unwrap();
    symlink("a", scene.ops().join("b")).unwrap();
    symlink("..", scene.ops().join("containers/up")).unwrap();
    scene.sync();
    let run = scene.refuses(
        &["a", "--format", "json"],
        2,
        &["a symbolic link that leads to itself"],
    );
    assert_eq!(error_of(&run).0, "usage");
    scene.bump(&[]).expect(0);
    assert!(scene.read(NIX).contains(&scene.rev("main")));
    let scene = Scene::usual();
    std::fs::remove_file(scene.ops().join(LOCK)).unwrap();
    symlink("Cargo.lock", scene.ops().join(LOCK)).unwrap();
    scene.sync();
    scene.refuses(&[], 2, &[LOCK, "a symbolic link that leads to itself"]);
}

#[test]
fn two_containers_of_one_name() {
    let scene = Scene::usual();
    scene.put("other/kf/default.nix", &let_in(BINDINGS));
    scene.file("cotter.toml", "");
    scene.sync();
    for words in [&["kf"][..], &[], &["kf:upstreamRev"], &["kf:*"]] {
        let run = scene.refuses(
            &[words, &["--format", "json"]].concat(),
            2,
            &[
                NIX,
                "other/kf/default.nix",
                "names more than one pin",
                "[container.NAME]",
            ],
        );
        assert_eq!(error_of(&run).0, "usage");
    }
    // By its file one can be meant.
    scene.bump(&["other"]).expect(0);
    assert!(
        scene
            .read("other/kf/default.nix")
            .contains(&scene.rev("main"))
    );
    assert!(!scene.read(NIX).contains(&scene.rev("main")));
}

#[test]
fn a_read_only_file() {
    let scene = Scene::usual();
    std::fs::set_permissions(scene.ops().join(NIX), PermissionsExt::from_mode(0o444)).unwrap();
    scene.sync();
    let run = scene.refuses(
        &["--format", "json"],
        2,
        &[NIX, "read-only", "chmod u+w containers/kf/default.nix"],
    );
    let (kind, file, ..) = error_of(&run);
    assert_eq!((kind.as_str(), file.as_str()), ("usage", NIX));
    scene.bump(&["--dry-run"]).expect(1);
}

#[test]
fn a_linked_file() {
    let scene = Scene::usual();
    scene.sync();
    let (real, link) = (scene.ops().join("kept/kf.nix"), scene.ops().join(NIX));
    std::fs::create_dir(scene.ops().join("kept")).unwrap();
    std::fs::rename(&link, &real).unwrap();
    symlink("../../kept/kf.nix", &link).unwrap();
    scene.file(
        "cotter.toml",
        "[container.kf]\nnix = \"kept/kf.nix\"\nlockfile = \"../containers/kf/Cargo.lock\"\n",
    );
    scene.bump(&["containers/kf/default.nix"]).expect(0);
    assert!(
        std::fs::read_to_string(&real)
            .unwrap()
            .contains(&scene.rev("main"))
    );
    assert_eq!(
        std::fs::read_link(&link).unwrap(),
        Path::new("../../kept/kf.nix")
    );

    let outside = scene.path("outside.nix");
    std::fs::rename(&real, &outside).unwrap();
    std::fs::remove_file(&link).unwrap();
    symlink(&outside, &link).unwrap();
    scene.refuses(&[NIX], 2, &["outside.nix", "outside of the workspace"]);
}

#[test]
fn a_linked_lock_file() {
    let scene = Scene::usual();
    scene.sync();
    let link = scene.ops().join(LOCK);
    std::fs::rename(&link, scene.ops().join("kf.lock")).unwrap();
    symlink("../../kf.lock", &link).unwrap();
    scene.bump(&[]).expect(0);
    assert_eq!(
        std::fs::read_link(&link).unwrap(),
        Path::new("../../kf.lock")
    );
    assert_eq!(scene.read("kf.lock"), scene.filled("@LOCK@"));
    let scene = Scene::usual();
    scene.sync();
    let link = scene.ops().join(LOCK);
    std::fs::rename(&link, scene.path("kf.lock")).unwrap();
    symlink("../../../kf.lock", &link).unwrap();
    scene.refuses(&[], 2, &["kf.lock", "outside of the workspace"]);
}

#[test]
fn a_file_that_changes_meanwhile() {
    let scene = Scene::usual();
    scene.sync();
    // Stopped when all is read and nothing is written yet.
    let stopped = scene.stopped_at(&["pin", "bump"], "locked");
    let edited = scene.read(NIX) + "# edited\n";
    scene.file(NIX, &edited);
    let before = scene.tree();
    let run = stopped.go_on();
    run.expect(3).says(&[
        NIX,
        "changed since it was read; nothing was written; run again",
    ]);
    assert_eq!(scene.tree(), before);
    scene.bump(&[]).expect(0);
    assert!(
        scene.read(NIX).ends_with("# edited\n") && scene.read(NIX).contains(&scene.rev("main"))
    );
}

#[test]
fn a_service_file_that_is_absent_or_no_yaml() {
    let scene = Scene::usual();
    scene.sync();
    std::fs::remove_file(scene.ops().join("services.yaml")).unwrap();
    let run = scene.refuses(
        &["--format", "json"],
        2,
        &["services.yaml", "no such file", "cotter.toml:3"],
    );
    assert_eq!(error_of(&run).1, "cotter.toml");
    scene.file("services.yaml", "kf: [\n- {\n");
    let run = scene.refuses(&["--format", "json"], 2, &["services.yaml:2:1"]);
    let (_, file, line, _) = error_of(&run);
    assert_eq!((file.as_str(), line), ("services.yaml", 2));
    scene.file("services.yaml", "other: 1\n");
    scene
        .bump(&[])
        .expect(0)
        .says(&["warning: services.yaml names no service `kf`"]);
}

#[test]
fn configuration_that_is_wrong() {
    let scene = Scene::usual();
    scene.sync();
    scene.file("cotter.toml", &format!("{CONFIG}clon = \"x\"\n"));
    let run = scene.refuses(
        &["--format", "json"],
        2,
        &["cotter.toml:4:1", "unknown field `clon`"],
    );
    assert_eq!(error_of(&run), ("usage".into(), "cotter.toml".into(), 4, 1));
    scene.file("cotter.toml", "[pin.\"kf:nosuch\"]\nfollow = \"main\"\n");
    scene.refuses(&[], 2, &["cotter.toml:1:6", "no pin is named `kf:nosuch`"]);
}

#[test]
fn one_manifest_that_names_the_rev_twice() {
    let scene = Scene::usual();
    let build = "apiVersion: enbi.hrzn.ee/v1alpha1\nkind: NixBuild\nmetadata: {name: NAME}\nspec:\n  \
        flakeUrl: git+@URL@?rev=@UP@\n  imageTag: example.org/kf:@UP:7@\n";
    let two = format!(
        "{}---\n{}",
        build.replace("NAME", "kf"),
        build.replace("NAME", "kf-debug")
    );
    scene.put("deploy/builds.yaml", &two);
    scene.put("deploy/again.yaml", &build.replace("NAME", "third"));
    scene.sync();
    let before = scene.tree();
    scene.bump(&[]).expect(0);
    scene.assert_bumped(&before);
}

#[test]
fn from_a_folder_below() {
    let scene = Scene::usual();
    scene.sync();
    let mut command = scene.command(&["pin", "bump", "default.nix"]);
    ran(command.current_dir(scene.ops().join("containers/kf"))).expect(0);
    assert!(scene.read(NIX).contains(&scene.rev("main")));
}
