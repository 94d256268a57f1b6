//! Repositories on this disk, made by real git: which refs they show, what words mean in them, which
//! files they track. Needs git.

mod support;

use std::path::Path;

use cotter::git::{Git, GitError, GitOptions, Head, Location, Need, Oid, Repo, tracked_files};
use support::alone::alone;
use support::repo::Repo as Made;
use support::{command, run_ok};

fn git(home: &Path) -> Git {
    Git::new(GitOptions {
        cache_dir: home.join("cache"),
        offline: false,
        timeout: std::time::Duration::from_secs(60),
    })
}

fn oid(text: &str) -> Oid {
    text.parse().unwrap()
}

/// An upstream with a branch, a tag and an annotated tag; its commits, oldest first.
fn upstream(dir: &Path) -> (Made, Vec<Oid>) {
    let repo = Made::init(dir);
    let mut commits = Vec::new();
    for n in 0..3 {
        repo.write("file", format!("{n}\n"));
        commits.push(oid(&repo.commit(&format!("commit {n}"))));
        match n {
            0 => drop(repo.git(&["tag", "light"])),
            1 => drop(repo.git(&["tag", "-a", "-m", "x", "annotated"])),
            _ => {}
        }
    }
    repo.git(&["tag", "-a", "-m", "x", "nested", "annotated"]);
    repo.git(&["branch", "feature/x", "HEAD~1"]);
    (repo, commits)
}

fn clone(from: &Path, to: &Path, arguments: &[&str]) {
    let mut clone = command("git", to.parent().unwrap());
    clone
        .args(["clone", "-q"])
        .args(arguments)
        .arg(from)
        .arg(to);
    run_ok(&mut clone, "git");
}

#[test]
fn a_clone_shows_what_it_saw_of_its_remote() {
    alone("a_clone_shows_what_it_saw_of_its_remote", &[], |home| {
        let (_, commits) = upstream(&home.join("up"));
        clone(&home.join("up"), &home.join("clone"), &[]);
        let mut own = command("git", home);
        own.current_dir(home.join("clone"))
            .args(["branch", "-q", "mine"]);
        run_ok(&mut own, "git");
        let mut moved = command("git", home);
        moved
            .current_dir(home.join("clone"))
            .args(["reset", "-q", "--hard", "HEAD~2"]);
        run_ok(&mut moved, "git");
        let refs = git(home)
            .refs(&Location::Clone(home.join("clone")))
            .unwrap();
        let branches: Vec<_> = refs.branches().collect();
        assert_eq!(
            branches,
            [("feature/x", commits[1]), ("main", commits[2])],
            "neither the local branch nor where the user moved main"
        );
        let tags: Vec<_> = refs.tags().collect();
        assert_eq!(
            tags,
            [
                ("annotated", commits[1]),
                ("light", commits[0]),
                ("nested", commits[1])
            ]
        );
        assert_eq!(
            refs.head,
            Some(Head {
                branch: Some("main".into()),
                id: commits[2]
            })
        );
        assert_eq!(refs.branch("mine"), None);
    });
}

#[test]
fn a_mirror_and_a_plain_repository_show_their_own_branches() {
    let name = "a_mirror_and_a_plain_repository_show_their_own_branches";
    alone(name, &[], |home| {
        let (made, commits) = upstream(&home.join("up"));
        clone(&home.join("up"), &home.join("bare.git"), &["--mirror"]);
        clone(&home.join("up"), &home.join("clone"), &[]);
        made.git(&["checkout", "-q", "feature/x"]);
        let git = git(home);
        let plain = git.refs(&Location::Clone(home.join("up"))).unwrap();
        let bare = git.refs(&Location::Clone(home.join("bare.git"))).unwrap();
        assert_eq!(plain.by_name, bare.by_name);
        assert_eq!(plain.branch("main"), Some(commits[2]));
        assert_eq!(
            plain.head.as_ref().unwrap().branch.as_deref(),
            Some("feature/x")
        );
        assert_eq!(bare.head.as_ref().unwrap().branch.as_deref(), Some("main"));
        // The same clone as a remote is what a server would show of it.
        let path = home.join("clone").display().to_string();
        for url in [path.clone(), format!("file://{path}")] {
            let refs = git.refs(&Location::Remote(url)).unwrap();
            assert_eq!(refs.branches().collect::<Vec<_>>(), [("main", commits[2])]);
        }
        // As for git, `bare` is `bare.git`.
        let short = Location::Remote(home.join("bare").display().to_string());
        assert_eq!(git.refs(&short).unwrap().by_name, bare.by_name);
    });
}

