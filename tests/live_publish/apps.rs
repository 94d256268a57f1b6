//! The flake apps of mkPublishApps, built by a real Nix for images of every kind, and run.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::scene::{Scene, TOKEN, printed};
use crate::support::buildkit::Buildkit;
use crate::support::cotter::{Run, ran};
use crate::support::images::{self, Nix};
use crate::support::run_ok;

/// Images and apps from `images.nix`, beside a scene's registry.
struct Apps {
    scene: Scene,
    nix: Nix,
}

impl Apps {
    fn new(nix: Nix) -> Apps {
        let scene = Scene::new();
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live_publish/images.nix");
        fs::copy(here, scene.path("images.nix")).unwrap();
        fs::write(
            scene.path("Dockerfile"),
            "FROM scratch\nCOPY app /app\nENTRYPOINT [\"/app\"]\n",
        )
        .unwrap();
        fs::create_dir(scene.path("context")).unwrap();
        fs::write(scene.path("context/app"), "#!/bin/sh\n").unwrap();
        Apps { scene, nix }
    }

    /// An attribute of `images.nix`, as Nix is told.
    fn expression(&self, attribute: &str) -> String {
        format!(
            "(import {} {{ library = {}/nix; repository = \"127.0.0.1:{}\"; }}).{attribute}",
            self.scene.path("images.nix").display(),
            env!("CARGO_MANIFEST_DIR"),
            self.scene.proxy.port
        )
    }

    fn build(&self, attribute: &str) -> PathBuf {
        self.nix
            .build_expression(&self.expression(attribute))
            .unwrap()
    }

    /// The program of an app.
    fn program(&self, attribute: &str) -> String {
        fs::read_to_string(self.build(attribute)).unwrap()
    }

    fn run(&self, attribute: &str, args: &[&str]) -> Run {
        let mut app = crate::support::command(&self.program(attribute), &self.scene.path("home"));
        app.args(args)
            .env("PATH", self.scene.search_path())
            .env("TMPDIR", self.scene.path("tmp"))
            .env("REGISTRY_TOKEN", TOKEN)
            .env("PUBLISH_BACKOFF", "0");
        ran(&mut app)
    }

    /// The paths of an app's closure.
    fn closure(&self, attribute: &str) -> String {
        let program = self.build(attribute);
        let mut query = self.nix.command("nix-store");
        query.args(["--query", "--requisites"]).arg(program);
        run_ok(&mut query, "nix-bin")
    }

    fn config(&self, tag: &str) -> Value {
        let mut skopeo = self.scene.reader("skopeo");
        skopeo
            .args(["inspect", "--config", "--tls-verify=false"])
            .arg(format!("docker://{}", self.scene.reference(tag)));
        serde_json::from_str(&run_ok(&mut skopeo, "skopeo")).unwrap()
    }
}

#[test]
fn images_of_every_kind_are_published() {
    for nix in images::all() {
        publishes_every_kind(&Apps::new(nix));
    }
}

fn publishes_every_kind(apps: &Apps) {
    for (kind, version) in [("layered", "1.0.0"), ("mixed", "1.1.0")] {
        let verified = apps.run(&format!("{kind}.verify-digest"), &[]).expect(0);
        let program = apps.program(&format!("{kind}.publish"));
        let mut publish = crate::support::command(&program, &apps.scene.path("home"));
        publish
            .arg("--publish")
            // The app brings what it runs.
            .env("PATH", apps.scene.path("nothing"))
            .env("TMPDIR", apps.scene.path("tmp"))
            .env("REGISTRY_TOKEN", TOKEN)
            .env("VERSION", version);
        let run = ran(&mut publish).expect(0);
        for arch in ["amd64", "arm64"] {
            let tag = format!("{version}-{arch}");
            let config = apps.config(&tag);
            assert_eq!(config["architecture"], arch, "{kind}");
            assert_eq!(config["config"]["Entrypoint"][0], "/bin/app", "{kind}");
            let digest = printed(&verified, &format!("{arch} "));
            assert_eq!(apps.scene.digest(&tag), Some(digest.clone()), "{kind}");
            assert!(apps.scene.manifest(version).contains(&digest));
        }
        assert_eq!(apps.scene.digest("latest"), Some(printed(&run, "latest ")));
    }
    // Without VERSION the flake's version is the tag, and a lone image needs no index.
    apps.run("whole.push-image", &["prod", "--publish"])
        .expect(0);
    assert!(apps.scene.digest_in("prod/app", "1.2.3").is_some());
    apps.scene.assert_cleaned_up();
}

