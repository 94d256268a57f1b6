//! The files that a deployment keeps versions in: NixBuild manifests, annotations, kustomizations, service versions.

use cotter::edit::apply;
use cotter::manifest::nixbuild::{self, NixBuild, Place};
use cotter::manifest::service_versions::{self, ServiceVersion};
use cotter::manifest::{Located, flake_url, kustomization};
use cotter::source::{Position, RelPath, SourceFile};

const OLD: &str = "1d37d2983cd4a58c12663dd8df0e79dfe89a5d75";
const NEW: &str = "677c7a5d5fc42b655d38fbf95dc8b814d89ceabb";

fn file(text: &str) -> SourceFile {
    SourceFile::from_text(RelPath::new("k/f.yaml").unwrap(), text.replace("OLD", OLD))
}

/// Moves every flake URL to the new revision and every image tag to its short form.
fn bump(file: &SourceFile) -> (Vec<NixBuild>, String) {
    let builds = nixbuild::find(file).unwrap();
    let mut edits = Vec::new();
    for build in &builds {
        if let Some(url) = &build.flake_url {
            let new = flake_url::read(&url.value)
                .unwrap()
                .with_rev(&url.value, NEW)
                .unwrap();
            edits.push(url.replace(file, &new).unwrap());
        }
        if let Some(tag) = &build.image_tag {
            edits.push(tag.replace(file, "677c7a5").unwrap());
        }
    }
    (builds, apply(file.text(), &edits).unwrap())
}

fn value(located: &Option<Located>) -> &str {
    located.as_ref().map_or("-", |l| &l.value)
}

fn summary(build: &NixBuild) -> String {
    let rev = if value(&build.flake_url).contains(OLD) {
        "rev"
    } else {
        "-"
    };
    format!(
        "{:?} {}/{} #{} {}: {rev} {} {} {}",
        build.place,
        build.kind,
        build.name,
        build.document,
        build.path,
        value(&build.image_tag),
        value(&build.package),
        value(&build.system),
    )
}

fn assert_bumps(text: &str, expected: &[&str]) {
    let file = file(text);
    let (builds, changed) = bump(&file);
    assert_eq!(builds.iter().map(summary).collect::<Vec<_>>(), expected);
    // Only the values differ: the rest of the text stays, and so do the two that are called `keep`.
    assert_eq!(
        changed,
        file.text()
            .replace(OLD, NEW)
            .replace("1d37d29 ", "677c7a5 ")
    );
}

#[test]
fn nixbuild_objects_in_any_document() {
    assert_bumps(
        "# 1d37d2 stays\nkind: Namespace\n---\napiVersion: enbi.hrzn.ee/v1alpha1\nkind: NixBuild # ö\nmetadata:\n  name: kingfisher\nspec:\n  flakeUrl: \"git+https://h/ö/r.git?ref=main&rev=OLD\" # main\n  imageTag: 1d37d29 \n  packageName: image\n  system: x86_64-linux\n---\n\
         apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n- apiVersion: enbi.hrzn.ee/v1\n  kind: NixBuild\n  metadata: {name: two}\n  spec: {flakeUrl: 'github:o/r/OLD', packageName: p}\n",
        &[
            "NixBuild NixBuild/kingfisher #1 spec: rev 1d37d29 image x86_64-linux",
            "NixBuild NixBuild/two #2 items[1].spec: rev - p -",
        ],
    );
}

#[test]
fn another_group_or_kind_is_not_ours() {
    for text in [
        "apiVersion: other.ee/v1\nkind: NixBuild\nspec: {flakeUrl: 'github:o/r/OLD'}\n",
        "apiVersion: enbi.hrzn.ee/v1\nkind: NixBuilder\nspec: {flakeUrl: 'github:o/r/OLD'}\n",
        "apiVersion: enbi.hrzn.ee/v1\nkind: NixBuild\nspec: {flakeUrl: }\n",
        "# flakeUrl\n- a\n- [b]\n---\n---\nx\n",
    ] {
        assert!(nixbuild::find(&file(text)).unwrap().is_empty(), "{text}");
    }
}