#[test]
fn refs_that_are_no_commits_and_names_like_options() {
    alone(
        "refs_that_are_no_commits_and_names_like_options",
        &[],
        |home| {
            let (made, commits) = upstream(&home.join("up"));
            let blob = made.git(&["rev-parse", "HEAD:file"]);
            let tree = made.git(&["rev-parse", "HEAD^{tree}"]);
            // Written by hand: git itself would refuse these.
            let heads = home.join("up/.git/refs/heads");
            std::fs::write(heads.join("blob"), format!("{blob}\n")).unwrap();
            std::fs::write(heads.join("missing"), format!("{}\n", "12".repeat(20))).unwrap();
            std::fs::write(heads.join("--upload-pack=x"), format!("{}\n", commits[0])).unwrap();
            made.git(&["tag", "-a", "-m", "x", "of-a-tree", &tree]);
            let repo = Repo::open(&home.join("up")).unwrap();
            let refs = repo.refs().unwrap();
            let names: Vec<_> = refs.by_name.keys().map(String::as_str).collect();
            assert_eq!(
                names,
                [
                    "refs/heads/--upload-pack=x",
                    "refs/heads/feature/x",
                    "refs/heads/main",
                    "refs/tags/annotated",
                    "refs/tags/light",
                    "refs/tags/nested"
                ]
            );
            assert_eq!(repo.resolve("--upload-pack=x").unwrap(), commits[0]);
            let error = repo.resolve(&blob).unwrap_err();
            assert!(
                error.to_string().contains("is a blob, not a commit"),
                "{error}"
            );
        },
    );
}

#[test]
fn a_word_means_one_commit_or_is_refused() {
    alone("a_word_means_one_commit_or_is_refused", &[], |home| {
        let (made, commits) = upstream(&home.join("up"));
        made.git(&["tag", "feature/x", "HEAD"]);
        let repo = Repo::open(&home.join("up")).unwrap();
        for (word, commit) in [
            ("main", 2),
            ("refs/heads/main", 2),
            ("HEAD", 2),
            ("annotated", 1),
            ("refs/tags/feature/x", 2),
            ("refs/heads/feature/x", 1),
        ] {
            assert_eq!(repo.resolve(word).unwrap(), commits[commit], "{word}");
        }
        assert_eq!(repo.resolve(&commits[1].to_string()).unwrap(), commits[1]);
        assert_eq!(repo.resolve(&commits[1].short(10)).unwrap(), commits[1]);
        let error = repo.resolve("feature/x").unwrap_err();
        assert!(matches!(error, GitError::Ambiguous { .. }), "{error}");
        for absent in [
            "nothing",
            "",
            "refs/heads/nothing",
            "abc",
            "--help",
            "main~1",
        ] {
            let error = repo.resolve(absent).unwrap_err();
            assert!(
                matches!(error, GitError::NoSuchRev { .. }),
                "{absent}: {error}"
            );
        }
        let error = repo.resolve(&"12".repeat(20)).unwrap_err();
        assert!(matches!(error, GitError::NoSuchCommit { .. }), "{error}");
        assert!(!error.is_outside() && error.hint().is_some());
        assert_eq!(repo.commit_time(commits[0]).unwrap().date(), "2024-01-01");
    });
}

