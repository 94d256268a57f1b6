//! `cotter deploy` over the workspaces of `fixtures/deploy/CASE`: `in/` is the workspace, `arguments` those of the
//! command, a line each, `expected/` the files that change, as they are then.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cotter::config::Config;
use cotter::deploy::{DeployError, Digest, Request, plan};
use cotter::manifest::{AttrPath, Kind, Node, parse};
use cotter::source::{RelPath, SourceFile, Workspace};
use proptest::prelude::*;
use support::command;
use support::cotter::{Run, ran};
use support::tree::Tree;

const COTTER: &str = env!("CARGO_BIN_EXE_cotter");
const KUSTOMIZATION: &str = "argocd/manifests/kingfisher/kustomization.yaml";
const IMAGES: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nimages:\n";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/deploy")
}

/// A workspace in a temporary folder.
struct Scene {
    dir: tempfile::TempDir,
}

impl Scene {
    fn new(files: &[(&str, &str)]) -> Scene {
        let scene = Scene {
            dir: tempfile::tempdir().unwrap(),
        };
        for (path, text) in files {
            scene.write(path, text.as_bytes());
        }
        scene
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("workspace")
    }

    fn write(&self, path: impl AsRef<Path>, bytes: &[u8]) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    fn deploy(&self, args: &[&str]) -> Run {
        ran(self.command().args(args))
    }

    fn command(&self) -> Command {
        let mut cotter = command(COTTER, self.dir.path());
        cotter.arg("--root").arg(self.root()).arg("deploy");
        cotter
    }
}

