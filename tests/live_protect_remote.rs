//! `cotter pin protect` against servers: passwords, ssh, remotes that refuse, change or hang, and what git is told.
//! Needs git and openssh-server.

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use support::http::{Http, Wants};
use support::mirror::{FEATURES, Team, has, pins_ref, said};
use support::remote::{git_daemon, silent, sshd};
use support::{TOOL_PATH, command, run_ok};

const PASSWORD: &str = "s3cret-of-mine";

/// The mirror behind `git http-backend`, which takes pushes.
fn served(wants: Wants) -> (Team, Http) {
    let mut team = Team::new();
    team.bare(&["config", "http.receivepack", "true"]);
    let http = Http::serve(&team.home.join("srv"), wants);
    team.url = format!("http://127.0.0.1:{}/kingfisher.git", http.port);
    team.pin();
    (team, http)
}

fn guarded() -> (Team, Http) {
    let basic = data_encoding::BASE64.encode(format!("me:{PASSWORD}").as_bytes());
    served(Wants {
        header: Some(format!("authorization: Basic {basic}")),
        silent_packs: false,
    })
}

fn script(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, format!("#!/bin/sh\n{text}")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs with a `git` before the real one that first does `text`.
fn with_git(team: &Team, text: &str, args: &[&str]) -> support::mirror::Said {
    let real = run_ok(
        command("sh", &team.home).args(["-c", "command -v git"]),
        "git",
    );
    script(
        &team.home.join("bin/git"),
        &format!("{text}\nexec {real} \"$@\"\n"),
    );
    let path = format!("{}:{TOOL_PATH}", team.home.join("bin").display());
    said(team.command(args).env("PATH", path))
}

fn protects(team: &Team) {
    let [_, first, second] = team.revs();
    let said = team.protect(&["--push"]);
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    for rev in [first, second] {
        let name = pins_ref("kingfisher", &rev);
        assert!(team.refs().contains(&format!("{name} {rev}")));
    }
}

#[test]
fn a_credential_helper_answers_and_nobody_sees_the_password() {
    let (mut team, http) = guarded();
    let before = team.refs();
    let none = team.run(&["pin", "protect", "--push", "--format", "json"]);
    assert_eq!(none.code, 3);
    assert_eq!(none.json()["error"]["kind"], "outside");
    assert!(none.stderr.contains("credential helper"), "{}", none.stderr);

    // In the source, as it should not be: it is good for reading, and stays out of what git is told.
    team.url = format!(
        "http://me:{PASSWORD}@127.0.0.1:{}/kingfisher.git",
        http.port
    );
    team.pin();
    let log = format!(
        "{{ printf '%s\\n' \"$@\"; env; }} >> {}",
        team.home.join("log").display()
    );
    let args = ["pin", "protect", "--push", "-vv"];
    let refused = with_git(&team, &log, &args);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("the push was refused"),
        "{}",
        refused.stderr
    );
    assert_eq!(team.refs(), before);
    std::fs::write(
        team.home.join(".gitconfig"),
        format!("[credential]\n\thelper = \"!f() {{ echo username=me; echo password={PASSWORD}; }}; f\"\n"),
    )
    .unwrap();
    let pushed = with_git(&team, &log, &args);
    assert_eq!(pushed.code, 0, "{}", pushed.stderr);
    protects(&team);
    let log = std::fs::read_to_string(team.home.join("log")).unwrap();
    assert!(
        log.contains("--porcelain\n") && log.contains(&format!("http://127.0.0.1:{}/", http.port))
    );
    for text in [
        &log,
        &refused.stderr,
        &refused.stdout,
        &pushed.stdout,
        &pushed.stderr,
    ] {
        assert!(!text.contains(PASSWORD), "{text}");
    }
}

#[test]
fn ssh_is_the_users_own() {
    let mut team = Team::new();
    let sshd = sshd(&team.home.join("ssh"));
    team.url = format!(
        "ssh://{}@127.0.0.1:{}{}",
        sshd.user,
        sshd.server.port,
        team.mirror().display()
    );
    team.pin();
    let ssh = format!("ssh -F {}", sshd.config.display());
    let args = ["pin", "protect", "--push"];
    let pushed = said(team.command(&args).env("GIT_SSH_COMMAND", ssh));
    assert_eq!(pushed.code, 0, "{}", pushed.stderr);
    let name = pins_ref("kingfisher", &team.rev(FEATURES[0]));
    assert!(team.refs().contains(&name));
}

