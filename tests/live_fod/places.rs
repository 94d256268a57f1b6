//! Where hash literals stand, and texts that only look like one.

use std::env::consts::ARCH;

use cotter::hash::{Algo, Hasher};

use crate::support::fod::{Bench, STALE};

/// Stale, and not the text of [`STALE`].
const OTHER: &str = "sha256-b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIhISE=";
/// Looks like a hash, and is none.
const TOKEN: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// The flat hash of a file with this text.
fn flat(text: &str) -> String {
    let mut hasher = Hasher::new(Algo::Sha256);
    hasher.update(text.as_bytes());
    hasher.finish().to_string()
}

/// A workspace whose `default.nix` is a set with these attributes; `fod` is there.
fn with(attrs: &str) -> Bench {
    let bench = Bench::new();
    let text = format!("let fod = import ./fod.nix; in {{\n{attrs}\n}}\n");
    bench.write("default.nix", &text);
    bench
}

#[test]
fn what_is_for_another_system_is_unreached_and_named() {
    let bench = with(&format!(
        r#"a = fod {{ name = "a"; script = "echo a > $out"; hash = {{
  {ARCH}-linux = "{STALE}";
  riscv64-linux = "{OTHER}";
}}.${{builtins.currentSystem}}; }};"#
    ));
    let rows = bench.rows(0, &[]);
    assert_eq!(rows.counts(), [1, 0, 0, 1]);
    let other = rows.of("a.hash.riscv64-linux");
    assert_eq!(other["status"], "unreached");
    assert_eq!(other["system"], "riscv64-linux");
    assert_eq!(other["new"], serde_json::Value::Null);
    assert_eq!((&other["line"], &other["column"]), (&4.into(), &20.into()));
    let text = bench.read("default.nix");
    assert!(
        text.contains(OTHER) && text.contains(&flat("a\n")),
        "{text}"
    );
    bench.builds("default.nix");
    let shown = bench.cotter(&[]).expect(0);
    shown.says(&["riscv64-linux", "--system riscv64-linux"]);
}

#[test]
fn side_files_are_rewritten_in_their_own_form() {
    let bench = with(
        r#"a = fod { name = "a"; script = "echo a > $out"; hash = (builtins.fromJSON (builtins.readFile ./hashes.json)).cli.hash; };
b = fod { name = "b"; script = "echo b > $out"; hash = (builtins.fromTOML (builtins.readFile ./data/pins.toml)).web.sri; };
c = fod { name = "c"; script = "echo c > $out"; hash = builtins.replaceStrings [ "\n" ] [ "" ] (builtins.readFile ./c.hash); };"#,
    );
    let json = |hash: &str| {
        format!("{{ \"cli\" :\t{{\"version\":\"1.0\",\"hash\":\"{hash}\"}},\n\n \"n\": 1.0 }}")
    };
    let toml = |hash: &str| format!("# pins\n[web]  # the web\nsri = '{hash}' # here\nn = 0x10\n");
    bench.write("hashes.json", &json(STALE));
    bench.write("data/pins.toml", &toml(OTHER));
    bench.write("c.hash", &format!("{STALE}\n"));
    let rows = bench.rows(0, &[]);
    assert_eq!(rows.counts(), [3, 0, 0, 0]);
    assert_eq!(rows.rounds(), 1);
    assert_eq!(rows.of("hashes.cli.hash")["file"], "hashes.json");
    assert_eq!(bench.read("hashes.json"), json(&flat("a\n")));
    assert_eq!(bench.read("data/pins.toml"), toml(&flat("b\n")));
    assert_eq!(bench.read("c.hash"), flat("c\n") + "\n");
    bench.builds("default.nix");
}

#[test]
fn one_hash_used_twice_is_right_when_the_contents_are_equal() {
    let bench = Bench::new();
    let text = |b: &str| {
        format!(
            r#"let fod = import ./fod.nix; hash = "{STALE}"; in {{
  a = fod {{ inherit hash; name = "a"; script = "echo same > $out"; }};
  b = fod {{ name = "b"; inherit hash; script = "echo {b} > $out"; }};
}}
"#
        )
    };
    bench.write("default.nix", &text("same"));
    let rows = bench.rows(0, &[]);
    assert_eq!((rows.counts(), rows.rounds()), ([1, 0, 0, 0], 1));
    assert_eq!(
        bench.read("default.nix"),
        text("same").replace(STALE, &flat("same\n"))
    );
    bench.builds("default.nix");

    let bench = Bench::new();
    bench.write("default.nix", &text("other"));
    let rows = bench.rows(1, &[]);
    assert_eq!(rows.counts(), [0, 0, 1, 0]);
    let reason = rows.of("hash")["reason"].as_str().unwrap();
    assert!(reason.contains("different content"), "{reason}");
    assert!(
        reason.contains(&flat("same\n")) && reason.contains(&flat("other\n")),
        "{reason}"
    );
    assert_eq!(bench.read("default.nix"), text("other"));
}