fn cases() -> Vec<String> {
    let entries = fs::read_dir(fixtures()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Every scalar that stands in a manifest, by document and path.
fn scalars(path: &Path, bytes: Vec<u8>) -> BTreeMap<(usize, String), String> {
    let path = RelPath::new(path.to_str().unwrap()).unwrap();
    let file = SourceFile::from_bytes(path, bytes).unwrap();
    let Ok(tree) = parse(&file) else {
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    for (document, node) in tree.documents.iter().enumerate() {
        each(node, AttrPath::default(), &mut |path, value| {
            found.insert((document, path), value);
        });
    }
    found
}

fn each(node: &Node, path: AttrPath, on_scalar: &mut impl FnMut(String, String)) {
    match &node.kind {
        Kind::Mapping(pairs) => {
            for (key, value) in pairs {
                each(value, path.key(key.as_str().unwrap_or("?")), on_scalar);
            }
        }
        Kind::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                each(item, path.index(index), on_scalar);
            }
        }
        Kind::Scalar(scalar) => on_scalar(path.as_str().to_owned(), scalar.value.clone()),
        Kind::Alias(_) => {}
    }
}

#[test]
fn only_the_wanted_scalars_change() {
    let cases = cases();
    assert!(cases.len() >= 40, "{}", cases.len());
    for case in &cases {
        let folder = fixtures().join(case);
        let scene = Scene::new(&[]);
        let before = Tree::of(&folder.join("in"));
        for (path, entry) in before
            .0
            .iter()
            .filter(|(path, _)| folder.join("in").join(path).is_file())
        {
            scene.write(path, &entry.bytes);
        }
        let before = Tree::of(&scene.root());
        let arguments = fs::read_to_string(folder.join("arguments")).unwrap();
        let arguments: Vec<&str> = arguments.lines().collect();

        let dry = [&arguments[..], &["--dry-run", "--format", "json"]].concat();
        let dry = scene.deploy(&dry).expect(1).json();
        assert_eq!(dry["written"], false, "{case}");
        assert!(
            Tree::of(&scene.root()).changed_since(&before).is_empty(),
            "{case}"
        );

        let told = [&arguments[..], &["--format", "json"]].concat();
        let told = scene.deploy(&told).expect(0).json();
        assert_eq!(told["changes"], dry["changes"], "{case}");
        assert_eq!(
            (&told["schema"], &told["written"]),
            (&1.into(), &true.into()),
            "{case}"
        );

        let after = Tree::of(&scene.root());
        let mut changed = BTreeSet::new();
        for path in after.changed_since(&before) {
            if scene.root().join(&path).is_file() {
                changed.insert(path);
            }
        }
        let expected = Tree::of(&folder.join("expected"));
        let expected: BTreeMap<&PathBuf, _> = expected
            .0
            .iter()
            .filter(|(path, _)| folder.join("expected").join(path).is_file())
            .collect();
        assert_eq!(
            changed.iter().collect::<Vec<_>>(),
            expected.keys().copied().collect::<Vec<_>>(),
            "{case}"
        );
        for (path, entry) in expected {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            assert_eq!(
                text(&after.0[path].bytes),
                text(&entry.bytes),
                "{case}: {}",
                path.display()
            );
            wanted(case, path, &before.0[path].bytes, &entry.bytes, &told);
        }

        let again = [&arguments[..], &["--format", "json"]].concat();
        let again = scene.deploy(&again).expect(0).json();
        assert_eq!(again["changes"], serde_json::json!([]), "{case}");
        assert!(
            Tree::of(&scene.root()).changed_since(&after).is_empty(),
            "{case}"
        );
    }
}

/// Every scalar that differs is one that the command told of, and says what it told.
fn wanted(case: &str, path: &Path, before: &[u8], after: &[u8], told: &serde_json::Value) {
    let (before, after) = (
        scalars(path, before.to_vec()),
        scalars(path, after.to_vec()),
    );
    let changes: Vec<(String, &str)> = told["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["file"] == path.to_str().unwrap())
        .map(|change| {
            let name = change["name"].as_str().unwrap();
            let (_, path) = name.split_once(':').unwrap();
            (path.to_owned(), change["new"].as_str().unwrap())
        })
        .collect();
    let mut differ = 0;
    for key in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let (old, new) = (before.get(key), after.get(key));
        if old == new {
            continue;
        }
        differ += 1;
        let (_, place) = key;
        // A patch that stands in a block of text is one scalar here. A digest may give way to a tag.
        let is_told = |(path, value): &&(String, &str)| {
            path.starts_with(place.as_str()) && new.is_some_and(|new| new.contains(value))
        };
        assert!(
            changes.iter().any(|change| is_told(&change))
                || new.is_none() && place.ends_with(".digest"),
            "{case}: {place}: {old:?} {new:?} {changes:?}"
        );
    }
    assert!(differ > 0 && differ >= changes.len().min(1), "{case}");
}

#[test]
fn a_tag_that_policy_forbids_is_refused() {
    let scene = Scene::new(&[
        (
            KUSTOMIZATION,
            &format!("{IMAGES}- name: kingfisher\n  newTag: v1\n"),
        ),
        (
            "cotter.toml",
            "[policy]\nforbidden-tags = [\"main\", \"dev-*\"]\n",
        ),
    ]);
    let before = Tree::of(&scene.root());
    for (tag, word) in [
        ("latest", "every push moves it"),
        ("main", "forbidden-tags"),
        ("dev-3", "`dev-*`"),
    ] {
        scene
            .deploy(&["kingfisher", "--tag", tag])
            .expect(4)
            .says(&[word, tag]);
    }
    let run = scene
        .deploy(&["kingfisher", "--tag", "latest", "--format", "json"])
        .expect(4);
    assert_eq!(run.json()["error"]["kind"], "invariant");
    assert!(Tree::of(&scene.root()).changed_since(&before).is_empty());
    scene.write("cotter.toml", b"[policy]\nforbidden-tags = [\"v[\"]\n");
    scene
        .deploy(&["kingfisher", "--tag", "v2"])
        .expect(2)
        .says(&["cotter.toml:2:19", "no pattern of tags"]);
}

#[test]
fn what_is_no_tag_or_digest_is_refused() {
    let scene = Scene::new(&[(
        KUSTOMIZATION,
        &format!("{IMAGES}- name: kingfisher\n  newTag: v1\n"),
    )]);
    for tag in [
        "",
        "-x",
        "a b",
        "a:b",
        "v1\nnewTag: x",
        "$(id)",
        &"x".repeat(129),
    ] {
        scene
            .deploy(&["kingfisher", &format!("--tag={tag}")])
            .expect(2)
            .says(&["no tag of an image"]);
    }
    for digest in [
        "sha256:abc",
        "abc",
        "sha256:",
        &format!("sha256:{}", "A".repeat(64)),
    ] {
        scene
            .deploy(&["kingfisher", "--tag", "v2", "--digest", digest])
            .expect(2)
            .says(&["no digest"]);
    }
    assert!(scene.read(KUSTOMIZATION).contains("newTag: v1\n"));
}

#[test]
fn a_digest_does_not_stay_beside_another_tag() {
    let old = format!("sha256:{}", "1a".repeat(32));
    let deployment = |image: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: k}}\nspec:\n  containers:\n  - name: k\n    image: {image}\n"
        )
    };
    let pod = "k8s/kingfisher/pod.yaml";
    for (path, text) in [
        (
            KUSTOMIZATION,
            format!("{IMAGES}- name: kingfisher\n  newTag: v1\n  digest: {old}\n"),
        ),
        (
            KUSTOMIZATION,
            format!("{IMAGES}- name: kingfisher\n  digest: {old}\n"),
        ),
        (
            pod,
            deployment(&format!("r.example.org/kingfisher:v1@{old}")),
        ),
        (pod, deployment(&format!("r.example.org/kingfisher@{old}"))),
    ] {
        let scene = Scene::new(&[(path, &text)]);
        scene
            .deploy(&["kingfisher", "--tag", "v2"])
            .expect(4)
            .says(&[path, "--digest", "--drop-digest", "sha256:1a1a"]);
        assert_eq!(scene.read(path), text);
    }
    // The tag that is there already is the digest's own.
    let scene = Scene::new(&[(
        pod,
        &deployment(&format!("r.example.org/kingfisher:v1@{old}")),
    )]);
    scene.deploy(&["kingfisher", "--tag", "v1"]).expect(0);
}

