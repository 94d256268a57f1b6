//! Ancestry, reachability, contents and conflicts in repositories made by real git, compared with what
//! git itself says. Needs git.

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use cotter::git::{Ancestry, Conflict, GitError, Oid, Repo};
use support::alone::alone;
use support::repo::Repo as Made;
use support::{command, run_ok};

fn oid(text: &str) -> Oid {
    text.parse().unwrap()
}

/// Two lines of work that were merged once, and one that was not.
fn branched(dir: &Path) -> Made {
    let made = Made::init(dir);
    made.write("a", "1\n").commit("root");
    for (branch, from) in [("left", "main"), ("right", "main"), ("lone", "main")] {
        made.git(&["checkout", "-q", "-b", branch, from]);
        for n in 0..3 {
            made.write(branch, format!("{n}\n"))
                .commit(&format!("{branch} {n}"));
        }
    }
    made.git(&["checkout", "-q", "main"]);
    made.git(&["merge", "-q", "--no-ff", "-m", "merge", "left", "right"]);
    made.write("a", "2\n").commit("after");
    made
}

fn commits(made: &Made) -> Vec<Oid> {
    made.git(&["rev-list", "--all"]).lines().map(oid).collect()
}

#[test]
fn ancestry_and_reachability_are_those_of_git() {
    alone("ancestry_and_reachability_are_those_of_git", &[], |home| {
        let made = branched(&home.join("repo"));
        let all = commits(&made);
        for with_graph_file in [false, true] {
            if with_graph_file {
                made.git(&["commit-graph", "write", "--reachable"]);
                // One commit that the file does not know.
                made.write("a", "3\n").commit("later");
            }
            let repo = Repo::open(&home.join("repo")).unwrap();
            let refs = repo.refs().unwrap();
            for one in &all {
                let expected = made.git(&[
                    "for-each-ref",
                    "--format=%(refname)",
                    "--contains",
                    &one.to_string(),
                ]);
                let found = repo.refs_containing(*one, &refs).unwrap();
                assert_eq!(found, expected.lines().collect::<Vec<_>>(), "{one}");
                for other in &all {
                    let mut ask = made.command();
                    ask.args(["merge-base", "--is-ancestor"])
                        .arg(one.to_string())
                        .arg(other.to_string());
                    let expected = match support::run(&mut ask, "git").status.code() {
                        Some(0) => Ancestry::Yes,
                        _ => Ancestry::No,
                    };
                    assert_eq!(repo.ancestry(*one, *other).unwrap(), expected);
                }
            }
            let count = made.git(&["rev-list", "--left-right", "--count", "lone...main"]);
            let (base, tip) = (repo.resolve("lone").unwrap(), repo.resolve("main").unwrap());
            let (ahead, behind) = repo.ahead_behind(base, tip).unwrap();
            assert_eq!(count, format!("{behind}\t{ahead}"));
        }
        let repo = Repo::open(&home.join("repo")).unwrap();
        let absent = oid(&"12".repeat(20));
        let error = repo.ancestry(absent, all[0]).unwrap_err();
        assert!(matches!(error, GitError::NoSuchCommit { .. }), "{error}");
    });
}

#[test]
fn a_shallow_clone_says_unknown_and_never_no() {
    alone("a_shallow_clone_says_unknown_and_never_no", &[], |home| {
        let made = branched(&home.join("repo"));
        let root = oid(&made.git(&["rev-list", "--max-parents=0", "main"]));
        let main = oid(&made.git(&["rev-parse", "main"]));
        let lone = oid(&made.git(&["rev-parse", "lone"]));
        let before = oid(&made.git(&["rev-parse", "main~1"]));
        let mut clone = command("git", home);
        clone
            .args(["clone", "-q", "--no-single-branch", "--depth=2"])
            .arg(format!("file://{}", made.dir().display()))
            .arg(home.join("shallow"));
        run_ok(&mut clone, "git");
        let repo = Repo::open(&home.join("shallow")).unwrap();
        assert!(repo.is_shallow());
        assert_eq!(repo.ancestry(before, main).unwrap(), Ancestry::Yes);
        assert_eq!(repo.ancestry(root, main).unwrap(), Ancestry::Unknown);
        assert_eq!(repo.ancestry(lone, main).unwrap(), Ancestry::Unknown);
        let refs = repo.refs().unwrap();
        assert_eq!(
            repo.refs_containing(before, &refs).unwrap(),
            ["refs/heads/main"]
        );
        for error in [
            repo.refs_containing(root, &refs).unwrap_err(),
            repo.ahead_behind(lone, main).unwrap_err(),
        ] {
            assert!(matches!(error, GitError::Shallow { .. }), "{error}");
            assert!(error.hint().unwrap().contains("git fetch --unshallow"));
        }
    });
}

