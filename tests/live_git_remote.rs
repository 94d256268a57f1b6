//! Real remotes on 127.0.0.1: refs and fetches over git://, http, ssh, file:// and paths. Needs git and
//! openssh-server.

mod support;

use std::path::Path;

use cotter::git::{Ancestry, Git, GitError, GitOptions, Need};
use support::alone::alone;
use support::http::{Http, Wants};
use support::remote::{git_daemon, sshd};
use support::served::{Served, git, oid, options, remote};
use support::{command, run_ok};

/// Everything that is asked of a remote, over one kind of URL.
fn works_over(home: &Path, served: &Served, url: &str) {
    let location = remote(url);
    let git = Git::new(GitOptions {
        cache_dir: home.join("cache").join(url.replace('/', "_")),
        ..options(home)
    });
    served.expect(&git.refs(&location).unwrap());
    let wanted = vec![served.commits[1], served.commits[3]];
    let some = git.repo(&location, &Need::Commits(wanted.clone())).unwrap();
    assert_eq!(
        some.read_file(wanted[0], "file").unwrap().as_deref(),
        Some(&b"1\n"[..])
    );
    let repo = git.repo(&location, &Need::History).unwrap();
    assert!(!repo.is_shallow());
    served.expect(&repo.refs().unwrap());
    assert_eq!(repo.resolve("v1").unwrap(), served.commits[2]);
    assert_eq!(
        repo.ancestry(served.commits[0], served.commits[3]).unwrap(),
        Ancestry::Yes
    );
    assert_eq!(
        repo.ancestry(served.commits[3], served.commits[1]).unwrap(),
        Ancestry::No
    );
}

#[test]
fn every_kind_of_remote_answers_the_same() {
    alone("every_kind_of_remote_answers_the_same", &[], |home| {
        let served = Served::new(home);
        let root = home.join("srv");
        let daemon = git_daemon(&root);
        works_over(
            home,
            &served,
            &format!("git://127.0.0.1:{}/up.git", daemon.port),
        );
        let http = Http::serve(&root, Wants::default());
        works_over(
            home,
            &served,
            &format!("http://127.0.0.1:{}/up.git", http.port),
        );
        let path = served.bare().display().to_string();
        works_over(home, &served, &format!("file://{path}"));
        works_over(home, &served, &path);
        let clients: Vec<_> = std::fs::read_dir(home.join("cache")).unwrap().collect();
        assert_eq!(
            clients.len(),
            2,
            "local repositories are opened where they are"
        );
    });
}

#[test]
fn ssh_is_the_one_of_the_environment() {
    let variables = [("GIT_SSH_COMMAND", "ssh -F '{home}/keys/ssh_config'")];
    alone("ssh_is_the_one_of_the_environment", &variables, |home| {
        let served = Served::new(home);
        let sshd = sshd(&home.join("keys"));
        let path = served.bare().display().to_string();
        let url = format!("ssh://{}@127.0.0.1:{}{path}", sshd.user, sshd.server.port);
        works_over(home, &served, &url);
    });
}

#[test]
fn ssh_is_the_one_of_the_configuration() {
    alone("ssh_is_the_one_of_the_configuration", &[], |home| {
        let served = Served::new(home);
        let sshd = sshd(&home.join("keys"));
        let path = served.bare().display().to_string();
        let url = format!("{}@127.0.0.1:{path}", sshd.user);
        // A wrapper of any name that speaks as OpenSSH does, as scripts in the field are.
        let wrapper = home.join("wrapper");
        let text = format!(
            "#!/bin/sh\nexec ssh -F {} -p {} \"$@\"\n",
            sshd.config.display(),
            sshd.server.port
        );
        std::fs::write(&wrapper, text).unwrap();
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&wrapper, PermissionsExt::from_mode(0o755)).unwrap();
        let config = format!("[core]\n\tsshCommand = {}\n", wrapper.display());
        std::fs::write(home.join(".gitconfig"), config).unwrap();
        works_over(home, &served, &url);
        // What ssh says is in the message, and nothing is asked.
        std::fs::write(home.join("keys/known_hosts"), "").unwrap();
        let error = git(home).refs(&remote(&url)).unwrap_err();
        assert!(error.is_outside());
        assert!(
            error.to_string().contains("Host key verification failed"),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("host key"));
    });
}

