//! Flake locks computed by a real Nix on real repositories: this machine's Nix, and each of those in the root
//! directories that `COTTER_TEST_NIX_ROOTS` lists.

mod support;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cotter::nix::{FlakeLock, FlakeUpdate, InputLink, InputMove, Nix, NixError};
use cotter::process::{Invocation, Output, ProcessError, Runner, System};
use support::repo::Repo;
use tempfile::TempDir;

const NIX_CONFIG: &str = "sandbox = false\nsubstituters =\nbuild-users-group =\n\
    experimental-features = nix-command flakes\nflake-registry =\n";

/// A home, a store and repositories of its own.
struct Bench {
    scratch: TempDir,
}

impl Bench {
    fn new() -> Bench {
        let scratch = TempDir::new().unwrap();
        fs::create_dir(scratch.path().join("home")).unwrap();
        Bench { scratch }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// A repository with a flake, and with one commit.
    fn repo(&self, name: &str) -> Repo {
        let repo = Repo::init(self.path(name));
        repo.write("flake.nix", "{ outputs = _: { }; }\n");
        repo.commit("first");
        repo
    }

    /// All that a program gets to see; the inner one of two: first goes through cotter's own runner.
    fn environment(&self) -> Vec<String> {
        let root = self.scratch.path().display();
        vec![
            format!("PATH={}", support::TOOL_PATH),
            format!("HOME={root}/home"),
            format!("XDG_CACHE_HOME={root}/home/cache"),
            format!("NIX_CONFIG={NIX_CONFIG}"),
            format!("NIX_CONF_DIR={root}/none"),
            format!("NIX_STORE_DIR={root}/store"),
            format!("NIX_STATE_DIR={root}/state"),
            format!("NIX_LOG_DIR={root}/log"),
            "GIT_CONFIG_NOSYSTEM=1".into(),
            "GIT_CONFIG_GLOBAL=/dev/null".into(),
        ]
    }

    /// What Nix itself does with the flake in `dir`.
    fn nix(&self, dir: &Path, args: &[&str]) -> String {
        let mut command = Command::new("env");
        command
            .arg("-i")
            .args(self.environment())
            .arg("nix")
            .args(args)
            .current_dir(dir);
        support::run_ok(&mut command, "nix-bin")
    }

    /// The lock file that Nix itself makes of `flake_nix` and `flake_lock`.
    fn nix_lock(&self, flake_nix: &str, flake_lock: Option<&str>, args: &[&str]) -> String {
        let dir = TempDir::new_in(self.scratch.path()).unwrap();
        fs::write(dir.path().join("flake.nix"), flake_nix).unwrap();
        if let Some(text) = flake_lock {
            fs::write(dir.path().join("flake.lock"), text).unwrap();
        }
        self.nix(dir.path(), &[&["flake", "lock", "path:."], args].concat());
        fs::read_to_string(dir.path().join("flake.lock")).unwrap()
    }

    fn update(
        &self,
        flake_nix: &str,
        flake_lock: Option<&str>,
        moves: &[InputMove],
    ) -> Result<String, NixError> {
        let nix = Nix::find(self)?;
        FlakeUpdate {
            flake_nix,
            flake_lock,
            folder: None,
            moves: moves.to_vec(),
        }
        .run(&nix)
    }
}

impl Runner for Bench {
    fn run(&self, invocation: &Invocation) -> Result<Output, ProcessError> {
        let mut scrubbed = Invocation::new("env")
            .args(["-i"])
            .args(self.environment())
            .args([&invocation.program])
            .args(&invocation.args);
        scrubbed.dir = invocation.dir.clone();
        scrubbed.timeout = invocation.timeout;
        System.run(&scrubbed)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // Nix makes what is in its store read-only.
        let _ = Command::new("chmod")
            .args(["-R", "u+w"])
            .arg(self.scratch.path())
            .status();
    }
}

fn url(repo: &Repo) -> String {
    format!("git+file://{}", repo.dir().display())
}

fn refresh(name: &str) -> InputMove {
    InputMove::Refresh(name.into())
}

fn pin(name: &str, flake_ref: String) -> InputMove {
    InputMove::Pin {
        name: name.into(),
        flake_ref,
    }
}

fn rev(lock: &str, input: &str) -> String {
    let lock = FlakeLock::parse(lock).unwrap();
    let node = lock
        .input(input)
        .unwrap_or_else(|| panic!("no input {input}"));
    node.locked.as_ref().unwrap().rev.clone().unwrap()
}

#[test]
fn refresh_moves_one_input_and_no_other() {
    let bench = Bench::new();
    let (one, two) = (bench.repo("one"), bench.repo("two"));
    let flake = format!(
        r#"{{ inputs.one.url = "{}"; inputs.two.url = "{}?ref=main"; outputs = _: {{ }}; }}"#,
        url(&one),
        url(&two)
    );
    let first = bench.update(&flake, None, &[InputMove::Relock]).unwrap();
    assert_eq!(first, bench.nix_lock(&flake, None, &[]));
    let (old_two, new_one) = (rev(&first, "two"), one.commit("second"));
    two.commit("second");

    let second = bench
        .update(&flake, Some(&first), &[refresh("one")])
        .unwrap();
    assert_eq!(rev(&second, "one"), new_one);
    assert_eq!(rev(&second, "two"), old_two);
    assert_eq!(
        second,
        bench.nix_lock(&flake, Some(&first), &["--update-input", "one"])
    );
    let both = [refresh("one"), refresh("two")];
    let third = bench.update(&flake, Some(&first), &both).unwrap();
    assert_eq!(rev(&third, "one"), new_one);
    assert_ne!(rev(&third, "two"), old_two);

    // Nothing to do.
    for moves in [&both[..], &[InputMove::Relock], &[]] {
        assert_eq!(bench.update(&flake, Some(&third), moves).unwrap(), third);
    }
}

#[test]
fn a_lock_with_nothing_to_do_keeps_its_own_form() {
    let bench = Bench::new();
    let one = bench.repo("one");
    let flake = format!(
        r#"{{ inputs.one.url = "{}"; outputs = _: {{ }}; }}"#,
        url(&one)
    );
    let lock = bench.update(&flake, None, &[]).unwrap();
    let odd = lock.replace("  ", "\t") + "\n\n";
    assert_eq!(
        bench.update(&flake, Some(&odd), &[refresh("one")]).unwrap(),
        odd
    );
}

#[test]
fn a_revision_in_the_url_is_followed_by_the_lock() {
    let bench = Bench::new();
    let one = bench.repo("one");
    let old = one.git(&["rev-parse", "HEAD"]);
    let new = one.commit("second");
    let flake = |rev: &str| {
        format!(
            r#"{{ inputs.one.url = "{}?ref=main&rev={rev}"; outputs = _: {{ }}; }}"#,
            url(&one)
        )
    };
    let before = bench.update(&flake(&old), None, &[]).unwrap();
    assert_eq!(rev(&before, "one"), old);
    let after = bench
        .update(&flake(&new), Some(&before), &[InputMove::Relock])
        .unwrap();
    assert_eq!(rev(&after, "one"), new);
    assert_eq!(after, bench.nix_lock(&flake(&new), None, &[]));
}

#[test]
fn a_pin_is_kept_by_nix_while_flake_nix_names_a_branch() {
    let bench = Bench::new();
    let (one, two, data) = (
        bench.repo("one"),
        bench.repo("two"),
        Repo::init(bench.path("data")),
    );
    data.write("x", "1").commit("first");
    let flake = format!(
        r#"{{ inputs.one.url = "{}?ref=main"; inputs.two.url = "{}";
           inputs.data = {{ url = "{}"; flake = false; }}; outputs = _: {{ }}; }}"#,
        url(&one),
        url(&two),
        url(&data)
    );
    let (old_one, old_data) = (
        one.git(&["rev-parse", "HEAD"]),
        data.git(&["rev-parse", "HEAD"]),
    );
    one.commit("second");
    data.write("x", "2").commit("second");
    let before = bench.update(&flake, None, &[]).unwrap();
    assert_ne!(rev(&before, "one"), old_one);
    two.commit("moved on meanwhile");

    let original = |name: &str| {
        let lock = FlakeLock::parse(&before).unwrap();
        lock.input(name).unwrap().original.clone().unwrap()
    };
    let moves = [
        pin("one", original("one").flake_ref_at(&old_one).unwrap()),
        pin("data", original("data").flake_ref_at(&old_data).unwrap()),
    ];
    let pinned = bench.update(&flake, Some(&before), &moves).unwrap();
    assert_eq!(rev(&pinned, "one"), old_one);
    assert_eq!(rev(&pinned, "data"), old_data);
    assert_eq!(rev(&pinned, "two"), rev(&before, "two"));
    let lock = FlakeLock::parse(&pinned).unwrap();
    for name in ["one", "two", "data"] {
        assert_eq!(lock.input(name).unwrap().original, Some(original(name)));
    }
    assert!(!lock.input("data").unwrap().is_flake);
    assert_eq!(bench.nix_lock(&flake, Some(&pinned), &[]), pinned);
    assert_eq!(bench.update(&flake, Some(&pinned), &moves).unwrap(), pinned);

    // In the form in which Nix writes it: only the moved values differ, line by line.
    let changed = |name: &str| {
        ![
            "rev\":",
            "revCount\":",
            "narHash\":",
            "lastModified\":",
            "ref\":",
        ]
        .iter()
        .any(|key| name.contains(key))
    };
    let kept = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| changed(line))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(kept(&pinned), kept(&before));

    // And there is a way back.
    let back = bench
        .update(&flake, Some(&pinned), &[refresh("one"), refresh("data")])
        .unwrap();
    assert_eq!(back, before);
}