#[test]
fn five_hundred_refs_are_one_walk() {
    alone("five_hundred_refs_are_one_walk", &[], |home| {
        let made = Made::init(home.join("repo"));
        let mut stream = String::new();
        for n in 0..500 {
            stream.push_str(&format!(
                "commit refs/heads/b{n:03}\ncommitter T <t@example.org> {} +0000\ndata 1\nx\n",
                1_704_067_200 + n
            ));
            if n > 0 {
                stream.push_str(&format!("from refs/heads/b{:03}\n", n - 1));
            }
            stream.push_str(&format!("M 644 inline f\ndata <<.\n{n}\n.\n\n"));
        }
        std::fs::write(home.join("stream"), stream).unwrap();
        let mut import = command("sh", home);
        import
            .current_dir(made.dir())
            .args(["-c", "git fast-import --quiet < ../stream"]);
        run_ok(&mut import, "git");
        let repo = Repo::open(made.dir()).unwrap();
        let refs = repo.refs().unwrap();
        assert_eq!(refs.branches().count(), 500);
        let found = repo
            .refs_containing(refs.branch("b100").unwrap(), &refs)
            .unwrap();
        assert_eq!(found.len(), 400);
        assert_eq!(found[0], "refs/heads/b100");
    });
}

#[test]
fn files_and_changes_of_commits() {
    alone("files_and_changes_of_commits", &[], |home| {
        let made = Made::init(home.join("repo"));
        made.write("Cargo.lock", b"\xffbytes")
            .write("src/a.rs", "a\n");
        std::os::unix::fs::symlink("Cargo.lock", home.join("repo/link")).unwrap();
        let old = oid(&made.commit("old"));
        made.git(&["mv", "src/a.rs", "src/b.rs"]);
        made.write("src/deep/c.rs", "c\n")
            .write("Cargo.lock", "new");
        let new = oid(&made.commit("new"));
        let repo = Repo::open(made.dir()).unwrap();
        let read = |commit, path| repo.read_file(commit, path).unwrap();
        assert_eq!(read(old, "Cargo.lock").as_deref(), Some(&b"\xffbytes"[..]));
        assert_eq!(read(new, "src/b.rs").as_deref(), Some(&b"a\n"[..]));
        for path in [
            "src",
            "src/b.rs",
            "link",
            "",
            "Cargo.lock/x",
            "/Cargo.lock",
            "../x",
        ] {
            assert_eq!(read(old, path), None, "{path}");
        }
        assert_eq!(
            repo.changed_paths(old, new).unwrap(),
            ["Cargo.lock", "src/a.rs", "src/b.rs", "src/deep/c.rs"]
        );
        assert!(repo.changed_paths(old, old).unwrap().is_empty());
        let names = |path| {
            let entries = repo.list_dir(new, path).unwrap()?;
            let name = |entry: cotter::git::DirEntry| {
                format!("{}{}", entry.name, if entry.is_folder { "/" } else { "" })
            };
            Some(entries.into_iter().map(name).collect::<Vec<_>>())
        };
        assert_eq!(names("").unwrap(), ["Cargo.lock", "link", "src/"]);
        assert_eq!(names("src").unwrap(), ["b.rs", "deep/"]);
        assert_eq!(names("link"), None);
        assert_eq!(names("nothing"), None);
    });
}

