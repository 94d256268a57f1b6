//! The copy that hashes are tried out on: it holds what the workspace holds, writing to it never reaches the user's
//! files, and nothing of it is left, whatever ends a run.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use cotter::source::{RelPath, SourceFile, Workspace};
use cotter::work_copy::{WorkCopy, WorkCopyError};

fn rel(path: &str) -> RelPath {
    RelPath::new(path).unwrap()
}

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn workspace(root: &Path) -> Workspace {
    fs::create_dir_all(root).unwrap();
    Workspace::at(root).unwrap()
}

fn copy_all(workspace: &Workspace, cache: &Path) -> WorkCopy {
    let files = workspace.files_and_links(&RelPath::root(), &[]);
    WorkCopy::make(workspace, &files, &[], cache).unwrap()
}

fn left_in(cache: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(cache.join("work")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// What lies below `root`: mode, content or target, and when it was changed.
fn seen(root: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>, i64, i64)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            let content = if meta.is_symlink() {
                fs::read_link(&path)
                    .unwrap()
                    .into_os_string()
                    .into_encoded_bytes()
            } else if meta.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else {
                fs::read(&path).unwrap()
            };
            let what = (meta.mode(), content, meta.ctime(), meta.ctime_nsec());
            found.insert(path, what);
        }
    }
    found
}

#[test]
fn holds_what_the_workspace_holds() {
    let home = tempfile::tempdir().unwrap();
    let (root, cache) = (home.path().join("my project"), home.path().join("cache"));
    put(&root, "default.nix", "{ }");
    put(&root, "empty", "");
    put(&root, "c/run.sh", "#!/bin/sh\n");
    fs::set_permissions(root.join("c/run.sh"), Permissions::from_mode(0o555)).unwrap();
    put(&root, "c/secret", "x");
    fs::set_permissions(root.join("c/secret"), Permissions::from_mode(0o400)).unwrap();
    fs::set_permissions(root.join("c"), Permissions::from_mode(0o555)).unwrap();
    put(&root, "cotter.lock", "{}");
    put(&root, "dropped/a/b", "");
    put(&root, "module/.git", "gitdir: ../.git/modules/module\n");
    put(&root, "module/lib/x.nix", "1");
    symlink("c/run.sh", root.join("inside")).unwrap();
    symlink("/nowhere", root.join("absolute")).unwrap();
    put(home.path(), "shared/lib/y.nix", "2");
    symlink("../shared/lib", root.join("outside")).unwrap();
    // What git tracks behind a folder that became a link is not the workspace's.
    symlink("module", root.join("was-folder")).unwrap();
    let workspace = workspace(&root);
    let files = [
        "default.nix",
        "empty",
        "c/run.sh",
        "c/secret",
        "cotter.lock",
        "dropped/a/b",
        "module",
        "inside",
        "absolute",
        "outside",
        "deleted",
        "gone/too",
        "was-folder",
        "was-folder/lib/x.nix",
    ]
    .map(rel);
    let before = seen(home.path());
    let copy = WorkCopy::make(
        &workspace,
        &files,
        &["cotter.lock", "dropped"].map(rel),
        &cache,
    )
    .unwrap();

    let there = |path: &str| copy.root().join(path);
    assert_eq!(copy.root().file_name(), root.file_name());
    assert!(
        copy.root().starts_with(copy.dir())
            && copy.dir().starts_with(fs::canonicalize(&cache).unwrap())
    );
    assert_eq!(fs::read_to_string(there("default.nix")).unwrap(), "{ }");
    assert_eq!(fs::read(there("empty")).unwrap(), b"");
    let mode = |path: &str| fs::metadata(there(path)).unwrap().mode() & 0o111;
    assert!(mode("c/run.sh") != 0 && mode("c/secret") == 0);
    for absent in ["cotter.lock", "dropped", "deleted", "gone", "module/.git"] {
        assert!(fs::symlink_metadata(there(absent)).is_err(), "{absent}");
    }
    assert_eq!(fs::read_to_string(there("module/lib/x.nix")).unwrap(), "1");
    for (link, target) in [
        ("inside", "c/run.sh"),
        ("absolute", "/nowhere"),
        ("outside", "../shared/lib"),
        ("was-folder", "module"),
    ] {
        assert_eq!(fs::read_link(there(link)).unwrap(), Path::new(target));
    }
    // The text is as it was, and so is the meaning.
    assert_eq!(fs::read_to_string(there("outside/y.nix")).unwrap(), "2");

    for path in ["default.nix", "c/run.sh", "inside", "new/folder/file"] {
        copy.write(&SourceFile::from_text(rel(path), "written".into()))
            .unwrap();
        assert_eq!(fs::read_to_string(there(path)).unwrap(), "written");
    }
    assert!(mode("c/run.sh") != 0);
    assert_eq!(
        fs::read_link(there("inside")).unwrap(),
        Path::new("c/run.sh")
    );
    for path in ["outside/y.nix", "outside/new"] {
        let refused = copy.write(&SourceFile::from_text(rel(path), "written".into()));
        assert!(
            matches!(refused, Err(WorkCopyError::Outside { .. })),
            "{path}"
        );
    }
    let mut now = seen(home.path());
    now.retain(|path, _| !path.starts_with(&cache));
    assert_eq!(now, before);
    drop(copy);
    assert_eq!(left_in(&cache), [] as [PathBuf; 0]);
}