#[test]
fn the_variables_of_a_git_hook_change_nothing() {
    let variables = [
        ("GIT_DIR", "{home}/other/.git"),
        ("GIT_WORK_TREE", "{home}/other"),
        ("GIT_INDEX_FILE", "{home}/other/.git/index"),
        ("GIT_OBJECT_DIRECTORY", "{home}/other/.git/objects"),
        ("GIT_COMMON_DIR", "{home}/other/.git"),
        ("GIT_NAMESPACE", "elsewhere"),
        ("GIT_SHALLOW_FILE", "{home}/other/shallow"),
    ];
    alone(
        "the_variables_of_a_git_hook_change_nothing",
        &variables,
        |home| {
            let (_, commits) = upstream(&home.join("up"));
            let other = Made::init(home.join("other"));
            other.write("other-file", "x").commit("other");
            std::fs::write(home.join("other/shallow"), format!("{}\n", commits[2])).unwrap();
            let repo = Repo::open(&home.join("up")).unwrap();
            assert_eq!(repo.refs().unwrap().branch("main"), Some(commits[2]));
            assert!(!repo.is_shallow());
            assert!(repo.has_commit(commits[0]));
            let files: Vec<_> = tracked_files(&home.join("up")).unwrap();
            assert_eq!(
                files.iter().map(|file| file.as_str()).collect::<Vec<_>>(),
                ["file"]
            );
            // Also not where a fetch writes.
            let daemon = support::remote::git_daemon(home);
            let url = format!("git://127.0.0.1:{}/up", daemon.port);
            let fetched = git(home)
                .repo(&Location::Remote(url), &Need::History)
                .unwrap();
            assert_eq!(fetched.resolve("main").unwrap(), commits[2]);
        },
    );
}

#[test]
fn tracked_files_are_those_of_the_index_below_the_root() {
    alone(
        "tracked_files_are_those_of_the_index_below_the_root",
        &[],
        |home| {
            let names = |root: &str| -> Vec<String> {
                let files = tracked_files(&home.join(root)).unwrap();
                files.iter().map(|file| file.to_string()).collect()
            };
            std::fs::create_dir(home.join("plain")).unwrap();
            assert!(names("plain").is_empty());
            let made = Made::init(home.join("work"));
            assert!(names("work").is_empty(), "nothing was ever added");
            made.write("a.nix", "1")
                .write("sub/b.nix", "2")
                .write("sub/deep/c", "3")
                .write("subway/d", "4")
                .write(b"sub/\xff", "5");
            made.commit("all");
            made.write("sub/untracked", "6");
            std::os::unix::fs::symlink("a.nix", home.join("work/link")).unwrap();
            made.git(&["add", "link"]);
            made.git(&["rm", "-q", "--cached", "subway/d"]);
            assert_eq!(names("work"), ["a.nix", "link", "sub/b.nix", "sub/deep/c"]);
            assert_eq!(names("work/sub"), ["b.nix", "deep/c"]);
            made.git(&["commit", "-q", "-m", "more"]);
            made.git(&["worktree", "add", "-q", "../linked", "HEAD~1"]);
            assert_eq!(
                names("linked"),
                ["a.nix", "sub/b.nix", "sub/deep/c", "subway/d"]
            );
            clone(&home.join("work"), &home.join("bare.git"), &["--bare"]);
            assert!(names("bare.git").is_empty());
            std::fs::write(home.join("work/.git/index"), "damaged").unwrap();
            let error = tracked_files(&home.join("work")).unwrap_err();
            assert!(matches!(error, GitError::Read { .. }), "{error}");
        },
    );
}

#[test]
fn what_is_no_repository_is_named() {
    alone("what_is_no_repository_is_named", &[], |home| {
        let path = home.join("nothing");
        let error = git(home)
            .refs(&Location::Clone(path.clone()))
            .map(|refs| refs.by_name.clone())
            .unwrap_err();
        assert!(matches!(error, GitError::Open { .. }), "{error}");
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
        assert!(!error.is_outside());
    });
}