#[test]
fn a_name_that_means_nothing_is_an_error() {
    let scene = Scene::new(&[
        (
            KUSTOMIZATION,
            &format!("{IMAGES}- name: somebody/else\n  newTag: v1\n"),
        ),
        (
            "k8s/kingfisher/pod.yaml",
            "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: r/app:v1\n",
        ),
        ("containers/beacon/default.nix", "{ }\n"),
    ]);
    scene
        .deploy(&["kingfishr", "--tag", "v2"])
        .expect(2)
        .says(&["no container is named", "did you mean `kingfisher`?"]);
    scene
        .deploy(&["kingfisher", "--tag", "v2"])
        .expect(2)
        .says(&["no manifest of `kingfisher`", "r/app"]);
    scene
        .deploy(&["beacon", "--tag", "v2"])
        .expect(2)
        .says(&["no manifest of `beacon` was found"]);
}

#[test]
fn two_registries_are_not_guessed_between() {
    let scene = Scene::new(&[(
        KUSTOMIZATION,
        &format!(
            "{IMAGES}- name: a.example.org/kingfisher\n  newTag: v1\n- name: b.example.org/kingfisher\n  newTag: v1\n"
        ),
    )]);
    scene
        .deploy(&["kingfisher", "--tag", "v2"])
        .expect(2)
        .says(&["nothing says which", "a.example.org/kingfisher", "image"]);
    scene.write(
        "cotter.toml",
        b"[container.kingfisher]\nimage = \"b.example.org/kingfisher\"\n",
    );
    scene.deploy(&["kingfisher", "--tag", "v2"]).expect(0);
    assert!(
        scene
            .read(KUSTOMIZATION)
            .contains("a.example.org/kingfisher\n  newTag: v1\n")
    );
}

#[test]
fn another_image_behind_the_same_anchor_is_not_moved() {
    let text =
        format!("{IMAGES}- name: kingfisher\n  newTag: &tag v1\n- name: beacon\n  newTag: *tag\n");
    let scene = Scene::new(&[(KUSTOMIZATION, &text)]);
    scene
        .deploy(&["kingfisher", "--tag", "v2"])
        .expect(4)
        .says(&["`beacon` would get another tag"]);
    assert_eq!(scene.read(KUSTOMIZATION), text);
}

#[test]
fn a_revision_that_stays_behind_its_tag_is_told() {
    let folder = fixtures().join("nixbuild-revision/in/argocd/chog/nixbuild.yaml");
    let scene = Scene::new(&[(
        "argocd/chog/nixbuild.yaml",
        &fs::read_to_string(folder).unwrap(),
    )]);
    let rev = "1d37d2983cd4a58c12663dd8df0e79dfe89a5d75";
    scene
        .deploy(&["chog", "--tag", rev])
        .expect(0)
        .says(&["is still revision f5d531177a73", "cotter pin bump"]);
}

