use proptest::prelude::*;

use super::*;

fn rel(path: &str) -> RelPath {
    RelPath::new(path).unwrap()
}

fn hash(byte: u8) -> Hash {
    Hash::new(Algo::Sha256, vec![byte; 32]).unwrap()
}

/// `files` are of the digest of `hash(7)`, `env` of that of `hash(8)`.
fn built(byte: u8, files: &[&str], env: &[&str]) -> Entry {
    Entry {
        hash: hash(byte),
        recipe: RecordedRecipe::Built {
            own: hash(byte + 1),
            toolchain: hash(byte + 2),
        },
        files: files.iter().map(|file| (rel(file), hash(7))).collect(),
        env: Environment {
            values: env
                .iter()
                .map(|name| ((*name).to_owned(), hash(8)))
                .collect(),
            computed: (!env.is_empty()).then(|| ["src".to_owned()].into()),
        },
    }
}

fn fetched(byte: u8) -> Entry {
    Entry::fetched(hash(byte), "git https://example.org/x 0123")
}

fn parse(text: &str) -> Result<Lock, LockError> {
    Lock::parse(&SourceFile::from_text(rel(FILE), text.to_owned()))
}

const WRITTEN: &str = r#"{
  "schema": 1,
  "fods": {
    "a.nix": {
      "src.hash": {
        "hash": "sha256-CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=",
        "recipe": "src:sha256-Ub17h268T86+OT1fRZkLsyjDQ+tvW2y5TCMOpBCSvFk="
      }
    },
    "c/b.nix": {
      "hashes.\"x-0.1\"": {
        "hash": "sha256-AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        "recipe": "drv:sha256-AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=",
        "toolchain": "sha256-AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=",
        "files": {
          "c/bun.lock": "sha256-BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
          "c/package.json": "sha256-BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="
        },
        "env": {
          "VITE_KEY": "sha256-CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=",
          "env.MODE": "sha256-CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg="
        },
        "computed": [
          "src"
        ]
      }
    }
  }
}
"#;

#[test]
fn is_written_sorted_and_read_again() {
    let mut lock = Lock::default();
    let entry = built(
        1,
        &["c/package.json", "c/bun.lock"],
        &["env.MODE", "VITE_KEY"],
    );
    lock.set(&rel("c/b.nix"), "hashes.\"x-0.1\"", entry);
    lock.set(&rel("a.nix"), "src.hash", fetched(9));
    let change = lock.change().unwrap();
    assert_eq!((change.path, change.before), (rel(FILE), None));
    assert_eq!(lock.to_text(), WRITTEN);
    assert_eq!(change.after, WRITTEN.as_bytes());

    let mut read = parse(WRITTEN).unwrap();
    assert_eq!(read, lock);
    assert_eq!(read.to_text(), WRITTEN);
    assert!(read.change().is_none());
    let names: Vec<&str> = read.entries().map(|(_, attrpath, _)| attrpath).collect();
    assert_eq!(names, ["src.hash", "hashes.\"x-0.1\""]);

    assert_eq!(read.remove(&rel("a.nix"), "src.hash"), Some(fetched(9)));
    assert_eq!(read.remove(&rel("a.nix"), "src.hash"), None);
    let change = read.change().unwrap();
    assert_eq!(change.before, Some(Stamp::of(WRITTEN.as_bytes())));
    read.set(&rel("a.nix"), "src.hash", fetched(9));
    assert!(read.change().is_none());
    read.retain(|file, _| *file != rel("c/b.nix"));
    assert!(read.get(&rel("c/b.nix"), "hashes.\"x-0.1\"").is_none());
    assert_eq!(read.get(&rel("a.nix"), "src.hash"), Some(&fetched(9)));
}

#[test]
fn what_says_the_same_in_other_words_is_left_alone() {
    let other = WRITTEN
        .replace(
            "sha256-CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=",
            &format!("sha256:{}", "09".repeat(32)),
        )
        .replace('\n', "\r\n")
        .replace("  ", "\t");
    let read = parse(&other).unwrap();
    assert_eq!(read, parse(WRITTEN).unwrap());
    assert!(read.change().is_none());
}

#[test]
fn without_a_file_nothing_is_recorded_and_none_is_made() {
    let home = tempfile::tempdir().unwrap();
    let workspace = Workspace::at(home.path()).unwrap();
    let mut lock = Lock::load(&workspace).unwrap();
    assert!(lock.change().is_none());
    lock.set(&rel("a.nix"), "src.hash", fetched(9));
    crate::transaction::commit(workspace.root(), &[lock.change().unwrap()]).unwrap();
    let read = Lock::load(&workspace).unwrap();
    assert_eq!(read, lock);
    assert!(read.change().is_none());
    std::fs::write(home.path().join(FILE), b"\xff").unwrap();
    assert!(matches!(Lock::load(&workspace), Err(LockError::Source(_))));
}

