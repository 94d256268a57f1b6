//! Hashes that are taken over what is built from a pin, and are stale once it moves: `vendorHash` and its kin.

use super::fetcher;
use crate::hash::{Algo, HashText};
use crate::source::RelPath;
use crate::spot::Spot;
use crate::syntax::{Attrs, Call, Consumer, Library, Value};

/// A hash of the package around a pin, taken over what is made of what the pin fetches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DependentHash {
    /// What it is called there: `vendorHash`, `deps.hash`.
    pub name: String,
    /// The file and the place in it, in bytes, of a literal; `None` where it is put together.
    pub place: Option<(RelPath, usize)>,
}

/// Endings of the names of hashes that a package's attributes hold.
const ENDINGS: &[&str] = &["Hash", "Sha256", "Sha512"];

/// Names of hashes that are a package's only where it is the argument of a call, such as `fetchNpmDeps`.
const OF_CALLS: &[&str] = &["hash", "sha256", "sha512"];

/// Whether a file with this text can hold any: looking for who takes what is work.
pub fn may_be_in(text: &str) -> bool {
    ENDINGS.iter().any(|word| text.contains(word))
        || text.contains("Deps")
        || text.contains("fetchCargo")
}

/// The hashes in the file of `call` that depend on what it fetches. A hash that cannot be read counts; a placeholder
/// does not, since it is not right now either.
pub fn hashes(library: &Library, call: &Call) -> Vec<DependentHash> {
    let mut found = Vec::new();
    for consumer in call.consumers(library) {
        for hash in in_consumer(library, &consumer) {
            if !found.contains(&hash) {
                found.push(hash);
            }
        }
    }
    found
}

fn in_consumer(library: &Library, consumer: &Consumer) -> Vec<DependentHash> {
    // What else is fetched is hashed for itself.
    if consumer
        .function
        .as_deref()
        .is_some_and(|function| fetcher::by_function(function).is_some())
    {
        return Vec::new();
    }
    let attrs = &consumer.attrs;
    attrs
        .names()
        .into_iter()
        .filter_map(|name| {
            let shown = if ENDINGS.iter().any(|ending| name.ends_with(ending)) {
                name.clone()
            } else if consumer.function.is_some() && OF_CALLS.contains(&name.as_str()) {
                match consumer.path.last() {
                    Some(last) => format!("{last}.{name}"),
                    None => name.clone(),
                }
            } else {
                return None;
            };
            goes_stale(library, attrs, &name).then(|| DependentHash {
                name: shown,
                place: place(library, attrs, &name),
            })
        })
        .collect()
}

fn place(library: &Library, attrs: &Attrs, name: &str) -> Option<(RelPath, usize)> {
    let spot = Spot::literal(&attrs.get(library, name).text()?)?;
    Some((spot.file.clone(), spot.offset()))
}