#[test]
fn a_server_may_still_have_what_no_ref_holds() {
    let (team, _http) = served(Wants::default());
    let [_, first, _] = team.revs();
    team.sync();
    assert!(!team.serves(&first));
    let dry = team.protect(&[]);
    assert_eq!(dry.code, 1);
    assert!(dry.rows()[1].starts_with("create "), "{}", dry.stdout);
    assert_eq!(team.protect(&["--push"]).code, 0);
    team.gc();
    assert!(team.serves(&first));
}

#[test]
fn what_a_server_has_collected_is_gone() {
    let (team, _http) = served(Wants::default());
    team.sync();
    team.gc();
    let said = team.protect(&["--push"]);
    assert_eq!(said.code, 1, "{}", said.stderr);
    assert!(said.rows()[1].starts_with("gone "), "{}", said.stdout);
    // What was fetched before it was collected is pushed again.
    let (team, _http) = served(Wants::default());
    let [_, first, _] = team.revs();
    assert_eq!(team.protect(&[]).code, 1);
    team.sync();
    team.gc();
    assert!(!has(&team.mirror(), &first));
    assert_eq!(team.protect(&["--push"]).code, 0);
    assert!(team.serves(&first));
}

#[test]
fn a_remote_that_refuses_loses_nothing() {
    // It speaks only the protocol for fetching.
    let mut team = Team::new();
    let daemon = git_daemon(&team.home.join("srv"));
    let file = team.url.clone();
    team.url = format!("git://127.0.0.1:{}/kingfisher.git", daemon.port);
    team.pin();
    let before = team.refs();
    let said = team.protect(&["--push"]);
    assert_eq!(said.code, 3, "{}", said.stderr);
    assert_eq!(said.json()["error"]["kind"], "outside");
    // It has rules of its own.
    team.url = file;
    team.pin();
    let hook = team.mirror().join("hooks/pre-receive");
    script(&hook, "echo 'ask the keeper first' >&2\nexit 1\n");
    let said = team.protect(&["--push"]);
    assert_eq!(said.code, 3);
    for part in [
        "ask the keeper first",
        "pre-receive hook declined",
        &team.url,
    ] {
        assert!(said.stderr.contains(part), "{part}: {}", said.stderr);
    }
    // It takes it and does something else.
    script(&hook, "exit 0\n");
    script(
        &team.mirror().join("hooks/post-receive"),
        "while read old new name; do git update-ref -d \"$name\"; done\n",
    );
    let said = team.protect(&["--push"]);
    assert_eq!(said.code, 3, "{}", said.stdout);
    assert!(
        said.stderr.contains("is not what was pushed"),
        "{}",
        said.stderr
    );
    assert_eq!(team.refs(), before);
}

#[test]
fn a_remote_that_never_deletes_still_keeps_the_new_pins() {
    let team = Team::new();
    let [_, first, _] = team.revs();
    protects(&team);
    team.sync();
    team.pin();
    team.bare(&["config", "receive.denyDeletes", "true"]);
    let said = team.protect(&["--push"]);
    assert_eq!(said.code, 3, "{}", said.stdout);
    let old = pins_ref("kingfisher", &first);
    assert!(said.stderr.contains(&old), "{}", said.stderr);
    let new = pins_ref("kingfisher", &team.rev(FEATURES[0]));
    assert!(team.refs().contains(&new) && team.refs().contains(&old));
}

#[test]
fn a_remote_without_atomic_pushes_is_pushed_to() {
    let team = Team::new();
    team.bare(&["config", "receive.advertiseAtomic", "false"]);
    protects(&team);
}

#[test]
fn what_changed_since_it_was_listed_is_left() {
    let team = Team::new();
    let [upstream, first, second] = team.revs();
    let [a, b] = [&first, &second].map(|rev| pins_ref("kingfisher", rev));
    // Somebody takes one of the names, between the listing and the push: the other is not made either.
    let meddle = |name: &str, to: &str| {
        format!(
            "case \" $* \" in *' push '*) /usr/bin/env -i PATH={TOOL_PATH} git --git-dir={} update-ref {name} {to};; esac",
            team.mirror().display()
        )
    };
    let args = ["pin", "protect", "--push"];
    let said = with_git(&team, &meddle(&a, &upstream), &args);
    assert_eq!(said.code, 3, "{}", said.stdout);
    assert!(
        said.stderr.contains("stale info") && said.stderr.contains(&a),
        "{}",
        said.stderr
    );
    assert!(team.refs().contains(&format!("{a} {upstream}")));
    assert!(!team.refs().contains(&b));
    team.bare(&["update-ref", "-d", &a]);
    // The same commit under the same name is no conflict.
    assert_eq!(with_git(&team, &meddle(&a, &first), &args).code, 0);
    // Nor is a ref deleted that is no longer what was listed.
    team.sync();
    team.pin();
    let said = with_git(&team, &meddle(&a, &upstream), &args);
    assert_eq!(said.code, 3, "{}", said.stdout);
    assert!(said.stderr.contains("stale info"), "{}", said.stderr);
    assert!(team.refs().contains(&format!("{a} {upstream}")));
    assert!(team.refs().contains(&format!("{b} {second}")));
}

