//! What is built, and what is told of it.

use std::fs;
use std::path::Path;

use crate::scene::{Scene, conditions, status};
use crate::support::repo::Repo;

#[test]
fn every_kind_of_image_is_built_and_told() {
    let scene = Scene::new();
    let mut digests = Vec::new();
    for (package, kind) in [
        ("archive", "docker-archive"),
        ("compressed", "docker-archive"),
        ("stream", "stream-script"),
        ("archive.stream", "stream-script"),
        ("\"archive\"", "docker-archive"),
    ] {
        let built = scene
            .build(package, &["--status", "status.yaml"])
            .expect(0)
            .json();
        assert_eq!(built["schema"], 1);
        assert_eq!(built["image"], scene.tag(), "{package}");
        assert_eq!(built["kind"], kind, "{package}");
        assert_eq!(built["loaded_into"], serde_json::Value::Null);
        assert!(built["size"].as_u64().unwrap() >= 10_240, "{built}");
        assert!(
            Path::new(built["store_path"].as_str().unwrap()).exists(),
            "{built}"
        );
        let digest = built["digest"].as_str().unwrap().to_owned();
        let file = scene.work().join("status.yaml");
        let says = |key: &str| status(&file, &[key]);
        assert_eq!(says("status").as_deref(), Some("Succeeded"));
        assert_eq!(says("imageDigest"), Some(digest.clone()));
        assert_eq!(says("imageSize"), Some(built["size"].to_string()));
        assert_eq!(says("buildNode").as_deref(), built["node"].as_str());
        assert!(says("buildJobName").unwrap().starts_with("hello-"));
        assert_eq!(
            conditions(&file),
            [
                ["Success", "ResultSuccess", "True"],
                ["Complete", "BuildFinished", "True"]
            ]
        );
        digests.push(digest);
    }
    // The same image, however it is stored.
    digests.dedup();
    assert_eq!(digests.len(), 1, "{digests:?}");
    scene.is_clean();
}

#[test]
fn annotations_are_built_as_well() {
    let scene = Scene::new();
    let deployment = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: hello\nspec:\n  selector: {{matchLabels: {{a: h}}}}\n  \
         template:\n    metadata:\n      labels: {{a: h}}\n      annotations:\n        enbi.hrzn.ee/nixbuild-flakeUrl: {}\n        \
         enbi.hrzn.ee/nixbuild-imageTag: {}\n        enbi.hrzn.ee/nixbuild-packageName: stream\n    spec:\n      containers:\n        \
         - {{name: hello, image: '{}'}}\n",
        scene.flake_url(),
        scene.tag(),
        scene.tag()
    );
    scene.write("deployment.yaml", &deployment);
    let run = scene
        .run(&["build", "deployment.yaml", "--system", "x86_64-linux"])
        .expect(0);
    assert!(
        run.out.contains(&scene.tag()) && run.out.contains("stream script"),
        "{}",
        run.out
    );
}

#[test]
fn one_of_several_is_chosen_by_its_name() {
    let scene = Scene::new();
    let both = format!(
        "{}---\n{}",
        scene.nixbuild("one", "archive"),
        scene.nixbuild("two", "stream")
    );
    scene.write("both.yaml", &both);
    scene
        .run(&["build", "both.yaml"])
        .expect(2)
        .says(&["several builds: one, two", "--name"]);
    let run = scene
        .run(&["build", "both.yaml", "--name", "two", "--format", "json"])
        .expect(0);
    assert_eq!(run.json()["kind"], "stream-script");
    scene
        .run(&["build", "both.yaml", "--name", "three"])
        .expect(2)
        .says(&["no build named `three`"]);
}

/// dockerTools and nix2container, as far as `fixtures/` has them.
#[test]
fn images_of_package_sets_are_built_on_this_machine() {
    let scene = Scene::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let repo = Repo::init(scene.dir.path().join("sets"));
    for set in ["nixpkgs", "nix2container"] {
        copy(&fixtures.join(set), &repo.dir().join(set));
    }
    repo.write(
        "flake.nix",
        r#"{
          outputs = { self }: let
            system = "x86_64-linux";
            pkgs = import ./nixpkgs { inherit system; };
            inherit (import ./nix2container { inherit pkgs; }) nix2container;
            image = {
              name = "registry.example.org/team/hello";
              tag = "old";
              config.Entrypoint = [ "/bin/busybox" ];
            };
          in {
            packages.${system} = {
              layered = pkgs.dockerTools.buildLayeredImage (image // { contents = [ pkgs.busybox ]; });
              json = nix2container.buildImage (image // { copyToRoot = [ pkgs.busybox ]; });
            };
          };
        }"#,
    );
    let rev = repo.commit("Images of package sets");
    let url = format!("git+file://{}?rev={rev}", repo.dir().display());
    for (package, kind) in [
        ("layered", "docker-archive"),
        ("layered.stream", "stream-script"),
        ("json", "nix2container"),
    ] {
        let text = scene
            .nixbuild("hello", package)
            .replace(&scene.flake_url(), &url);
        scene.write("manifest.yaml", &text);
        let load = format!("docker-archive:{package}.tar");
        let built = scene
            .run(&[
                "build",
                "manifest.yaml",
                "--format",
                "json",
                "--load",
                &load,
            ])
            .expect(0)
            .json();
        assert_eq!(built["kind"], kind, "{package}");
        assert!(
            scene
                .work()
                .join(format!("{package}.tar"))
                .metadata()
                .unwrap()
                .len()
                > 100_000
        );
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}
