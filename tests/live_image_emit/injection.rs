//! Whatever stands in a string of a spec is the very same in the image: nothing of it is read as Nix, shell, JSON or a
//! regular expression.

use std::collections::BTreeMap;

use cotter::image::spec::{File, FullFile, Script, Source, Spec, to_toml};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::kinds::compare;
use crate::support::image_project::{BUILDERS, Project};
use crate::support::images;

/// Pieces that mean something to one of the languages that a string passes through.
const PIECES: &[&str] = &[
    "\"",
    "'",
    "''",
    "\\",
    "$",
    "${x}",
    "''${x}",
    "$${",
    "\\${",
    "`id`",
    "$(id)",
    "\n",
    "\r\n",
    "\t",
    "*/",
    "/*",
    "#",
    "{{x}}",
    "{{{",
    "}}",
    "%s",
    "&",
    ";",
    "|",
    ">",
    "<",
    "!",
    "~",
    "*",
    "?",
    "[a]",
    "(",
    ")",
    "^",
    ".*",
    ": ",
    "- ",
    "=",
    ",",
    " ",
    "é",
    "\u{1f980}",
    "\u{7f}",
    "a",
    "B",
    "0",
    "@out@",
    "--",
    "\u{1}",
    "%00",
    "\\n",
    "\\u0041",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..8).prop_map(|pieces| pieces.concat())
}

/// A part of a path.
fn part() -> impl Strategy<Value = String> {
    text().prop_map(|text| {
        format!(
            "p{}",
            text.replace('/', "_").chars().take(40).collect::<String>()
        )
    })
}

pub fn spec() -> impl Strategy<Value = Spec> {
    let texts = prop::collection::vec(text(), 1..4);
    let pairs = prop::collection::btree_map("[A-Z]{1,3}", text(), 0..4);
    let labels = prop::collection::btree_map(text(), text(), 0..4);
    let files = prop::collection::btree_map(part(), text(), 1..4);
    (texts, pairs, labels, files, part()).prop_map(|(cmd, env, labels, files, path)| {
        let file = |text: String| {
            File::Full(FullFile {
                path: None,
                text: Some(text),
                mode: None,
            })
        };
        let files = files
            .into_iter()
            .map(|(name, text)| (format!("/etc/d/{name}"), file(text)));
        let mut spec = Spec::new(
            "registry.example.org/team/odd",
            Source::Script(Script {
                files: files.collect(),
                version: None,
            }),
        );
        spec.tag = Some("1".into());
        spec.config.entrypoint = Some(vec![format!("/bin/{path}")]);
        spec.config.cmd = cmd;
        spec.config.env = env;
        spec.config.labels = labels;
        spec.config.workdir = Some(format!("/{path}"));
        spec.config.volumes = vec![format!("/v/{path}")];
        spec.files = BTreeMap::from([(
            format!("/m/{path}"),
            File::Full(FullFile {
                path: None,
                text: Some(path),
                mode: Some("0640".into()),
            }),
        )]);
        spec
    })
}

#[test]
fn a_string_is_what_it_says() {
    let nix = images::host();
    let mut runner = TestRunner::new(Config {
        cases: 12,
        max_shrink_iters: 20,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&spec(), |spec| {
            let project = Project::new(None, &to_toml(&spec).unwrap());
            assert_eq!(project.spec(), spec);
            for builder in BUILDERS {
                project.emit(&["--builder", builder]);
                let image = project.image(&nix, builder);
                compare(&image, &spec, builder);
                let Source::Script(script) = &spec.source else {
                    unreachable!()
                };
                for (path, file) in &script.files {
                    assert_eq!(
                        image.text(path).as_deref(),
                        file.text(),
                        "{builder}: {path:?}"
                    );
                }
            }
            Ok(())
        })
        .unwrap();
}
