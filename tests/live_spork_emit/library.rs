//! What stands on its own and what takes the library build the same source.

use std::path::PathBuf;

use crate::project::{Project, executable, same_tree};

/// Two features that go together: text, a program, a link.
fn project() -> Project {
    let project = Project::new(&[
        ("lines.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"),
        ("run.sh", "#!/bin/sh\necho upstream\n"),
        (".gitignore", "/result\n"),
    ]);
    executable(&project.work.dir().join("run.sh"));
    project.work.commit("More");
    project.feature("one", |work| {
        work.write("lines.txt", "one\n2\n3\n4\n5\n6\n7\n8\n9\n10\n");
        std::os::unix::fs::symlink("lines.txt", work.dir().join("link")).unwrap();
    });
    project.feature("two", |work| {
        work.write("lines.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\nten\n")
            .write("bin/tool", "#!/bin/sh\necho ours\n");
        executable(&work.dir().join("bin/tool"));
    });
    project
}

/// The trees are the same, and so are the names of the store paths.
#[track_caller]
fn same(one: Vec<Result<PathBuf, String>>, other: Vec<Result<PathBuf, String>>) {
    assert_eq!(one.len(), other.len());
    for (one, other) in one.into_iter().zip(other) {
        let (one, other) = (one.unwrap(), other.unwrap());
        let name = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.split_once('-').unwrap().1.to_owned()
        };
        assert_eq!(name(&one), name(&other));
        same_tree(&one, &other);
        assert!(one.join("bin/tool").exists());
    }
}

#[test]
fn both_forms_build_the_same_source_and_are_bumped_alike() {
    let project = project();
    let library = project.library();
    let alone = ["--program", "run.sh"];
    let with_library = ["--program", "run.sh", "--lib", &library];
    let check = || {
        project.cotter(&["check", "--all-files"]).expect(0);
        project.cotter(&["spork", "status"]).expect(0);
    };
    let revs = || {
        let list = project
            .cotter(&["pin", "list", "--format", "json"])
            .expect(0);
        let pins = list.json()["pins"].as_array().unwrap().clone();
        let pins = pins.into_iter();
        pins.filter(|pin| pin["name"] != "kf:cotterLib")
            .map(|pin| (pin["name"].clone(), pin["ref"].clone(), pin["rev"].clone()))
            .collect::<Vec<_>>()
    };
    project.emit(&alone).expect(0);
    check();
    let (text, pinned, sources) = (project.read(), revs(), project.sources());
    project.emit(&with_library).expect(0);
    check();
    assert_eq!(revs(), pinned);
    let of_library = project.read();
    assert!(!of_library.contains("diff -ruN"));
    same(sources, project.sources());

    // Upstream goes on, and the features are rebased.
    project.work.write("more.txt", "more\n");
    project.work.commit("More of upstream");
    for name in ["one", "two"] {
        let branch = format!("feature/local/{name}");
        project.work.git(&["rebase", "-q", "main", &branch]);
    }
    project.work.git(&["checkout", "-q", "main"]);
    let bump = || {
        project
            .cotter(&["pin", "bump", "--offline", "--no-build"])
            .expect(0);
        check();
        (revs(), project.sources())
    };
    let (of_one, sources_of_one) = bump();
    project.write(&text);
    let (of_other, sources_of_other) = bump();
    assert_ne!(of_one, pinned);
    assert_eq!(of_one, of_other);
    for source in sources_of_one.iter().flatten() {
        assert!(source.join("more.txt").exists());
    }
    same(sources_of_one, sources_of_other);
}

#[test]
fn a_flake_that_takes_the_library_builds_the_same_source() {
    let project = project();
    let library = project.library();
    project.emit(&["--program", "run.sh"]).expect(0);
    let sources = project.sources();
    for form in ["--flake", "--flake=alone"] {
        let folder = project.ops().join("containers/kf");
        std::fs::remove_dir_all(&folder).unwrap();
        // The flake's lock file is to hold the commit; here it is not written.
        let args = ["--program", "run.sh", form, "--lib", &library];
        project.emit(&args).expect(0);
        let of_flake = project.sources_of_flake();
        same(sources.to_vec(), of_flake);
    }
}
