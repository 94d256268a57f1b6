//! What `pin list` is measured against: parsing every file of the corpus, and nothing else, as every linter of this
//! field has to. `cargo bench --bench baseline -- DIR` leaves the corpus in DIR, which must not hold files yet.

mod corpus;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rayon::prelude::*;

fn main() {
    // Cargo adds `--bench`.
    let given = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let temporary = tempfile::tempdir().unwrap();
    let root = given.map_or_else(|| temporary.path().to_path_buf(), PathBuf::from);
    fs::create_dir_all(&root).unwrap();
    assert!(
        fs::read_dir(&root).unwrap().next().is_none(),
        "{}: not empty",
        root.display()
    );
    let (count, bytes) = corpus::write(&root).unwrap();
    println!("corpus_files={count}");
    println!("corpus_bytes={bytes}");

    let mut paths = Vec::new();
    walk(&root, &mut paths);
    let mut times: Vec<u128> = (0..5)
        .map(|_| {
            let start = Instant::now();
            let broken = paths.par_iter().filter(|path| !parses(path)).count();
            assert_eq!(broken, 0, "files of the corpus do not parse");
            start.elapsed().as_millis()
        })
        .collect();
    times.sort_unstable();
    println!("parse_all_ms={}", times[times.len() / 2]);
}

fn parses(path: &Path) -> bool {
    rnix::Root::parse(&fs::read_to_string(path).unwrap())
        .errors()
        .is_empty()
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, paths);
        } else {
            paths.push(path);
        }
    }
}
