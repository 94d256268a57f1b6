//! The recorded outputs of every Nix, read.

use super::Version;
use super::builds::{Builds, DrvFailure};
use super::events::Event;
use super::failure::FailureKind;
use super::mismatch::Mismatch;
use crate::hash::{Algo, Hash};

fn lines(file: &str) -> Vec<Vec<u8>> {
    let path = format!("{}/fixtures/nix-output/{file}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let lines = bytes.split(|byte| *byte == b'\n').filter(|l| !l.is_empty());
    lines.map(<[u8]>::to_vec).collect()
}

fn read(file: &str) -> (Vec<Mismatch>, Vec<DrvFailure>) {
    let version = file
        .split_once('-')
        .and_then(|(_, rest)| rest.split_once('/'));
    let version = Version::parse(version.expect("FLAVOUR-VERSION/").0);
    let mut builds = Builds::of(version.expect("a version"));
    let mut drvs = Vec::new();
    for line in lines(file) {
        let event = Event::parse(&line);
        if let Event::BuildStarted { drv, .. } = &event {
            drvs.push(drv.clone());
        }
        builds.take(event, &mut |_| {});
    }
    builds.close(&drvs, false);
    builds.finish()
}

fn kind_of(failures: &[DrvFailure], name: &str) -> FailureKind {
    let found = failures.iter().find(|failure| failure.drv.contains(name));
    found
        .unwrap_or_else(|| panic!("{name}: {failures:?}"))
        .kind
        .clone()
}

#[test]
fn every_ending_of_a_build_is_told() {
    for file in [
        "nix-2.8.0/realise.jsonl",
        "nix-2.8.0/daemon.jsonl",
        "nix-2.26.3/realise.jsonl",
        "nix-2.34.8/realise.jsonl",
        "nix-2.34.8/daemon.jsonl",
    ] {
        let (mismatches, failures) = read(file);
        let pairs: Vec<(String, String)> = mismatches
            .iter()
            .map(|m| (m.specified.to_string(), m.got.to_string()))
            .collect();
        let pair = |specified: &str, got: &str| (specified.to_owned(), got.to_owned());
        assert_eq!(pairs.len(), 2, "{file}: {pairs:?}");
        for wanted in [
            pair(
                "sha256-AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                "sha256-knb9U7Sdy/YWj4gjrvFIevLuTiMEt+5kEtunmYK5CoY=",
            ),
            pair(
                "sha256-AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                "sha256-32n5UPZyrIhahlHecvnUUszJG7+dVTyUfwqzHMuhq8k=",
            ),
        ] {
            assert!(pairs.contains(&wanted), "{file}: {pairs:?}");
        }
        for (name, kind) in [
            ("-fails.drv", FailureKind::Exit(3)),
            ("-killed.drv", FailureKind::Signal(9)),
            ("-noout.drv", FailureKind::Other),
            ("-dep.drv", FailureKind::DependencyFailed),
        ] {
            assert_eq!(kind_of(&failures, name), kind, "{file} {name}");
        }
        // The recording takes no time, by which alone Nix 2.34 lets it be known which one it was.
        if !file.contains("2.34") {
            assert_eq!(kind_of(&failures, "-hangs.drv"), FailureKind::TimedOut(3));
            assert_eq!(failures.len(), 5, "{file}");
        }
        let failing = failures.iter().find(|f| f.drv.ends_with("-fails.drv"));
        assert_eq!(failing.unwrap().log_tail, ["line 1", "line 2", "line 3"]);
    }
}

#[test]
fn the_system_that_is_wanted_is_told() {
    for version in ["2.8.0", "2.26.3", "2.34.8"] {
        let (mismatches, failures) = read(&format!("nix-{version}/wrong-system.jsonl"));
        assert!(mismatches.is_empty());
        let wanted = FailureKind::WrongSystem("riscv64-linux".into());
        assert_eq!(kind_of(&failures, "-wrong.drv"), wanted, "{version}");
    }
}

#[test]
fn what_is_fetched_during_evaluation_is_told() {
    for version in ["2.8.0", "2.26.3", "2.34.8"] {
        let mut found = Vec::new();
        for line in lines(&format!("nix-{version}/eval.jsonl")) {
            if let Event::Message(message) = Event::parse(&line) {
                found.extend(Mismatch::parse_all(&message.text));
            }
        }
        // The URL, the tarball, the tree, the repository, the import.
        assert_eq!(found.len(), 5, "{version}");
        for (mismatch, fake) in found.iter().zip([1, 2, 3, 3, 4]) {
            let mut digest = vec![0; 32];
            digest[0] = fake;
            let told = Hash::new(Algo::Sha256, digest).unwrap();
            let got = mismatch.got_for(&told).expect(version);
            assert_ne!(*got, told, "{version}");
        }
        assert_eq!(found[0].url.as_deref(), Some("file:///src/file"));
        assert!(found[4].drv.as_deref().unwrap().ends_with("-ifd.drv"));
    }
}

#[test]
fn the_place_of_an_error_is_told() {
    for version in ["2.8.0", "2.26.3", "2.34.8"] {
        let recorded = lines(&format!("nix-{version}/eval.jsonl"));
        let Event::Message(last) = Event::parse(recorded.last().unwrap()) else {
            panic!("{version}");
        };
        let place = last.position.unwrap();
        assert_eq!(
            (place.file.as_str(), place.line, place.column),
            ("/src/eval.nix", 9, 37),
            "{version}"
        );
        assert_eq!(last.text, "cannot add a string to an integer");
    }
}

#[test]
fn the_formats_of_lix_and_of_nix_2_3_are_read() {
    for version in ["2.91", "2.94"] {
        let (mismatches, failures) = read(&format!("lix-{version}/realise.jsonl"));
        assert!(failures.is_empty(), "{version}: {failures:?}");
        assert_eq!(mismatches.len(), 2, "{version}");
        for mismatch in &mismatches {
            assert_eq!(mismatch.specified.digest()[0], 1, "{version}");
            assert_eq!(mismatch.got.digest()[0], 0x92, "{version}");
            let path =
                (version == "2.94").then_some("/nix/store/b6944f62p3ynf0fapnyg51r5gcrk0jbc-src");
            assert_eq!(mismatch.output_path.as_deref(), path);
        }
        let urls: Vec<Option<&str>> = mismatches.iter().map(|m| m.url.as_deref()).collect();
        assert_eq!(urls, [None, Some("https://example.org/src.tar.gz")]);
    }
    let (mismatches, _) = read("lix-2.94/eval.jsonl");
    let url = mismatches[0].url.as_deref();
    assert_eq!(url, Some("https://example.org/src.tar.gz"));
    assert_eq!(mismatches[0].got.digest()[0], 0x92);
    let (mismatches, failures) = read("nix-2.3/realise.jsonl");
    assert_eq!(mismatches.len(), 1);
    assert_eq!(mismatches[0].drv, None);
    assert_eq!(
        mismatches[0].output_path.as_deref(),
        Some("/nix/store/b6944f62p3ynf0fapnyg51r5gcrk0jbc-src")
    );
    assert_eq!(mismatches[0].specified.digest()[0], 1);
    assert_eq!(failures.len(), 2, "{failures:?}");
    assert_eq!(kind_of(&failures, "-src.drv"), FailureKind::Exit(3));
    assert_eq!(
        kind_of(&failures, "-dep.drv"),
        FailureKind::DependencyFailed
    );
}