#[test]
fn annotations_of_pod_templates() {
    let annotations = |indent: &str| {
        format!(
            "{indent}annotations:\n{indent}  enbi.hrzn.ee/nixbuild-flakeUrl: git+https://h/r?rev=OLD # c\n{indent}  enbi.hrzn.ee/nixbuild-imageTag: 1d37d29 # c\n{indent}  enbi.hrzn.ee/nixbuild-packageName: p\n"
        )
    };
    let text = format!(
        "kind: Deployment\nmetadata:\n  name: d\nspec:\n  template:\n    metadata:\n{}---\nkind: CronJob\nmetadata: {{name: c}}\nspec:\n  jobTemplate:\n    spec:\n      template:\n        metadata:\n{}---\nkind: Pod\nmetadata:\n  name: p\n{}",
        annotations("      "),
        annotations("          "),
        annotations("  ")
    );
    assert_bumps(
        &text,
        &[
            "Annotations Deployment/d #0 spec.template.metadata.annotations: rev 1d37d29 p -",
            "Annotations CronJob/c #1 spec.jobTemplate.spec.template.metadata.annotations: rev 1d37d29 p -",
            "Annotations Pod/p #2 metadata.annotations: rev 1d37d29 p -",
        ],
    );
    let found = nixbuild::find(&file(&text)).unwrap();
    assert_eq!(
        found[2].image_tag.as_ref().unwrap().path.as_str(),
        "metadata.annotations.\"enbi.hrzn.ee/nixbuild-imageTag\""
    );
}

const KUSTOMIZATION: &str = "\
kind: Kustomization
patches:
- patch: |-
    # öäü 😀
    kind: Deployment
    metadata:
      name: d

    spec:
      template:
        metadata:
          annotations:
            enbi.hrzn.ee/nixbuild-flakeUrl: \"git+https://h/r?rev=OLD\" # ü
            enbi.hrzn.ee/nixbuild-imageTag: 1d37d29 # c
- target:
    kind: NixBuild
    name: n
  patch: |
    - op: replace
      path: /spec/flakeUrl
      value: github:o/r/OLD
    - op: replace
      path: /spec/imageTag
      value: '1d37d29' # 1d37d29 
