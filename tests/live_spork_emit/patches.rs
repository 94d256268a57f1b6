//! Patches that are made, and those that cannot be: the message names the feature.

use std::os::unix::fs::PermissionsExt;

use crate::project::{Project, executable};
use crate::support::repo::Repo;

/// Upstream with a file of ten lines, a link and a program.
fn project() -> Project {
    let project = Project::new(&[
        ("lines.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"),
        ("run.sh", "#!/bin/sh\necho upstream\n"),
        ("data.bin", "\u{0}upstream\n"),
    ]);
    executable(&project.work.dir().join("run.sh"));
    std::os::unix::fs::symlink("lines.txt", project.work.dir().join("link")).unwrap();
    project.work.commit("More");
    project
}

#[test]
fn features_are_applied_in_order() {
    let project = project();
    project.feature("a", |work| {
        work.write("lines.txt", "one\n2\n3\n4\n5\n6\n7\n8\n9\n10\n")
            .write("new/folder/a.txt", "a, without a last line ending");
    });
    project.feature("b", |work| {
        work.write("lines.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\nten\n")
            .write("run.sh", "#!/bin/sh\necho ours\n");
        executable(&work.dir().join("run.sh"));
        work.git(&["rm", "-q", "--cached", "lines.txt"]);
        work.git(&["add", "lines.txt"]);
    });
    project.emit(&["--program", "run.sh"]).expect(0);
    for source in project.sources() {
        let source = source.unwrap();
        let read = |path: &str| std::fs::read_to_string(source.join(path)).unwrap();
        assert_eq!(read("lines.txt"), "one\n2\n3\n4\n5\n6\n7\n8\n9\nten\n");
        assert_eq!(read("new/folder/a.txt"), "a, without a last line ending");
        assert_eq!(read("run.sh"), "#!/bin/sh\necho ours\n");
        let mode = source.join("run.sh").metadata().unwrap().permissions();
        assert_eq!(mode.mode() & 0o111, 0o111);
        let link = std::fs::read_link(source.join("link")).unwrap();
        assert_eq!(link.to_str(), Some("lines.txt"));
    }
}

/// Emits a spork with a feature that `change`s something, and asserts that no Nix builds it, with these words.
#[track_caller]
fn fails(change: impl FnOnce(&Repo), words: &[&str]) {
    let project = project();
    project.feature("odd", change);
    project.emit(&["--program", "run.sh"]).expect(0);
    let rev = project.rev("odd");
    let called = format!("the feature odd ({rev})");
    for source in project.sources() {
        let said = source.unwrap_err();
        for word in words.iter().chain([&called.as_str()]) {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
}

#[test]
fn binary_files_are_not_dropped() {
    let words = ["changes that no patch carries", "data.bin"];
    fails(
        |work| {
            work.write("data.bin", "\u{0}ours\n")
                .write("lines.txt", "1\n");
        },
        &words,
    );
    fails(
        |work| {
            work.write("more.bin", [0u8, 159, 1]);
        },
        &["changes that no patch carries", "more.bin"],
    );
}

#[test]
fn links_modes_and_empty_files_are_not_dropped() {
    fails(
        |work| {
            std::fs::remove_file(work.dir().join("link")).unwrap();
            std::os::unix::fs::symlink("run.sh", work.dir().join("link")).unwrap();
        },
        &["changes that no patch carries", "link"],
    );
    fails(
        |work| {
            work.write("tool.sh", "#!/bin/sh\n");
            executable(&work.dir().join("tool.sh"));
        },
        &["the executable bit of tool.sh"],
    );
    fails(
        |work| {
            work.write("empty.txt", "");
        },
        &["changes that no patch carries", "empty.txt"],
    );
}

#[test]
fn a_commit_without_changes_is_told() {
    fails(|_| {}, &["changes nothing of upstream: remove it"]);
}

#[test]
fn a_feature_that_does_not_apply_is_named() {
    let project = project();
    project.feature("a", |work| {
        work.write("lines.txt", "1\n2\n3\n4\na\n6\n7\n8\n9\n10\n");
    });
    project.feature("b", |work| {
        work.write("new.txt", "b\n");
    });
    project.emit(&["--program", "run.sh"]).expect(0);
    let old = project.rev("b");
    // Emitting it would be refused; a pin that was edited by hand is not asked about.
    project.feature("c", |work| {
        work.write("lines.txt", "1\n2\n3\n4\nc\n6\n7\n8\n9\n10\n");
    });
    project
        .emit(&["--program", "run.sh"])
        .expect(4)
        .says(&["the feature `c`", "conflicts with `a`"]);
    project.write(&project.read().replace(&old, &project.rev("c")));
    for source in project.sources() {
        let said = source.unwrap_err();
        assert!(
            said.contains("the feature b does not apply to upstream with a:"),
            "{said}"
        );
        assert!(said.contains("lines.txt"), "{said}");
    }
}