#[test]
fn what_runs_beside_at_another_tag_stays() {
    let pod = |name: &str, tag: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers:\n  - image: r.example.org/kingfisher:{tag}\n---\n"
        )
    };
    let path = "k8s/kingfisher/pods.yaml";
    let scene = Scene::new(&[(
        path,
        &[pod("kingfisher", "v1"), pod("kingfisher-canary", "v2-rc1")].concat(),
    )]);
    scene
        .deploy(&["kingfisher", "--tag", "v3"])
        .expect(0)
        .says(&["`kingfisher-canary` runs beside", "pods.yaml:13:12"]);
    assert_eq!(
        scene.read(path),
        [pod("kingfisher", "v3"), pod("kingfisher-canary", "v2-rc1")].concat()
    );
    // At the same tag it goes along; alone it is the container.
    let scene = Scene::new(&[(
        path,
        &[pod("kingfisher", "v1"), pod("kingfisher-canary", "v1")].concat(),
    )]);
    scene.deploy(&["kingfisher", "--tag", "v3"]).expect(0);
    assert_eq!(
        scene.read(path),
        [pod("kingfisher", "v3"), pod("kingfisher-canary", "v3")].concat()
    );
    let scene = Scene::new(&[(path, &pod("kingfisher-test", "v1"))]);
    scene.deploy(&["kingfisher", "--tag", "v3"]).expect(0);
    assert_eq!(scene.read(path), pod("kingfisher-test", "v3"));
}

#[test]
fn a_digest_that_is_written_nowhere_is_told() {
    let build = fixtures().join("nixbuild/in/argocd/manifests/kingfisher/nixbuild.yaml");
    let scene = Scene::new(&[("k8s/kingfisher/n.yaml", &fs::read_to_string(build).unwrap())]);
    let digest = format!("sha256:{}", "ab".repeat(32));
    scene
        .deploy(&["kingfisher", "--tag", "v9", "--digest", &digest])
        .expect(0)
        .says(&["written nowhere"]);
}

#[test]
fn configuration_that_leads_nowhere_has_a_place() {
    let kustomization = format!("{IMAGES}- name: kingfisher\n  newTag: v1\n");
    for (config, at, word) in [
        (
            "[container.kingfisher]\nmanifests = [\"no.yaml\"]\n",
            "2:14",
            "`no.yaml` is not there",
        ),
        (
            "[container.kingfisher]\nvalues = [{ file = \"v.yaml\", tag = \"a.b\" }]\n",
            "2:36",
            "has no `a.b`",
        ),
        (
            "[container.kingfisher]\nvalues = [{ file = \"v.yaml\", tag = \"a.\" }]\n",
            "2:36",
            "a path such as",
        ),
        (
            "[container.kingfisher]\nvalues = [{ file = \"v.yaml\", tag = \"x\" }]\n",
            "2:36",
            "is no text",
        ),
        (
            "[container.kingfisher]\nvalues = [{ file = \"v.yaml\", tag = \"e\" }]\n",
            "2:36",
            "nothing stands",
        ),
        (
            "[container.kingfisher]\nvalues = [{ file = \"../v.yaml\", tag = \"x\" }]\n",
            "2:20",
            "inside of the workspace",
        ),
        (
            "[container.kingfisher]\nimage = \"r/kingfisher\"\nvalues = [{ file = \"v.yaml\", tag = \"t\", repository = \"r\" }]\n",
            "3:54",
            "the image there is `other`",
        ),
        (
            "[container.kingfisher]\nservice = { file = \"s.yaml\", name = \"k\" }\n",
            "2:20",
            "`s.yaml` is not there",
        ),
    ] {
        let scene = Scene::new(&[
            (KUSTOMIZATION, &kustomization),
            ("v.yaml", "x: {y: 1}\ne:\nt: v1\nr: other\n"),
            ("cotter.toml", config),
        ]);
        scene
            .deploy(&["kingfisher", "--tag", "v2"])
            .expect(2)
            .says(&[&format!("cotter.toml:{at}"), word]);
        assert_eq!(scene.read(KUSTOMIZATION), kustomization, "{config}");
    }
}