#[test]
fn a_second_fetch_follows_the_remote() {
    alone("a_second_fetch_follows_the_remote", &[], |home| {
        let mut served = Served::new(home);
        let daemon = git_daemon(&home.join("srv"));
        let location = remote(format!("git://127.0.0.1:{}/up.git", daemon.port));
        let first = git(home).repo(&location, &Need::History).unwrap();
        served.expect(&first.refs().unwrap());
        // Rebased, renamed to a name that the old one was in the way of, and a default branch moved.
        served.work.git(&["checkout", "-q", "--orphan", "other"]);
        served.work.write("file", "new root\n");
        let rebased = oid(&served.work.commit("new root"));
        served.work.git(&["branch", "-f", "main", "other"]);
        served.work.git(&["branch", "-D", "feature/x"]);
        served.work.git(&["branch", "feature"]);
        served.work.git(&["tag", "-f", "v1", "main"]);
        served.commits.push(rebased);
        served.push();
        let mut head = command("git", home);
        head.arg("-C")
            .arg(served.bare())
            .args(["symbolic-ref", "HEAD", "refs/heads/other"]);
        run_ok(&mut head, "git");
        let git = git(home);
        let refs = git.refs(&location).unwrap();
        let repo = git.repo(&location, &Need::History).unwrap();
        assert_eq!(repo.refs().unwrap(), *refs);
        let names: Vec<_> = refs.by_name.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "refs/heads/feature",
                "refs/heads/main",
                "refs/heads/other",
                "refs/tags/v1"
            ]
        );
        assert_eq!(refs.tag("v1"), Some(rebased));
        assert_eq!(refs.head.as_ref().unwrap().branch.as_deref(), Some("other"));
        assert_eq!(repo.refs().unwrap().head, refs.head);
        // A branch that is another name of one, and a default branch that is gone.
        for (name, target) in [
            ("refs/heads/alias", "refs/heads/main"),
            ("HEAD", "refs/heads/gone"),
        ] {
            let mut symbolic = command("git", home);
            symbolic
                .arg("-C")
                .arg(served.bare())
                .args(["symbolic-ref", name, target]);
            run_ok(&mut symbolic, "git");
        }
        let repo = self::git(home).repo(&location, &Need::History).unwrap();
        let refs = repo.refs().unwrap();
        assert_eq!(
            (refs.branch("alias"), refs.head.as_ref()),
            (Some(rebased), None)
        );
        // And back again: a folder of branches where a branch was.
        served.work.git(&["branch", "-D", "feature"]);
        served.work.git(&["branch", "feature/x"]);
        served.push();
        let repo = self::git(home).repo(&location, &Need::History).unwrap();
        assert_eq!(repo.refs().unwrap().branch("feature/x"), Some(rebased));
        assert_eq!(repo.refs().unwrap().branch("feature"), None);
    });
}

