//! What the hash literals of pins are the hashes of.

use std::collections::BTreeMap;
use std::path::Path;

use super::location::Places;
use super::{Fetch, Found, Pin, PinnedHash};
use crate::config::Config;
use crate::fetched::{Fetched, Origin};
use crate::naming::Containers;
use crate::source::{RelPath, Workspace};

/// Every hash literal that belongs to a pin, once, by file and place. `clone` stands for the remote as in a bump.
pub fn fetched(
    workspace: &Workspace,
    config: &Config,
    found: &Found,
    clone: Option<&Path>,
) -> Vec<Fetched> {
    let containers = Containers::new(config, &found.files);
    let places = Places {
        workspace,
        containers: &containers,
        pins: &found.pins,
        clone,
    };
    let mut by_place: BTreeMap<(RelPath, usize), Fetched> = BTreeMap::new();
    for fetched in found.pins.iter().filter_map(|pin| of(&places, pin)) {
        by_place
            .entry((fetched.file.clone(), fetched.offset))
            .and_modify(|known| {
                if known.what.identity() != fetched.what.identity() {
                    known.what = Origin::Other;
                    known.obstacle = Some("one hash stands for several things".to_owned());
                }
            })
            .or_insert(fetched);
    }
    by_place.into_values().collect()
}

