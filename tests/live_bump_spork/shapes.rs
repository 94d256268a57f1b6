//! The shapes that a spork comes in: where its bindings stand, how its values are spelled.

use crate::support::spork::{BINDINGS, CONFIG, LOCK, NIX, Scene, TAIL, let_in};

/// Bumps a scene of `files` and builds the result; only the values change.
#[track_caller]
fn bumps(files: &[(&str, &str)]) -> Scene {
    let scene = Scene::new();
    scene.put(LOCK, "@LOCK@").file(
        "cotter.toml",
        "[container.kf]\nnix = \"containers/kf/default.nix\"\n",
    );
    for (path, text) in files {
        scene.put(path, text);
    }
    scene.bump(&["--dry-run"]).expect(0);
    scene.sync();
    let before = scene.tree();
    scene.bump(&["kf"]).expect(0);
    scene.assert_bumped(&before);
    scene.bump(&["--dry-run"]).expect(0);
    scene
}

#[track_caller]
fn bumps_and_builds(files: &[(&str, &str)]) {
    bumps(files).assert_builds(NIX);
}

fn with(from: &str, to: &str) -> String {
    assert!(BINDINGS.contains(from));
    let_in(&BINDINGS.replace(from, to))
}

const LIST: &str = r#"features = [
    { name = "one"; rev = "@ONE@"; } # one, of ours
    {
      name = "two";
      branch = "feature/local/two";
      rev = "@TWO@";
    }
  ];
  list = features;"#;

#[test]
fn features_as_a_set_of_sets() {
    let text = with(
        LIST,
        r#"features = {
    one.rev = "@ONE@";
    "two" = { rev = "@TWO@"; branch = "feature/local/two"; };
  };
  list = builtins.attrValues (builtins.mapAttrs (name: feature: feature // { inherit name; }) features);"#,
    );
    bumps_and_builds(&[(NIX, &text)]);
}

#[test]
fn features_as_a_set_of_revs() {
    let text = with(
        LIST,
        r#"features = { one = "@ONE@"; two = ''@TWO@''; };
  list = builtins.attrValues (builtins.mapAttrs (name: rev: { inherit name rev; }) features);"#,
    );
    bumps_and_builds(&[(NIX, &text)]);
}

#[test]
fn function_arguments() {
    let text = format!(
        r#"{{
  pkgs ? import ../../nix/pkgs.nix {{ }},
  version ? "@UP:8@",
  upstreamRev ? "@UP@",
  features ? [
    {{ name = "one"; rev = "@ONE@"; }}
    {{ name = "two"; rev = "@TWO@"; }} # feature/local/two
  ],
}}:
let
  list = features;
  url = "@URL@";
{TAIL}in
{{ inherit src version; }}
"#
    );
    bumps_and_builds(&[(NIX, &text)]);
}

#[test]
fn a_recursive_set_with_the_features_beside_it() {
    let text = format!(
        r#"{{ pkgs ? import ../../nix/pkgs.nix {{ }} }}:
let
  one = {{ name = "one"; rev = "@ONE@"; }};
  features = [ one two ];
  two = {{ name = "two"; rev = twoRev; }};
  twoRev = "@TWO@";
in
rec {{
  inherit features;
  version = "@UP:12@";
  upstreamRev = "@UP@";
  url = "@URL@";
  list = features;
{TAIL}}}
"#
    );
    bumps_and_builds(&[(NIX, &text)]);
}

#[test]
fn another_file_holds_the_revisions() {
    let text = let_in(
        "\n  pins = import ./pins.nix;\n  inherit (pins) version upstreamRev;\n  list = pins.features;\n  url = \"@URL@\";\n",
    );
    let pins = r#"{
  version = "@UP:7@";
  upstreamRev = "@UP@"; # main
  features = [
    { name = "one"; rev = "@ONE@"; }
    { name = "two"; ref = "feature/local/two"; rev = "@TWO@"; }
  ];
}
"#;
    bumps_and_builds(&[(NIX, &text), ("containers/kf/pins.nix", pins)]);
}

#[test]
fn line_endings_stay() {
    bumps(&[(NIX, &let_in(BINDINGS).replace('\n', "\r\n"))]);
    // Nix hands the script of a derivation to the shell with the endings that it has.
    bumps_and_builds(&[(NIX, &let_in(&BINDINGS.replace('\n', "\r\n")))]);
}

#[test]
fn versions_of_every_form() {
    for version in [
        "@UP:7@",
        "@UP:8@",
        "@UP:12@",
        "@UP@",
        "unstable-@DATE@",
        "0-unstable-@DATE@",
        "0.4.0-unstable-@DATE@",
        "@DATE@",
        "0.4.0",
    ] {
        let scene = bumps(&[(NIX, &with("@UP:7@", version))]);
        if version.contains("DATE") {
            assert!(scene.read(NIX).contains("2024-03-05"), "{version}");
        }
    }
}

#[test]
fn services_of_every_form() {
    for services in [
        "kf: v@UP:7@\n",
        "kf:\n  version: \"@UP@\"\nother:\n  version: \"1\"\n",
        "services:\n- {name: kf, version: @UP:12@}\n",
        "services:\n- name: kf\n  tag: v@UP@ # as it is\n",
    ] {
        let scene = Scene::new();
        scene
            .put(NIX, &let_in(BINDINGS))
            .put(LOCK, "@LOCK@")
            .file("cotter.toml", CONFIG);
        scene.put("services.yaml", services);
        scene.sync();
        let before = scene.tree();
        scene.bump(&[]).expect(0);
        scene.assert_bumped(&before);
    }
}

#[test]
fn builds_that_name_the_same_revision() {
    let build = |tag: &str| {
        format!(
            "apiVersion: enbi.hrzn.ee/v1alpha1\nkind: NixBuild\nmetadata:\n  name: kf\nspec:\n  \
             flakeUrl: \"git+@URL@?ref=main&rev=@UP@\" # stays as it is\n  imageTag: registry.example.org/kf:{tag}\n"
        )
    };
    let pod = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: kf\nspec:\n  template:\n    metadata:\n      \
        annotations:\n        enbi.hrzn.ee/nixbuild-flakeUrl: 'git+@URL@?rev=@UP@'\n        \
        enbi.hrzn.ee/nixbuild-imageTag: registry.example.org/kf:@UP:7@\n";
    for tag in ["@UP:7@", "@UP@", "@UP:12@", "latest"] {
        bumps(&[
            (NIX, &let_in(BINDINGS)),
            ("deploy/build.yaml", &build(tag)),
            ("deploy/pod.yaml", pod),
        ]);
    }
}
