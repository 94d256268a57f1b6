//! Whatever stands in a file, looking for hash literals in it ends and does not panic, and what is found takes its
//! fake: the same literals are found again by the same names, each saying its fake, with the same beside it. Texts of the fixtures are cut,
//! spliced and put together.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use cotter::config::Config;
use cotter::fod::{Environment, apply, fake, find};
use cotter::source::{RelPath, SourceFile, Workspace};
use cotter::syntax::{Library, STACK_SIZE};
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};

/// The texts of all fixtures, with their names.
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
    walk(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fod_literals"),
        &mut found,
    );
    found.sort();
    found
        .iter()
        .filter(|path| path.ancestors().any(|folder| folder.ends_with("in")))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// Finds, fakes, finds again; gives the number of literals. Problems of a text are no failure.
fn look(files: &[(&str, &str)]) -> Result<usize, String> {
    let files = files
        .iter()
        .map(|(path, text)| SourceFile::from_text(RelPath::new(path).unwrap(), (*text).to_owned()));
    let empty = tempfile::tempdir().unwrap();
    let files: Vec<SourceFile> = files.collect();
    let paths: Vec<RelPath> = files.iter().map(|file| file.path().clone()).collect();
    let workspace = Workspace::at(empty.path()).unwrap().with_overlay(files);
    let config = Config::default();
    let found = find(&workspace, &config, &paths);
    let fakes: Vec<_> = found.literals.iter().map(fake).collect();
    let changed =
        apply(&workspace, found.literals.iter().zip(&fakes)).map_err(|e| e.to_string())?;
    let after = workspace.with_overlay(changed);
    let again = find(&after, &config, &paths);
    if again.literals.len() != found.literals.len() {
        return Err(format!(
            "{:?} became {:?}",
            names(&found.literals),
            names(&again.literals)
        ));
    }
    let (library, library_after) = (Library::new(&workspace), Library::new(&after));
    for ((before, now), fake) in found.literals.iter().zip(&again.literals).zip(&fakes) {
        if (before.path(), &before.name) != (now.path(), &now.name) || now.hash() != Some(fake) {
            return Err(format!(
                "{} became {} {:?}",
                before.name, now.name, now.kind
            ));
        }
        // No hash is part of what another was verified for.
        let beside = Environment::beside(&library, before);
        let beside_now = Environment::beside(&library_after, now);
        if beside != beside_now || !beside_now.differences(&beside).is_empty() {
            return Err(format!("{}: {beside:?} became {beside_now:?}", before.name));
        }
    }
    if again.problems.len() != found.problems.len() {
        return Err(format!("{:?} became {:?}", found.problems, again.problems));
    }
    Ok(found.literals.len())
}

fn names(literals: &[cotter::fod::Literal]) -> Vec<String> {
    literals.iter().map(|l| l.name.to_string()).collect()
}

/// A worker with the stack that parsing takes.
fn with_stack(work: impl FnOnce() + Send) {
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .stack_size(STACK_SIZE)
        .build()
        .unwrap()
        .install(work);
}

/// Runs `test` on values of `strategy`; gives how many literals were found in all of them.
fn run<S: Strategy>(
    cases: u32,
    strategy: &S,
    test: impl Fn(S::Value) -> Result<usize, String>,
) -> usize {
    let count = Cell::new(0);
    TestRunner::new(Cases {
        max_shrink_iters: 300,
        failure_persistence: None,
        ..Cases::with_cases(cases)
    })
    .run(strategy, |value| {
        let found = test(value).map_err(TestCaseError::fail)?;
        count.set(count.get() + found);
        Ok(())
    })
    .unwrap_or_else(|error| panic!("{error}"));
    count.get()
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
    assert!(texts.len() > 15);
    let one = || (0..texts.len(), any::<usize>(), any::<usize>());
    let noise = "[\"'${}\\[\\]();:=.,?@!/*+#&|<>\r\n\tä→a0-]{0,6}";
    with_stack(|| {
        let found = run(
            300,
            &(one(), one(), noise),
            |((a, from, to), (b, start, _), noise)| {
                let (name, text) = &texts[a];
                let (from, to) = (cut(text, from), cut(text, to));
                let (from, to) = (from.min(to), from.max(to));
                let other = &texts[b].1;
                let (head, tail) = (&text[..from], &text[to..]);
                let spliced = format!("{head}{noise}{}{tail}", &other[cut(other, start)..]);
                look(&[(name, &spliced)])?;
                let reader = "[ (builtins.readFile ./x) (builtins.readFile ./x.json) ./x.toml ]";
                let without = format!("{head}{noise}{tail}");
                look(&[
                    ("a.nix", &without),
                    ("b.nix", reader),
                    ("whole.nix", other),
                    ("x", &spliced),
                    ("x.json", &without),
                    ("x.toml", &spliced),
                ])
            },
        );
        assert!(found > 300, "only {found} literals in all");
    });
}

