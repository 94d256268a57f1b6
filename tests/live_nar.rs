//! Hashes taken from git's objects against real git and real Nix.

mod support;

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use cotter::git::{GitError, TreeError};
use cotter::hash::Algo;
use support::fetchers::{Real, native, new_repo, oid, open};
use support::repo::Repo;
use support::run_ok;
use support::store::Store;

fn make_executable(repo: &Repo, path: &str) {
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(repo.dir().join(path), mode).unwrap();
}

/// Names whose order differs between git's trees and NARs, or that a careless program trips over.
fn write_odd_tree(repo: &Repo) {
    repo.write("run.sh", "#!/bin/sh\n").write("empty", "");
    make_executable(repo, "run.sh");
    // `foo` is a folder: git sorts it as `foo/`, after `foo-` and `foo.bar`; a NAR has it first.
    repo.write("foo/inner", "i")
        .write("foo.bar", "b")
        .write("foo-", "-")
        .write("foo0", "0");
    repo.write("bar", "file")
        .write("bar.d/x", "x")
        .write("bar-d/x", "x");
    for name in [
        "-dash",
        " space ",
        ".dot",
        "tab\there",
        "new\nline",
        "quo\"te",
        "back\\slash",
        "$HOME",
        "ü",
        "日本",
    ] {
        repo.write(name, name);
        repo.write(format!("names/{name}/{name}"), name);
    }
    repo.write(b"latin-\xe9", b"\xe9\0\xff");
    let deep = (0..60).map(|n| format!("d{n}/")).collect::<String>();
    repo.write(deep + "leaf", "deep");
    symlink("run.sh", repo.dir().join("link")).unwrap();
    symlink("../no/such file", repo.dir().join("foo/dangling")).unwrap();
    symlink(
        std::ffi::OsStr::from_bytes(b"\xff"),
        repo.dir().join("to-bytes"),
    )
    .unwrap();
    for len in [7, 8, 9, 4095, 4096, 70_000] {
        repo.write(format!("sizes/{len}"), vec![b'x'; len]);
    }
}

#[test]
fn odd_trees_hash_as_every_fetcher_has_them() {
    let (_temp, repo) = new_repo();
    write_odd_tree(&repo);
    let commit = repo.commit("odd");
    assert_eq!(open(&repo).checkout_traits(oid(&commit)).unwrap(), []);
    let real = Real::new();
    real.agrees(&repo, &commit);
    let loose = native(&repo, &commit);
    repo.git(&["gc", "-q", "--aggressive"]);
    assert_eq!(native(&repo, &commit), loose);

    // Every algorithm, a folder, a file and a link of it, and a tag instead of the commit.
    let sha512 = open(&repo).nar_hash(oid(&commit), Algo::Sha512).unwrap();
    let export = real.temp.path().join("export");
    repo.git(&[
        "worktree",
        "add",
        "-q",
        "--detach",
        export.to_str().unwrap(),
        &commit,
    ]);
    std::fs::remove_file(export.join(".git")).unwrap();
    let export_text = export.to_str().unwrap();
    let expected = real
        .store
        .run("nix", &["hash", "path", "--type", "sha512", export_text]);
    assert_eq!(sha512.to_string(), expected);
    for path in ["foo", "names/日本", "run.sh", "foo/dangling", "bar.d/x"] {
        let below = open(&repo)
            .nar_hash_below(oid(&commit), path, Algo::Sha256)
            .unwrap();
        assert_eq!(
            below.to_string(),
            real.store.hash_path(&export.join(path)),
            "{path}"
        );
    }
    repo.git(&["tag", "-a", "-m", "tagged", "v1", &commit]);
    assert_eq!(native(&repo, &repo.git(&["rev-parse", "v1"])), loose);
}

#[test]
fn ten_thousand_files_hash_as_every_fetcher_has_them() {
    let (_temp, repo) = new_repo();
    for n in 0..10_000u32 {
        let path = format!("d{}/e{}/f{n}", n % 17, n % 61);
        repo.write(&path, format!("{n}\n").repeat(n as usize % 97));
    }
    // More than is read ahead in one go, and more than one handed-over parcel in a run.
    for n in 0..5u8 {
        repo.write(format!("big/{n}"), vec![n; 3 << 20]);
    }
    let commit = repo.commit("many");
    repo.git(&["repack", "-adq"]);
    Real::new().agrees(&repo, &commit);
}

