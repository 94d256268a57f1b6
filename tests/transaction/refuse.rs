//! What is not written, and that then nothing is.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use cotter::source::{RelPath, Stamp};
use cotter::transaction::{FileChange, Outcome, TransactionError, commit, recover};

use crate::driver::{End, Job, run};
use crate::world::{World, walk};

fn change(path: &str, before: Option<&str>, after: &str) -> FileChange {
    FileChange {
        path: RelPath::new(path).unwrap(),
        before: before.map(|text| Stamp::of(text.as_bytes())),
        after: after.as_bytes().to_vec(),
    }
}

/// Commits the world's changes and `more`, which must fail; all files stay.
fn refused(world: &World, more: FileChange) -> TransactionError {
    let tree = walk(&world.root);
    let mut changes = world.changes();
    changes.push(more);
    let error = commit(&world.root, &changes).unwrap_err();
    assert!(world.assert_whole("refused").iter().all(|new| !new));
    assert_eq!(walk(&world.root), tree);
    error
}

#[test]
fn changed_since_it_was_read() {
    let world = World::new(2, true, false);
    fs::write(world.root.join("other"), "two").unwrap();
    let error = refused(&world, change("other", Some("one"), "three"));
    assert!(matches!(error, TransactionError::Changed { .. }));
    assert_eq!(
        error.to_string(),
        "other: changed since it was read; nothing was written; run again"
    );
    assert_eq!(fs::read_to_string(world.root.join("other")).unwrap(), "two");
}

#[test]
fn read_only_file() {
    let world = World::new(2, true, false);
    let path = world.root.join("other");
    fs::write(&path, "one").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    let error = refused(&world, change("other", Some("one"), "two")).to_string();
    assert!(error.contains("chmod u+w other"), "{error}");
}

#[test]
fn links() {
    let world = World::new(2, true, false);
    let at = |name: &str| world.root.join(name);
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("f"), "one").unwrap();
    symlink(outside.path().join("f"), at("out")).unwrap();
    symlink(outside.path(), at("folder")).unwrap();
    symlink("round", at("about")).unwrap();
    symlink("about", at("round")).unwrap();
    symlink("default.nix", at("alias")).unwrap();
    symlink("nowhere", at("dangling")).unwrap();
    let old = world.files[0].old.as_deref();
    for path in ["out", "folder/f"] {
        let error = refused(&world, change(path, Some("one"), "two"));
        assert!(matches!(error, TransactionError::Outside { .. }), "{error}");
    }
    let error = refused(&world, change("folder/new", None, "two"));
    assert!(matches!(error, TransactionError::Outside { .. }), "{error}");
    let error = refused(&world, change("about", Some("one"), "two"));
    assert!(
        matches!(error, TransactionError::LinkLoop { .. }),
        "{error}"
    );
    let error = refused(&world, change("alias", old, "two"));
    assert!(
        matches!(error, TransactionError::SameFile { .. }),
        "{error}"
    );
    let error = refused(&world, change("dangling", Some("one"), "two"));
    assert!(matches!(error, TransactionError::Missing { .. }), "{error}");
    let error = refused(&world, change("dangling", None, "two"));
    assert!(matches!(error, TransactionError::Exists { .. }), "{error}");

    commit(&world.root, &[change("alias", old, "through the link")]).unwrap();
    assert!(fs::symlink_metadata(at("alias")).unwrap().is_symlink());
    assert_eq!(
        fs::read_to_string(at("default.nix")).unwrap(),
        "through the link"
    );
    assert_eq!(fs::read_to_string(outside.path().join("f")).unwrap(), "one");
}