#[test]
fn what_is_set_for_other_pushes_has_no_say() {
    let team = Team::new();
    let revs = team.revs();
    team.sync();
    team.gc();
    // A clone whose path git would take for two, with settings and hooks of its own.
    let odd = team.home.join("odd: \"clone\"");
    std::fs::rename(team.work.dir(), &odd).unwrap();
    std::os::unix::fs::symlink(&odd, team.work.dir()).unwrap();
    let clone = odd.display().to_string();
    team.work
        .git(&["tag", "-a", "-m", "mine", "mine", FEATURES[0]]);
    team.work.git(&["branch", "private", "main"]);
    script(&odd.join(".git/hooks/pre-push"), "exit 1\n");
    let mut user = String::new();
    for (section, key, value) in [
        ("push", "followTags", "true"),
        ("push", "default", "matching"),
        ("push", "recurseSubmodules", "on-demand"),
        ("remote", "pushDefault", "nowhere"),
    ] {
        team.work
            .git(&["config", &format!("{section}.{key}"), value]);
        user += &format!("[{section}]\n\t{key} = {value}\n");
    }
    std::fs::write(team.home.join(".gitconfig"), user).unwrap();
    let mut expected: Vec<String> = team.refs().lines().map(str::to_owned).collect();
    for rev in &revs[1..] {
        expected.push(format!("{} {rev}", pins_ref("kingfisher", rev)));
    }
    expected.sort();
    let said = team.protect(&["--push", "--clone", &clone]);
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    assert_eq!(team.refs().lines().collect::<Vec<_>>(), expected);
}

#[test]
fn an_unusable_url_is_not_asked() {
    let mut team = Team::new();
    team.url = "--upload-pack=touch ran".to_owned();
    team.pin();
    let said = team.run(&["pin", "protect", "--push"]);
    assert_eq!(said.code, 2, "{}", said.stderr);
    assert!(!team.ops().join("ran").exists());
    team.url = "http://127.0.0.1:1/x.git".to_owned();
    team.pin();
    assert_eq!(team.run(&["pin", "protect"]).code, 3);
}

#[test]
fn what_hangs_is_ended() {
    let mut team = Team::new();
    let pid = team.home.join("pid");
    script(
        &team.mirror().join("hooks/pre-receive"),
        &format!("sleep 600 & echo $! > {}; wait\n", pid.display()),
    );
    let said = team.run(&["pin", "protect", "--push", "--timeout", "2"]);
    assert_eq!(said.code, 3);
    assert!(said.stderr.contains("longer than 2 s"), "{}", said.stderr);
    let pid = std::fs::read_to_string(pid).unwrap();
    let stat = std::path::PathBuf::from(format!("/proc/{}/stat", pid.trim()));
    let end = Instant::now() + Duration::from_secs(20);
    while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(Instant::now() < end, "what the hook started still runs");
        std::thread::sleep(Duration::from_millis(10));
    }
    let (_listener, port) = silent();
    team.url = format!("git://127.0.0.1:{port}/x.git");
    team.pin();
    let said = team.run(&["pin", "protect", "--timeout", "1"]);
    assert_eq!(said.code, 3);
    assert!(said.stderr.contains("within 1 s"), "{}", said.stderr);
}

#[test]
fn offline_it_says_what_was_last_seen() {
    let (team, http) = served(Wants::default());
    let said = team.run(&["pin", "protect", "--offline"]);
    assert_eq!(said.code, 3, "{}", said.stdout);
    assert_eq!(team.run(&["pin", "protect", "--offline", "--push"]).code, 2);
    // A clone knows, or the cache.
    let work = team.work.dir().display().to_string();
    let args = ["--offline", "--clone", &work];
    assert_eq!(team.protect(&args).code, 1);
    assert!(http.requests().is_empty());
    let online = team.protect(&[]);
    drop(http);
    let offline = team.protect(&["--offline"]);
    assert_eq!((offline.code, offline.rows()), (1, online.rows()));
}