#[test]
fn equal_texts_of_different_derivations_get_their_own_hashes() {
    let bench = with(&format!(
        r#"a = fod {{ name = "same"; hash = "{STALE}"; script = "echo a > $out"; }};
b = fod {{ name = "same"; hash = "{STALE}"; script = "echo b > $out"; }};"#
    ));
    let before = bench.read("default.nix");
    assert_eq!(bench.rows(0, &[]).counts(), [2, 0, 0, 0]);
    let expected = before
        .replacen(STALE, &flat("a\n"), 1)
        .replacen(STALE, &flat("b\n"), 1);
    assert_eq!(bench.read("default.nix"), expected);
}

#[test]
fn placeholders_of_every_kind_give_way() {
    let bench = Bench::new();
    let nothing = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let zeros = "0".repeat(64);
    bench.write(
        "lib.nix",
        &format!("{{ fakeSha256 = \"{zeros}\"; fakeHash = \"{nothing}\"; }}\n"),
    );
    bench.write(
        "default.nix",
        &format!(
            r#"let
  lib = import ./lib.nix;
  typed = {{ name, script, sha256 }}: import ./fod.nix {{ inherit name script; hash = sha256; env.outputHashAlgo = "sha256"; }};
  fod = import ./fod.nix;
in {{
  a = typed {{ name = "a"; sha256 = lib.fakeSha256; script = "echo a > $out"; }};
  b = fod {{ name = "b"; hash = ""; script = "echo b > $out"; }};
  c = fod {{ name = "c"; hash = "{nothing}"; script = "echo c > $out"; }};
  d = typed {{ name = "d"; sha256 = "{zeros}"; script = "echo d > $out"; }};
  e = fod {{ name = "e"; hash = lib.fakeHash; script = "echo e > $out"; }};
}}
"#
        ),
    );
    let library = bench.read("lib.nix");
    let rows = bench.rows(0, &[]);
    assert_eq!(rows.counts(), [5, 0, 0, 0], "{rows:#?}");
    let text = bench.read("default.nix");
    for name in ["a", "b", "c", "e"] {
        assert!(
            text.contains(&format!("\"{}\"", flat(&format!("{name}\n")))),
            "{name}: {text}"
        );
    }
    assert!(!text.contains("fake") && !text.contains(&zeros), "{text}");
    assert_eq!(
        bench.read("lib.nix"),
        library,
        "what a lib calls nobody's hash stays"
    );
    bench.builds("default.nix");
    assert_eq!(bench.rows(0, &[]).counts(), [0, 5, 0, 0]);
}

#[test]
fn a_text_that_is_no_hash_keeps_its_value_in_every_build() {
    for name in ["token", "tokenHash"] {
        let bench = with(&format!(
            r#"a = fod {{ name = "a"; hash = "{STALE}"; script = "echo $TOKEN > $out"; env = rec {{ {name} = "{TOKEN}"; TOKEN = {name}; }}; }};"#
        ));
        let rows = bench.rows(0, &[]);
        assert_eq!(rows.counts(), [1, 0, 0, 0], "{name}");
        let text = bench.read("default.nix");
        assert!(
            text.contains(TOKEN) && text.contains(&flat(&format!("{TOKEN}\n"))),
            "{text}"
        );
        bench.builds("default.nix");
    }
}

#[test]
fn a_hash_that_another_derivation_is_told_is_there_as_it_will_be() {
    let bench = Bench::new();
    bench.write(
        "default.nix",
        &format!(
            r#"let
  fod = import ./fod.nix;
  first = "{STALE}";
in {{
  a = fod {{ name = "a"; hash = first; script = "echo a > $out"; }};
  b = fod {{ name = "b"; hash = "{OTHER}"; script = "echo $EXPECTED > $out"; env.EXPECTED = first; }};
  c = fod {{ name = "c"; hash = "{STALE}"; script = "echo $token > $out"; env.token = "{OTHER}"; }};
}}
"#
        ),
    );
    let rows = bench.rows(0, &[]);
    assert_eq!(
        (rows.counts(), rows.rounds()),
        ([3, 0, 0, 0], 2),
        "{rows:#?}"
    );
    let text = bench.read("default.nix");
    let a = flat("a\n");
    assert!(text.contains(&format!("first = \"{a}\"")), "{text}");
    assert!(text.contains(&flat(&format!("{a}\n"))), "{text}");
    assert!(text.contains(&flat(&format!("{OTHER}\n"))), "{text}");
    assert!(text.contains(&format!("env.token = \"{OTHER}\"")), "{text}");
    bench.builds("default.nix");
}