#[test]
fn a_diff_is_one_that_git_takes() {
    let scene = Scene::new(&[(
        KUSTOMIZATION,
        &format!("{IMAGES}- name: kingfisher\n  newTag: v1 # now\n"),
    )]);
    let run = scene
        .deploy(&["kingfisher", "--tag", "v2", "--dry-run", "--diff"])
        .expect(1);
    assert!(
        run.out
            .contains("-  newTag: v1 # now\n+  newTag: v2 # now\n"),
        "{}",
        run.out
    );
    let human = scene.deploy(&["kingfisher", "--tag", "v2"]).expect(0);
    assert!(
        human.out.contains("kingfisher:images[0].newTag") && human.out.contains("changed 1 value"),
        "{}",
        human.out
    );
}

#[test]
fn broken_manifests_are_told_and_nothing_is_written() {
    let good = format!("{IMAGES}- name: kingfisher\n  newTag: v1\n");
    for text in [
        "image: [\n",
        "image: a: b\n",
        "images:\n\t- x\n",
        "newTag: \"\n",
        "image: &a [*a]\nimage: 1\n",
        "image: *b\n",
    ] {
        let scene = Scene::new(&[(KUSTOMIZATION, &good), ("k8s/kingfisher/x.yaml", text)]);
        scene
            .deploy(&["kingfisher", "--tag", "v2"])
            .expect(2)
            .says(&["k8s/kingfisher/x.yaml:"]);
        assert_eq!(scene.read(KUSTOMIZATION), good);
    }
}

/// Pieces of manifests, in any order.
fn text() -> impl Strategy<Value = String> {
    let pieces = [
        "apiVersion: kustomize.config.k8s.io/v1beta1\n",
        "kind: Kustomization\n",
        "kind: Pod\n",
        "kind: Deployment\n",
        "apiVersion: v1\n",
        "images:\n",
        "- name: kingfisher\n",
        "  newTag: v1\n",
        "  newName: r/kingfisher\n",
        "  digest: sha256:00\n",
        "spec:\n",
        "  containers:\n",
        "  - image: r/kingfisher:v1\n",
        "    image: kingfisher\n",
        "  - image: kingfisher@\n",
        "image: 'kingfisher:'\n",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "'",
        "\"",
        "&a ",
        "*a",
        "!t ",
        "|-\n",
        "---\n",
        "patches:\n",
        "- patch: |\n",
        "    - op: add\n",
        "      path: /x/containers/0/image\n",
        "      value: kingfisher:\n",
        "apiVersion: enbi.hrzn.ee/v1\n",
        "kind: NixBuild\n",
        "  imageTag: kingfisher:v1\n",
        "  flakeUrl: x?rev=\n",
        "é\u{feff}",
        "\r\n",
        "\t",
        "# c\n",
        "newTag",
        "? ",
        ": ",
        "- ",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..24)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// No text of a manifest is too much; what is planned reads back, and a second plan is empty.
    #[test]
    fn any_manifest_is_planned_or_refused(text in text(), json in any::<bool>()) {
        let dir = tempfile::tempdir().unwrap();
        let name = if json { "kingfisher/x.json" } else { "kingfisher/kustomization.yaml" };
        let path = RelPath::new(name).unwrap();
        let file = SourceFile::from_text(path.clone(), text);
        let workspace = Workspace::at(dir.path()).unwrap().with_overlay([file]);
        for digest in [
            Digest::Unknown,
            Digest::Drop,
            Digest::Given(format!("sha256:{}", "ab".repeat(32))),
        ] {
            let request = Request {
                name: "kingfisher".to_owned(),
                tag: "v2".to_owned(),
                digest,
                service_version: None,
            };
            match plan(&workspace, &Config::default(), std::slice::from_ref(&path), &request) {
                Ok(deployment) => {
                    prop_assert!(deployment.plan.apply(&workspace).is_ok());
                }
                Err(DeployError::Unproven(why)) => prop_assert!(false, "{}", why),
                Err(_) => {}
            }
        }
    }
}
