//! The NAR hash of a commit of 4,000 files: from git's objects, and the two ways that need a checkout.

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::sync::LazyLock;

use cotter::git::Oid;
use cotter::hash::Algo;
use support::repo::Repo;
use support::store::Store;
use support::{command, run_ok};
use tempfile::TempDir;

const FILES: u32 = 4_000;

struct Bench {
    temp: TempDir,
    repo: Repo,
    store: Store,
    commit: String,
    checkout: PathBuf,
    expected: String,
}

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let temp = tempfile::tempdir().unwrap();
    let store = Store::new_in(temp.path());
    let repo = Repo::init(temp.path().join("repo"));
    for n in 0..FILES {
        repo.write(format!("d{}/e{}/f{n}.rs", n % 23, n % 7), source(n));
    }
    repo.commit("first");
    // A second commit, so that the pack holds deltas as a real history's does.
    for n in (0..FILES).step_by(3) {
        let path = format!("d{}/e{}/f{n}.rs", n % 23, n % 7);
        repo.write(path, source(n) + "// changed\n");
    }
    let commit = repo.commit("second");
    repo.git(&["gc", "-q"]);
    let checkout = temp.path().join("checkout");
    unpack(&repo, &temp, &commit, &checkout);
    let expected = store.hash_path(&checkout);
    Bench {
        temp,
        repo,
        store,
        commit,
        checkout,
        expected,
    }
});

fn main() {
    LazyLock::force(&BENCH);
    divan::main();
    // A static is never dropped.
    std::fs::remove_dir_all(BENCH.temp.path()).unwrap();
}

/// Some 7 KB of made-up source text. It takes a third of that in a pack; real source text, a quarter.
fn source(seed: u32) -> String {
    const SYLLABLES: [&str; 16] = [
        "re", "con", "fig", "path", "node", "in", "ter", "val", "ue", "buf", "fer", "hash", "tree",
        "en", "try", "set",
    ];
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut next = |below: u32| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) % below
    };
    let mut text = String::new();
    for _ in 0..80 + seed % 180 {
        text += [
            "\n",
            "    ",
            "        ",
            "    let ",
            "    /// ",
            "        self.",
        ][next(6) as usize];
        for _ in 0..1 + next(5) {
            // The product makes a few words frequent and most rare, as names in a program are.
            let word = next(60) * next(60);
            text += SYLLABLES[(word % 16) as usize];
            text += SYLLABLES[(word / 16 % 16) as usize];
            text += SYLLABLES[(word / 256 % 16) as usize];
            text += [" ", "::", "(", ").", ", ", " = "][next(6) as usize];
        }
        text += [";\n", " {\n", "}\n"][next(3) as usize];
    }
    text
}

fn unpack(repo: &Repo, temp: &TempDir, commit: &str, out: &PathBuf) {
    std::fs::create_dir(out).unwrap();
    let tar = temp.path().join("source.tar");
    repo.git(&[
        "archive",
        "--format=tar",
        "-o",
        tar.to_str().unwrap(),
        commit,
    ]);
    run_ok(
        command("tar", temp.path())
            .arg("-C")
            .arg(out)
            .arg("-xf")
            .arg(tar),
        "tar",
    );
}

#[divan::bench]
fn from_objects() {
    let bench = &*BENCH;
    let commit: Oid = bench.commit.parse().unwrap();
    let repo = cotter::git::Repo::open(bench.repo.dir()).unwrap();
    let hash = repo.nar_hash(commit, Algo::Sha256).unwrap();
    assert_eq!(hash.to_string(), bench.expected);
}

#[divan::bench(sample_count = 20)]
fn nix_hash_path_of_a_warm_checkout() {
    let bench = &*BENCH;
    assert_eq!(bench.store.hash_path(&bench.checkout), bench.expected);
}

#[divan::bench(sample_count = 20)]
fn archive_unpack_nix_hash_path() {
    let bench = &*BENCH;
    let out = tempfile::tempdir_in(&bench.temp).unwrap();
    let tree = out.path().join("out");
    unpack(&bench.repo, &bench.temp, &bench.commit, &tree);
    assert_eq!(bench.store.hash_path(&tree), bench.expected);
}
