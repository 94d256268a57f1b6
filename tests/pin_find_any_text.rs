//! Whatever stands in a file, looking for pins in it ends, and does not panic: texts of the fixtures are cut, spliced
//! and blown up, and what was found and what is wrong is shown.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use cotter::config::Config;
use cotter::output::{self, Diagnostic, PinRow};
use cotter::pin::{Follow, find};
use cotter::source::{RelPath, SourceFile, Workspace};
use cotter::syntax::STACK_SIZE;
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};

/// Far more than any text here takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// The texts of all fixtures, with their paths below a case.
fn texts() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path, found),
                false => found.push(path),
            }
        }
    }
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pin_list");
    walk(&root, &mut found);
    found.sort();
    found
        .iter()
        .filter(|path| {
            path.extension()
                .is_some_and(|e| e == "nix" || e == "yaml" || e == "lock")
        })
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// Looks for pins in `files` and shows everything; gives the number of pins and of problems.
fn look(files: &[(&str, &str)]) -> (usize, usize) {
    let files: Vec<SourceFile> = files
        .iter()
        .map(|(path, text)| SourceFile::from_text(RelPath::new(path).unwrap(), (*text).to_owned()))
        .collect();
    let (done, result) = mpsc::channel();
    let about: String = files
        .iter()
        .map(|f| format!("{}:\n{}\n", f.path(), f.text()))
        .collect();
    let worker = std::thread::Builder::new()
        .stack_size(STACK_SIZE)
        .spawn(move || {
            let empty = tempfile::tempdir().unwrap();
            let paths = files.iter().map(|file| file.path().clone()).collect();
            let workspace = Workspace::at(empty.path()).unwrap().with_overlay(files);
            let config = Config::default();
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(1)
                .stack_size(STACK_SIZE);
            let found = pool
                .build()
                .unwrap()
                .install(|| find(&workspace, &config, paths));
            let rows: Vec<PinRow> = found
                .pins
                .iter()
                .map(|pin| PinRow::new(&workspace, pin, &Follow::of(pin, &config, None)))
                .collect();
            for pin in &found.pins {
                check_edit(&workspace, pin);
            }
            let mut sink = Vec::new();
            output::pins_json(&mut sink, &rows).unwrap();
            output::pins_human(&mut sink, &rows).unwrap();
            let told: Vec<Diagnostic> = found
                .problems
                .iter()
                .map(|p| Diagnostic::at(&p.file, p.position, p.message.clone()))
                .collect();
            output::diagnostics(&mut sink, Some(&workspace), &told).unwrap();
            done.send((found.pins.len(), found.problems.len())).unwrap();
        })
        .unwrap();
    match result.recv_timeout(PATIENCE) {
        Ok(counts) => counts,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("no end of it:\n{about}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            drop(worker.join());
            panic!("a panic at:\n{about}")
        }
    }
}

/// The value that a pin shows stands where it says, and can be replaced there.
fn check_edit(workspace: &Workspace, pin: &cotter::pin::Pin) {
    let Some(spot) = &pin.spot else { return };
    let Ok(file) = workspace.read(&spot.file) else {
        panic!("{}: no such file", pin.name)
    };
    let Ok(edit) = spot.replace(&file, "0.0.1") else {
        return;
    };
    let changed = cotter::edit::apply(file.text(), &[edit]).unwrap();
    assert!(changed.contains("0.0.1"), "{}", pin.name);
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Cases {
        max_shrink_iters: 200,
        failure_persistence: None,
        ..Cases::with_cases(cases)
    })
}