/// Every file below `dir` with its bytes: nothing may change in a clone that is only read.
fn contents(dir: &Path) -> BTreeSet<(String, Vec<u8>)> {
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(contents(&path));
        } else {
            files.insert((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    files
}

#[test]
fn conflicts_name_the_features_and_the_files() {
    alone("conflicts_name_the_features_and_the_files", &[], |home| {
        let made = Made::init(home.join("repo"));
        let lines = |changed: usize, to: &str| -> String {
            (0..20)
                .map(|n| {
                    if n == changed {
                        format!("{to}\n")
                    } else {
                        format!("{n}\n")
                    }
                })
                .collect()
        };
        made.write("text", lines(99, "")).write("gone", "x\ny\nz\n");
        made.write("script", "#!/bin/sh\nexit 0\n")
            .write("kept", "k\n");
        let base = oid(&made.commit("base"));
        let write = |path: &str, text: &str| {
            made.write(path, text);
        };
        let feature = |name: &str, change: &dyn Fn()| -> (String, Oid) {
            made.git(&["checkout", "-q", "-B", name, &base.to_string()]);
            change();
            (name.to_owned(), oid(&made.commit(name)))
        };
        let file = |name: &str| made.dir().join(name);
        let top = feature("top", &|| write("text", &lines(1, "top")));
        let bottom = feature("bottom", &|| write("text", &lines(18, "bottom")));
        let clash = feature("clash", &|| write("text", &lines(1, "clash")));
        let same = feature("same", &|| write("text", &lines(1, "top")));
        let delete = feature("delete", &|| std::fs::remove_file(file("gone")).unwrap());
        let edit = feature("edit", &|| write("gone", "x\nY\nz\n"));
        let renames = feature("renames", &|| {
            std::fs::rename(file("kept"), file("one")).unwrap();
        });
        let elsewhere = feature("elsewhere", &|| {
            std::fs::rename(file("kept"), file("two")).unwrap();
        });
        let link = feature("link", &|| {
            std::fs::remove_file(file("script")).unwrap();
            std::os::unix::fs::symlink("kept", file("script")).unwrap();
        });
        let executable = feature("executable", &|| {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(file("script"), PermissionsExt::from_mode(0o755)).unwrap();
        });
        let runs = feature("runs", &|| {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(file("script"), PermissionsExt::from_mode(0o755)).unwrap();
            write("new", "new\n");
        });
        let both = feature("both", &|| {
            write(
                "text",
                &lines(1, "top")
                    .replace("18\n", "bottom\n")
                    .replace("9\n", "9\nmore\n"),
            );
        });
        let gone_too = feature("gone-too", &|| {
            std::fs::remove_file(file("gone")).unwrap();
            write("new", "new\n");
        });
        let edits = feature("edits", &|| write("kept", "edited\n"));
        let body = feature("body", &|| write("script", "#!/bin/sh\nexit 1\n"));
        let nothing = feature("nothing", &|| {});
        made.git(&["checkout", "-q", "main"]);
        let before = contents(&home.join("repo"));
        let repo = Repo::open(made.dir()).unwrap();
        let conflicts = |tips: &[&(String, Oid)]| {
            let tips: Vec<_> = tips.iter().map(|tip| (*tip).clone()).collect();
            repo.conflicts(base, &tips).unwrap()
        };
        let conflict = |name: &str, with: &[&str], paths: &[&str]| Conflict {
            name: name.into(),
            with: with.iter().map(|name| (*name).into()).collect(),
            paths: paths.iter().map(|path| (*path).into()).collect(),
            is_same: false,
        };
        let twice = |name: &str, with: &[&str], paths: &[&str]| Conflict {
            is_same: true,
            ..conflict(name, with, paths)
        };
        assert_eq!(conflicts(&[&top, &bottom, &delete, &nothing]), []);
        // A change that is made already: of a line, of a whole file, of some of many.
        assert_eq!(
            conflicts(&[&bottom, &top, &same, &nothing]),
            [twice("same", &["top"], &["text"])]
        );
        assert_eq!(
            conflicts(&[&both, &top, &bottom]),
            [
                twice("top", &["both"], &["text"]),
                twice("bottom", &["both"], &["text"])
            ]
        );
        assert_eq!(
            conflicts(&[&delete, &renames, &gone_too]),
            [twice("gone-too", &["delete"], &["gone"])]
        );
        assert_eq!(
            conflicts(&[&top, &bottom, &clash]),
            [conflict("clash", &["top"], &["text"])]
        );
        assert_eq!(
            conflicts(&[&delete, &edit]),
            [conflict("edit", &["delete"], &["gone"])]
        );
        assert_eq!(
            conflicts(&[&edit, &delete]),
            [conflict("delete", &["edit"], &["gone"])]
        );
        // A patch takes a file that is renamed for one that is gone and one that is new.
        assert_eq!(
            conflicts(&[&renames, &elsewhere]),
            [twice("elsewhere", &["renames"], &["kept"])]
        );
        assert_eq!(
            conflicts(&[&renames, &edits]),
            [conflict("edits", &["renames"], &["kept"])]
        );
        assert_eq!(conflicts(&[&executable, &body, &runs]), []);
        let kinds = conflicts(&[&link, &body]);
        assert_eq!(kinds.len(), 1, "{kinds:?}");
        assert!(kinds[0].paths.contains(&"script".to_owned()), "{kinds:?}");
        // A feature that was left out does not spoil the next ones.
        assert_eq!(
            conflicts(&[&top, &clash, &delete, &edit])
                .iter()
                .map(|conflict| conflict.name.as_str())
                .collect::<Vec<_>>(),
            ["clash", "edit"]
        );
        assert_eq!(contents(&home.join("repo")), before, "nothing is written");
    });
}
