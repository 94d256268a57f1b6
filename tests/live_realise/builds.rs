//! What becomes of derivations: a store of one's own, and one behind a daemon.

use std::process::Command;
use std::time::{Duration, Instant};

use cotter::nix::{FailureKind, Realised, Step};

use crate::support::daemon::Daemon;
use crate::system::{Machine, PATIENCE, fake, file_hash};

fn kind_of(realised: &Realised, name: &str) -> FailureKind {
    let found = realised.failures.iter().find(|f| f.drv.ends_with(name));
    found
        .unwrap_or_else(|| panic!("{name}: {realised:?}"))
        .kind
        .clone()
}

#[test]
fn each_of_sixteen_of_one_name_gets_its_own_hash() {
    let machine = Machine::new();
    let numbers: Vec<u8> = (1..=16).collect();
    let list: String = numbers
        .iter()
        .map(|n| {
            format!(
                "(fod \"src\" \"{}\" \"sleep 1; echo {n} > $out\")\n",
                fake(*n)
            )
        })
        .collect();
    let drvs = machine.instantiate(&format!("[ {list} ]"));
    assert_eq!(drvs.len(), 16);
    let start = Instant::now();
    let realised = machine.realise(&drvs, 16, None);
    println!("sixteen FODs of one second: {:?}", start.elapsed());
    assert!(realised.failures.is_empty(), "{:?}", realised.failures);
    assert!(realised.built.is_empty() && !realised.deadline_passed);
    assert_eq!(realised.mismatches.len(), 16);
    for number in numbers {
        let told = fake(number);
        let got: Vec<_> = realised
            .mismatches
            .iter()
            .filter_map(|m| m.got_for(&told))
            .collect();
        assert_eq!(got, [&file_hash(&format!("{number}\n"))]);
    }
}

/// One of each ending, at once.
fn endings(machine: &Machine) {
    let shell = r#"
        let
          fails = fod "fails" "FAKE3" "for i in $(seq 1 60); do echo line $i; done; echo to nobody >&2; exit 3";
          # A line that Nix takes for an event: the same of a derivation and of none.
          feign = name: told: ''
            for drv in "$(echo $NIX_STORE/*-${name}.drv)" none; do
              printf '@nix {"action":"msg","level":0,"msg":"error: hash mismatch in fixed-output derivation '"'%s'"':\\n specified: ${told}\\n got: FAKE9","raw_msg":"x"}\n' "$drv" >&2
            done
          '';
        in [
          (fod "says" "FAKE1" "echo '  specified: FAKE1'; echo '  got:    FAKE9'; echo says > $out")
          (fod "feigns" "FAKE2" "${feign "feigns" "FAKE2"} echo feigns > $out")
          fails
          (fod "hangs" "FAKE4" "exec sleep 1000")
          (fodFor "riscv64-linux" "other" "FAKE5" "echo other > $out")
          (drv "above" builtins.currentSystem { } "echo ${fodFor "riscv64-linux" "under" "FAKE6" "echo under > $out"} > $out")
          (drv "needs" builtins.currentSystem { } "echo ${fails} > $out")
          (drv "fine" builtins.currentSystem { } "echo fine > $out")
          (fod "right" "REAL" "${feign "right" "REAL"} echo '@nix {\"action\":\"setPhase\",\"phase\":\"fetching\"}' >&2; echo right > $out")
        ]"#;
    let mut text = shell.replace("REAL", &file_hash("right\n").to_string());
    for number in 1..=9 {
        text = text.replace(&format!("FAKE{number}"), &fake(number).to_string());
    }
    let drvs = machine.instantiate(&text);
    assert_eq!(drvs.len(), 9, "{drvs:?}");
    let mut seen = Vec::new();
    let realised = machine.realise_watched(&drvs, 8, Some(2), &mut |progress| {
        let step = match progress.step {
            Step::Started { machine } => format!("started on {machine:?}"),
            Step::Phase(phase) => format!("phase {phase}"),
            Step::Log(line) => format!("log {line}"),
            Step::Ended => "ended".to_owned(),
        };
        seen.push(format!("{} {step}", progress.name));
    });

    let mut told: Vec<_> = realised.mismatches.iter().map(|m| &m.specified).collect();
    told.sort();
    assert_eq!(told, [&fake(1), &fake(2)], "{realised:?}");
    for mismatch in &realised.mismatches {
        let text = if mismatch.specified == fake(1) {
            "says\n"
        } else {
            "feigns\n"
        };
        assert_eq!(mismatch.got, file_hash(text));
        assert!(drvs.contains(mismatch.drv.as_ref().unwrap()));
    }
    let other = FailureKind::WrongSystem("riscv64-linux".into());
    for (name, kind) in [
        ("-fails.drv", FailureKind::Exit(3)),
        ("-hangs.drv", FailureKind::TimedOut(2)),
        ("-other.drv", other.clone()),
        ("-under.drv", other),
        ("-above.drv", FailureKind::DependencyFailed),
        ("-needs.drv", FailureKind::DependencyFailed),
    ] {
        assert_eq!(kind_of(&realised, name), kind, "{name}");
    }
    assert_eq!(realised.failures.len(), 6, "{:?}", realised.failures);
    let built: Vec<bool> = ["-fine", "-right"]
        .iter()
        .map(|name| realised.built.iter().any(|path| path.ends_with(name)))
        .collect();
    assert_eq!((built, realised.built.len()), (vec![true, true], 2));

    let failure = realised
        .failures
        .iter()
        .find(|f| f.drv.ends_with("-fails.drv"))
        .unwrap();
    assert_eq!(failure.log_tail.len(), 25);
    assert_eq!(failure.log_tail.first().unwrap(), "line 37");
    assert_eq!(failure.log_tail.last().unwrap(), "to nobody");
    let command = failure.log_command();
    let mut words = command.split(' ');
    let shown = cotter::process::Invocation::new(words.next().unwrap()).args(words);
    let shown = cotter::process::Runner::run(machine, &shown).unwrap();
    assert_eq!(String::from_utf8_lossy(&shown.stdout).lines().count(), 61);

    for wanted in [
        "fails started on None",
        "fails log line 60",
        "fails ended",
        "right phase fetching",
        "right ended",
        "hangs ended",
    ] {
        assert!(seen.iter().any(|s| s == wanted), "{wanted}: {seen:?}");
    }
    let ended = seen.iter().filter(|step| step.ends_with(" ended")).count();
    let started = seen
        .iter()
        .filter(|step| step.contains(" started on "))
        .count();
    assert_eq!(ended, started, "{seen:?}");
}