fn of(places: &Places, pin: &Pin) -> Option<Fetched> {
    let (file, offset, algo, by_name) = match &pin.hash {
        PinnedHash::Literal { spot, algo, .. } => {
            let by_name = spot.via().is_some();
            (spot.file.clone(), spot.offset(), *algo, by_name)
        }
        // Where a placeholder is a name itself, it is not known whether there is another on the way to it.
        PinnedHash::Opaque(Some(fake)) => (fake.file.clone(), fake.offset, Some(fake.algo), true),
        PinnedHash::None | PinnedHash::Opaque(None) | PinnedHash::Locked(_) => return None,
    };
    let (what, obstacle) = match &pin.fetch {
        Some(Fetch::Tree {
            method,
            submodules,
            obstacle,
        }) => match (&pin.repository, places.of(pin), &pin.rev) {
            (Some(url), Some(at), Some(rev)) => {
                let what = Origin::Git {
                    url: url.clone(),
                    at,
                    rev: rev.clone(),
                    method: *method,
                    submodules: *submodules,
                };
                (what, obstacle.clone())
            }
            _ => (
                Origin::Other,
                Some("no repository is known for it".to_owned()),
            ),
        },
        Some(Fetch::File {
            urls,
            executable,
            obstacle,
        }) => {
            let what = Origin::Flat {
                urls: urls.clone(),
                executable: *executable,
            };
            (what, obstacle.clone())
        }
        None => (
            Origin::Other,
            Some("it is taken over what is made of the file that is fetched".to_owned()),
        ),
    };
    Some(Fetched {
        file,
        offset,
        by_name,
        algo,
        what,
        obstacle,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::{FetchMethod, Location};
    use crate::hash::Algo;
    use crate::source::SourceFile;

    const SRI: &str = "sha256-n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";

    /// What the literals of `text` are the hashes of; `@` stands for a hash.
    fn of_text(text: &str) -> Vec<Fetched> {
        let text = text.replace('@', SRI);
        let path = RelPath::new("x/default.nix").unwrap();
        let workspace = Workspace::at(&std::env::temp_dir())
            .unwrap()
            .with_overlay([SourceFile::from_text(path.clone(), text.clone())]);
        let config = Config::default();
        let found = crate::pin::find(&workspace, &config, vec![path]);
        let all = fetched(&workspace, &config, &found, None);
        for one in &all {
            let is_literal = text[one.offset..].starts_with(SRI);
            assert!(is_literal != text.contains("fake"), "{one:?}");
        }
        all
    }

    #[test]
    fn a_file_is_taken_as_it_is_or_there_is_a_reason() {
        for (call, urls, executable, obstacle) in [
            (
                r#"fetchurl { url = "http://h/x"; hash = "@"; }"#,
                &["http://h/x"][..],
                false,
                None,
            ),
            (
                r#"pkgs.fetchurl { urls = [ "http://h/x" "file:///x" ]; sha256 = "@"; name = "x"; }"#,
                &["http://h/x", "file:///x"],
                false,
                None,
            ),
            (
                r#"builtins.fetchurl { url = http://h/x; sha256 = "@"; }"#,
                &["http://h/x"],
                false,
                None,
            ),
            (
                r#"import <nix/fetchurl.nix> { url = "http://h/x"; hash = "@"; executable = true; }"#,
                &["http://h/x"],
                true,
                None,
            ),
            (
                r#"fetchurl { url = "http://h/x"; hash = "@"; postFetch = "x"; }"#,
                &["http://h/x"],
                false,
                Some("`postFetch`"),
            ),
            (
                r#"fetchurl { url = "http://h/x"; hash = "@"; recursiveHash = true; }"#,
                &["http://h/x"],
                false,
                Some("`recursiveHash`"),
            ),
            (
                r#"fetchurl { url = "http://h/x"; hash = "@"; curlOptsList = [ "-k" ]; downloadToTemp = false; }"#,
                &["http://h/x"],
                false,
                Some("`curlOptsList`"),
            ),
            (
                r#"fetchurl { url = "mirror://gnu/x"; hash = "@"; }"#,
                &["mirror://gnu/x"],
                false,
                Some("mirror://"),
            ),
            (
                r#"fetchurl { urls = [ "http://h/x" other ]; hash = "@"; }"#,
                &[],
                false,
                Some("URLs"),
            ),
            (
                r#"fetchurl { url = "http://h/x"; hash = "@"; executable = isExecutable; }"#,
                &["http://h/x"],
                true,
                Some("`executable`"),
            ),
        ] {
            let all = of_text(call);
            let [one] = all.as_slice() else {
                panic!("{call}: {all:?}");
            };
            let expected = Origin::Flat {
                urls: urls.iter().map(|url| (*url).to_owned()).collect(),
                executable,
            };
            assert_eq!(one.what, expected, "{call}");
            match (obstacle, &one.obstacle) {
                (None, None) => {}
                (Some(part), Some(obstacle)) => assert!(obstacle.contains(part), "{obstacle}"),
                (_, found) => panic!("{call}: {found:?}"),
            }
        }
    }

    #[test]
    fn a_tree_says_where_it_is_asked() {
        let all = of_text(
            r#"{ a = fetchFromGitHub { owner = "o"; repo = "r"; tag = "v1"; hash = "@"; };
                 b = fetchgit { url = "https://h/r"; rev = "v2"; hash = "@"; };
                 c = fetchgit { url = "https://h/r"; rev = "v2"; leaveDotGit = true; hash = "@"; };
                 d = fetchpatch { url = "https://h/p"; hash = "@"; }; }"#,
        );
        let [a, b, c, d] = all.as_slice() else {
            panic!("{all:?}");
        };
        let git = |url: &str, rev: &str, method, submodules| Origin::Git {
            url: url.into(),
            at: Location::Remote(url.into()),
            rev: rev.into(),
            method,
            submodules,
        };
        let github = "https://github.com/o/r";
        assert_eq!(a.what, git(github, "v1", FetchMethod::Archive, false));
        assert_eq!(
            b.what,
            git("https://h/r", "v2", FetchMethod::Checkout, true)
        );
        assert_eq!((&a.obstacle, &b.obstacle), (&None, &None));
        assert!(c.obstacle.as_ref().unwrap().contains("leaveDotGit"));
        assert_eq!(d.what, Origin::Other);
        assert!(d.obstacle.is_some());
    }

    #[test]
    fn a_placeholder_has_a_place_too() {
        let url = r#"url = "http://h/x""#;
        for (text, at, algo) in [
            (
                "fetchurl { URL; hash = lib.fakeHash; }",
                "lib.fakeHash",
                Algo::Sha256,
            ),
            (
                "fetchurl { URL; sha512 = (pkgs.lib.fakeSha512); }",
                "pkgs.lib",
                Algo::Sha512,
            ),
            (
                "let h = lib.fakeHash; in fetchurl { URL; hash = h; }",
                "lib.fakeHash; in",
                Algo::Sha256,
            ),
            (
                "let inherit (lib) fakeHash; in fetchurl { URL; hash = fakeHash; }",
                "fakeHash; }",
                Algo::Sha256,
            ),
            (
                "with lib; fetchurl { URL; sha256 = fakeSha256; }",
                "fakeSha256; }",
                Algo::Sha256,
            ),
            (
                "{ fakeHash }: fetchurl { URL; hash = fakeHash; }",
                "fakeHash; }",
                Algo::Sha256,
            ),
        ] {
            let text = text.replace("URL", url);
            let [one] = of_text(&text).try_into().unwrap();
            assert!(text[one.offset..].starts_with(at), "{text}: {one:?}");
            assert_eq!(one.algo, Some(algo));
        }
        assert!(of_text(&format!("fetchurl {{ {url}; hash = someHash; }}")).is_empty());
    }

    #[test]
    fn a_function_of_ones_own_may_do_anything() {
        let call = r#"fetchurl { url = "http://h/x"; hash = "@"; }"#;
        for (before, own) in [
            ("let fetchurl = { url, hash }: f url hash; in", true),
            ("let fetchurl = import ./fetchurl.nix; in", true),
            ("let fetchurl = import <nix/fetchurl.nix>; in", false),
            ("let inherit (pkgs) fetchurl; in", false),
            ("{ fetchurl }:", false),
        ] {
            let [one] = of_text(&format!("{before} {call}")).try_into().unwrap();
            assert_eq!(one.obstacle.is_some(), own, "{before}: {one:?}");
        }
    }

    #[test]
    fn a_hash_of_two_things_is_of_neither() {
        let text = |other: &str| {
            format!(
                r#"let hash = "@"; in [ (fetchurl {{ url = "http://h/x"; inherit hash; }}) (fetchurl {{ url = "http://h/{other}"; inherit hash; }}) ]"#
            )
        };
        let [one] = of_text(&text("x")).try_into().unwrap();
        assert_eq!(one.obstacle, None);
        let [one] = of_text(&text("y")).try_into().unwrap();
        assert_eq!(one.what, Origin::Other);
        assert!(one.obstacle.is_some());
    }
}
