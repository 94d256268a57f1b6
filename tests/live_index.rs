//! What is staged, beside the disk, in work trees made by real git. Needs git.

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cotter::git::{Base, Changed, GitError, Index, Staged, tracked_files};
use cotter::source::{Content, Contents, RelPath, Workspace};
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

fn staged(changed: &[&str], removed: &[&str]) -> Staged {
    Staged {
        changed: rels(changed),
        removed: rels(removed),
    }
}

fn changed(changed: &[&str], removed: &[&str]) -> Changed {
    Changed {
        changed: rels(changed),
        removed: rels(removed),
    }
}

fn looked_up(index: &Index, path: &str) -> Content {
    index.look_up(&rel(path)).unwrap()
}

fn bytes(text: &str) -> Content {
    Content::Bytes(text.as_bytes().to_vec())
}

/// Files that git knows, long enough ago that no entry is racy: the index is written a second later.
fn settled(made: &Made) {
    let index = made.dir().join(".git/index");
    let later =
        fs::metadata(&index).unwrap().modified().unwrap() + std::time::Duration::from_secs(2);
    fs::File::options()
        .write(true)
        .open(index)
        .unwrap()
        .set_modified(later)
        .unwrap();
}

/// A work tree with a commit.
fn committed(dir: PathBuf) -> Made {
    let made = Made::init(dir);
    made.write("a.nix", "a\n")
        .write("sub/b.nix", "b\n")
        .write("sub/deep/c", "c\n")
        .write("subway/d", "d\n");
    made.commit("first");
    settled(&made);
    made
}

#[test]
fn what_is_staged_is_told_from_the_disk() {
    alone("what_is_staged_is_told_from_the_disk", &[], |home| {
        let made = committed(home.join("work"));
        let index = open(made.dir());
        assert_eq!(
            index.files(),
            rels(&["a.nix", "sub/b.nix", "sub/deep/c", "subway/d"])
        );
        assert_eq!(index.staged().unwrap(), staged(&[], &[]));
        assert_eq!(index.unstaged(), []);
        assert_eq!(looked_up(&index, "a.nix"), Content::OnDisk);
        made.write("a.nix", "staged\n").write("new", "n\n");
        made.git(&["add", "a.nix", "new"]);
        made.git(&["rm", "-q", "subway/d"]);
        made.write("a.nix", "on disk\n").write("untracked", "u\n");
        fs::remove_file(made.dir().join("sub/b.nix")).unwrap();
        let index = open(made.dir());
        assert_eq!(
            index.staged().unwrap(),
            staged(&["a.nix", "new"], &["subway/d"])
        );
        assert_eq!(index.unstaged(), rels(&["a.nix", "sub/b.nix"]));
        assert_eq!(looked_up(&index, "a.nix"), bytes("staged\n"));
        assert_eq!(looked_up(&index, "new"), Content::OnDisk);
        assert_eq!(looked_up(&index, "sub/b.nix"), bytes("b\n"));
        for path in ["untracked", "subway/d", "sub", "never"] {
            assert_eq!(looked_up(&index, path), Content::Absent, "{path}");
        }
        let workspace = Workspace::at(made.dir())
            .unwrap()
            .with_contents(Arc::new(index));
        assert_eq!(workspace.read(&rel("a.nix")).unwrap().text(), "staged\n");
        assert_eq!(workspace.read(&rel("sub/b.nix")).unwrap().text(), "b\n");
        assert!(!workspace.has_file(&rel("untracked")));
        // The same content, touched or written anew, is still that of the disk.
        made.write("a.nix", "staged\n");
        let index = open(made.dir());
        assert_eq!(looked_up(&index, "a.nix"), Content::OnDisk);
        // A mode is staged too.
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(made.dir().join("sub/deep/c"), mode).unwrap();
        made.git(&["add", "sub/deep/c"]);
        let all = open(made.dir()).staged().unwrap();
        assert_eq!(all, staged(&["a.nix", "new", "sub/deep/c"], &["subway/d"]));
    });
}

