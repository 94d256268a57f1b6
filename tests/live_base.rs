//! Commits that a work tree is compared with, made by real git. Needs git.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use cotter::git::{Base, Changed, GitError, Index, OnMain, Repo};
use cotter::source::{RelPath, Workspace};
use support::alone::alone;
use support::repo::Repo as Made;
use support::{command, run_ok};

fn rel(path: &str) -> RelPath {
    RelPath::new(path).unwrap()
}

fn rels(paths: &[&str]) -> Vec<RelPath> {
    paths.iter().map(|path| rel(path)).collect()
}

fn open(root: &Path) -> Index {
    Index::open(root, None).unwrap().unwrap()
}

fn changed(changed: &[&str], removed: &[&str]) -> Changed {
    Changed {
        changed: rels(changed),
        removed: rels(removed),
    }
}

/// A work tree with a commit.
fn committed(dir: PathBuf) -> Made {
    let made = Made::init(dir);
    made.write("a.nix", "a\n")
        .write("sub/b.nix", "b\n")
        .write("sub/deep/c", "c\n")
        .write("subway/d", "d\n");
    made.commit("first");
    made
}

#[test]
fn a_base_is_where_the_branch_began() {
    alone("a_base_is_where_the_branch_began", &[], |home| {
        let up = committed(home.join("up"));
        let began = up.git(&["rev-parse", "HEAD"]);
        let mut clone = command("git", home);
        clone
            .args(["clone", "-q"])
            .arg(up.dir())
            .arg(home.join("work"));
        run_ok(&mut clone, "git");
        let tip = up.write("upstream", "u\n").commit("later");
        let made = Made::init(home.join("work"));
        made.git(&["fetch", "-q", "origin"]);
        made.git(&["checkout", "-q", "-b", "mine"]);
        made.write("a.nix", "mine\n");
        made.git(&["rm", "-q", "subway/d"]);
        let mine = made.commit("mine");
        made.git(&["tag", "-a", "-m", "x", "v1"]);
        let base = |rev: &str| Base::open(made.dir(), Some(rev));
        let named = [
            ("origin/main", &began),
            ("main", &began),
            (tip.as_str(), &began),
            (&began[..8], &began),
            ("HEAD", &mine),
            ("v1", &mine),
            ("HEAD~1", &began),
        ];
        for (rev, commit) in named {
            let found = base(rev).unwrap().unwrap().commit();
            assert_eq!(found.to_string(), *commit, "{rev}");
        }
        for rev in ["nothing", "origin/nothing", "", "-x", "a..b", "HEAD~99"] {
            let error = base(rev).err().unwrap();
            assert!(
                matches!(error, GitError::NoSuchRev { .. }),
                "{rev}: {error}"
            );
            assert!(error.hint().is_some());
        }
        assert!(matches!(
            base("HEAD^{tree}"),
            Err(GitError::NotACommit { .. })
        ));
        // With nothing in common, the commit itself.
        let orphan = made.git(&["commit-tree", "-m", "x", "HEAD^{tree}"]);
        assert_eq!(base(&orphan).unwrap().unwrap().commit().to_string(), orphan);
        let base = base("origin/main").unwrap().unwrap();
        assert_eq!(base.read(&rel("subway/d")).unwrap().unwrap(), b"d\n");
        assert_eq!(base.read(&rel("sub")).unwrap(), None);
        made.write("staged", "s\n");
        made.git(&["add", "."]);
        made.write("sub/b.nix", "on disk\n")
            .write("untracked", "u\n");
        fs::remove_file(made.dir().join("sub/deep/c")).unwrap();
        let index = open(made.dir());
        assert_eq!(
            base.changed(index.files(), &index, false).unwrap(),
            changed(&["a.nix", "staged"], &["subway/d"])
        );
        let workspace = Workspace::at(made.dir()).unwrap();
        let files = workspace.files(&RelPath::root(), &[]);
        assert_eq!(
            base.changed(&files, &index, true).unwrap(),
            changed(
                &["a.nix", "staged", "sub/b.nix", "untracked"],
                &["sub/deep/c", "subway/d"]
            )
        );
        // What was not asked about is not gone.
        assert_eq!(
            base.changed(&rels(&["a.nix"]), &index, true)
                .unwrap()
                .removed,
            rels(&["sub/deep/c", "subway/d"])
        );
    });
}

#[test]
fn the_main_branch_holds_its_past() {
    alone("the_main_branch_holds_its_past", &[], |home| {
        let made = committed(home.join("work"));
        let held = made.git(&["rev-parse", "HEAD"]);
        made.write("a.nix", "2\n").commit("second");
        made.git(&["checkout", "-q", "-b", "feature"]);
        let other = made.write("a.nix", "3\n").commit("third");
        let repo = Repo::around(&made.dir().join("sub")).unwrap().unwrap();
        let not_held = OnMain::NotHeld {
            commit: other.parse().unwrap(),
        };
        for length in [7, 12, 40] {
            assert_eq!(
                repo.main_branch_holds(&held[..length]).unwrap(),
                OnMain::Held
            );
            assert_eq!(repo.main_branch_holds(&other[..length]).unwrap(), not_held);
        }
        let blob = made.git(&["rev-parse", "HEAD:a.nix"]);
        for name in [
            "0000000",
            "abc",
            "not-hex",
            &"0".repeat(40),
            &blob,
            &blob[..10],
            "",
        ] {
            let answer = repo.main_branch_holds(name).unwrap();
            assert_eq!(answer, OnMain::NoSuchCommit, "{name}");
        }
        let mut clone = command("git", home);
        clone.args(["clone", "-q", "--depth", "1", "--branch", "main"]);
        clone
            .arg(format!("file://{}", made.dir().display()))
            .arg(home.join("shallow"));
        run_ok(&mut clone, "git");
        let shallow = Repo::around(&home.join("shallow")).unwrap().unwrap();
        assert_eq!(shallow.main_branch_holds(&held).unwrap(), OnMain::Unknown);
        made.git(&["branch", "-q", "-m", "main", "trunk"]);
        assert_eq!(repo.main_branch_holds(&held).unwrap(), OnMain::Unknown);
        // What the remote calls its main branch.
        made.git(&["update-ref", "refs/remotes/origin/trunk", "trunk"]);
        made.git(&[
            "symbolic-ref",
            "refs/remotes/origin/HEAD",
            "refs/remotes/origin/trunk",
        ]);
        assert_eq!(repo.main_branch_holds(&held).unwrap(), OnMain::Held);
        assert_eq!(repo.main_branch_holds(&other).unwrap(), not_held);
    });
}