#[test]
fn an_input_that_is_not_locked_yet_is_pinned_too() {
    let bench = Bench::new();
    let (one, two) = (bench.repo("one"), bench.repo("two"));
    let old = two.git(&["rev-parse", "HEAD"]);
    two.commit("second");
    let small = format!(
        r#"{{ inputs.one.url = "{}"; outputs = _: {{ }}; }}"#,
        url(&one)
    );
    let lock = bench.update(&small, None, &[]).unwrap();
    let flake = small.replace(
        "outputs",
        &format!("inputs.two.url = \"{}\"; outputs", url(&two)),
    );
    let moves = [pin("two", format!("{}?rev={old}", url(&two)))];
    for lock in [Some(lock.as_str()), None] {
        let pinned = bench.update(&flake, lock, &moves).unwrap();
        assert_eq!(rev(&pinned, "two"), old);
        let parsed = FlakeLock::parse(&pinned).unwrap();
        let original = parsed.input("two").unwrap().original.clone().unwrap();
        assert_eq!((original.kind.as_str(), original.rev), ("git", None));
    }
}

#[test]
fn inputs_that_follow_are_left_alone_and_inputs_of_inputs_move() {
    let bench = Bench::new();
    let (one, two) = (bench.repo("one"), bench.repo("two"));
    let old = one.git(&["rev-parse", "HEAD"]);
    let inner = format!(
        r#"{{ inputs.one.url = "{}"; outputs = _: {{ }}; }}"#,
        url(&one)
    );
    two.write("flake.nix", &inner).commit("takes one");
    let flake = format!(
        r#"{{ inputs.one.url = "{0}"; inputs.two.url = "{1}"; inputs.same.follows = "one";
           inputs.tied = {{ url = "{1}"; inputs.one.follows = "one"; }}; outputs = _: {{ }}; }}"#,
        url(&one),
        url(&two)
    );
    let before = bench.update(&flake, None, &[]).unwrap();
    let new = one.commit("second");
    let new_ref = format!("{}?rev={new}", url(&one));
    for step in [
        refresh("same"),
        refresh("tied/one"),
        pin("same", new_ref.clone()),
        pin("tied/one", new_ref.clone()),
    ] {
        assert_eq!(
            bench.update(&flake, Some(&before), &[step]).unwrap(),
            before
        );
    }

    let after = bench
        .update(&flake, Some(&before), &[refresh("one")])
        .unwrap();
    let lock = FlakeLock::parse(&after).unwrap();
    assert_eq!(
        lock.link("same"),
        Some(&InputLink::Follows(vec!["one".into()]))
    );
    for (input, expected) in [
        ("one", &new),
        ("same", &new),
        ("tied/one", &new),
        ("two/one", &old),
    ] {
        assert_eq!(rev(&after, input), *expected, "{input}");
    }

    for step in [refresh("two/one"), pin("two/one", new_ref)] {
        let after = bench
            .update(&flake, Some(&before), std::slice::from_ref(&step))
            .unwrap();
        for (input, expected) in [("one", &old), ("tied/one", &old), ("two/one", &new)] {
            assert_eq!(rev(&after, input), *expected, "{input} after {step:?}");
        }
    }
}

