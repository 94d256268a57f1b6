//! Recipes compared with those that `cotter.lock` records, by evaluation alone.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use cotter::config::Config;
use cotter::fod::lock::Lock;
use cotter::fod::native::World;
use cotter::fod::run::{
    Building, Comparison, Evaluation, Include, Native, Outside, Request, recipes,
};
use cotter::fod::{self, target};
use cotter::git::{Git, GitOptions};
use cotter::net::{DownloadOptions, Downloads};
use cotter::nix::{Nix, NixError};
use cotter::pin;
use cotter::process::{Invocation, Output, ProcessError, Runner, System};
use cotter::source::{RelPath, Workspace};
use cotter::syntax::Library;

use crate::support::fod::{Bench, STALE};

/// Runs programs in the environment of a bench.
struct InBench(Vec<(String, String)>);

impl Runner for InBench {
    fn run_watched(
        &self,
        invocation: &Invocation,
        on_line: &mut dyn FnMut(&[u8]),
    ) -> Result<Output, ProcessError> {
        let variables = self.0.iter();
        let invocation = variables.fold(invocation.clone(), |all, (name, value)| {
            all.env(name.clone(), value.clone())
        });
        System.run_watched(&invocation, on_line)
    }
}

/// The attribute paths of the literals in `default.nix` and what became of their recipes, sorted.
fn compared(bench: &Bench, include: &[String]) -> Vec<(String, Comparison)> {
    let workspace = Workspace::at(&bench.workspace()).unwrap();
    let config = Config::default();
    let files = workspace.files_and_links(&RelPath::root(), &[]);
    let literals = fod::find(&workspace, &config, &files).literals;
    let chosen: BTreeSet<usize> = (0..literals.len()).collect();
    let found = pin::find(&workspace, &config, files.clone());
    let fetched = pin::fetched(&workspace, &config, &found, None);
    let targets = target::all(&config, &files, &Library::new(&workspace));
    let lock = Lock::load(&workspace).unwrap();
    let evaluation = Evaluation {
        args: Vec::new(),
        argstrs: Vec::new(),
        include: include
            .iter()
            .map(|path| Include {
                path: path.clone(),
                dir: RelPath::root(),
            })
            .collect(),
        dir: RelPath::root(),
        system: None,
    };
    let request = Request {
        workspace: &workspace,
        files: &files,
        literals: &literals,
        chosen: &chosen,
        fetched: &fetched,
        targets: &targets,
        lock: &lock,
        all: false,
        native: Native::Auto,
        evaluation: &evaluation,
        building: Building {
            jobs: None,
            timeout: Duration::ZERO,
        },
    };
    let cotter = bench.command(&[]);
    let variables = cotter.get_envs().filter_map(|(name, value)| {
        let text = |text: &std::ffi::OsStr| text.to_str().unwrap().to_owned();
        Some((text(name), text(value?)))
    });
    let runner = InBench(variables.collect());
    let nix = || -> Result<Nix, NixError> { Nix::find(&runner) };
    let git = Git::new(GitOptions {
        cache_dir: bench.path("cache"),
        offline: true,
        timeout: Duration::from_secs(30),
    });
    let downloads = Downloads::new(DownloadOptions {
        offline: true,
        timeout: Duration::from_secs(30),
        certificates: None,
    });
    let outside = Outside {
        nix: &nix,
        world: World {
            git: &git,
            downloads: &downloads,
        },
        cache_dir: &bench.path("cache"),
    };
    let all = recipes(&request, &outside).unwrap();
    // The same whatever is asked for.
    for one in &all {
        let chosen = BTreeSet::from([one.literal]);
        let request = Request {
            chosen: &chosen,
            ..request
        };
        assert_eq!(
            recipes(&request, &outside).unwrap(),
            std::slice::from_ref(one)
        );
    }
    let all = all.into_iter();
    all.map(|one| (literals[one.literal].name.attrpath.clone(), one.recipe))
        .collect()
}

fn same(names: &[&str]) -> Vec<(String, Comparison)> {
    let all = names.iter();
    all.map(|name| ((*name).to_owned(), Comparison::Same))
        .collect()
}

