//! Every algorithm in every spelling: what was found is how the right hash is written, and nothing else changes.

use cotter::hash::{Algo, Hash, Hasher, Spelling};

use crate::support::fod::Bench;

/// Nixpkgs' way to take a hash: SRI as `hash`, others under the name of their algorithm.
const TYPED: &str = r#"{ name, text, hash ? null, md5 ? null, sha1 ? null, sha256 ? null, sha512 ? null }:
derivation ({
  inherit name text;
  system = builtins.currentSystem;
  builder = "/bin/sh";
  args = [ "-ec" "printf '%s\\n' \"$text\" > $out" ];
  PATH = "/usr/bin:/bin";
  outputHashMode = "flat";
} // (
  if hash != null then { outputHash = hash; }
  else if md5 != null then { outputHashAlgo = "md5"; outputHash = md5; }
  else if sha1 != null then { outputHashAlgo = "sha1"; outputHash = sha1; }
  else if sha256 != null then { outputHashAlgo = "sha256"; outputHash = sha256; }
  else { outputHashAlgo = "sha512"; outputHash = sha512; }
))
"#;

fn of(algo: Algo, text: &str) -> Hash {
    let mut hasher = Hasher::new(algo);
    hasher.update(text.as_bytes());
    hasher.finish()
}

/// The attribute that takes a hash of `algo` in `spelling`.
fn attribute(algo: Algo, spelling: Spelling) -> &'static str {
    match spelling.names_algo() {
        true => "hash",
        false => algo.name(),
    }
}

#[test]
fn each_spelling_is_kept_and_what_is_right_is_not_touched() {
    let bench = Bench::new();
    bench.write("typed.nix", TYPED);
    let mut before = String::from("let typed = import ./typed.nix; in {\n");
    let mut after = before.clone();
    let mut count = 0;
    for algo in Algo::ALL {
        for spelling in Spelling::ALL {
            count += 1;
            let attr = attribute(algo, spelling);
            for (is_stale, name) in [(true, format!("f{count}")), (false, format!("r{count}"))] {
                let right = of(algo, &format!("{name}\n")).spell(spelling);
                let written = match is_stale {
                    true => of(algo, &format!("old {name}")).spell(spelling),
                    false => right.clone(),
                };
                let line = |hash: &str| {
                    format!(
                        "  {name} = typed {{ name = \"same\"; text = \"{name}\"; {attr}  =\"{hash}\" ; }}; # {spelling:?}, \"{attr}\"\n"
                    )
                };
                before.push_str(&line(&written));
                after.push_str(&line(&right));
            }
        }
    }
    for text in [&mut before, &mut after] {
        text.push('}');
    }
    bench.write("default.nix", &before);
    let rows = bench.rows(0, &[]);
    assert_eq!(rows.counts(), [count, count, 0, 0]);
    assert_eq!(rows.rounds(), 1);
    assert_eq!(bench.read("default.nix"), after);
    bench.builds("default.nix");
    let again = bench.rows(0, &[]);
    assert_eq!((again.counts(), again.rounds()), ([0, 2 * count, 0, 0], 0));
}

#[test]
fn quotes_line_endings_and_comments_stay() {
    let bench = Bench::new();
    let old = |n: usize| of(Algo::Sha256, &format!("old {n}")).to_string();
    let right = |n: usize| of(Algo::Sha256, &format!("{n}\n")).to_string();
    let text = |hash: &dyn Fn(usize) -> String| {
        [
            "let fod = import ./fod.nix; in # the right one was: \"sha256-x\"\r\n{\r\n",
            &format!("\ta = fod {{ name = \"a\"; hash=''{}''; script = \"echo 1 > $out\"; }};\r\n", hash(1)),
            &format!("  b = fod {{ name = \"b\"; /* hash = \"{}\" */ hash\r\n = \"{}\"\r\n; script = ''echo 2 > $out''; }};", old(2), hash(2)),
            &format!("  \"c-d\" = fod {{ hash = (\"{}\"); name = \"c\"; script = \"echo 3 > $out\"; }};\r\n}}", hash(3)),
        ]
        .concat()
    };
    bench.write("default.nix", &text(&old));
    assert_eq!(bench.rows(0, &[]).counts(), [3, 0, 0, 0]);
    assert_eq!(bench.read("default.nix"), text(&right));
    bench.builds("default.nix");
}
