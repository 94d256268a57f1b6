//! NixBuilds made from a work tree, written anew and into what is there.

use std::fs;

use crate::scene::{IMAGE, Scene};
use crate::support::cotter::{Run, ran};

impl Scene {
    /// In the repository rather than beside it.
    fn emit(&self, args: &[&str]) -> Run {
        ran(self
            .command()
            .current_dir(self.repo.dir())
            .arg("emit")
            .args(args))
    }
}

fn config(package: &str) -> String {
    format!(
        "[container.hello]\nimage = \"{IMAGE}\"\nnixbuild = {{ package = \"{package}\", system = \"x86_64-linux\" }}\n"
    )
}

#[test]
fn what_is_emitted_can_be_built() {
    let mut scene = Scene::new();
    scene.repo.write("cotter.toml", config("archive"));
    scene.rev = scene.repo.commit("Say what the image is");
    let origin = scene.repo.dir().display().to_string();
    scene.repo.git(&["remote", "add", "origin", &origin]);
    let printed = scene.emit(&["hello"]).expect(0).out;
    assert_eq!(printed, scene.nixbuild("hello", "archive"));
    scene.write("manifest.yaml", &printed);
    scene.run(&["build", "manifest.yaml"]).expect(0);

    let annotations = scene.emit(&["hello", "--annotations"]).expect(0).out;
    let expected = format!(
        "spec:\n  template:\n    metadata:\n      annotations:\n        enbi.hrzn.ee/nixbuild-flakeUrl: {}\n        \
         enbi.hrzn.ee/nixbuild-imageTag: {}\n        enbi.hrzn.ee/nixbuild-packageName: archive\n",
        scene.flake_url(),
        scene.tag()
    );
    assert_eq!(annotations, expected);

    let json = scene.emit(&["hello", "--format", "json"]).expect(0).json();
    assert_eq!(json["flake_url"], scene.flake_url());
    assert_eq!(
        json["annotations"]["enbi.hrzn.ee/nixbuild-packageName"],
        "archive"
    );
    assert_eq!(
        (&json["written"], &json["file"]),
        (&false.into(), &serde_json::Value::Null)
    );
}

#[test]
fn a_file_is_written_once_and_then_edited_in_place() {
    let scene = Scene::new();
    scene.repo.write("cotter.toml", config("archive"));
    let rev = scene.repo.commit("Say what the image is");
    scene.repo.git(&[
        "remote",
        "add",
        "origin",
        "https://user:secret@git.example.org/team/hello.git",
    ]);
    let out = ["hello", "--out", "nixbuild.yaml"];
    let file = scene.repo.dir().join("nixbuild.yaml");
    scene.emit(&[&out[..], &["--dry-run"]].concat()).expect(1);
    assert!(!file.exists());
    scene.emit(&out).expect(0);
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.contains(&format!(
            "flakeUrl: git+https://git.example.org/team/hello.git?rev={rev}\n"
        )),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
    scene
        .emit(&[&out[..], &["--dry-run"]].concat())
        .expect(0)
        .says(&[]);

    // By hand, and with another package than cotter.toml says.
    let edited = text
        .replace("kind: NixBuild", "kind: NixBuild # ours")
        .replace(
            "system: x86_64-linux\n",
            "system: 'x86_64-linux' # for now\n",
        );
    fs::write(&file, &edited).unwrap();
    scene.repo.write("cotter.toml", config("stream"));
    let run = scene
        .emit(
            &[
                &out[..],
                &[
                    "--tag",
                    "v1",
                    "--system",
                    "aarch64-linux",
                    "--format",
                    "json",
                ],
            ]
            .concat(),
        )
        .expect(0);
    let fields: Vec<String> = run.json()["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["field"].to_string())
        .collect();
    assert_eq!(fields, ["\"imageTag\"", "\"packageName\"", "\"system\""]);
    let expected = edited
        .replace(&format!("hello:{rev}"), "hello:v1")
        .replace("packageName: archive", "packageName: stream")
        .replace("'x86_64-linux'", "'aarch64-linux'");
    assert_eq!(fs::read_to_string(&file).unwrap(), expected);
}

#[test]
fn what_is_not_known_is_asked_for() {
    let scene = Scene::new();
    scene
        .emit(&["hello"])
        .expect(2)
        .says(&["no remote `origin`", "--flake-url"]);
    scene
        .emit(&[
            "hello",
            "--flake-url",
            "github:team/hello",
            "--package",
            "x",
            "--image-tag",
            "a:1",
        ])
        .expect(2)
        .says(&["names no revision"]);
    let url = scene.flake_url();
    let url = ["hello", "--flake-url", &url];
    scene
        .emit(&url)
        .expect(2)
        .says(&["which package", "--package"]);
    scene
        .emit(&[&url[..], &["--package", "x"]].concat())
        .expect(2)
        .says(&["what the image is called"]);
    scene
        .emit(&[&url[..], &["--package", "x", "--image-tag", "a"]].concat())
        .expect(2)
        .says(&["no name of an image"]);
    let all = ["--package", "x: y # z", "--image-tag", "a:1"];
    let run = scene.emit(&[&url[..], &all].concat()).expect(0);
    assert!(
        run.out.contains("packageName: \"x: y # z\"\n"),
        "{}",
        run.out
    );
    scene.repo.write("other.yaml", "kind: Service\n");
    scene
        .emit(&[&url[..], &all, &["--out", "other.yaml"]].concat())
        .expect(2)
        .says(&["holds no NixBuild"]);
    scene
        .emit(&[&url[..], &all, &["--out", "../outside.yaml"]].concat())
        .expect(2)
        .says(&["outside of the workspace"]);
    let odd = [
        "Hello_World",
        "--flake-url",
        &scene.flake_url(),
        "--package",
        "x",
        "--image-tag",
        "a:1",
    ]
    .map(str::to_owned);
    let odd: Vec<&str> = odd.iter().map(String::as_str).collect();
    scene
        .emit(&odd)
        .expect(2)
        .says(&["no name of an object", "--object-name"]);
}
