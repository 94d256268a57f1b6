//! What is not built, or built and not loaded, and why.

use std::fs;

use cotter::nixbuild::read;
use cotter::source::{RelPath, SourceFile};
use proptest::prelude::*;

use crate::scene::{IMAGE, Scene, conditions, status};

#[test]
fn a_manifest_that_cannot_be_built_is_refused_where_it_is_wrong() {
    let scene = Scene::new();
    let good = scene.nixbuild("hello", "archive");
    let (rev, url) = (scene.rev.clone(), scene.flake_url());
    for (from, to, at, word) in [
        (
            format!("?rev={rev}"),
            String::new(),
            "6:13",
            "names no revision",
        ),
        (
            format!("?rev={rev}"),
            format!("?rev={}", &rev[..8]),
            "6:13",
            "names no revision",
        ),
        (
            format!("?rev={rev}"),
            "?ref=main".to_owned(),
            "6:13",
            "names no revision",
        ),
        (
            url.clone(),
            "nixpkgs".to_owned(),
            "6:13",
            "names no revision",
        ),
        (
            url.clone(),
            format!("{url}#x"),
            "6:13",
            "names an attribute",
        ),
        (
            url.clone(),
            format!("git+https://u:secret@git.example.org/x?rev={rev}"),
            "6:13",
            "credential",
        ),
        (
            format!("  flakeUrl: {url}\n"),
            String::new(),
            "6:13",
            "no `flakeUrl`",
        ),
        (
            format!(":{rev}\n"),
            "\n".to_owned(),
            "7:13",
            "no name of an image",
        ),
        (
            format!(":{rev}\n"),
            ":-x\n".to_owned(),
            "7:13",
            "no name of an image",
        ),
        (
            IMAGE.to_owned(),
            "--help".to_owned(),
            "7:13",
            "no name of an image",
        ),
        (
            "packageName: archive".to_owned(),
            "packageName: '..'".to_owned(),
            "8:16",
            "no attribute path",
        ),
        (
            "x86_64-linux".to_owned(),
            "x86_64-darwin".to_owned(),
            "9:11",
            "no system",
        ),
        (
            "x86_64-linux".to_owned(),
            "'../x-linux'".to_owned(),
            "9:11",
            "no system",
        ),
    ] {
        let text = good.replace(&from, &to);
        assert_ne!(text, good, "{from}");
        scene.write("bad.yaml", &text);
        let run = scene
            .run(&["build", "bad.yaml"])
            .expect(2)
            .says(&[&format!("bad.yaml:{at}"), word]);
        assert!(!run.err.contains("secret"), "{}", run.err);
    }
    scene.write("none.yaml", "kind: Service\n");
    scene
        .run(&["build", "none.yaml"])
        .expect(2)
        .says(&["asks for no build"]);
    scene.write("broken.yaml", "flakeUrl: [\n");
    scene
        .run(&["build", "broken.yaml"])
        .expect(2)
        .says(&["broken.yaml:"]);
    scene
        .run(&["build", "missing.yaml"])
        .expect(2)
        .says(&["no such file"]);
    scene
        .run(&["build", "none.yaml", "--load", "oci:"])
        .expect(2)
        .says(&["names no path"]);
}

#[test]
fn an_image_that_is_not_the_one_is_not_loaded() {
    let scene = Scene::new();
    for (package, words) in [
        ("arm", ["the image is for linux/arm64", "x86_64-linux"]),
        ("other", ["team/another:old", "--rename"]),
    ] {
        scene
            .build(
                package,
                &[
                    "--load",
                    "docker-archive:out.tar",
                    "--status",
                    "status.yaml",
                ],
            )
            .expect(4)
            .says(&words);
        assert!(!scene.work().join("out.tar").exists(), "{package}");
        let file = scene.work().join("status.yaml");
        assert_eq!(status(&file, &["status"]).as_deref(), Some("Failed"));
        assert_eq!(
            conditions(&file),
            [
                ["Success", "ResultFailure", "False"],
                ["Complete", "BuildFinished", "True"]
            ]
        );
    }
    scene
        .build("other", &["--rename", "--load", "docker-archive:out.tar"])
        .expect(0);
    assert!(scene.work().join("out.tar").exists());
    scene.is_clean();
}