#[test]
fn no_object_is_read_for_a_file_that_was_not_touched() {
    alone(
        "no_object_is_read_for_a_file_that_was_not_touched",
        &[],
        |home| {
            let made = committed(home.join("work"));
            fs::remove_dir_all(made.dir().join(".git/objects")).unwrap();
            fs::create_dir(made.dir().join(".git/objects")).unwrap();
            let index = open(made.dir());
            assert!(index.is_on_disk(&rel("a.nix")));
            assert_eq!(looked_up(&index, "sub/deep/c"), Content::OnDisk);
            made.write("a.nix", "else\n");
            let error = index.look_up(&rel("a.nix")).unwrap_err().to_string();
            assert!(error.contains("no such object"), "{error}");
            assert!(matches!(index.staged(), Err(GitError::Read { .. })));
        },
    );
}

#[test]
fn without_a_commit_all_is_staged() {
    alone("without_a_commit_all_is_staged", &[], |home| {
        let made = Made::init(home.join("work"));
        let empty = open(made.dir());
        assert_eq!(
            (empty.files(), empty.staged().unwrap()),
            (&[][..], staged(&[], &[]))
        );
        made.write("b", "b").write("a", "a");
        made.git(&["add", "."]);
        assert_eq!(open(made.dir()).staged().unwrap(), staged(&["a", "b"], &[]));
        assert!(Base::open(made.dir(), None).unwrap().is_none());
        assert!(Index::open(home, None).unwrap().is_none());
        assert!(Base::open(home, None).unwrap().is_none());
        assert!(matches!(
            Base::open(home, Some("main")),
            Err(GitError::Open { .. })
        ));
    });
}

#[test]
fn a_commit_has_an_index_of_its_own() {
    alone("a_commit_has_an_index_of_its_own", &[], |home| {
        let made = committed(home.join("work"));
        let hook = made.dir().join(".git/hooks/pre-commit");
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        let script = "#!/bin/sh\nset -e\nprintf %s \"$GIT_INDEX_FILE\" > .git/named\ncp \"$GIT_INDEX_FILE\" .git/kept\n";
        fs::write(&hook, script).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        let kept = || {
            let kept = Path::new(".git/kept");
            Index::open(made.dir(), Some(kept)).unwrap().unwrap()
        };
        made.write("a.nix", "all\n");
        made.git(&["commit", "-q", "-a", "-m", "all"]);
        let named = fs::read_to_string(made.dir().join(".git/named")).unwrap();
        assert!(named.ends_with("index.lock"), "{named}");
        // Seen from the commit before, as the hook was.
        made.git(&["update-ref", "HEAD", "HEAD~1"]);
        assert_eq!(kept().staged().unwrap(), staged(&["a.nix"], &[]));
        made.git(&["reset", "-q"]);
        made.write("sub/b.nix", "only this\n");
        made.git(&["commit", "-q", "-m", "one", "sub/b.nix"]);
        let named = fs::read_to_string(made.dir().join(".git/named")).unwrap();
        assert!(named.contains("next-index-"), "{named}");
        made.git(&["update-ref", "HEAD", "HEAD~1"]);
        assert_eq!(kept().staged().unwrap(), staged(&["sub/b.nix"], &[]));
        // One that is not there is empty, as git takes it.
        let none = Index::open(&made.dir().join("sub"), Some(Path::new("nothing")));
        let none = none.unwrap().unwrap();
        assert_eq!(none.staged().unwrap(), staged(&[], &["b.nix", "deep/c"]));
    });
}

#[test]
fn a_racy_entry_is_read() {
    alone("a_racy_entry_is_read", &[], |home| {
        let made = committed(home.join("work"));
        let file = made.dir().join("a.nix");
        let before = fs::metadata(&file).unwrap().modified().unwrap();
        let index_file = made.dir().join(".git/index");
        made.git(&["config", "core.trustCTime", "false"]);
        // Same size, same inode, same time.
        fs::write(&file, "z\n").unwrap();
        let set = |path: &Path| {
            let file = fs::File::options().write(true).open(path).unwrap();
            file.set_modified(before).unwrap();
        };
        set(&file);
        assert!(
            open(made.dir()).is_on_disk(&rel("a.nix")),
            "nothing tells that it changed"
        );
        set(&index_file);
        let index = open(made.dir());
        assert!(!index.is_on_disk(&rel("a.nix")));
        assert_eq!(looked_up(&index, "a.nix"), bytes("a\n"));
        assert!(index.is_on_disk(&rel("sub/b.nix")), "racy, and the same");
    });
}

