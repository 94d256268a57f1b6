//! What becomes of `outputHashes`, read by Nix itself as nixpkgs' `importCargoLock` asks for it, and computed from a
//! real repository.

mod support;

use std::path::Path;
use std::time::Duration;

use cotter::fod::native::{World, compute_all};
use cotter::fod::output_hashes::{self, Plan};
use cotter::git::Git;
use cotter::net::{DownloadOptions, Downloads};
use cotter::source::{RelPath, Workspace};
use support::fetchers::Real;
use support::repo::Repo;
use support::served::options;
use support::store::Store;

const FAKE: &str = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// True when every crate from git has a hash by its commit, and every key names such a crate.
const IN_STEP: &str = r##"
  folder: with builtins; let
    git = filter (p: match "git\\+.*" (p.source or "") != null) (fromTOML (readFile (folder + "/Cargo.lock"))).package;
    key = p: "${p.name}-${p.version}";
    commit = p: head (match ".*#(.*)" p.source);
    hashes = (import (folder + "/default.nix")).cargoLock.outputHashes;
    of = k: commit (head (filter (p: key p == k) git));
  in all (k: elem k (map key git)) (attrNames hashes)
    && all (p: elem (commit p) (map of (attrNames hashes))) git
"##;

fn planned(folder: &Path) -> Plan {
    let workspace = Workspace::at(folder).unwrap();
    output_hashes::plan(&workspace, &[RelPath::new("default.nix").unwrap()], FAKE)
}

fn crate_of(name: &str, version: &str, url: &str, commit: &str) -> String {
    format!(
        "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"git+{url}?branch=main#{commit}\"\n\n"
    )
}

#[test]
fn nix_finds_every_commit_and_no_other() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("app");
    std::fs::create_dir(&folder).unwrap();
    let repo = Repo::init(temp.path().join("one"));
    let first = repo.write("Cargo.toml", "[package]\n").commit("first");
    let second = repo.write("src/lib.rs", "// x\n").commit("second");
    let url = format!("file://{}", repo.dir().display());
    // Two crates of one commit, one of another, and one that is gone.
    let lock = format!(
        "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\n\n{}{}{}",
        crate_of("one", "0.1.0", &url, &second),
        crate_of("one-macros", "0.1.0", &url, &second),
        crate_of("old", "0.9.0-rc.1", &url, &first),
    );
    std::fs::write(folder.join("Cargo.lock"), lock).unwrap();
    std::fs::write(
        folder.join("default.nix"),
        format!(
            "{{\n  cargoLock = {{\n    lockFile = ./Cargo.lock;\n    outputHashes = {{\n      \
             \"gone-1.0.0\" = \"{FAKE}\"; # was needed\n      # the old one\n      \
             \"old-0.9.0-rc.1\" = \"{FAKE}\";\n    }};\n  }};\n}}\n"
        ),
    )
    .unwrap();
    let store = Store::new();
    let in_step = || {
        let call = format!("({IN_STEP}) {}", folder.display());
        store.run("nix-instantiate", &["--eval", "--expr", &call])
    };
    assert_eq!(in_step(), "false");

    let plan = planned(&folder);
    assert_eq!(plan.problems, []);
    assert_eq!(plan.sets[0].added, ["one-0.1.0"]);
    assert_eq!(plan.sets[0].removed, ["gone-1.0.0"]);
    std::fs::write(folder.join("default.nix"), plan.files[0].to_bytes()).unwrap();
    assert_eq!(in_step(), "true");
    let again = planned(&folder);
    assert!(again.sets.is_empty() && again.files.is_empty());

    let git = Git::new(options(temp.path()));
    let downloads = Downloads::new(DownloadOptions {
        offline: true,
        timeout: Duration::from_secs(30),
        certificates: None,
    });
    let world = World {
        git: &git,
        downloads: &downloads,
    };
    let hashes: Vec<String> = compute_all(&plan.fetched, world)
        .into_iter()
        .map(|hash| hash.unwrap().to_string())
        .collect();
    let real = Real::new();
    // By place: `old`, then `one`.
    assert_eq!(
        hashes,
        [real.checkout(&repo, &first), real.checkout(&repo, &second)]
    );
    for hash in hashes.iter().zip([&first, &second]) {
        real.fetchgit(&repo, hash.1, hash.0);
    }
}