#[test]
fn an_empty_commit_is_an_empty_folder() {
    let (_temp, repo) = new_repo();
    let commit = repo.commit("nothing");
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(native(&repo, &commit), Store::new().hash_path(empty.path()));
}

#[test]
fn replacements_of_the_clone_do_not_count() {
    let (_temp, repo) = new_repo();
    let first = repo.write("f", "one").commit("first");
    let before = native(&repo, &first);
    let second = repo.write("f", "two").commit("second");
    repo.git(&["replace", &first, &second]);
    assert_eq!(native(&repo, &first), before);
}

#[test]
fn trees_that_no_disk_can_hold_are_refused() {
    let (_temp, repo) = new_repo();
    let blob = repo.write("f", "x").git(&["hash-object", "-w", "f"]);
    let id: Vec<u8> = (0..40)
        .step_by(2)
        .map(|at| u8::from_str_radix(&blob[at..at + 2], 16).unwrap())
        .collect();
    for names in [["a", "a"], ["..", "b"], ["a", ".."]] {
        let mut tree = Vec::new();
        for name in names {
            tree.extend(format!("100644 {name}\0").bytes());
            tree.extend(&id);
        }
        repo.write("tree", tree);
        let tree = repo.git(&["hash-object", "-t", "tree", "-w", "--literally", "tree"]);
        let commit = repo.git(&["commit-tree", "-m", "bad", &tree]);
        let error = open(&repo)
            .nar_hash(oid(&commit), Algo::Sha256)
            .unwrap_err();
        assert!(
            matches!(&error, GitError::Tree(tree) if matches!(**tree, TreeError::Unreal { .. })),
            "{names:?}: {error}"
        );
    }
}

#[test]
fn what_is_missing_is_named() {
    let (_temp, repo) = new_repo();
    // Enough files to be read by several threads.
    for n in 0..300 {
        repo.write(format!("many/{n}"), n.to_string());
    }
    let commit = repo.write("sub/f", "x").commit("c");
    let error = open(&repo)
        .nar_hash_below(oid(&commit), "sub/g", Algo::Sha256)
        .unwrap_err();
    assert!(error.to_string().contains("has no `sub/g`"), "{error}");
    let blob = repo.git(&["rev-parse", "HEAD:sub/f"]);
    std::fs::remove_file(
        repo.dir()
            .join(".git/objects")
            .join(&blob[..2])
            .join(&blob[2..]),
    )
    .unwrap();
    let error = open(&repo)
        .nar_hash(oid(&commit), Algo::Sha256)
        .unwrap_err();
    assert!(error.to_string().contains(&blob), "{error}");
    let absent = "0123456789012345678901234567890123456789";
    let error = open(&repo).nar_hash(oid(absent), Algo::Sha256).unwrap_err();
    assert!(error.to_string().contains(absent), "{error}");
}

#[test]
fn a_tree_made_to_unfold_for_ever_is_refused() {
    let (_temp, repo) = new_repo();
    let leaf = repo.write("f", "x").git(&["hash-object", "-w", "f"]);
    let mut below = format!("100644 blob {leaf}");
    for _ in 0..6 {
        // 200 names for one tree, six times over: 64 million million files.
        let listing: String = (0..200).map(|n| format!("{below}\t{n}\n")).collect();
        repo.write("listing", listing);
        // An alias, because only a shell gives git the file as its standard input.
        let mut mktree = repo.command();
        mktree.args(["-c", "alias.from=!git mktree < listing", "from"]);
        below = format!("040000 tree {}", run_ok(&mut mktree, "git"));
    }
    let tree = below.rsplit(' ').next().unwrap();
    let commit = repo.git(&["commit-tree", "-m", "bomb", tree]);
    let error = open(&repo)
        .nar_hash(oid(&commit), Algo::Sha256)
        .unwrap_err();
    assert!(
        matches!(&error, GitError::Tree(tree) if matches!(**tree, TreeError::TooLarge { .. })),
        "{error}"
    );
}