#[test]
fn line_endings_of_the_disk_are_kept() {
    alone("line_endings_of_the_disk_are_kept", &[], |home| {
        let made = Made::init(home.join("work"));
        made.write(".gitattributes", "*.txt text eol=crlf\n")
            .write("a.txt", "a\nb\n")
            .write("b", "b\r\n");
        made.commit("first");
        fs::remove_file(made.dir().join("a.txt")).unwrap();
        made.git(&["checkout", "-q", "."]);
        assert_eq!(fs::read(made.dir().join("a.txt")).unwrap(), b"a\r\nb\r\n");
        // Racy or not.
        for _ in 0..2 {
            let index = open(made.dir());
            assert_eq!(looked_up(&index, "a.txt"), Content::OnDisk);
            assert_eq!(index.unstaged(), []);
            settled(&made);
        }
        made.write("a.txt", "a\r\nc\r\n");
        assert_eq!(looked_up(&open(made.dir()), "a.txt"), bytes("a\nb\n"));
        made.write("b", "b\n");
        assert_eq!(looked_up(&open(made.dir()), "b"), bytes("b\r\n"));
        let other = Made::init(home.join("auto"));
        other.git(&["config", "core.autocrlf", "true"]);
        other.write("a", "a\r\n").commit("first");
        other.write("a", "a\r\n");
        assert_eq!(looked_up(&open(other.dir()), "a"), Content::OnDisk);
        let base = Base::open(other.dir(), None).unwrap().unwrap();
        assert_eq!(base.read(&rel("a")).unwrap().unwrap(), b"a\n");
        let now = base
            .changed(&rels(&["a"]), &open(other.dir()), true)
            .unwrap();
        assert_eq!(now, changed(&[], &[]));
    });
}

#[test]
fn what_is_only_announced_is_not_staged() {
    alone("what_is_only_announced_is_not_staged", &[], |home| {
        let made = committed(home.join("work"));
        made.write("sub/new", "new\n");
        made.git(&["add", "--intent-to-add", "sub/new"]);
        let index = open(made.dir());
        assert!(!index.files().contains(&rel("sub/new")));
        assert_eq!(looked_up(&index, "sub/new"), Content::Absent);
        assert_eq!(index.staged().unwrap(), staged(&[], &[]));
    });
}

#[test]
fn of_a_conflict_our_side_counts() {
    alone("of_a_conflict_our_side_counts", &[], |home| {
        let made = committed(home.join("work"));
        made.git(&["checkout", "-q", "-b", "other"]);
        made.write("a.nix", "theirs\n").commit("theirs");
        made.git(&["checkout", "-q", "main"]);
        made.write("a.nix", "ours\n").commit("ours");
        let merge = made
            .command()
            .args(["merge", "-q", "other"])
            .output()
            .unwrap();
        assert!(!merge.status.success());
        let index = open(made.dir());
        assert_eq!(
            index.files(),
            rels(&["a.nix", "sub/b.nix", "sub/deep/c", "subway/d"])
        );
        assert_eq!(looked_up(&index, "a.nix"), bytes("ours\n"));
        assert_eq!(index.unstaged(), rels(&["a.nix"]));
    });
}

