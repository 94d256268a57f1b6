//! `check` over files that are broken in every way: no panic, no endless run, no more memory than the files are worth.
//!
//! COTTER_TEST_INPUTS sets how many inputs are tried, COTTER_TEST_SEED where the random numbers begin, COTTER_TEST_ROUND
//! repeats one round. The files of a round that fails are kept.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use cotter::check::{Place, Scope, Subject, rules, run};
use cotter::config::Config;
use cotter::fod::lock::Lock;
use cotter::naming::Containers;
use cotter::source::{RelPath, SourceFile, Workspace};
use cotter::syntax::STACK_SIZE;

/// As many as fit into a run of all tests; the whole number is 100,000.
const INPUTS: u64 = 4_000;
/// A workspace of so many files at once: what rules do for a workspace is done once for all.
const AT_ONCE: u64 = 50;

/// A generator of numbers that are the same everywhere (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// Every source of the fixtures: what the rules are about.
fn seeds() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut found = Vec::new();
    let mut open = vec![
        root.join("check"),
        root.join("fleet/ops"),
        root.join("manifest"),
    ];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.file_name().unwrap().to_str().unwrap();
            let kinds = [
                ".nix",
                ".yaml",
                ".yml",
                ".sh",
                "Dockerfile",
                "flake.lock",
                ".toml",
            ];
            if kinds.iter().any(|kind| name.ends_with(kind)) {
                found.push((name.to_owned(), std::fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 300, "{}", found.len());
    found
}

/// What a text is spliced with.
const PIECES: [&[u8]; 22] = [
    b"\0",
    b"\xff\xfe",
    b"\r",
    b"\xef\xbb\xbf",
    b"${",
    b"''",
    b"\"",
    b"# cotter: allow ",
    b"# cotter: allow C611,C201",
    b"/* ",
    b"*/",
    b"&a [*a, *a]",
    b"<<: *a\n",
    b"{{ x }}",
    b"lib.fakeHash",
    b"latest",
    b"\\\n",
    b"<<EOF\n",
    "\u{1F600}\u{301}".as_bytes(),
    b"config = { env = [ ]; };",
    b"- image: x\n",
    b"rev = \"main\";",
];

fn mutate(numbers: &mut Numbers, seeds: &[(String, Vec<u8>)], mut text: Vec<u8>) -> Vec<u8> {
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(text.len() + 1);
        match numbers.below(9) {
            0 => text.truncate(at),
            1 => {
                let end = (at + numbers.below(200)).min(text.len());
                text.drain(at..end);
            }
            2 => {
                let piece = PIECES[numbers.below(PIECES.len())];
                text.splice(at..at, piece.iter().copied());
            }
            3 => {
                let (_, other) = &seeds[numbers.below(seeds.len())];
                let from = numbers.below(other.len() + 1);
                let end = (from + numbers.below(400)).min(other.len());
                text.splice(at..at, other[from..end].iter().copied());
            }
            4 => {
                let deep =
                    [&b"["[..], b"(", b"{ a = ", b"- - ", b"{a: ", b"''${"][numbers.below(6)];
                text.splice(at..at, deep.repeat(numbers.below(3_000)));
            }
            5 => {
                let byte = [b'a', b'#', b'"', b' ', b'\\', b'='][numbers.below(6)];
                text.splice(at..at, std::iter::repeat_n(byte, numbers.below(100_000)));
            }
            6 => {
                // Anchors that unfold: nine of the last, nine times over.
                let mut bomb = String::from("a0: &a0 x\n");
                for level in 1..=numbers.below(12) {
                    let names = vec![format!("*a{}", level - 1); 9].join(", ");
                    bomb.push_str(&format!("a{level}: &a{level} [{names}]\n"));
                }
                text.splice(at..at, bomb.into_bytes());
            }
            7 => {
                if let Some(byte) = text.get_mut(at) {
                    *byte = numbers.below(256) as u8;
                }
            }
            _ => {
                let end = (at + numbers.below(500)).min(text.len());
                let part = text[at..end].to_vec();
                text.splice(at..at, part);
            }
        }
    }
    text
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |value| value.parse().unwrap())
}

#[test]
fn no_text_ends_it() {
    let seeds = seeds();
    let seed = number("COTTER_TEST_SEED", 0x5EED_C077);
    let only = std::env::var("COTTER_TEST_ROUND")
        .ok()
        .map(|round| round.parse::<u64>().unwrap());
    let mut numbers = Numbers(seed | 1);
    let dir = tempfile::tempdir().unwrap();
    // As the program has it.
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK_SIZE);
    pool.build_global().unwrap();
    let root = dir.path().to_owned();
    let (inputs, taken) = mpsc::channel::<Vec<RelPath>>();
    let (done, outcomes) = mpsc::channel();
    let work = move |root: PathBuf| {
        for files in taken {
            check(&root, &files);
            done.send(()).unwrap();
        }
    };
    std::thread::Builder::new()
        .stack_size(STACK_SIZE)
        .spawn(move || work(root))
        .unwrap();
    for round in 0..number("COTTER_TEST_INPUTS", INPUTS).div_ceil(AT_ONCE) {
        let mut files = Vec::new();
        for at in 0..AT_ONCE {
            let (name, text) = &seeds[numbers.below(seeds.len())];
            let text = mutate(&mut numbers, &seeds, text.clone());
            let folder = dir.path().join(format!("c{}/{at}", at % 7));
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(name), text).unwrap();
            files.push(RelPath::new(format!("c{}/{at}/{name}", at % 7)).unwrap());
        }
        files.sort();
        if only.is_some_and(|only| only != round) {
            clear(dir.path());
            continue;
        }
        // One file takes milliseconds; a minute is no bound of speed but the end of an endless run.
        let checked = inputs
            .send(files)
            .map(|()| outcomes.recv_timeout(Duration::from_secs(60)));
        if checked != Ok(Ok(())) {
            let kept = dir.keep();
            panic!(
                "round {round} of seed {seed}, {}: {checked:?}",
                kept.display()
            );
        }
        clear(dir.path());
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 1 << 20, "{peak} kB");
}

fn clear(dir: &Path) {
    for entry in std::fs::read_dir(dir).unwrap() {
        std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
    }
}

/// Every rule over `files`; what they find is in the text.
fn check(root: &Path, files: &[RelPath]) {
    let workspace = Workspace::at(root).unwrap().remembering();
    let config = Config::default();
    let containers = Containers::new(&config, files);
    let lock = Lock::default();
    let subject = Subject {
        workspace: &workspace,
        config: &config,
        containers: &containers,
        files,
        tracked: Some(files),
        lock: &lock,
        before: None,
        clones: None,
        recipes: None,
    };
    let checked = run(&subject, rules::ALL, &Scope::All);
    for finding in &checked.findings {
        let Place { file, range, .. } = &finding.place;
        if let Ok(source) = workspace.read(file) {
            assert!(source.text().get(range.clone()).is_some(), "{finding:?}");
        }
    }
    // A fix leaves what can be read.
    let fixed = cotter::check::fix::all(&workspace, |workspace: &Workspace| {
        let subject = Subject {
            workspace,
            ..subject
        };
        run(&subject, rules::ALL, &Scope::All).findings
    })
    .unwrap();
    let _: Vec<&SourceFile> = fixed.files.iter().map(|file| &file.after).collect();
}
