//! `--lib`: the emitted file calls the library, and its pins are those of the file that stands on its own.

use super::{clone, emit, fetch, pins, refuses, scene};
use crate::support::spork::{LOCK, NIX, Scene, cargo_lock};

const REV: &str = "1d37d2983cd4a58c12663dd8df0e79dfe89a5d75";
const FLAKE: &str = "git+https://git.example.org/team/cotter.git";

fn at_rev() -> String {
    format!("{FLAKE}?rev={REV}")
}

/// The pins of the spork alone: with the library there is its own beside them.
fn of_spork(scene: &Scene) -> Vec<(String, (String, String))> {
    let pins = pins(scene).into_iter();
    pins.filter(|(name, _)| name != "kf:cotterLib").collect()
}

#[test]
fn the_library_makes_the_source() {
    let scene = scene();
    emit(&scene, &["kf"]).expect(0);
    let alone = of_spork(&scene);
    std::fs::remove_file(scene.ops().join(NIX)).unwrap();
    let args = ["kf", "--lib", &at_rev()];
    emit(&scene, &args).expect(0);
    let text = scene.read(NIX);
    for part in [
        "url = \"https://git.example.org/team/cotter.git\";",
        &format!("rev = \"{REV}\"; # pin\n"),
        "allRefs = true;",
        "src = cotterLib.sporkSource {",
        "branch = \"main\";",
        &format!("#   cotter spork emit kf --lib {FLAKE}\n"),
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for part in ["diff -ruN", "patch -p1", "getFlake"] {
        assert!(!text.contains(part), "{part}: {text}");
    }
    assert_eq!(of_spork(&scene), alone);
    // The library moves when it is asked to, and not with the spork.
    let list = scene.cotter(&["pin", "list", "--format", "json"]).expect(0);
    let pins = list.json();
    let library = pins["pins"].as_array().unwrap().iter();
    let library: Vec<_> = library
        .filter(|pin| pin["name"] == "kf:cotterLib")
        .collect();
    assert_eq!(library.len(), 1, "{}", list.out);
    assert_eq!(
        (&library[0]["rev"], &library[0]["follow"]),
        (&REV.into(), &"pin".into())
    );
    scene.work.git(&["init", "-q"]);
    scene.cotter(&["check", "--all-files"]).expect(0);
    scene.cotter(&["spork", "status", "kf"]).expect(0);
    // The file says the commit from then on, also after it was bumped.
    let before = scene.tree();
    for library in [&at_rev(), FLAKE] {
        emit(&scene, &["kf", "--lib", library]).expect(0);
        assert_eq!(scene.tree(), before);
    }
    let newer = "677c7a5d5fc42b655d38fbf95dc8b814d89ceabb";
    scene.file(NIX, &text.replace(REV, newer));
    let bumped = scene.tree();
    emit(&scene, &["kf", "--lib", FLAKE]).expect(0);
    assert_eq!(scene.tree(), bumped);
    emit(&scene, &args).expect(0);
    assert_eq!(scene.tree(), before);
    refuses(
        &scene,
        &["kf", "--lib", "git+https://git.example.org/other.git"],
        2,
        &["it names no commit"],
    );
}

#[test]
fn a_bump_moves_it() {
    let scene = scene();
    let args = ["kf", "--lib", &at_rev()];
    emit(&scene, &args).expect(0);
    let names = ["main", "feature/upstream/one", "feature/local/two"];
    let (mut expected, before) = (scene.read(NIX), names.map(|name| scene.rev(name)));
    scene.sync();
    fetch(&scene);
    scene.bump(&[]).expect(0);
    for (old, name) in before.iter().zip(names) {
        expected = expected.replace(old, &scene.rev(name));
    }
    expected = expected.replace(&before[0][..7], &scene.rev("main")[..7]);
    assert_eq!(scene.read(NIX), expected);
    assert_eq!(scene.read(LOCK), cargo_lock("0.5.0", &[]));
    let bumped = scene.tree();
    assert_eq!(emit(&scene, &args).expect(0).err, "");
    assert_eq!(scene.tree(), bumped);
    scene.cotter(&["check", "--all-files"]).expect(0);
}

#[test]
fn one_form_becomes_the_other_and_keeps_its_pins() {
    let scene = scene();
    emit(&scene, &["kf"]).expect(0);
    let alone = scene.tree();
    let before = of_spork(&scene);
    scene.sync();
    fetch(&scene);
    emit(&scene, &["kf", "--lib", &at_rev()]).expect(0);
    assert_eq!(of_spork(&scene), before);
    emit(&scene, &["kf"]).expect(0);
    assert_eq!(scene.tree(), alone);
}

#[test]
fn the_flake_has_it_as_an_input() {
    for form in ["--flake", "--flake=alone"] {
        let scene = Scene::new();
        clone(&scene);
        scene.file("cotter.toml", super::CONFIG);
        emit(&scene, &["kf", form, "--lib", FLAKE]).expect(0);
        let flake = scene.read("containers/kf/flake.nix");
        for part in [
            &format!("url = \"{FLAKE}\";")[..],
            "cotterLib = cotter.lib;",
            "cotter.lib.mkPublishApps",
        ] {
            assert!(flake.contains(part), "{form}: {part}: {flake}");
        }
        let image = match form {
            "--flake" => scene.read(NIX),
            _ => flake,
        };
        assert!(image.contains("cotterLib.sporkSource"), "{image}");
        assert!(!image.contains("fetchGit"), "{image}");
        assert!(!scene.ops().join("containers/kf/publish.nix").exists());
        let names: Vec<String> = of_spork(&scene).into_iter().map(|(name, _)| name).collect();
        for name in ["upstreamRev", "features.one", "features.two"] {
            let is_it = |found: &String| found.ends_with(name);
            assert!(names.iter().any(is_it), "{form}: {name}: {names:?}");
        }
    }
}

#[test]
fn a_reference_that_holds_nothing_is_refused() {
    let scene = scene();
    for reference in [
        FLAKE,
        "github:example-org/cotter",
        "github:example-org/cotter/main",
        "cotter",
        "path:../cotter",
        &format!("{FLAKE}?ref=main"),
        &format!("{FLAKE}?rev={}", &REV[..12]),
    ] {
        let says = ["it names no commit of a git", "`--flake`", "?rev="];
        refuses(&scene, &["kf", "--lib", reference], 2, &says);
    }
    for reference in ["", "git+https://git.example.org/c#lib", "a\nb"] {
        refuses(
            &scene,
            &["kf", "--lib", reference],
            2,
            &["a flake is expected"],
        );
    }
    let secret = format!("git+https://me:SECRET@git.example.org/team/cotter.git?rev={REV}");
    let run = emit(&scene, &["kf", "--lib", &secret, "-v"]).expect(0);
    let text = scene.read(NIX);
    assert!(
        text.contains("url = \"https://git.example.org/team/cotter.git\";"),
        "{text}"
    );
    assert!(!format!("{text}{}{}", run.out, run.err).contains("SECRET"));
    let odd = format!("git+https://git.example.org/${{x}}\"''/*?ref=a${{y}}&dir=b\"c&rev={REV}");
    emit(&scene, &["kf", "--lib", &odd]).expect(0);
    let text = scene.read(NIX);
    for part in [
        "url = \"https://git.example.org/\\${x}\\\"''/*\";",
        "ref = \"a\\${y}\";",
        "/b\\\"c/nix\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    scene.cotter(&["check", "--all-files"]).expect(0);
}
