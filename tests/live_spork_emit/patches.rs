//! Patches that are made, and those that cannot be: the message names the feature.

use std::os::unix::fs::PermissionsExt;

use crate::project::{NIX, Project, executable, same_tree};
use crate::support::repo::Repo;

/// Upstream with a file of ten lines, a link and a program.
fn project() -> Project {
    let project = Project::new(&[
        ("lines.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"),
        ("run.sh", "#!/bin/sh\necho upstream\n"),
        ("data.bin", "\u{0}upstream\n"),
    ]);
    executable(&project.work.dir().join("run.sh"));
    for name in ["link", "old"] {
        std::os::unix::fs::symlink("lines.txt", project.work.dir().join(name)).unwrap();
    }
    project.work.write("nothing", "");
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

/// A spork with a feature that `change`s something, whose pin was edited by hand: emitting it may be refused.
fn by_hand(change: impl FnOnce(&Repo)) -> Project {
    let project = project();
    project.feature("odd", |work| {
        work.write("new.txt", "new\n");
    });
    project.emit(&["--program", "run.sh"]).expect(0);
    let old = project.rev("odd");
    project
        .work
        .git(&["branch", "-q", "-D", "feature/local/odd"]);
    project.feature("odd", change);
    project.write(&project.read().replace(&old, &project.rev("odd")));
    project
}

/// Asserts that no Nix builds a spork with such a feature, with these words.
#[track_caller]
fn fails(change: impl FnOnce(&Repo), words: &[&str]) {
    let project = by_hand(change);
    let called = format!("the feature odd ({})", project.rev("odd"));
    for source in project.sources() {
        let said = source.unwrap_err();
        for word in words.iter().chain([&called.as_str()]) {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
}

/// The same, and asserts that emitting it is refused for the same.
#[track_caller]
fn is_refused_and_fails(change: fn(&Repo), path: &str, why: &str) {
    fails(change, &["changes that no patch carries", path]);
    let project = project();
    project.feature("odd", change);
    let named = format!("{path} ({why})");
    project
        .emit(&["--program", "run.sh"])
        .expect(4)
        .says(&["changes what no patch carries", &named]);
}

#[test]
fn binary_files_are_not_dropped() {
    is_refused_and_fails(
        |work| {
            work.write("data.bin", "\u{0}ours\n")
                .write("lines.txt", "1\n");
        },
        "data.bin",
        "binary",
    );
    is_refused_and_fails(
        |work| {
            work.write("more.bin", [0u8, 159, 1]);
        },
        "more.bin",
        "binary",
    );
    is_refused_and_fails(
        |work| std::fs::remove_file(work.dir().join("data.bin")).unwrap(),
        "data.bin",
        "binary",
    );
}

#[test]
fn another_kind_of_file_is_not_dropped() {
    is_refused_and_fails(
        |work| {
            std::fs::remove_file(work.dir().join("lines.txt")).unwrap();
            std::os::unix::fs::symlink("run.sh", work.dir().join("lines.txt")).unwrap();
        },
        "lines.txt",
        "another kind of file",
    );
    is_refused_and_fails(
        |work| {
            std::fs::remove_file(work.dir().join("lines.txt")).unwrap();
            work.write("lines.txt/x", "x\n");
        },
        "lines.txt",
        "another kind of file",
    );
}

/// What diff has no words for is carried too.
#[test]
fn links_modes_and_empty_files_arrive() {
    let change = |work: &Repo| {
        let link = |to: &str, name: &str| {
            let path = work.dir().join(name);
            let _ = std::fs::remove_file(&path);
            std::os::unix::fs::symlink(to, path).unwrap();
        };
        work.write("tool.sh", "#!/bin/sh\n")
            .write("a name.sh", "#!/bin/sh\n")
            .write("quote\"\\t.sh", "#!/bin/sh\n")
            .write("empty.txt", "")
            .write("empty.sh", "")
            .write("folder/empty", "");
        for name in [
            "tool.sh",
            "a name.sh",
            "quote\"\\t.sh",
            "empty.sh",
            "lines.txt",
        ] {
            executable(&work.dir().join(name));
        }
        link("run.sh", "link");
        link("../${x}''/nowhere", "folder/a \"link\"");
        work.git(&["rm", "-q", "old", "nothing"]);
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(work.dir().join("run.sh"), mode).unwrap();
    };
    let project = project();
    project.feature("odd", change);
    for form in [None, Some(project.library())] {
        let mut args = vec!["--program", "run.sh"];
        args.extend(form.iter().flat_map(|library| ["--lib", library]));
        project.emit(&args).expect(0);
        project.work.git(&["checkout", "-q", "feature/local/odd"]);
        for source in project.sources() {
            same_tree(&source.unwrap(), project.work.dir());
        }
        project.work.git(&["checkout", "-q", "main"]);
    }
}

/// A patch that is there already is not taken back: `patch` would do so if it was asked to decide by itself.
#[test]
fn a_change_that_two_features_make_is_not_taken_back() {
    let project = project();
    project.feature("a", |work| {
        work.write("new.txt", "a\n");
    });
    project
        .work
        .git(&["checkout", "-q", "-b", "feature/local/b", "feature/local/a"]);
    project.work.write("more.txt", "more\n");
    project.work.commit("More");
    project.work.git(&["checkout", "-q", "main"]);
    let (a, b) = (project.rev("a"), project.rev("b"));
    let feature = |name: &str, rev: &str| format!("{{ name = \"{name}\"; rev = \"{rev}\"; }}");
    for library in [None, Some(project.library())] {
        let _ = std::fs::remove_file(project.ops().join(NIX));
        let mut args = vec!["--program", "run.sh", "--feature", "a"];
        args.extend(library.iter().flat_map(|library| ["--lib", library]));
        project.emit(&args).expect(0);
        let text = project.read();
        let (start, end) = (
            text.find("features = [").unwrap(),
            text.find("  ];").unwrap(),
        );
        let both = format!("features = [ {} {} ]", feature("a", &a), feature("b", &b));
        project.write(&format!("{}{both}{}", &text[..start], &text[end + 3..]));
        for source in project.sources() {
            let said = source.unwrap_err();
            assert!(said.contains("does not apply"), "{said}");
            assert!(said.contains("new.txt"), "{said}");
        }
    }
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