#[test]
fn a_work_tree_of_its_own_and_a_folder_below() {
    alone("a_work_tree_of_its_own_and_a_folder_below", &[], |home| {
        let made = committed(home.join("work"));
        made.git(&["worktree", "add", "-q", "../linked"]);
        fs::write(home.join("linked/sub/b.nix"), "linked\n").unwrap();
        let mut add = command("git", home);
        add.current_dir(home.join("linked")).args(["add", "."]);
        run_ok(&mut add, "git");
        assert_eq!(
            open(&home.join("linked")).staged().unwrap(),
            staged(&["sub/b.nix"], &[])
        );
        assert_eq!(open(made.dir()).staged().unwrap(), staged(&[], &[]));
        let sub = open(&home.join("linked/sub"));
        assert_eq!(sub.files(), rels(&["b.nix", "deep/c"]));
        assert_eq!(sub.staged().unwrap(), staged(&["b.nix"], &[]));
        assert_eq!(looked_up(&sub, "b.nix"), Content::OnDisk);
        let base = Base::open(&home.join("linked/sub"), None).unwrap().unwrap();
        assert_eq!(base.read(&rel("b.nix")).unwrap().unwrap(), b"b\n");
        assert_eq!(base.read(&rel("a.nix")).unwrap(), None);
        let now = base.changed(sub.files(), &sub, false).unwrap();
        assert_eq!(now, changed(&["b.nix"], &[]));
    });
}

#[test]
fn what_is_not_to_be_on_the_disk_is_staged() {
    alone("what_is_not_to_be_on_the_disk_is_staged", &[], |home| {
        for sparse_index in ["false", "true"] {
            let made = committed(home.join(sparse_index));
            made.git(&["sparse-checkout", "init", "--cone"]);
            made.git(&["sparse-checkout", "set", "subway"]);
            made.git(&["config", "index.sparse", sparse_index]);
            made.git(&["sparse-checkout", "reapply"]);
            assert!(!made.dir().join("sub/b.nix").exists());
            let index = open(made.dir());
            assert_eq!(
                index.files(),
                rels(&["a.nix", "sub/b.nix", "sub/deep/c", "subway/d"])
            );
            assert_eq!(looked_up(&index, "sub/deep/c"), bytes("c\n"));
            assert_eq!(index.unstaged(), []);
            assert_eq!(index.staged().unwrap(), staged(&[], &[]));
            fs::create_dir_all(made.dir().join("sub")).unwrap();
            assert_eq!(
                open(&made.dir().join("sub")).files(),
                rels(&["b.nix", "deep/c"])
            );
        }
        let made = committed(home.join("flags"));
        made.git(&["update-index", "--assume-unchanged", "a.nix"]);
        made.write("a.nix", "secretly\n");
        assert_eq!(looked_up(&open(made.dir()), "a.nix"), bytes("a\n"));
    });
}

#[test]
fn a_split_index_is_whole() {
    alone("a_split_index_is_whole", &[], |home| {
        let made = committed(home.join("work"));
        made.git(&["update-index", "--split-index"]);
        made.write("a.nix", "new\n").write("sub/added", "added\n");
        made.git(&["add", "."]);
        made.git(&["rm", "-q", "subway/d"]);
        let index = open(made.dir());
        let files = rels(&["a.nix", "sub/added", "sub/b.nix", "sub/deep/c"]);
        assert_eq!(index.files(), files);
        assert_eq!(tracked_files(made.dir()).unwrap(), files);
        assert_eq!(
            index.staged().unwrap(),
            staged(&["a.nix", "sub/added"], &["subway/d"])
        );
        let paths = ["4", "3"];
        for version in paths {
            made.git(&[
                "update-index",
                "--no-split-index",
                "--index-version",
                version,
            ]);
            assert_eq!(open(made.dir()).files(), files, "version {version}");
        }
    });
}

#[test]
fn links_lead_to_what_is_staged() {
    alone("links_lead_to_what_is_staged", &[], |home| {
        let made = committed(home.join("work"));
        let link = |target: &str, name: &str| symlink(target, made.dir().join(name)).unwrap();
        link("a.nix", "link");
        link("sub", "folder");
        link("loop", "loop");
        link("../work/a.nix", "out");
        made.git(&["add", "."]);
        made.write("a.nix", "on disk\n");
        let index = open(made.dir());
        assert_eq!(index.links(), rels(&["folder", "link", "loop", "out"]));
        assert_eq!(looked_up(&index, "link"), bytes("a\n"));
        assert_eq!(looked_up(&index, "folder/deep/c"), bytes("c\n"));
        for path in ["folder", "loop", "out", "link/x"] {
            assert_eq!(looked_up(&index, path), Content::Absent, "{path}");
        }
        // A folder of the disk that has become a link leads elsewhere.
        fs::rename(made.dir().join("sub"), home.join("moved")).unwrap();
        symlink(home.join("moved"), made.dir().join("sub")).unwrap();
        assert_eq!(looked_up(&open(made.dir()), "sub/b.nix"), bytes("b\n"));
    });
}

