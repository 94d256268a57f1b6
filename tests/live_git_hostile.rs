//! Remotes that hang, lie or refuse, on 127.0.0.1. Needs git and openssh-client.

mod support;

use std::time::Duration;

use cotter::git::{Git, GitError, GitOptions, Need};
use support::alone::alone;
use support::http::{Http, Wants};
use support::remote::{git_daemon, silent};
use support::served::{Served, git, oid, options, remote};
use support::{command, run_ok};

#[test]
fn a_remote_that_hangs_is_given_up() {
    let variables = [("GIT_SSH_COMMAND", "ssh -F {home}/none")];
    alone("a_remote_that_hangs_is_given_up", &variables, |home| {
        std::fs::write(home.join("none"), "").unwrap();
        let (_listener, port) = silent();
        let git = Git::new(GitOptions {
            timeout: Duration::from_secs(1),
            ..options(home)
        });
        for scheme in ["git", "http", "https", "ssh"] {
            let location = remote(format!("{scheme}://127.0.0.1:{port}/x.git"));
            for error in [
                git.refs(&location).map(drop).unwrap_err(),
                git.repo(&location, &Need::History).map(drop).unwrap_err(),
            ] {
                // The git protocol's own socket may say it first.
                let named = matches!(error, GitError::Timeout { .. } | GitError::Network { .. });
                assert!(named && error.is_outside(), "{scheme}: {error}");
            }
        }
        let children = std::fs::read_to_string("/proc/self/task/1/children").unwrap_or_default();
        assert_eq!(children, "");
        let left = run_ok(
            command("sh", home).args([
                "-c",
                &format!(
                    "ps -eo args | grep -F '{}/none' | grep -v grep || true",
                    home.display()
                ),
            ]),
            "procps",
        );
        assert_eq!(left, "", "an ssh is left behind");
    });
}

#[test]
fn a_remote_that_falls_silent_is_given_up_and_leaves_nothing_half() {
    let name = "a_remote_that_falls_silent_is_given_up_and_leaves_nothing_half";
    alone(name, &[], |home| {
        let served = Served::new(home);
        let wants = Wants {
            silent_packs: true,
            ..Wants::default()
        };
        let http = Http::serve(&home.join("srv"), wants);
        let location = remote(format!("http://127.0.0.1:{}/up.git", http.port));
        let of = |offline| {
            Git::new(GitOptions {
                offline,
                timeout: Duration::from_secs(2),
                ..options(home)
            })
        };
        let git = of(false);
        served.expect(&git.refs(&location).unwrap());
        for need in [Need::Commits(vec![served.commits[0]]), Need::History] {
            let error = git.repo(&location, &need).map(drop).unwrap_err();
            assert!(matches!(error, GitError::Timeout { .. }), "{error}");
        }
        let error = of(true).refs(&location).unwrap_err();
        assert!(matches!(error, GitError::Offline { .. }), "{error}");
    });
}

#[test]
fn a_remote_that_lies_is_found_out() {
    alone("a_remote_that_lies_is_found_out", &[], |home| {
        let served = Served::new(home);
        let blob = oid(&served.work.git(&["rev-parse", "HEAD:file"]));
        let branch = served.bare().join("refs/heads/feature/blob");
        std::fs::write(&branch, format!("{blob}\n")).unwrap();
        let daemon = git_daemon(&home.join("srv"));
        let location = remote(format!("git://127.0.0.1:{}/up.git", daemon.port));
        let git_one = git(home);
        let listed = git_one.refs(&location).unwrap().branch("feature/blob");
        assert_eq!(listed, Some(blob), "a list of refs does not tell");
        let error = git_one
            .repo(&location, &Need::Commits(vec![blob]))
            .map(drop)
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("`refs/heads/feature/blob` is a blob"),
            "{error}"
        );
        let repo = git_one.repo(&location, &Need::History).unwrap();
        served.expect(&repo.refs().unwrap());
        // A commit that it has not.
        let absent = oid(&"12".repeat(20));
        let error = git(home)
            .repo(&location, &Need::Commits(vec![absent]))
            .map(drop)
            .unwrap_err();
        assert!(matches!(error, GitError::NoSuchCommit { .. }), "{error}");
        assert!(!error.is_outside());
    });
}

#[test]
fn a_server_that_refuses_single_commits_gives_its_history() {
    let name = "a_server_that_refuses_single_commits_gives_its_history";
    alone(name, &[], |home| {
        let served = Served::new(home);
        let mut config = command("git", home);
        config
            .arg("-C")
            .arg(served.bare())
            .args(["config", "protocol.version", "0"]);
        run_ok(&mut config, "git");
        std::fs::write(home.join(".gitconfig"), "[protocol]\n\tversion = 0\n").unwrap();
        let daemon = git_daemon(&home.join("srv"));
        let location = remote(format!("git://127.0.0.1:{}/up.git", daemon.port));
        // In the old protocol only tips may be asked for; this one is below a tip.
        let need = Need::Commits(vec![served.commits[0]]);
        let repo = git(home).repo(&location, &need).unwrap();
        assert_eq!(
            repo.read_file(served.commits[0], "file")
                .unwrap()
                .as_deref(),
            Some(&b"0\n"[..])
        );
        assert!(!repo.is_shallow());
    });
}