/// `of` with the comparisons of `others` in place of theirs.
fn but(
    mut of: Vec<(String, Comparison)>,
    others: &[(&str, Comparison)],
) -> Vec<(String, Comparison)> {
    for (name, comparison) in others {
        let one = of.iter_mut().find(|(other, _)| other == name).unwrap();
        one.1 = comparison.clone();
    }
    of
}

const OWN: Comparison = Comparison::Changed {
    own: true,
    toolchain: false,
};

#[test]
fn a_recipe_is_the_recorded_one_or_another() {
    let bench = Bench::new();
    let (tool, built) = (bench.path("tool"), bench.path("built"));
    fs::create_dir(&tool).unwrap();
    let write_tool = |word: &str| {
        let text = format!(
            "derivation {{ name = \"tool\"; system = builtins.currentSystem; builder = \"/bin/sh\"; PATH = \"/usr/bin:/bin\"; args = [ \"-ec\" \"echo {word} > $out\" ]; }}\n"
        );
        fs::write(tool.join("default.nix"), text).unwrap();
    };
    write_tool("one");
    bench.write("bun.lock", "one\n");
    let count = format!("echo built >> {};", built.display());
    bench.write(
        "default.nix",
        &format!(
            r#"let fod = import ./fod.nix; all = {{
  a = fod {{ name = "a"; hash = "{STALE}"; script = "{count} cat $src > $out"; env.src = ./bun.lock; }};
  b = fod {{ name = "b"; hash = "{STALE}"; script = "{count} cat ${{all.a}} > $out"; env.KEY = "1"; }};
  c = fod {{ name = "c"; hash = "{STALE}"; script = "{count} cat $src/default.nix | wc -l > $out"; env.src = ./.; }};
  t = fod {{ name = "t"; hash = "{STALE}"; script = "{count} test -e ${{import <tool>}}; echo t > $out"; }};
}}; in all
"#
        ),
    );
    let include = [format!("tool={}", tool.display())];
    let compared = || self::compared(&bench, &include);
    let none: Vec<_> = ["all.a.hash", "all.b.hash", "all.c.hash", "all.t.hash"]
        .map(|name| (name.to_owned(), Comparison::NotRecorded))
        .into();
    assert_eq!(compared(), none);
    assert!(!built.exists(), "nothing is built");

    let rows = bench.rows(0, &["-I", &include[0]]);
    assert_eq!(rows.counts(), [4, 0, 0, 0], "{rows:#?}");
    let names = ["all.a.hash", "all.b.hash", "all.c.hash", "all.t.hash"];
    assert_eq!(compared(), same(&names));
    let (text, lock) = (bench.read("default.nix"), bench.read("cotter.lock"));
    let builds = fs::read_to_string(&built).unwrap();

    // What is built with another counts by that one's hash, which stands.
    bench.write("bun.lock", "two\n");
    let changed = but(same(&names), &[("all.a.hash", OWN), ("all.c.hash", OWN)]);
    assert_eq!(compared(), changed);
    bench.write("bun.lock", "one\n");

    bench.write("default.nix", &text.replace("KEY = \"1\"", "KEY = \"2\""));
    let changed = but(same(&names), &[("all.b.hash", OWN), ("all.c.hash", OWN)]);
    assert_eq!(compared(), changed);

    // A hash is no part of its own recipe, not even of the file that it stands in, but of another's.
    let hash = |name: &str| {
        let line = text
            .lines()
            .find(|line| line.trim_start().starts_with(name));
        line.unwrap().split('"').nth(3).unwrap().to_owned()
    };
    bench.write("default.nix", &text.replace(&hash("t ="), ""));
    assert_eq!(compared(), same(&names));
    bench.write("default.nix", &text.replacen(&hash("a ="), STALE, 1));
    assert_eq!(compared(), but(same(&names), &[("all.b.hash", OWN)]));
    bench.write("default.nix", &text);

    write_tool("two");
    let toolchain = Comparison::Changed {
        own: false,
        toolchain: true,
    };
    assert_eq!(compared(), but(same(&names), &[("all.t.hash", toolchain)]));
    write_tool("one");
    assert_eq!(compared(), same(&names));

    assert_eq!(bench.read("default.nix"), text);
    assert_eq!(bench.read("cotter.lock"), lock);
    assert_eq!(
        fs::read_to_string(&built).unwrap(),
        builds,
        "nothing is built"
    );
}