#[test]
fn what_is_there_is_not_fetched_again() {
    alone("what_is_there_is_not_fetched_again", &[], |home| {
        let served = Served::new(home);
        let http = Http::serve(&home.join("srv"), Wants::default());
        let location = remote(format!("http://127.0.0.1:{}/up.git", http.port));
        let one = Need::Commits(vec![served.commits[2]]);
        let posts = || {
            http.requests()
                .iter()
                .filter(|r| r.starts_with("POST"))
                .count()
        };
        let repo = git(home).repo(&location, &one).unwrap();
        assert!(repo.is_shallow(), "without its past");
        assert!(!repo.has_commit(served.commits[1]));
        let before = http.requests().len();
        git(home).repo(&location, &one).unwrap();
        assert_eq!(http.requests().len(), before, "a commit never changes");
        // The second run of a day: a list of refs, and no pack.
        let git_now = git(home);
        git_now.refs(&location).unwrap();
        git_now.repo(&location, &Need::History).unwrap();
        git_now.repo(&location, &Need::History).unwrap();
        let git_later = git(home);
        let before = posts();
        git_later.refs(&location).unwrap();
        git_later.refs(&location).unwrap();
        git_later.repo(&location, &Need::History).unwrap();
        assert_eq!(posts() - before, 1, "{:?}", http.requests());
        // Offline, what the cache holds serves; the rest says so.
        let offline = Git::new(GitOptions {
            offline: true,
            ..options(home)
        });
        let before = http.requests().len();
        served.expect(&offline.refs(&location).unwrap());
        served.expect(
            &offline
                .repo(&location, &Need::History)
                .unwrap()
                .refs()
                .unwrap(),
        );
        offline.repo(&location, &one).unwrap();
        let elsewhere = remote("http://127.0.0.1:1/x.git");
        for error in [
            offline.refs(&elsewhere).map(drop).unwrap_err(),
            offline
                .repo(&elsewhere, &Need::History)
                .map(drop)
                .unwrap_err(),
            offline.repo(&elsewhere, &one).map(drop).unwrap_err(),
        ] {
            assert!(matches!(error, GitError::Offline { .. }), "{error}");
        }
        assert_eq!(http.requests().len(), before);
    });
}

#[test]
fn many_remotes_with_many_refs_are_asked_together() {
    alone(
        "many_remotes_with_many_refs_are_asked_together",
        &[],
        |home| {
            let served = Served::new(home);
            for n in 0..500 {
                let name = format!("refs/heads/many/{n:03}");
                std::fs::create_dir_all(served.bare().join("refs/heads/many")).unwrap();
                std::fs::write(served.bare().join(name), format!("{}\n", served.commits[0]))
                    .unwrap();
            }
            let daemon = git_daemon(&home.join("srv"));
            let http = Http::serve(&home.join("srv"), Wants::default());
            let git = git(home);
            let mut locations = Vec::new();
            for n in 0..20 {
                let name = format!("same{n}.git");
                std::os::unix::fs::symlink("up.git", home.join("srv").join(&name)).unwrap();
                locations.push(remote(format!("git://127.0.0.1:{}/{name}", daemon.port)));
            }
            locations.push(remote(format!("http://127.0.0.1:{}/up.git", http.port)));
            locations.push(remote(format!(
                "git://127.0.0.1:{}/absent.git",
                daemon.port
            )));
            locations.push(remote("ext::sh -c true"));
            // The daemon lets five connections wait; on a busy machine it resets those that come then.
            let was_reset = |answer: &Result<_, GitError>| matches!(answer, Err(GitError::Network { reason, .. }) if reason.contains("reset by peer"));
            let mut answers = git.refs_of_all(&locations);
            for _ in 0..4 {
                if answers.iter().any(was_reset) {
                    answers = git.refs_of_all(&locations);
                }
            }
            let refused = answers.pop().unwrap().unwrap_err();
            assert!(matches!(refused, GitError::Url { .. }), "{refused}");
            let absent = answers.pop().unwrap().unwrap_err();
            assert!(matches!(absent, GitError::Network { .. }), "{absent}");
            for answer in answers {
                assert_eq!(answer.unwrap().branches().count(), 502);
            }
            let repo = git.repo(&locations[0], &Need::History).unwrap();
            let refs = repo.refs().unwrap();
            assert_eq!(refs.branches().count(), 502);
            assert_eq!(
                repo.refs_containing(served.commits[3], &refs).unwrap(),
                ["refs/heads/main"]
            );
        },
    );
}