#[test]
fn what_nix_cannot_build_is_told() {
    let scene = Scene::new();
    for (package, word) in [
        (
            "missing",
            "has no attribute 'packages.x86_64-linux.missing'",
        ),
        ("set", "is no derivation"),
        ("throws", "not today"),
        ("failing", "this cannot go well"),
        ("nothing", "no image that cotter knows"),
        ("broken", "failed on purpose"),
        ("endless", "x86_64-linux"),
        ("archive.stream.more", "has no attribute"),
        ("a\".\"b", "has no attribute"),
        ("impure", "forbidden in pure eval"),
    ] {
        let run = scene.build(package, &[]).expect(3);
        if package != "endless" {
            run.says(&[word]);
        }
    }
    let text = scene
        .nixbuild("hello", "archive")
        .replace(&scene.rev, &"0".repeat(40));
    scene.write("gone.yaml", &text);
    scene.run(&["build", "gone.yaml"]).expect(3);
    scene.is_clean();
}

#[test]
fn another_system_is_left_to_remote_builders() {
    let scene = Scene::new();
    let text = scene
        .nixbuild("hello", "archive")
        .replace("x86_64-linux", "nowhere-linux");
    scene.write("manifest.yaml", &text);
    scene
        .run(&["build", "manifest.yaml"])
        .expect(3)
        .says(&["nowhere-linux", "--builders"]);
    // The builder is asked for: that this one is out of reach is what is told.
    let run = scene
        .run(&[
            "build",
            "manifest.yaml",
            "--builders",
            "ssh://builder.invalid nowhere-linux",
        ])
        .expect(3);
    assert!(run.err.contains("nowhere-linux"), "{}", run.err);
}

fn text() -> impl Strategy<Value = String> {
    let pieces = [
        "apiVersion: enbi.hrzn.ee/v1alpha1\n",
        "kind: NixBuild\n",
        "kind: List\n",
        "items:\n",
        "- ",
        "metadata:\n",
        "  name: x\n",
        "spec:\n",
        "  flakeUrl: ",
        "git+https://h/x?rev=f5d531177a7330e9b270c15cca5df0eb72b8684c\n",
        "?rev=",
        "\n",
        "  imageTag: ",
        "r.example.org/x:1\n",
        "a@sha256:0\n",
        "  packageName: ",
        "a.\"b",
        "..\n",
        "x\n",
        "  system: ",
        "x86_64-linux\n",
        "-linux\n",
        "---\n",
        "&a ",
        "*a\n",
        "|\n",
        "'",
        "\"",
        "{",
        "}",
        "[",
        "]",
        "\u{feff}",
        "é",
        "\t",
        "enbi.hrzn.ee/nixbuild-flakeUrl: ",
        "  template:\n",
        "    metadata:\n",
        "      annotations:\n",
        "        enbi.hrzn.ee/nixbuild-imageTag: ",
        "kind: Deployment\n",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..30)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// No manifest is too much; what is taken has a revision, and an image with a tag.
    #[test]
    fn any_manifest_is_read_or_refused(text in text()) {
        let file = SourceFile::from_text(RelPath::new("x.yaml").unwrap(), text);
        for wanted in read(&file, "x86_64-linux").into_iter().flatten().flatten() {
            prop_assert!(wanted.flake_url.contains("f5d531177a7330e9b270c15cca5df0eb72b8684c"));
            prop_assert!(wanted.image_tag.contains(':') && !wanted.attrs().is_empty());
        }
    }
}

#[test]
fn a_status_that_cannot_be_written_is_told() {
    let scene = Scene::new();
    fs::write(scene.work().join("file"), "").unwrap();
    scene
        .build("archive", &["--status", "file/status.yaml"])
        .expect(3)
        .says(&["write the status"]);
}
