//! A workspace with every kind of place for a hash and every kind of builder, and what lies around it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::support::fod::{Bench, STALE};
use crate::support::tree::Tree;

/// In the environment of cotter, and of everything that it starts.
pub const MARK: &str = "COTTER_TEST_MARK";
/// The files that a run writes to, each time it has something to write.
pub const WRITTEN: [&str; 4] = ["cotter.lock", "default.nix", "hashes.json", "sub/chain.nix"];

/// What a builder does besides its work: something that would go on for ever if only the builder itself ended.
const COMPANY: [(&str, &str); 4] = [
    ("plain", "sleep 1000 & left=$!"),
    (
        "grandchild",
        "sh -c 'sleep 1000 & echo $! > one; wait; :' & left=$!; while [ ! -s one ]; do sleep 0.01; done; left=\"$left $(cat one)\"",
    ),
    ("stubborn", "trap \"\" TERM INT HUP; sleep 1000 & left=$!"),
    (
        "session",
        "setsid sh -c 'echo $$ > one; exec sleep 1000' & while [ ! -s one ]; do sleep 0.01; done; left=$(cat one)",
    ),
];

pub struct Scene {
    pub bench: Bench,
    pub mark: String,
    /// Whether there is a `cotter.lock` before the run.
    locked: bool,
    pub old: Tree,
    pub new: Tree,
}

impl Scene {
    /// Makes the workspace, and learns from a run that is left in peace what it is to become.
    pub fn new(mark: &str, locked: bool) -> Scene {
        let bench = Bench::new();
        let mut scene = Scene {
            bench,
            mark: mark.to_owned(),
            locked,
            old: Tree(Default::default()),
            new: Tree(Default::default()),
        };
        scene.set_up();
        scene.bench.track();
        scene.old = scene.tree();
        scene.run_in_peace();
        scene.new = scene.tree();
        for path in WRITTEN {
            let path = PathBuf::from(path);
            assert_ne!(scene.old.0.get(&path), scene.new.0.get(&path), "{path:?}");
        }
        scene
    }

    fn set_up(&self) {
        let fod = |name: &str, company: &str, hash: &str, work: &str| {
            format!(
                "fod {{ name = \"{name}\"; hash = {hash}; env.{MARK} = \"{}\"; script = ''\n    {company}; sleep 0.1; {work} > $out; kill -9 $left\n  ''; }}",
                self.mark
            )
        };
        let independent: String = COMPANY
            .iter()
            .enumerate()
            .map(|(n, (name, company))| {
                let hash = match n {
                    0 => "hashes.plain".to_owned(),
                    _ => format!("\"{}\"", STALE.replace("c3R", &format!("{n:03}"))),
                };
                format!(
                    "  {name} = {};\n",
                    fod(name, company, &hash, &format!("echo {name}"))
                )
            })
            .collect();
        self.bench.write(
            "default.nix",
            &format!(
                "let\n  fod = import ./fod.nix;\n  hashes = builtins.fromJSON (builtins.readFile ./hashes.json);\nin {{\n{independent}  chain = import ./sub/chain.nix;\n}}\n"
            ),
        );
        self.bench.write(
            "hashes.json",
            &format!("{{\n  \"plain\": \"{STALE}\"\n}}\n"),
        );
        let stale = format!("\"{STALE}\"");
        let link = |n: usize, work: &str| fod(&format!("link{n}"), COMPANY[n].1, &stale, work);
        self.bench.write(
            "sub/chain.nix",
            &format!(
                "let\n  fod = import ../fod.nix;\n  a = {};\n  b = {};\nin {}\n",
                link(0, "echo a"),
                link(1, "cat ${a}"),
                link(2, "cat ${b}"),
            ),
        );
        if self.locked {
            self.bench
                .write("cotter.lock", "{\n  \"schema\": 1,\n  \"fods\": {}\n}\n");
        }
    }

    /// As it was before the first run; the store, where the right outputs lie by now, too.
    pub fn put_back(&self) {
        if !self.locked {
            let _ = fs::remove_file(self.bench.workspace().join("cotter.lock"));
        }
        self.set_up();
        assert_eq!(self.tree(), self.old);
    }

    /// All of the workspace but git's own; what a run may leave in git's folder is looked at by [`Scene::leftovers`].
    pub fn tree(&self) -> Tree {
        let mut tree = Tree::of(&self.bench.workspace());
        tree.0.retain(|path, _| !path.starts_with(".git"));
        tree
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.bench.command(args);
        fs::create_dir_all(self.bench.path("tmp")).unwrap();
        command
            .env(MARK, &self.mark)
            .env("TMPDIR", self.bench.path("tmp"));
        command
    }

    #[track_caller]
    pub fn run_in_peace(&self) {
        let run = crate::support::cotter::ran(&mut self.command(&[]));
        run.expect(0);
    }

    /// The least that a next run can be: it computes nothing, but puts right what an earlier one left.
    #[track_caller]
    pub fn repair(&self) {
        let run = crate::support::cotter::ran(&mut self.command(&["--native", "only"]));
        run.expect(0);
    }

    /// Everything that a run has use for only while it runs.
    pub fn leftovers(&self) -> Vec<PathBuf> {
        let folders = [
            self.bench.path("cache/work"),
            self.bench.path("tmp"),
            self.bench.workspace().join(".git/cotter"),
        ];
        folders
            .iter()
            .filter_map(|folder| fs::read_dir(folder).ok())
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect()
    }
}