#[test]
fn relative_path_inputs_are_locked_as_in_the_work_tree() {
    let bench = Bench::new();
    let one = bench.repo("one");
    let work = Repo::init(bench.path("work"));
    let inner = format!(
        r#"{{ inputs.one.url = "{}"; outputs = _: {{ }}; }}"#,
        url(&one)
    );
    let flake = r#"{ inputs.part.url = "path:./parts/a"; inputs.data = { url = "path:./data"; flake = false; };
        outputs = _: { }; }"#;
    work.write("parts/a/flake.nix", &inner)
        .write("parts/a/run.sh", "#!/bin/sh\n")
        .write("data/file", "1")
        .write("flake.nix", flake)
        .write(".gitignore", "*.log\n");
    work.git(&["add", "--all"]);
    work.git(&["update-index", "--chmod=+x", "parts/a/run.sh"]);
    Command::new("chmod")
        .arg("+x")
        .arg(work.dir().join("parts/a/run.sh"))
        .status()
        .unwrap();
    std::os::unix::fs::symlink("file", work.dir().join("data/link")).unwrap();
    work.commit("first");
    // What git does not track, Nix does not see.
    work.write("parts/a/untracked", "x")
        .write("data/x.log", "x");

    let nix = Nix::find(&bench).unwrap();
    let update = |lock: Option<&str>, step| {
        FlakeUpdate {
            flake_nix: flake,
            flake_lock: lock,
            folder: Some(work.dir()),
            moves: vec![step],
        }
        .run(&nix)
        .unwrap()
    };
    let lock = update(None, InputMove::Relock);
    assert!(!work.dir().join("flake.lock").exists());
    let new = one.commit("second");
    let moved = update(Some(&lock), refresh("part/one"));
    assert_eq!(rev(&moved, "part/one"), new);
    assert_eq!(update(Some(&moved), refresh("part/one")), moved);

    bench.nix(work.dir(), &["flake", "lock"]);
    let of_nix = fs::read_to_string(work.dir().join("flake.lock")).unwrap();
    assert_eq!(moved, of_nix);
}

