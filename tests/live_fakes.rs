//! Fakes in the places of literals, read by a real Nix: this machine's, and each of those in the root directories that
//! `COTTER_TEST_NIX_ROOTS` lists.

mod support;

use std::fs;

use cotter::config::Config;
use cotter::fod::{apply, fake, find};
use cotter::hash::{Algo, Hash, Hasher, Spelling};
use cotter::source::{RelPath, Workspace};
use support::store::Store;

/// Every way to say the hash of a derivation, and what Nix reads the algorithm from.
fn places() -> Vec<(String, String)> {
    let mut places = Vec::new();
    for algo in Algo::ALL {
        let hash = Hasher::new(algo).finish();
        for spelling in Spelling::ALL {
            let text = hash.spell(spelling);
            places.push((format!("\"{text}\""), format!("\"{algo}\"")));
            if spelling == Spelling::Sri {
                places.push((format!("\"{text}\""), "null".into()));
            }
        }
        places.push(("\"\"".into(), format!("\"{algo}\"")));
        let zero = Hash::new(algo, vec![0; algo.digest_len()]).unwrap();
        places.push((
            format!("\"{}\"", zero.spell(Spelling::Nix32)),
            format!("\"{algo}\""),
        ));
        places.push((format!("\"{zero}\""), "null".into()));
    }
    places.push(("lib.fakeHash".into(), "\"sha256\"".into()));
    places.push(("lib.fakeSha512".into(), "\"sha512\"".into()));
    places.push(("\"sha256-AAAA\"".into(), "null".into()));
    places
}

#[test]
fn nix_takes_every_fake_in_every_place() {
    let folder = tempfile::tempdir().unwrap();
    let places = places();
    let mut text = String::from("let lib = (import <nixpkgs> { }).lib; in [\n");
    for (at, (value, algo)) in places.iter().enumerate() {
        let algo = match algo.as_str() {
            "null" => String::new(),
            algo => format!("outputHashAlgo = {algo}; "),
        };
        text += &format!(
            "  (derivation {{ name = \"n{at}\"; builder = \"/bin/sh\"; system = \"x86_64-linux\"; \
             outputHashMode = \"recursive\"; {algo}outputHash = {value}; }})\n"
        );
    }
    text += "]\n";
    fs::write(folder.path().join("default.nix"), text).unwrap();
    let workspace = Workspace::at(folder.path()).unwrap();
    let files = [RelPath::new("default.nix").unwrap()];
    let found = find(&workspace, &Config::default(), &files);
    assert_eq!(found.problems, []);
    assert_eq!(found.literals.len(), places.len());

    let fakes: Vec<Hash> = found.literals.iter().map(fake).collect();
    for file in apply(&workspace, found.literals.iter().zip(&fakes)).unwrap() {
        fs::write(file.path().to_path(folder.path()), file.to_bytes()).unwrap();
    }
    let store = Store::new_in(folder.path());
    let path = folder.path().join("default.nix");
    let drvs = store.run("nix-instantiate", &[path.to_str().unwrap()]);
    let drvs: Vec<&str> = drvs.lines().collect();
    assert_eq!(drvs.len(), places.len());
    for ((drv, fake), place) in drvs.iter().zip(&fakes).zip(&places) {
        let drv = fs::read_to_string(drv.split('!').next().unwrap()).unwrap();
        let output = format!(
            "\"r:{}\",\"{}\")",
            fake.algo(),
            fake.spell(Spelling::Base16)
        );
        assert!(drv.contains(&output), "{place:?}: {output} is not in {drv}");
    }
}

/// The same under each other Nix that there is.
#[test]
fn every_nix_of_the_other_roots_does_the_same() {
    let this_one = "every_nix_of_the_other_roots_does_the_same";
    support::roots::run_again_in_each(this_one, "nix_takes_every_fake_in_every_place");
}