#[test]
fn a_damaged_index_is_an_error_or_an_index() {
    alone("a_damaged_index_is_an_error_or_an_index", &[], |home| {
        let made = committed(home.join("work"));
        let path = made.dir().join(".git/index");
        for version in ["2", "4"] {
            made.git(&["update-index", "--index-version", version]);
            let whole = fs::read(&path).unwrap();
            let mut unproven = whole.clone();
            let end = unproven.len() - 20;
            unproven[end..].fill(0);
            fs::write(&path, &unproven).unwrap();
            assert_eq!(open(made.dir()).files().len(), 4);
            let look = |bytes: &[u8]| {
                fs::write(&path, bytes).unwrap();
                if let Ok(Some(index)) = Index::open(made.dir(), None) {
                    let _ = (index.staged(), index.unstaged());
                    index
                        .files()
                        .iter()
                        .for_each(|path| drop(index.look_up(path)));
                }
            };
            for at in 0..end {
                for byte in [0, 0x7f, 0xff] {
                    let mut bytes = unproven.clone();
                    bytes[at] = byte;
                    look(&bytes);
                }
                look(&[&unproven[..at], &[0; 20][..]].concat());
            }
            fs::write(&path, &whole[..end]).unwrap();
            let error = Index::open(made.dir(), None).unwrap_err();
            assert!(matches!(error, GitError::Read { .. }), "{error}");
            let mut wrong = whole.clone();
            wrong[30] ^= 1;
            fs::write(&path, &wrong).unwrap();
            let error = Index::open(made.dir(), None).unwrap_err();
            assert!(error.to_string().contains("checksum"), "{error}");
            fs::write(&path, &whole).unwrap();
        }
    });
}

#[test]
fn a_crafted_index_takes_neither_stack_nor_memory() {
    alone(
        "a_crafted_index_takes_neither_stack_nor_memory",
        &[],
        |home| {
            let made = committed(home.join("work"));
            let path = made.dir().join(".git/index");
            let extended = |extensions: &[(&[u8; 4], Vec<u8>)]| {
                let mut index = b"DIRC\0\0\0\x02\0\0\0\0".to_vec();
                for (name, content) in extensions {
                    index.extend_from_slice(*name);
                    index.extend_from_slice(&u32::try_from(content.len()).unwrap().to_be_bytes());
                    index.extend_from_slice(content);
                }
                index.extend_from_slice(&[0; 20]);
                index
            };
            // Folders in folders, more than any stack holds; and more of them than there are bytes.
            let mut nested = b"\0-1 1\n".repeat(1_000_000);
            nested.extend_from_slice(b"\0-1 0\n");
            for trees in [nested, b"\0-1 99999999999\n".to_vec()] {
                fs::write(&path, extended(&[(b"TREE", trees)])).unwrap();
                assert_eq!(open(made.dir()).files(), []);
            }
            // A shared index that shares itself.
            let name = [0x11; 20];
            let own = extended(&[(b"link", name.to_vec())]);
            let shared = format!("sharedindex.{}", "11".repeat(20));
            fs::write(made.dir().join(".git").join(shared), &own).unwrap();
            fs::write(&path, &own).unwrap();
            let error = Index::open(made.dir(), None).unwrap_err().to_string();
            assert!(error.contains("shares another one"), "{error}");
            fs::remove_file(&path).unwrap();
            let mut pipe = command("mkfifo", home);
            run_ok(pipe.arg(&path), "coreutils");
            let error = Index::open(made.dir(), None).unwrap_err().to_string();
            assert!(error.contains("not a regular file"), "{error}");
        },
    );
}