#[test]
fn what_is_built_of_the_whole_tree_is_verified_until_the_tree_changes() {
    let bench = with(&format!(
        r#"a = fod {{ name = "a"; hash = "{STALE}"; script = "cat $src/data.txt > $out"; env.src = ./.; }};"#
    ));
    bench.write("data.txt", "one\n");
    bench.write("beside.txt", "x\n");
    let first = bench.rows(0, &[]);
    assert_eq!((first.counts(), first.rounds()), ([1, 0, 0, 0], 1));
    let again = bench.rows(0, &[]);
    assert_eq!((again.counts(), again.rounds()), ([0, 1, 0, 0], 0));
    bench.builds("default.nix");
    bench.write("beside.txt", "y\n");
    let beside = bench.rows(0, &[]);
    assert_eq!((beside.counts(), beside.rounds()), ([0, 1, 0, 0], 1));
    bench.write("data.txt", "two\n");
    let other = bench.rows(0, &[]);
    assert_eq!((other.counts(), other.rounds()), ([1, 0, 0, 0], 1));
    assert!(bench.read("default.nix").contains(&flat("two\n")));
}

#[test]
fn what_took_over_a_stand_in_is_not_written() {
    // The output is the file that holds its own hash: no hash is right.
    let bench = with(&format!(
        r#"a = fod {{ name = "a"; hash = "{STALE}"; script = "cat $src/default.nix > $out"; env.src = ./.; }};
b = fod {{ name = "b"; hash = "{OTHER}"; script = "echo b > $out"; }};"#
    ));
    let before = bench.read("default.nix");
    let rows = bench.rows(1, &[]);
    assert_eq!(rows.counts(), [1, 0, 1, 0]);
    let reason = rows.of("a.hash")["reason"].as_str().unwrap();
    assert!(
        reason.contains("this very hash") && reason.contains("default.nix"),
        "{reason}"
    );
    assert_eq!(
        bench.read("default.nix"),
        before.replace(OTHER, &flat("b\n"))
    );
    assert!(!bench.read("cotter.lock").contains("a.hash"));

    // Another's, which is known by the second run; and what is made of that.
    let bench = with(
        r#"a = fod { name = "a"; hash = (builtins.fromJSON (builtins.readFile ./hashes.json)).a; script = "echo a > $out"; };
b = fod { name = "b"; hash = "HASH"; script = "mkdir $out; cp $src/hashes.json $out"; env = { src = ./.; outputHashMode = "recursive"; }; };
c = fod { name = "c"; hash = "HASH"; script = "wc -c < $b/hashes.json > $out"; env.b = (import ./default.nix).b; };"#
            .replace("HASH", STALE)
            .as_str(),
    );
    bench.write("hashes.json", &format!("{{\"a\": \"{OTHER}\"}}\n"));
    let rows = bench.rows(1, &[]);
    assert_eq!(rows.counts(), [1, 0, 2, 0], "{rows:#?}");
    let reason = rows.of("b.hash")["reason"].as_str().unwrap();
    assert!(
        reason.contains("hashes.a") && reason.contains("again"),
        "{reason}"
    );
    let reason = rows.of("c.hash")["reason"].as_str().unwrap();
    assert!(reason.contains("b.hash"), "{reason}");
    assert!(bench.read("default.nix").contains(STALE));
    assert_eq!(bench.rows(0, &[]).counts(), [2, 1, 0, 0]);
    bench.builds("default.nix");

    // Told in its environment what it will be.
    let bench = with(&format!(
        r#"a = fod rec {{ name = "a"; hash = "{STALE}"; script = "echo $TOLD > $out"; env.TOLD = hash; }};"#
    ));
    let before = bench.read("default.nix");
    assert_eq!(bench.rows(1, &[]).counts(), [0, 0, 1, 0]);
    assert_eq!(bench.read("default.nix"), before);
}

#[test]
fn the_lock_names_the_files_that_a_hash_was_made_of() {
    let bench = Bench::new();
    bench.write("web/bun.lock", "{ \"lockfileVersion\": 1 }\n");
    bench.write("web/package.json", "{}\n");
    bench.write("web/src/index.ts", "\n");
    bench.write(
        "default.nix",
        &format!(
            r#"let fod = import ./fod.nix; in fod {{
  name = "deps"; hash = "{STALE}"; script = "cat $src/bun.lock > $out";
  env.src = builtins.path {{ path = ./web; name = "web"; filter = path: type: type == "regular"; }};
}}
"#
        ),
    );
    bench.cotter(&[]).expect(0);
    let lock: serde_json::Value = serde_json::from_str(&bench.read("cotter.lock")).unwrap();
    let entry = &lock["fods"]["default.nix"]["hash"];
    assert_eq!(
        entry["files"],
        serde_json::json!({
            "web/bun.lock": flat("{ \"lockfileVersion\": 1 }\n"),
            "web/package.json": flat("{}\n"),
        }),
        "{lock:#}"
    );
    assert_eq!(entry["hash"], flat("{ \"lockfileVersion\": 1 }\n"));
    // A file that was not taken does not matter; one that was does.
    bench.write("web/src/index.ts", "export {}\n");
    assert_eq!(bench.rows(0, &[]).rounds(), 0);
    bench.write("web/bun.lock", "{ \"lockfileVersion\": 2 }\n");
    let rows = bench.rows(0, &[]);
    assert_eq!((rows.counts(), rows.rounds()), ([1, 0, 0, 0], 1));
}
