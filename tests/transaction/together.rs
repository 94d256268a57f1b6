//! Several runs at once, work trees of git's own making, and sets of files that nobody thought of.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use cotter::source::{RelPath, Stamp};
use cotter::transaction::{FileChange, Outcome, TransactionError, commit, is_interrupted, recover};
use proptest::prelude::*;

use crate::driver::{End, Job, Process, run};
use crate::world::{World, walk};

#[test]
fn second_writer_waits_and_sees_the_change() {
    let world = World::new(3, true, false);
    let mut others = world.changes();
    for other in &mut others {
        other.after = b"of the second".to_vec();
    }
    let mut first = Process::start(&world.root, &Job::Commit(&world.changes()), "staged:1:stop");
    assert_eq!(first.wait().0, End::Stopped);
    assert!(!is_interrupted(&world.root).unwrap(), "it lives");
    let mut second = Process::start(&world.root, &Job::Commit(&others), "");
    first.resume();
    assert_eq!(first.wait().0, End::Done);
    let (end, said) = second.wait();
    assert_eq!(end, End::Failed);
    assert!(said.contains("changed since it was read"), "{said}");
    assert!(world.assert_settled("both ended"));
}

#[test]
fn lock_of_a_killed_writer_holds_nobody() {
    let world = World::new(3, true, false);
    let (end, _) = run(&world.root, &Job::Commit(&world.changes()), "renamed:2");
    assert_eq!(end, End::Killed);
    // What this run had read may be half done: it repairs, says so and writes nothing of its own.
    let error = commit(&world.root, &world.changes()).unwrap_err();
    let TransactionError::Repaired(recovery) = &error else {
        panic!("{error}");
    };
    assert_eq!(recovery.outcome, Outcome::Finished);
    assert!(error.to_string().ends_with("run again"), "{error}");
    assert!(world.assert_settled("repaired"));
}

fn git(folder: &Path, args: &[&str]) {
    let done = Command::new("git")
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([
            ("GIT_AUTHOR_NAME", "T"),
            ("GIT_AUTHOR_EMAIL", "t@example.org"),
        ])
        .envs([
            ("GIT_COMMITTER_NAME", "T"),
            ("GIT_COMMITTER_EMAIL", "t@example.org"),
        ])
        .env("GIT_AUTHOR_DATE", "2024-01-01T00:00:00Z")
        .env("GIT_COMMITTER_DATE", "2024-01-01T00:00:00Z")
        .output()
        .expect("git is needed: apt-get install git");
    assert!(done.status.success(), "git {args:?}: {done:?}");
}

#[test]
fn worktree_of_git_and_a_folder_below_its_top() {
    let dir = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(dir.path()).unwrap();
    let main = root.join("main");
    fs::create_dir_all(main.join("sub")).unwrap();
    fs::write(main.join("sub/a.nix"), "old a").unwrap();
    fs::write(main.join("sub/b.nix"), "old b").unwrap();
    git(&main, &["init", "-q"]);
    git(&main, &["add", "."]);
    git(&main, &["commit", "-qm", "one"]);
    git(&main, &["worktree", "add", "-q", "../tree"]);
    let tree = root.join("tree");
    assert!(tree.join(".git").is_file());
    let change = |name: &str, old: &str, new: &str| FileChange {
        path: RelPath::new(name).unwrap(),
        before: Some(Stamp::of(old.as_bytes())),
        after: new.as_bytes().to_vec(),
    };
    let changes = [
        change("a.nix", "old a", "new a"),
        change("b.nix", "old b", "new b"),
    ];
    // Killed in a workspace below the top; repaired from the top.
    let (end, said) = run(&tree.join("sub"), &Job::Commit(&changes), "renamed:1");
    assert_eq!(end, End::Killed, "{said}");
    assert!(
        main.join(".git/worktrees/tree/cotter/journal.json")
            .exists()
    );
    assert!(!tree.join("sub/.cotter").exists());
    assert_eq!(recover(&main).unwrap(), None, "another work tree's run");
    let recovery = recover(&tree).unwrap().unwrap();
    assert_eq!(recovery.outcome, Outcome::Finished);
    assert_eq!(fs::read_to_string(tree.join("sub/b.nix")).unwrap(), "new b");
    assert!(!main.join(".git/worktrees/tree/cotter").exists());
    assert_eq!(fs::read_to_string(main.join("sub/b.nix")).unwrap(), "old b");
}

fn contents() -> impl Strategy<Value = BTreeMap<String, (Option<Vec<u8>>, Vec<u8>)>> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..200);
    let name = "[a-c]/([ -.0-~]|ä|→){1,40}"
        .prop_filter("no dots alone", |name| !matches!(&name[2..], "." | ".."));
    prop::collection::btree_map(name, (prop::option::of(bytes()), bytes()), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_files(files in contents(), spoil in any::<Option<prop::sample::Index>>()) {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["a", "b", "c"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        let spoiled = spoil.map(|index| index.index(files.len()));
        let mut changes = Vec::new();
        for (index, (name, (old, new))) in files.iter().enumerate() {
            if let Some(old) = old {
                fs::write(dir.path().join(name), old).unwrap();
            }
            let before = match (spoiled == Some(index), old) {
                (false, old) => old.as_deref().map(Stamp::of),
                (true, Some(old)) => Some(Stamp::of(&[old, &b"!"[..]].concat())),
                (true, None) => Some(Stamp::of(b"never there")),
            };
            changes.push(FileChange {
                path: RelPath::new(name).unwrap(),
                before,
                after: new.clone(),
            });
        }
        let tree = walk(dir.path());
        let done = commit(dir.path(), &changes);
        prop_assert_eq!(done.is_ok(), spoiled.is_none(), "{:?}", done);
        for (name, (old, new)) in &files {
            let now = fs::read(dir.path().join(name)).ok();
            let expected = if spoiled.is_none() { Some(new) } else { old.as_ref() };
            prop_assert_eq!(now.as_ref(), expected);
        }
        if spoiled.is_some() {
            prop_assert_eq!(walk(dir.path()), tree);
        } else {
            prop_assert_eq!(walk(dir.path()).len(), files.len() + 3);
        }
    }
}