/// Texts that parse, put together from all that a hash can stand in.
fn any_expression() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        Just(String::new()),
        Just("0".repeat(52)),
        Just("sha256-AAAA".to_owned()),
        Just("0ssi1wpaf7plaswqqjwigppsg5fyh99vdlb9kzl7c9lng89ndq1i".to_owned()),
        "(sha256[-:])?[0-9a-f]{64}",
        "[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{128}",
        "sha(256-[A-Za-z0-9+/]{43}=|512-[A-Za-z0-9+/]{86}==|1-[A-Za-z0-9+/]{27}=)",
        "([0-9a-df-np-sv-z]{26}|[0-9a-df-np-sv-z]{32}|[0-9a-df-np-sv-z]{52})",
        "[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{43}=",
        "[a-zA-Z0-9:/.-]{0,70}",
    ];
    let name = || {
        prop::sample::select(vec![
            "hash",
            "sha1",
            "md5",
            "sha256",
            "sha512",
            "outputHash",
            "outputHashAlgo",
            "x86_64-linux",
            "rev",
            "digest",
            "key",
            "\"x-0.1.0\"",
            "a.hash",
            "outputHashes.\"y\"",
            "${k}",
            "h",
        ])
    };
    let value = (text, 0..3u8).prop_map(|(text, quotes)| match quotes {
        0 => format!("''{text}''"),
        1 => format!("(\"{text}\")"),
        _ => format!("\"{text}\""),
    });
    let leaf = prop_oneof![
        6 => value,
        1 => prop::sample::select(vec!["lib.fakeHash", "pkgs.lib.fakeSha512", "fakeHash", "h", "null"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            3 => prop::collection::vec((name(), inner.clone()), 1..4).prop_map(set),
            1 => prop::collection::vec(inner.clone(), 1..3).prop_map(|items| format!("[ {} ]", items.join(" "))
                .replace("[ let", "[ (let")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(if {a} == {b} then {a} else {b})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(let h = {a}; in {b})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(fetch {a} {b})")),
            1 => inner.clone().prop_map(|a| format!("({{ hash ? {a} }}: hash)")),
            1 => inner.clone().prop_map(|a| format!("(with lib; {a})")),
            1 => inner.prop_map(|a| format!("(let inherit (lib) fakeHash; f = u: hash: u; in f 1 {a})")),
        ]
    })
}

#[test]
fn any_literal_in_any_place() {
    with_stack(|| {
        let found = run(1500, &any_expression(), |text| {
            look(&[("p/default.nix", &text)])
        });
        assert!(found > 1500, "only {found} literals in all");
    });
}

/// A set whose names are each bound once.
fn set(entries: Vec<(&str, String)>) -> String {
    let mut text = String::from("{ ");
    let mut seen = std::collections::BTreeSet::new();
    for (name, value) in entries {
        if seen.insert(name) {
            text.push_str(&format!("{name} = {value}; "));
        }
    }
    text + "}"
}

#[test]
fn texts_without_measure() {
    let hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let many = |n: usize, part: &dyn Fn(usize) -> String| (0..n).map(part).collect::<String>();
    let cases = [
        format!("{} {hash}", "[".repeat(100_000)),
        format!("{}\"{hash}\"{}", "(".repeat(1900), ")".repeat(1900)),
        format!("[ {} ]", many(3000, &|_| format!("\"{hash}\" "))),
        format!("{{ {} }}", many(3000, &|n| format!("a{n}.hash = \"\"; "))),
        format!(
            "{} 1",
            many(600, &|n| format!("let a{n} = \"{hash}\"; in "))
        ),
        format!("{{ hash = \"{}\"; }}", "A".repeat(1 << 20)),
        format!(
            "{{ {} h = \"\"; }}",
            many(2000, &|n| format!("a{n}.hash = h; "))
        ),
        format!(
            "let {} in a0 + lib.fakeHash",
            many(900, &|n| format!("a{n} = a{}; ", n + 1))
        ),
        "let lib = lib; fakeHash = fakeHash; in lib.fakeHash + fakeHash".into(),
        "with fakeHash; { inherit (lib) fakeHash; hash = fakeHash; }".into(),
        "let p = p + \"/x\"; in [ (builtins.readFile p) \"\" lib.fakeHash ]".into(),
        "[ (builtins.readFile (./. + \"/../../x\")) (builtins.readFile ./.) ]".into(),
        "builtins.readFile ./default.nix".into(),
    ];
    with_stack(|| {
        for text in &cases {
            look(&[("default.nix", text)]).unwrap();
        }
        let deep = format!("{}\"{hash}\"{}", "[".repeat(50_000), "]".repeat(50_000));
        look(&[("a.nix", "builtins.readFile ./x.json"), ("x.json", &deep)]).unwrap();
    });
}

#[test]
fn what_is_found_here_is_found_at_all() {
    let text = "{ a.hash = lib.fakeHash; b.sha256 = \"\"; }";
    assert_eq!(look(&[("default.nix", text)]), Ok(2));
}