- target: {kind: Deployment, name: e}
  patch: |
    [{\"op\": \"add\", \"path\": \"/spec/template/metadata/annotations/enbi.hrzn.ee~1nixbuild-flakeUrl\", \"value\": \"github:o/r/OLD\"}]
- path: other.yaml
patchesStrategicMerge:
- |-
  apiVersion: enbi.hrzn.ee/v1
  kind: NixBuild
  metadata:
    name: m
  spec:
    flakeUrl: github:o/r/OLD
- file.yaml
images: # after
- name: k
";

#[test]
fn patches_inside_a_kustomization() {
    for text in [
        KUSTOMIZATION.to_owned(),
        KUSTOMIZATION.replace('\n', "\r\n"),
    ] {
        let file = file(&text);
        let (builds, changed) = bump(&file);
        assert_eq!(
            builds.iter().map(summary).collect::<Vec<_>>(),
            [
                "Annotations Deployment/d #0 patches[0].patch.spec.template.metadata.annotations: rev 1d37d29 - -",
                "JsonPatch NixBuild/n #0 patches[1].patch: rev 1d37d29 - -",
                "JsonPatch Deployment/e #0 patches[2].patch: rev - - -",
                "NixBuild NixBuild/m #0 patchesStrategicMerge[0].spec: rev - - -",
            ]
        );
        let expected = file
            .text()
            .replace(OLD, NEW)
            .replace("imageTag: 1d37d29", "imageTag: 677c7a5")
            .replace("'1d37d29'", "'677c7a5'");
        assert_eq!(changed, expected);
        let url = builds[0].flake_url.as_ref().unwrap();
        assert_eq!(
            file.position(url.span.start),
            Position {
                line: 13,
                column: 45
            }
        );
        // A value that would end the inner text's line is proved wrong inside, or written with an escape.
        let edit = url.replace(&file, "a\nb").unwrap();
        assert_eq!(edit.text, "\"a\\nb\"");
        let number = builds[0]
            .image_tag
            .as_ref()
            .unwrap()
            .replace(&file, "1234567")
            .unwrap();
        assert_eq!(number.text, "\"1234567\"");
    }
}

#[test]
fn a_json_patch_of_its_own() {
    assert_bumps(
        "- op: replace\n  path: /spec/template/metadata/annotations/enbi.hrzn.ee~1nixbuild-imageTag\n  value: 1d37d29 # c\n- op: remove\n  path: /x\n",
        &["JsonPatch / #0 : - 1d37d29 - -"],
    );
    let json = SourceFile::from_text(
        RelPath::new("p.json").unwrap(),
        format!(
            "[\n\t{{\"op\": \"replace\", \"path\": \"\\/spec\\/flakeUrl\", \"value\": \"github:o/r/{OLD}\"}}\n]"
        ),
    );
    let (builds, changed) = bump(&json);
    assert_eq!(builds[0].place, Place::JsonPatch);
    assert_eq!(changed, json.text().replace(OLD, NEW));
}

#[test]
fn images_of_a_kustomization() {
    let file = file(
        "images:\n- name: k # c\n  newName: r.example.org:5000/t/k\n  newTag: '1d37d29' # c\n- {name: other, newTag: 1.9}\n- name: pinned\n  digest: sha256:00\n- newTag: x\n- name: empty\n  newTag:\n",
    );
    let all = kustomization::find(&file).unwrap();
    assert_eq!(
        all.iter()
            .map(|i| i.name.value.as_str())
            .collect::<Vec<_>>(),
        ["k", "other", "pinned", "empty"]
    );
    assert_eq!(value(&all[1].new_tag), "1.9");
    assert_eq!(value(&all[2].digest), "sha256:00");
    assert!(all[3].new_tag.is_none());
    for name in ["k", "r.example.org:5000/t/k"] {
        let found = kustomization::find_image(&file, name).unwrap();
        let tag = found[0].new_tag.as_ref().unwrap();
        assert_eq!((found.len(), tag.path.as_str()), (1, "images[0].newTag"));
        let changed = apply(file.text(), &[tag.replace(&file, "677c7a5").unwrap()]).unwrap();
        assert_eq!(changed, file.text().replace("'1d37d29'", "'677c7a5'"));
    }
    assert!(kustomization::find_image(&file, "none").unwrap().is_empty());
}

fn version(text: &str) -> String {
    let file = file(text);
    match service_versions::find(&file, "kingfisher").unwrap() {
        ServiceVersion::Found(version) => format!("{} = {}", version.path, version.value),
        ServiceVersion::NoService => "no service".to_owned(),
        ServiceVersion::NoVersion(at) => format!("no version at {}:{}", at.line, at.column),
        ServiceVersion::Ambiguous(found) => {
            let places: Vec<String> = found
                .iter()
                .map(|(at, version)| format!("{}:{} {}", at.line, at.column, version.path))
                .collect();
            places.join(", ")
        }
    }
}

#[test]
fn service_versions_in_the_shapes_there_are() {
    for (text, expected) in [
        ("ntfy: v2\nkingfisher: 1d37d29\n", "kingfisher = 1d37d29"),
        (
            "kingfisher: {version: 1d37d29, upstream-version: v1, tag: x}\n",
            "kingfisher.version = 1d37d29",
        ),
        (
            "kingfisher:\n  current-version: \"1d37d29\" # c\n",
            "kingfisher.current-version = 1d37d29",
        ),
        (
            "services:\n- name: ntfy\n  version: v2\n- name: kingfisher\n  type: argocd\n  current_version: 1d37d29\n",
            "services[1].current_version = 1d37d29",
        ),
        (
            "services:\n  kingfisher:\n    sha: 1d37d29\n",
            "services.kingfisher.sha = 1d37d29",
        ),
        (
            "services:\n  kingfisher: 1d37d29\n",
            "services.kingfisher = 1d37d29",
        ),
        (
            "- name: kingfisher\n  upstream-version: v1\n",
            "[0].upstream-version = v1",
        ),
        ("- kingfisher: 1d37d29\n", "[0].kingfisher = 1d37d29"),
        (
            "versions: {}\n---\nversions: {kingfisher: 1d37d29}\n",
            "versions.kingfisher = 1d37d29",
        ),
        ("v: &v 1d37d29\nkingfisher: *v\n", "kingfisher = 1d37d29"),
        ("ntfy: v2\nkingfisher-web: v1\n", "no service"),
        ("", "no service"),
        ("a: 1\nkingfisher:\n  url: x\n", "no version at 3:3"),
        (
            "services:\n- name: kingfisher\n  version:\n",
            "no version at 2:3",
        ),
        (
            "kingfisher: a\nservices: {kingfisher: b}\n",
            "1:13 kingfisher, 2:24 services.kingfisher",
        ),
        (
            "- {name: kingfisher, version: a, current-version: b}\n",
            "1:31 [0].version, 1:51 [0].current-version",
        ),
        (
            "- {name: kingfisher, version: a}\n- {name: kingfisher, version: b}\n",
            "1:31 [0].version, 2:31 [1].version",
        ),
    ] {
        assert_eq!(version(text), expected, "{text}");
    }
}