#[test]
fn an_overlay_is_what_is_copied() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("w");
    put(&root, "a.nix", "old");
    put(&root, "cotter.lock", "old");
    let overlay = [
        ("a.nix", "new"),
        ("b/c.nix", "made"),
        ("cotter.lock", "new"),
    ];
    let workspace = workspace(&root)
        .with_overlay(overlay.map(|(path, text)| SourceFile::from_text(rel(path), text.into())));
    let copy = WorkCopy::make(
        &workspace,
        &[rel("a.nix")],
        &[rel("cotter.lock")],
        &home.path().join("cache"),
    )
    .unwrap();
    assert_eq!(
        fs::read_to_string(copy.root().join("a.nix")).unwrap(),
        "new"
    );
    assert_eq!(
        fs::read_to_string(copy.root().join("b/c.nix")).unwrap(),
        "made"
    );
    assert!(!copy.root().join("cotter.lock").exists());
    assert_eq!(fs::read_to_string(root.join("a.nix")).unwrap(), "old");
}

#[test]
fn a_cache_within_the_workspace_is_not_copied() {
    let home = tempfile::tempdir().unwrap();
    let (root, cache) = (home.path().join("w"), home.path().join("w/.cache"));
    put(&root, "a.nix", "x");
    let workspace = workspace(&root);
    let first = copy_all(&workspace, &cache);
    let second = copy_all(&workspace, &cache);
    assert!(second.root().join("a.nix").exists() && !second.root().join(".cache/work").exists());
    drop((first, second));
    assert_eq!(left_in(&cache), [] as [PathBuf; 0]);
}

#[test]
fn fifty_runs_at_once_leave_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (root, cache) = (home.path().join("w"), home.path().join("cache"));
    for at in 0..20 {
        put(&root, &format!("d{at}/f.nix"), &at.to_string());
    }
    let workspace = workspace(&root);
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                for _ in 0..4 {
                    let copy = copy_all(&workspace, &cache);
                    // No other run took it for a dead one's.
                    for at in 0..20 {
                        let text = fs::read_to_string(copy.root().join(format!("d{at}/f.nix")));
                        assert_eq!(text.unwrap(), at.to_string());
                    }
                }
            });
        }
    });
    assert_eq!(left_in(&cache), [] as [PathBuf; 0]);
}

/// Not a test by itself: what the tests below start as another process.
#[test]
fn a_run_in_another_process() {
    let Some(home) = std::env::var_os("COTTER_TEST_WORK_COPY").map(PathBuf::from) else {
        return;
    };
    let workspace = Workspace::at(&home.join("w")).unwrap();
    // It ends by itself when nobody is left to kill it.
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(120) && workspace.root().exists() {
        let copy = copy_all(&workspace, &home.join("cache"));
        let sealed = copy.dir().join("sealed");
        put(&sealed, "file", "");
        fs::set_permissions(&sealed, Permissions::from_mode(0o555)).unwrap();
        put(&home, "made", "");
    }
}