fn goes_stale(library: &Library, attrs: &Attrs, name: &str) -> bool {
    const FAKES: &[&str] = &["fakeHash", "fakeSha256", "fakeSha512"];
    match attrs.get(library, name) {
        Value::Null => false,
        Value::Text(text) => {
            let value = text.value();
            [None, Some(Algo::Sha256), Some(Algo::Sha512)]
                .into_iter()
                .find_map(|algo| HashText::parse(&value, algo).ok())
                .is_some_and(|text| !text.hash.is_placeholder())
        }
        _ => !attrs.is_named(name, FAKES),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::pin::find;
    use crate::source::{RelPath, SourceFile, Workspace};

    /// The dependent hashes of the pin at `attrpath` in `text`.
    fn hashes(text: &str, attrpath: &str) -> Vec<String> {
        let text = text
            .replace(
                "FETCH",
                "fetchgit { url = \"https://h/r\"; rev = \"v1\"; hash = \"HASH\"; }",
            )
            .replace(
                "HASH",
                "sha256-admUjzG9krTB6nNkOypU/fduQv0A5i5lwx28cx1znK4=",
            );
        let path = RelPath::new("p/default.nix").unwrap();
        let workspace = Workspace::at(&std::env::temp_dir())
            .unwrap()
            .with_overlay([SourceFile::from_text(path.clone(), text.clone())]);
        let found = find(&workspace, &Config::default(), vec![path]);
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        let pin = found.pins.iter().find(|pin| pin.name.attrpath == attrpath);
        pin.unwrap_or_else(|| panic!("no {attrpath}: {text}"))
            .dependent_hashes
            .iter()
            .map(|hash| hash.name.clone())
            .collect()
    }

    #[test]
    fn packages_that_take_a_source_are_found() {
        for text in [
            "buildGoModule { src = FETCH; vendorHash = \"HASH\"; }",
            "buildGoModule rec { src = FETCH; vendorHash = \"HASH\"; }",
            "buildGoModule (finalAttrs: { src = FETCH; vendorHash = \"HASH\"; })",
            "x.overrideAttrs (old: { src = FETCH; vendorHash = \"HASH\"; })",
            "let src = FETCH; in buildGoModule { inherit src; vendorHash = \"HASH\"; }",
            "let src = FETCH; in buildGoModule { src = src; vendorHash = \"HASH\"; }",
            "let s = { src = FETCH; }; in buildGoModule { inherit (s) src; vendorHash = \"HASH\"; }",
            "let src = FETCH; in buildGoModule (finalAttrs: { inherit src; vendorHash = \"HASH\"; })",
            "let src = FETCH; p = applyPatches { inherit src; }; in buildGoModule { src = p; vendorHash = \"HASH\"; }",
            "let src = FETCH; h = \"HASH\"; in buildGoModule { inherit src; vendorHash = h; }",
            "let src = FETCH; in buildGoModule { src = \"${src}/sub\"; vendorHash = \"HASH\"; }",
            "let src = FETCH; in buildGoModule { src = src + \"/sub\"; vendorHash = \"HASH\"; }",
            "let src = FETCH; in buildGoModule { inherit src; vendorHash = hashes.x; }",
            "{ vendorHash }: buildGoModule { src = FETCH; inherit vendorHash; }",
            "let src = FETCH; in buildGoModule ({ inherit src; } // { vendorHash = \"HASH\"; inherit src; })",
            "buildGoModule { src = applyPatches { src = FETCH; patches = [ ]; }; vendorHash = \"HASH\"; }",
            "let args = { src = FETCH; vendorHash = \"HASH\"; }; in buildGoModule args",
        ] {
            let path = match text {
                text if text.starts_with("let s =") => "s.src",
                text if text.starts_with("let args") => "args.src",
                text if text.contains("src = applyPatches { src") => "src.src",
                _ => "src",
            };
            assert_eq!(hashes(text, path), ["vendorHash"], "{text}");
        }
    }

    #[test]
    fn packages_of_a_spork_are_found() {
        let rev = "1d37d2983cd4a58c12663dd8df0e79dfe89a5d75";
        for text in [
            "let src = lib.sporkSource { url = \"https://h/r\"; upstreamRev = \"REV\"; features.a = \"REV\"; };
             in buildGoModule { inherit src; vendorHash = \"HASH\"; }",
            "let url = \"https://h/r\"; upstreamRev = \"REV\"; features = [ { name = \"a\"; rev = \"REV\"; } ];
             src = cotter.lib.sporkSource { inherit pkgs url upstreamRev features; };
             in buildGoModule { inherit src; vendorHash = \"HASH\"; }",
        ] {
            let spork = if text.starts_with("let src") { "src." } else { "" };
            for pin in ["upstreamRev", "features.a"] {
                let found = hashes(&text.replace("REV", rev), &format!("{spork}{pin}"));
                assert_eq!(found, ["vendorHash"], "{text}");
            }
        }
    }

    #[test]
    fn what_is_hashed_of_a_source_is_found() {
        let text = "buildX (finalAttrs: { src = FETCH;
            deps = fetchDeps { inherit (finalAttrs) src; hash = \"HASH\"; };
            offline = fetchYarnDeps { yarnLock = \"${finalAttrs.src}/yarn.lock\"; sha256 = \"HASH\"; };
            npmDepsHash = \"HASH\"; })";
        let mut found = hashes(text, "src");
        found.sort();
        assert_eq!(found, ["deps.hash", "npmDepsHash", "offline.sha256"]);
    }

    #[test]
    fn placeholders_and_the_hashes_of_others_do_not_count() {
        for text in [
            "buildGoModule { src = FETCH; vendorHash = null; }",
            "buildGoModule { src = FETCH; vendorHash = \"\"; }",
            "buildGoModule { src = FETCH; vendorHash = lib.fakeHash; }",
            "buildGoModule { src = FETCH; vendorSha256 = lib.fakeSha256; }",
            "buildGoModule { src = FETCH; vendorHash = \"sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"; }",
            "buildGoModule { src = FETCH; passwordHash = \"$6$x\"; }",
            "buildGoModule { src = FETCH; }",
            "{ src = FETCH; other = buildGoModule { src = ./.; vendorHash = \"HASH\"; }; }",
            "{ src = FETCH; other = fetchurl { url = \"https://h/${x}\"; hash = \"HASH\"; }; }",
            "let src = FETCH; in { a = let src = ./.; in buildGoModule { inherit src; vendorHash = \"HASH\"; }; inherit src; }",
        ] {
            assert_eq!(hashes(text, "src"), [""; 0], "{text}");
        }
        let text =
            "buildGoModule { src = ./.; vendorHash = \"HASH\"; passthru = { tests = FETCH; }; }";
        assert_eq!(hashes(text, "passthru.tests"), [""; 0]);
    }
}