fn cut(text: &str, at: usize) -> usize {
    let mut at = at % (text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[test]
fn texts_cut_and_spliced_anywhere() {
    let texts = texts();
    assert!(texts.len() > 20);
    let whole: Vec<(&str, &str)> = texts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    for file in &whole {
        look(&[*file]);
    }
    let one = || (0..texts.len(), any::<usize>(), any::<usize>());
    let noise = prop_oneof![
        Just(String::new()),
        "[\"'${}\\[\\]();:=.,?@!/*+#&|<>\r\n\tä→\u{301}\u{1f980}a0-]{0,6}",
        Just("\u{feff}".to_owned()),
    ];
    runner(250)
        .run(
            &(one(), one(), noise),
            |((a, from, to), (b, start, _), noise)| {
                let (name, text) = whole[a];
                let (from, to) = (cut(text, from), cut(text, to));
                let (from, to) = (from.min(to), from.max(to));
                let other = whole[b].1;
                let spliced = format!(
                    "{}{noise}{}{}",
                    &text[..from],
                    &other[cut(other, start)..],
                    &text[to..]
                );
                look(&[(name, &spliced)]);
                let without = format!("{}{noise}{}", &text[..from], &text[to..]);
                look(&[(name, &without), ("versions.nix", &text[..to])]);
                Ok(())
            },
        )
        .unwrap();
}

/// Texts with as many parts as a hostile author cares to write.
#[test]
fn texts_without_measure() {
    let rev = "1d37d2983cd4a58c12663dd8df0e79dfe89a5d75";
    let many = |n: usize, part: &dyn Fn(usize) -> String| (0..n).map(part).collect::<String>();
    let call = |rev: &str| format!("fetchgit {{ url = \"https://h/r\"; rev = {rev}; }}");
    let cases = [
        // Deep.
        format!("{} {}", call("x"), "[".repeat(100_000)),
        format!(
            "let r = {}\"{rev}\"{}; in {}",
            "(".repeat(2000),
            ")".repeat(2000),
            call("r")
        ),
        format!(
            "{}{}",
            "fetchgit { rev = ".repeat(900),
            "\"x\"; }".repeat(900)
        ),
        format!(
            "let {} in {}",
            many(900, &|n| format!("a{n} = a{};", n + 1)),
            call("a0")
        ),
        format!(
            "{}{}",
            many(900, &|n| format!("let a{n} = \"1\"; in ")),
            call("a0")
        ),
        format!("{}{}", "with import ./self.nix; ".repeat(300), call("x")),
        // Long.
        call(&format!("\"{}\"", "é".repeat(1 << 20))),
        call(&format!("\"{}\"", "${v}".repeat(5000))),
        call(&format!("{} \"x\"", "\"a\" + ".repeat(1500))),
        format!("{} # {}", call(&format!("\"{rev}\"")), "x".repeat(1 << 20)),
        format!(
            "[ {} ]",
            many(1200, &|n| format!("({})", call(&format!("\"v{n}\""))))
        ),
        format!(
            "{{ {} }}",
            many(1200, &|n| format!("a{n} = {};", call(&format!("\"v{n}\""))))
        ),
        format!(
            "rec {{ {} }}",
            many(1200, &|n| format!(
                "a{n} = \"1\"; b{n} = {};",
                call(&format!("a{n}"))
            ))
        ),
        // Round and round.
        format!("rec {{ a = b; b = c; c = a; s = {}; }}", call("a")),
        format!("rec {{ a = a // {{ x = a; }}; s = {}; }}", call("a.x.x.x")),
        format!("let f = import ./default.nix; in {}", call("f.f.f.rev")),
        format!(
            "(finalAttrs: {{ v = finalAttrs.v + finalAttrs.v; s = {}; }})",
            call("finalAttrs.v")
        ),
        format!(
            "let {} in {}",
            many(60, &|n| format!("a{} = a{n} // a{n};", n + 1)),
            call("a60.x")
        ),
        format!(
            "let {} in {}",
            many(60, &|n| format!("a{} = a{n} ++ a{n};", n + 1)),
            call("a60")
        ),
        format!(
            "let upstreamRev = \"{rev}\"; f0 = [ {{ name = \"a\"; rev = \"{rev}\"; }} ]; {} features = f40; in 1",
            many(40, &|n| format!("f{} = f{n} ++ f{n};", n + 1))
        ),
        format!(
            "let vendorHash = \"\"; s0 = {}; {} in {{ x = f {{ src = s800; vendorHash = y; }}; }}",
            call("\"v1\""),
            many(800, &|n| format!("s{} = f {{ src = s{n}; }};", n + 1))
        ),
        // Nothing, and nearly nothing.
        String::new(),
        "fetchgit".into(),
        "\u{feff}fetchgit".into(),
        "fetchgit\r".into(),
        "\t\tfetchgit → ä = \u{1f980}\u{301}".into(),
    ];
    for text in &cases {
        look(&[("default.nix", text)]);
        look(&[(
            "flake.nix",
            &format!("{{ inputs.x.url = \"github:o/x/{rev}\"; y = {text}; }}"),
        )]);
    }
    let yaml = format!(
        "flakeUrl: {}\n{}",
        "[".repeat(50_000),
        "- &a [*a, *a]\n".repeat(1000)
    );
    look(&[("a.yaml", &yaml)]);
    look(&[
        ("flake.nix", "{ inputs.x.url = \"github:o/x\"; }"),
        ("flake.lock", &"{\"nodes\":".repeat(20_000)),
    ]);
}

#[test]
fn what_is_found_here_is_found_at_all() {
    let text = "fetchgit { url = \"https://h/r\"; rev = \"v1\"; }";
    assert_eq!(look(&[("default.nix", text)]), (1, 0));
    assert_eq!(
        look(&[("default.nix", &text[1..20]), ("x.nix", "fetchgit {")]),
        (0, 1)
    );
}
