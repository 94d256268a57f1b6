use super::*;

const REV: &str = "1d37d2983cd4a58c12663dd8df0e79dfe89a5d75";

fn set(pairs: &[(&str, &str)]) -> FlakeRef {
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    FlakeRef::of_attributes(pairs.collect()).unwrap()
}

fn url(text: &str) -> FlakeRef {
    FlakeRef::of_url(&text.replace("REV", REV)).unwrap_or_else(|| panic!("{text}"))
}

#[test]
fn spellings_of_one_reference_are_equal() {
    let github = [("type", "github"), ("owner", "o"), ("repo", "r")];
    let git = [("type", "git"), ("url", "https://h/o/r")];
    for (text, pairs) in [
        ("github:o/r", &github[..]),
        ("github:o/r?host=github.com", &github),
        ("github:o/r/", &github),
        ("github:o/r/b", &[&github[..], &[("ref", "b")]].concat()),
        ("github:o/r?ref=b", &[&github[..], &[("ref", "b")]].concat()),
        ("github:o/r/f/x", &[&github[..], &[("ref", "f/x")]].concat()),
        (
            "github:o/r/f%2Fx",
            &[&github[..], &[("ref", "f/x")]].concat(),
        ),
        ("github:o/r/REV", &[&github[..], &[("rev", REV)]].concat()),
        (
            "github:o/r?dir=a%2Fb",
            &[&github[..], &[("dir", "a/b")]].concat(),
        ),
        (
            "gitlab:g%2Fs/r",
            &[("type", "gitlab"), ("owner", "g/s"), ("repo", "r")],
        ),
        ("git+https://h/o/r", &git),
        ("git+https://h/o/r?submodules=0", &git),
        (
            "git+https://h/o/r?ref=main",
            &[&git[..], &[("ref", "main")]].concat(),
        ),
        (
            "git+https://h/o/r?ref=main&rev=REV&submodules=1",
            &[
                &git[..],
                &[("ref", "main"), ("rev", REV), ("submodules", "true")],
            ]
            .concat(),
        ),
        // Nix left the folder in the URL, for a time.
        (
            "git+https://h/o/r?dir=x",
            &[
                ("type", "git"),
                ("url", "https://h/o/r?dir=x"),
                ("dir", "x"),
            ],
        ),
        (
            "https://h/x.tar.gz",
            &[("type", "tarball"), ("url", "https://h/x.tar.gz")],
        ),
        (
            "tarball+https://h/x?rev=REV",
            &[("type", "tarball"), ("url", "https://h/x"), ("rev", REV)],
        ),
        (
            "https://flakehub.com/f/NixOS/nixpkgs/%2A",
            &[
                ("type", "tarball"),
                ("url", "https://flakehub.com/f/NixOS/nixpkgs/*"),
            ],
        ),
        ("nixpkgs", &[("type", "indirect"), ("id", "nixpkgs")]),
        ("flake:nixpkgs", &[("type", "indirect"), ("id", "nixpkgs")]),
        (
            "nixpkgs/nixos-25.05",
            &[
                ("type", "indirect"),
                ("id", "nixpkgs"),
                ("ref", "nixos-25.05"),
            ],
        ),
        (
            "flake:nixpkgs/b/REV",
            &[
                ("type", "indirect"),
                ("id", "nixpkgs"),
                ("ref", "b"),
                ("rev", REV),
            ],
        ),
        ("./sub", &[("type", "path"), ("path", "./sub")]),
        ("path:./sub?x=1", &[("type", "path"), ("path", "./sub")]),
    ] {
        assert_eq!(url(text), set(pairs), "{text}");
        assert_eq!(url(text).difference(&set(pairs)), None, "{text}");
    }
}

#[test]
fn the_first_attribute_that_differs_is_named() {
    for (one, other, name) in [
        ("github:o/r", "gitlab:o/r", "type"),
        ("github:o/r/a", "github:o/r/b", "ref"),
        ("github:o/r", "github:o/r/b", "ref"),
        ("github:o/r/b", "github:o/r", "ref"),
        ("github:o/r/REV", "github:o/r", "rev"),
        ("github:p/r/b", "github:o/r", "owner"),
        (
            "git+https://h/r",
            "git+https://h/r?submodules=1",
            "submodules",
        ),
        (
            "git+https://h/r?submodules=1",
            "git+https://h/r",
            "submodules",
        ),
        ("git+https://h/r", "git+ssh://h/r", "url"),
        ("git+https://h/r?dir=x", "git+https://h/r", "dir"),
    ] {
        assert_eq!(
            url(one).difference(&url(other)),
            Some(name),
            "{one} {other}"
        );
    }
}

#[test]
fn what_nix_may_read_otherwise_is_nothing() {
    for text in [
        "",
        "github:o",
        "github:o/r#x",
        "github:o/r?x=1",
        "git+file:.",
        "git+file:./x",
        "ipfs://x",
        "flake:",
        "nixpkgs/",
        "git+https://h/r?x",
    ] {
        assert_eq!(FlakeRef::of_url(text), None, "{text}");
    }
}

#[test]
fn a_reference_is_shown_as_it_is_written() {
    for text in [
        "github:o/r/nixos-25.05",
        "github:o/r/REV?dir=x",
        "git+https://h/o/r?dir=x&ref=main",
        "https://h/x.tar.gz",
        "nixpkgs/nixos-25.05",
        "path:./x",
    ] {
        let text = text.replace("REV", REV);
        assert_eq!(url(&text).to_string(), text);
    }
}