fn run_apart(home: &Path) -> Command {
    let mut run = Command::new(std::env::current_exe().unwrap());
    run.args(["--exact", "a_run_in_another_process"])
        .env("COTTER_TEST_WORK_COPY", home)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    run
}

/// Waits until the run has made and sealed a copy.
fn wait_for_copy(home: &Path, run: &mut Child) {
    for _ in 0..6_000 {
        if home.join("made").exists() {
            return;
        }
        assert!(run.try_wait().unwrap().is_none(), "the run has ended");
        thread::sleep(Duration::from_millis(10));
    }
    panic!("no copy was made");
}

fn end(mut run: Child) {
    run.kill().unwrap();
    run.wait().unwrap();
}

#[test]
fn what_killed_runs_left_goes_with_the_next() {
    let home = tempfile::tempdir().unwrap();
    let (root, cache) = (home.path().join("w"), home.path().join("cache"));
    for at in 0..60 {
        put(&root, &format!("d{}/f{at}.nix", at % 7), "x");
    }
    let workspace = workspace(&root);
    let mut remains = 0;
    // Some die before they made anything, some in the middle of making or removing; two at a time.
    for wait in 0..40u64 {
        let mut runs: Vec<Child> = (0..2)
            .map(|_| run_apart(home.path()).spawn().unwrap())
            .collect();
        if wait % 4 == 3 {
            wait_for_copy(home.path(), &mut runs[0]);
        }
        thread::sleep(Duration::from_millis(wait * 7 % 61));
        runs.into_iter().for_each(end);
        remains += left_in_or_none(&cache);
        let _ = fs::remove_file(home.path().join("made"));
    }
    assert!(remains > 0, "no run was killed while it had a copy");
    drop(copy_all(&workspace, &cache));
    assert_eq!(left_in(&cache), [] as [PathBuf; 0]);
}

fn left_in_or_none(cache: &Path) -> usize {
    fs::read_dir(cache.join("work")).map_or(0, Iterator::count)
}

#[test]
fn a_living_run_in_another_process_keeps_its_copy() {
    let home = tempfile::tempdir().unwrap();
    let (root, cache) = (home.path().join("w"), home.path().join("cache"));
    put(&root, "f.nix", "x");
    let workspace = workspace(&root);
    let mine = copy_all(&workspace, &cache);
    let mut run = run_apart(home.path()).spawn().unwrap();
    wait_for_copy(home.path(), &mut run);
    end(run);
    assert!(mine.root().join("f.nix").exists());
}

/// Root may write to a folder whatever its mode: another user's run has to show it.
#[test]
fn read_only_folders_are_removed_by_a_user_who_is_not_root() {
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), Permissions::from_mode(0o777)).unwrap();
    let (root, cache) = (home.path().join("w"), home.path().join("cache"));
    put(&root, "f.nix", "x");
    let mut run = Command::new("/bin/sh");
    // A folder as a dead run leaves it: read-only ones in it, and no lock that anybody holds.
    run.args(["-c", "mkdir -p cache/work/run-0123456789abcdef/a/b && touch cache/work/run-0123456789abcdef/a/b/c && \
                     touch cache/work/run-0123456789abcdef.lock && chmod 0555 cache/work/run-0123456789abcdef/a/b cache/work/run-0123456789abcdef/a"])
        .current_dir(home.path());
    let is_root = fs::metadata(home.path()).unwrap().uid() == 0;
    let nobody = |command: &mut Command| {
        if is_root {
            command.uid(65_534).gid(65_534);
        }
    };
    nobody(&mut run);
    assert!(run.status().unwrap().success());
    // Readable for that user, wherever the tests were built.
    let binary = home.path().join("tests");
    fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
    let mut run = Command::new(&binary);
    run.args(["--exact", "a_run_in_another_process"])
        .env("COTTER_TEST_WORK_COPY", home.path())
        .current_dir(home.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    nobody(&mut run);
    let mut run = run.spawn().unwrap();
    wait_for_copy(home.path(), &mut run);
    end(run);
    assert!(!cache.join("work/run-0123456789abcdef").exists());
    assert!(!cache.join("work/run-0123456789abcdef.lock").exists());
}
