//! What goes wrong: in the flake, at the remote, on the machine.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use cotter::nix::{FlakeUpdate, InputMove, Nix, NixError};
use cotter::process::{Invocation, Output, ProcessError, Runner, System};

use crate::bench::{Bench, pin, refresh, url};

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
    fn run_watched(
        &self,
        invocation: &Invocation,
        on_line: &mut dyn FnMut(&[u8]),
    ) -> Result<Output, ProcessError> {
        System.run_watched(&invocation.clone().env("PATH", "/nonexistent"), on_line)
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