#[test]
fn an_app_needs_what_it_pushes_and_no_more() {
    let apps = Apps::new(images::host());
    let (amd64, arm64) = (
        apps.build("images.mixed.amd64"),
        apps.build("images.mixed.arm64"),
    );
    let has = |app: &str, image: &Path| {
        let closure = apps.closure(&format!("mixed.{app}"));
        closure.contains(image.to_str().unwrap())
    };
    for app in ["stage-amd64", "publish-amd64"] {
        assert!(has(app, &amd64) && !has(app, &arm64), "{app}");
    }
    for app in ["publish", "push-image", "verify-digest"] {
        assert!(has(app, &amd64) && has(app, &arm64), "{app}");
    }
    // It is a join, and builds nothing.
    assert!(!has("publish-index", &amd64) && !has("publish-index", &arm64));
    // A layered image is pushed from its stream, and not compressed for it.
    let layered = apps.build("images.layered.amd64");
    let closure = apps.closure("layered.publish");
    assert!(!closure.contains(layered.to_str().unwrap()) && closure.contains("stream-app"));

    let staged = apps.run("mixed.stage-amd64", &[]).expect(0);
    assert_eq!(staged.out, format!("amd64 {}\n", amd64.display()));
    // The apps of one run, each by itself.
    apps.run("mixed.publish-amd64", &["--publish"]).expect(0);
    apps.run("mixed.publish-index", &["--publish"])
        .expect(4)
        .says(&["BLOCKER(missing-arch)"]);
    apps.run("mixed.publish-arm64", &["--publish"]).expect(0);
    apps.run("mixed.publish-index", &["--publish"]).expect(0);
    assert_eq!(apps.scene.digest("latest"), apps.scene.digest("1.2.3"));
}

#[test]
fn an_architecture_from_a_dockerfile_joins_the_index() {
    let apps = Apps::new(images::host());
    let buildkit = Buildkit::start(&[]);
    let app = |attribute: &str, args: &[&str]| {
        let program = apps.program(attribute);
        let mut app = crate::support::command(&program, &apps.scene.path("home"));
        app.args(args)
            // The app brings what it runs; there is no docker.
            .env("PATH", apps.scene.path("nothing"))
            .env("TMPDIR", apps.scene.path("tmp"))
            .env("REGISTRY_TOKEN", TOKEN)
            .env("BUILDKIT_ADDR", buildkit.address());
        ran(&mut app)
    };
    let dry = app("hatch.publish", &[]).expect(0);
    assert!(
        dry.out.contains("1  push") && dry.out.contains("Dockerfile"),
        "{}",
        dry.out
    );
    assert!(!dry.err.contains("BLOCKER"), "{}", dry.err);

    let run = app("hatch.publish", &["--publish"]).expect(0);
    let index = apps.scene.manifest("1.2.3");
    for arch in ["amd64", "arm64"] {
        assert!(index.contains(&printed(&run, &format!("{arch} "))));
    }
    let config = apps.config("1.2.3-arm64");
    assert_eq!(config["architecture"], "arm64");
    assert_eq!(config["config"]["Entrypoint"], serde_json::json!(["/app"]));
    assert_eq!(apps.scene.digest("latest"), Some(printed(&run, "latest ")));

    // One app after another: what an earlier run pushed is what this one would.
    let staged = app("hatch.stage-arm64", &[]).expect(0);
    assert!(staged.out.starts_with("arm64 "), "{}", staged.out);
    let again = app("hatch.publish-arm64", &["--publish"]).expect(0);
    assert!(again.err.contains("unchanged"), "{}", again.err);
    assert_eq!(printed(&again, "arm64 "), printed(&run, "arm64 "));
    apps.scene.assert_cleaned_up();
}

#[test]
fn wrong_arguments_are_named() {
    let apps = Apps::new(images::host());
    for (attribute, words) in [
        ("none", "`images` is empty"),
        ("notAnImage.publish.program", "`images.amd64` is none of"),
        ("badName", "a repository's name"),
        ("scheme", "without `https://`"),
        (
            "noContext",
            "no registry is called `default`; there are prod",
        ),
    ] {
        let said = apps
            .nix
            .evaluate(&apps.expression(&format!("wrong.{attribute}")))
            .unwrap_err();
        assert!(said.contains(words), "{attribute}: {said}");
        assert!(said.contains("mkPublishApps:"), "{said}");
    }
}