#[test]
fn what_is_wrong_has_a_place_and_a_way_out() {
    let with = |from: &str, to: &str| WRITTEN.replacen(from, to, 1);
    for (text, at, words) in [
        (String::new(), "1:1", "EOF"),
        (WRITTEN[..60].to_owned(), "", "EOF"),
        ("[]".into(), "1:2", "an object with `schema`"),
        ("{}".into(), "1:2", "schema"),
        (with("1,", "0,"), "2:13", "expected"),
        (with("1,", "\"1\","), "2:13", "expected"),
        (
            with("1,", "2, \"more\": 1,"),
            "2:13",
            "newer cotter (schema 2; this one knows 1)",
        ),
        (with("CQkJ", "!!!!"), "6:", "does not decode"),
        (with("sha256-CQ", "sha257-CQ"), "6:", "sha257"),
        (with("src:", "rev:"), "7:", "no recipe"),
        (with("src:", "drv:"), "", "toolchain"),
        (with("drv:", "src:"), "", "toolchain"),
        (with("a.nix", "../a.nix"), "4:", "no path"),
        (with("a.nix", "/a.nix"), "4:", "no path"),
        (with("a.nix", "./a.nix"), "4:", "no path"),
        (with("a.nix", ""), "4:", "no path"),
        (with("c/bun.lock", "../bun.lock"), "16:", "no path"),
        (with("c/package.json", "c/bun.lock"), "17:", "twice"),
        (with("env.MODE", "VITE_KEY"), "21:", "twice"),
        (with("sha256-BwcH", "BwcH"), "16:", ""),
        (
            with(
                "sha256-BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
                "md5-BwcHBwcHBwcHBwcHBwcHBw==",
            ),
            "16:",
            "a sha256 is expected, not a md5",
        ),
        // A form that no release has written.
        (
            with("\"files\": {", "\"files\": [], \"more\": {"),
            "15:",
            "expected an object",
        ),
        (with("c/b.nix", "a.nix"), "10:", "twice"),
        (with("\"toolchain\"", "\"toolchains\""), "14:", "toolchains"),
        (
            with("\"toolchain\": ", "\"hash\": "),
            "14:",
            "duplicate field `hash`",
        ),
        (with("  }\n}", "  }\n<<<<<<< HEAD\n}"), "29:1", "merge"),
        ("[".repeat(100_000), "1:", ""),
    ] {
        let error = parse(&text).unwrap_err();
        let told = error.to_string();
        assert!(
            told.starts_with(&format!("{FILE}:{at}")) && told.contains(words),
            "{told}\nnot {at} {words}\n{text:.300}"
        );
        assert!(error.hint().is_some() && error.place().is_some());
    }
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let files = prop::collection::vec("[a-z]{1,3}(/[a-zäé .\"]{1,4}x){0,2}", 0..4);
    let env = prop::collection::btree_map("\\PC{0,4}", any::<u8>(), 0..3);
    let computed = prop::option::of(prop::collection::btree_set("\\PC{0,4}", 0..3));
    let algos = prop::sample::select(vec![Algo::Md5, Algo::Sha1, Algo::Sha256, Algo::Sha512]);
    let beside = (env, computed);
    let all = (algos, any::<[u8; 64]>(), any::<bool>(), files, beside);
    all.prop_map(|(algo, bytes, is_built, files, (env, computed))| {
        let digest = bytes[..algo.digest_len()].to_vec();
        Entry {
            hash: Hash::new(algo, digest).unwrap(),
            recipe: match is_built {
                true => RecordedRecipe::Built {
                    own: hash(bytes[0]),
                    toolchain: hash(bytes[1]),
                },
                false => RecordedRecipe::fetched(&bytes[2].to_string()),
            },
            files: files
                .iter()
                .filter_map(|file| Some((RelPath::new(file)?, hash(bytes[3]))))
                .collect(),
            env: Environment {
                values: env
                    .into_iter()
                    .map(|(name, byte)| (name, hash(byte)))
                    .collect(),
                computed,
            },
        }
    })
}

proptest! {
    #[test]
    fn whatever_is_written_is_read(
        entries in prop::collection::vec(("[a-c]/[a-zé\"]{1,3}\\.nix", "\\PC{0,6}", any_entry()), 0..8)
    ) {
        let mut lock = Lock::default();
        for (file, attrpath, entry) in entries {
            lock.set(&rel(&file), &attrpath, entry);
        }
        let text = lock.to_text();
        let read = parse(&text).unwrap();
        prop_assert_eq!(&read, &lock);
        prop_assert_eq!(read.to_text(), text);
        prop_assert!(read.change().is_none());
    }

    #[test]
    fn no_text_does_harm(text in "\\PC{0,80}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_damage_does_harm(at in 0..WRITTEN.len(), len in 0..40usize, new in "[\\[\\]{}\",:0-9a\n]{0,3}") {
        let mut text = WRITTEN.to_owned();
        text.replace_range(at..(at + len).min(WRITTEN.len()), &new);
        if let Ok(lock) = parse(&text) {
            let again = parse(&lock.to_text()).unwrap();
            prop_assert_eq!(again, lock);
        }
    }
}