#[test]
fn what_nix_cannot_do_is_an_error_that_says_why() {
    let bench = Bench::new();
    let one = bench.repo("one");
    let flake = format!(
        r#"{{ inputs.one.url = "{}"; outputs = _: {{ }}; }}"#,
        url(&one)
    );
    let lock = bench.update(&flake, None, &[]).unwrap();
    let fails = |flake: &str, lock: Option<&str>, step: InputMove| {
        bench.update(flake, lock, &[step]).unwrap_err()
    };

    let gone = flake.replace("/one", "/gone");
    let error = fails(&gone, None, InputMove::Relock);
    assert!(
        matches!(&error, NixError::Process(ProcessError::Failed { stderr, .. }) if stderr.contains("/gone")),
        "{error}"
    );
    let error = fails("{ inputs = ", Some(&lock), InputMove::Relock);
    assert!(error.to_string().contains("syntax error"), "{error}");
    let error = fails(&flake, Some("{ \"nodes\": "), InputMove::Relock);
    assert!(matches!(error, NixError::Lock(_)), "{error}");

    for name in ["none", "one/none", "--impure", "", "one/"] {
        let one_at = pin(name, format!("{}?ref=main", url(&one)));
        for step in [refresh(name), one_at] {
            let error = fails(&flake, Some(&lock), step);
            assert!(
                matches!(&error, NixError::NoSuchInput(input) if input == name),
                "{name}: {error}"
            );
        }
    }
    let error = fails(
        &flake,
        Some(&lock),
        pin("one", format!("{}?ref=main", url(&one))),
    );
    assert!(matches!(error, NixError::NotPinned { .. }), "{error}");
    let error = fails(
        &flake,
        Some(&lock),
        pin("one", "git+https://u:secret@h/x?rev=abc".into()),
    );
    assert!(matches!(error, NixError::Credential { .. }), "{error}");
    assert!(!error.to_string().contains("secret"));
}