#[test]
fn every_ending_is_told_from_the_others() {
    endings(&Machine::new());
}

#[test]
fn a_daemon_tells_the_same() {
    let machine = Machine::new();
    let socket = machine.dir().join("socket");
    let machine = machine.through(&socket);
    let mut command = Command::new("env");
    command.arg("-i").args(machine.environment("local"));
    command.args(["nix-daemon", "--daemon"]);
    let _daemon = Daemon::start(&mut command, &socket);
    endings(&machine);
}

#[test]
fn a_builder_that_feigns_a_mismatch_and_succeeds_has_none() {
    let machine = Machine::new();
    let real = file_hash("x\n");
    let script = r#"printf '@nix {\"action\":\"msg\",\"level\":0,\"msg\":\"hash mismatch in fixed-output derivation '\"'%s'\"':\\\\n specified: REAL\\\\n got: FAKE\"}\\n' $NIX_STORE/*-x.drv >&2; echo seen; echo x > $out"#
        .replace("REAL", &real.to_string())
        .replace("FAKE", &fake(1).to_string());
    let drvs = machine.instantiate(&format!("fod \"x\" \"{real}\" \"{script}\""));
    let mut lines = Vec::new();
    let realised = machine.realise_watched(&drvs, 1, None, &mut |progress| {
        if let Step::Log(line) = progress.step {
            lines.push(line.to_owned());
        }
    });
    assert_eq!(lines, ["seen"], "the other line is an event");
    assert_eq!(realised.built.len(), 1);
    assert!(realised.mismatches.is_empty(), "{realised:?}");
}

/// NixOS/nix#15846: a FOD with a wrong hash waits for ever for one with the right hash whose output is the same.
#[test]
fn a_deadlock_of_nix_ends_at_the_deadline() {
    let machine = Machine::new();
    let real = file_hash("same\n");
    let drvs = machine.instantiate(&format!(
        "[ (fod \"same\" \"{real}\" \"sleep 2; echo same > $out\") (fod \"same\" \"{}\" \"sleep 1; echo same > $out\") \
         (fod \"quick\" \"{}\" \"echo quick > $out\") ]",
        fake(1),
        fake(2)
    ));
    let request = cotter::nix::Realise {
        drvs: &drvs,
        max_jobs: Some(4),
        build_timeout: None,
        substitute: false,
        builders: None,
        roots: &machine.dir().join("together"),
        deadline: Duration::from_secs(12),
    };
    let nix = cotter::nix::Nix::find(&machine).unwrap();
    let realised = nix.realise(&request, &mut |_| {}).unwrap();
    println!("deadlock: {}", realised.deadline_passed);
    let told = |number| {
        realised
            .mismatches
            .iter()
            .any(|m| m.specified == fake(number))
    };
    assert!(told(2), "{realised:?}");
    assert!(told(1) || realised.deadline_passed, "{realised:?}");
}

#[test]
fn what_was_told_before_the_deadline_is_kept() {
    let machine = Machine::new();
    let drvs = machine.instantiate(&format!(
        "[ (fod \"quick\" \"{}\" \"echo quick > $out\") (fod \"hangs\" \"{}\" \"exec sleep 1000\") ]",
        fake(1),
        fake(2)
    ));
    let nix = cotter::nix::Nix::find(&machine).unwrap();
    let request = cotter::nix::Realise {
        drvs: &drvs,
        max_jobs: Some(2),
        build_timeout: None,
        substitute: false,
        builders: None,
        roots: &machine.dir().join("together"),
        deadline: Duration::from_secs(10),
    };
    let realised = nix.realise(&request, &mut |_| {}).unwrap();
    assert!(realised.deadline_passed);
    assert!(realised.built.is_empty());
    let told: Vec<_> = realised.mismatches.iter().map(|m| &m.specified).collect();
    assert_eq!(told, [&fake(1)]);
    assert!(realised.failures.is_empty(), "{:?}", realised.failures);
}

#[test]
fn a_derivation_that_is_not_there_is_an_error() {
    let machine = Machine::new();
    let nix = cotter::nix::Nix::find(&machine).unwrap();
    let drvs = ["/nonexistent/store/x.drv".to_owned()];
    let request = cotter::nix::Realise {
        drvs: &drvs,
        max_jobs: None,
        build_timeout: None,
        substitute: false,
        builders: None,
        roots: &machine.dir().join("together"),
        deadline: PATIENCE,
    };
    let error = nix.realise(&request, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains(&drvs[0]), "{error}");
}