#[test]
fn what_is_no_file() {
    let world = World::new(2, true, false);
    let missing = refused(&world, change("gone", Some("one"), "two"));
    assert!(matches!(missing, TransactionError::Missing { .. }));
    let no_folder = refused(&world, change("gone/new", None, "two"));
    assert!(matches!(no_folder, TransactionError::NoFolder { .. }));
    let below_a_file = refused(&world, change("default.nix/new", None, "two"));
    assert!(
        matches!(below_a_file, TransactionError::NoFolder { .. }),
        "{below_a_file}"
    );
    for path in ["sub", "."] {
        let folder = refused(&world, change(path, Some("one"), "two"));
        assert!(
            matches!(folder, TransactionError::NotAFile { .. }),
            "{folder}"
        );
    }
    rustix::fs::mkfifoat(rustix::fs::CWD, world.root.join("pipe"), 0o644.into()).unwrap();
    let pipe = refused(&world, change("pipe", Some("one"), "two"));
    assert!(matches!(pipe, TransactionError::NotAFile { .. }), "{pipe}");
}

#[test]
fn disk_that_takes_no_more() {
    let world = World::new(2, true, false);
    let mut changes = world.changes();
    changes[1].after = vec![b'x'; 20_000];
    let (end, said) = run(&world.root, &Job::Limited(&changes, 8_000), "");
    assert_eq!(end, End::Failed, "{said}");
    assert!(said.contains("cannot write the new content"), "{said}");
    assert!(!world.assert_settled("disk full"));
}

#[test]
fn mode_stays_and_nothing_is_left() {
    for git in [true, false] {
        let world = World::new(3, git, true);
        let path = world.root.join("default.nix");
        fs::set_permissions(&path, Permissions::from_mode(0o751)).unwrap();
        let owner = fs::metadata(&path).unwrap().uid();
        commit(&world.root, &world.changes()).unwrap();
        assert!(world.assert_settled("committed"));
        let meta = fs::metadata(&path).unwrap();
        assert_eq!((meta.mode() & 0o7777, meta.uid()), (0o751, owner));
        assert_eq!(recover(&world.root).unwrap(), None);
        // The same again: the files are no longer what was read.
        assert!(matches!(
            commit(&world.root, &world.changes()),
            Err(TransactionError::Changed { .. })
        ));
        assert!(world.assert_settled("committed twice"));
    }
}

#[test]
fn change_that_changes_nothing_leaves_the_file_alone() {
    let world = World::new(1, true, false);
    let old = world.files[0].old.as_deref().unwrap();
    let inode = || fs::metadata(world.root.join("default.nix")).unwrap().ino();
    let was = inode();
    commit(&world.root, &[change("default.nix", Some(old), old)]).unwrap();
    assert_eq!(inode(), was);
}

#[test]
fn garbled_journal_is_set_aside_whole() {
    let world = World::new(2, true, false);
    let state = world.root.join(".git/cotter");
    fs::create_dir(&state).unwrap();
    fs::write(state.join("journal.json"), b"{\"version\": 1, \xff").unwrap();
    fs::write(state.join("backup-0"), "precious").unwrap();
    let recovery = recover(&world.root).unwrap().unwrap();
    let Outcome::Unreadable(folder) = &recovery.outcome else {
        panic!("{recovery:?}");
    };
    assert_eq!(
        fs::read_to_string(folder.join("backup-0")).unwrap(),
        "precious"
    );
    assert!(folder.join("journal.json").exists());
    commit(&world.root, &world.changes()).unwrap();
    assert!(world.assert_whole("after").iter().all(|new| *new));
}

#[test]
fn newer_journal_is_left_to_the_newer_program() {
    let world = World::new(1, true, false);
    let state = world.root.join(".git/cotter");
    fs::create_dir(&state).unwrap();
    fs::write(state.join("journal.json"), "{\"version\": 7, \"what\": []}").unwrap();
    let error = commit(&world.root, &world.changes()).unwrap_err();
    assert!(matches!(
        error,
        TransactionError::NewerJournal { version: 7, .. }
    ));
    assert!(state.join("journal.json").exists());
    assert!(world.assert_whole("refused").iter().all(|new| !new));
}