#[test]
fn a_remote_that_hangs_ends_with_the_timeout() {
    let bench = Bench::new();
    // Connections are taken by the kernel, and nobody ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let flake =
        format!(r#"{{ inputs.x.url = "git+http://127.0.0.1:{port}/x"; outputs = _: {{ }}; }}"#);
    let nix = Nix::find(&bench).unwrap().timeout(Duration::from_secs(4));
    let error = FlakeUpdate {
        flake_nix: &flake,
        flake_lock: None,
        folder: None,
        moves: vec![InputMove::Relock],
    }
    .run(&nix)
    .unwrap_err();
    assert!(
        matches!(error, NixError::Process(ProcessError::TimedOut { .. })),
        "{error}"
    );
    // Nix runs git, which runs its http helper: all of them name the remote.
    let remote = format!("127.0.0.1:{port}");
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        assert!(!line.contains(&remote), "still there: {line}");
    }
}

#[test]
fn without_the_network_what_is_known_is_enough() {
    let bench = Bench::new();
    let one = bench.repo("one");
    let flake = format!(
        r#"{{ inputs.one.url = "{}"; outputs = _: {{ }}; }}"#,
        url(&one)
    );
    let lock = bench.update(&flake, None, &[]).unwrap();
    let nix = Nix::find(&bench).unwrap().offline(true);
    let again = FlakeUpdate {
        flake_nix: &flake,
        flake_lock: Some(&lock),
        folder: None,
        moves: vec![refresh("one")],
    };
    assert_eq!(again.run(&nix).unwrap(), lock);
}

/// A PATH on which there is nothing.
struct Bare;

impl Runner for Bare {
    fn run(&self, invocation: &Invocation) -> Result<Output, ProcessError> {
        System.run(&invocation.clone().env("PATH", "/nonexistent"))
    }
}

#[test]
fn a_machine_without_nix_gets_a_hint() {
    let Err(error) = Nix::find(&Bare) else {
        panic!("Nix found on an empty PATH");
    };
    assert!(matches!(error, NixError::NotInstalled), "{error}");
    assert!(error.hint().unwrap().contains("nix-bin"));
}

/// All of the above again, under each other Nix that there is.
#[test]
fn every_nix_of_the_other_roots_does_the_same() {
    let roots = std::env::var("COTTER_TEST_NIX_ROOTS").unwrap_or_default();
    let scratch = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let binary = scratch.path().join("live_flake");
    fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
    for root in roots.split(':').filter(|root| !root.is_empty()) {
        let mut inside = Command::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/scripts/nix-in-root.sh"
        ));
        inside
            .args([Path::new(root), scratch.path(), &binary])
            .args(["--skip", "every_nix_of_the_other_roots"]);
        let report = support::run_ok(&mut inside, "debootstrap");
        assert!(
            report.contains("a_pin_is_kept_by_nix_while_flake_nix_names_a_branch ... ok"),
            "{root}: {report}"
        );
    }
}