#[test]
fn what_nix_does_not_show_is_told_apart() {
    let bench = Bench::new();
    let fod = |name: &str| {
        format!("fod {{ name = \"{name}\"; hash = \"{STALE}\"; script = \"echo {name} > $out\"; }}")
    };
    let file = |body: &str| format!("let fod = import ../fod.nix; in {{ {body} }}\n");
    bench.write(
        "x/default.nix",
        &file(&format!("a = {}; b = {};", fod("a"), fod("b"))),
    );
    bench.write("y/default.nix", &file(&format!("c = {};", fod("c"))));
    assert_eq!(bench.rows(0, &[]).counts(), [3, 0, 0, 0]);
    let names = ["a.hash", "b.hash", "c.hash"];
    assert_eq!(compared(&bench, &[]), same(&names));
    let (x, y) = (bench.read("x/default.nix"), bench.read("y/default.nix"));

    // Nothing is made of it any more.
    let hidden = x.replacen("b = ", "b = _: ", 1);
    bench.write("x/default.nix", &hidden);
    assert_eq!(
        compared(&bench, &[]),
        but(same(&names), &[("b.hash", Comparison::Unreached)])
    );
    bench.write("x/default.nix", &x);

    bench.write(
        "y/default.nix",
        &y.replace("{ c =", "{ broken = throw \"no way\"; c ="),
    );
    let all = compared(&bench, &[]);
    assert_eq!(all[..2], same(&names)[..2]);
    let Comparison::Unevaluated(said) = &all[2].1 else {
        panic!("{all:?}");
    };
    assert!(
        said.contains("no way") && said.contains("y/default.nix"),
        "{said}"
    );
    // Nor anything at all.
    bench.write(
        "x/default.nix",
        &x.replace("{ a =", "{ broken = throw \"no way\"; a ="),
    );
    let all = compared(&bench, &[]);
    let is_unevaluated =
        |(_, one): &(String, Comparison)| matches!(one, Comparison::Unevaluated(_));
    assert!(all.len() == 3 && all.iter().all(is_unevaluated), "{all:?}");
}

#[test]
fn what_is_fetched_is_compared_without_being_fetched() {
    let bench = Bench::new();
    fs::write(bench.path("one.nix"), "{ word = \"fetched\"; }\n").unwrap();
    let url = format!("file://{}", bench.path("one.nix").display());
    bench.write(
        "default.nix",
        &format!(
            r#"let
  one = builtins.fetchurl {{ url = "{url}"; sha256 = "{STALE}"; }};
in {{ x = import ./fod.nix {{ name = "x"; hash = "{STALE}"; script = "echo ${{(import one).word}} > $out"; }}; }}
"#
        ),
    );
    assert_eq!(bench.rows(0, &[]).counts(), [2, 0, 0, 0]);
    let names = ["one.sha256", "x.hash"];
    fs::remove_file(bench.path("one.nix")).unwrap();
    assert_eq!(compared(&bench, &[]), same(&names));

    // Of what is another now no more is asked than what Nix has by its hash.
    let text = bench.read("default.nix");
    bench.write("default.nix", &text.replace("/one.nix", "/other/one.nix"));
    assert_eq!(
        compared(&bench, &[]),
        but(same(&names), &[("one.sha256", OWN)])
    );
    bench.write("default.nix", &text);
    let lock = bench.read("cotter.lock");
    let mut entries: serde_json::Value = serde_json::from_str(&lock).unwrap();
    let of_file = entries["fods"]["default.nix"].as_object_mut().unwrap();
    of_file.remove("one.sha256").unwrap();
    bench.write("cotter.lock", &entries.to_string());
    let not_recorded = but(same(&names), &[("one.sha256", Comparison::NotRecorded)]);
    assert_eq!(compared(&bench, &[]), not_recorded);
}
