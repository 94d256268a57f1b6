//! Tags and digests of images: which texts are any, and what they say of a version or a commit.

use std::ops::Range;

/// Endings by which the images of one version for several architectures are told apart.
const ARCHITECTURES: [&str; 8] = [
    "-amd64", "-arm64", "-x86_64", "-aarch64", "-armv7", "-386", "-riscv64", "-ppc64le",
];

/// Whether `text` may be a tag: up to 128 letters, digits, `_`, `.` and `-`, of which the last two do not begin it.
/// Source: OCI distribution specification, "Pulling manifests".
pub fn is_tag(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut bytes = text.bytes();
    text.len() <= 128
        && bytes.next().is_some_and(is_word)
        && bytes.all(|b| is_word(b) || matches!(b, b'.' | b'-'))
}

/// Whether `text` may be an image's name, with the registry's host or without. Source: distribution/reference.
pub fn is_name(text: &str) -> bool {
    let is_part = |part: &str| {
        let is_end =
            |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let is_inside =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
        is_end(part.bytes().next()) && is_end(part.bytes().last()) && part.bytes().all(is_inside)
    };
    let is_host = |host: &str| {
        let (name, port) = host.split_once(':').unwrap_or((host, "0"));
        is_part(&name.to_ascii_lowercase())
            && !port.is_empty()
            && port.bytes().all(|b| b.is_ascii_digit())
    };
    match text.split_once('/') {
        Some((host, rest)) => is_host(host) && rest.split('/').all(is_user_or(is_part)),
        None => is_part(text),
    }
}

/// Also `~user`, as forges have it in their paths.
fn is_user_or(is_part: impl Fn(&str) -> bool) -> impl Fn(&str) -> bool {
    move |part| is_part(part.strip_prefix('~').unwrap_or(part))
}

/// `name` as container runtimes know it, with the host that it stands for when it has none.
pub fn full_name(name: &str) -> String {
    let is_host = |first: &str| first.contains(['.', ':']) || first == "localhost";
    match name.split_once('/') {
        Some((first, _)) if is_host(first) => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
        None => format!("docker.io/library/{name}"),
    }
}

/// Whether `text` is a digest that registries take: `sha256:` or `sha512:` and its lower-case hexadecimal digits.
/// Source: OCI image specification, "Digests".
pub fn is_digest(text: &str) -> bool {
    let digits = match text.split_once(':') {
        Some(("sha256", hex)) if hex.len() == 64 => hex,
        Some(("sha512", hex)) if hex.len() == 128 => hex,
        _ => return false,
    };
    is_hex(digits)
}

/// The ending of a tag that names an architecture, with its dash.
pub fn architecture(tag: &str) -> Option<&'static str> {
    let mut endings = ARCHITECTURES.into_iter();
    endings.find(|ending| tag.len() > ending.len() && tag.ends_with(ending))
}

/// Where the version stands in a text that may have a `v` before it.
pub fn bare(version: &str) -> Range<usize> {
    let has_v = version
        .strip_prefix(['v', 'V'])
        .is_some_and(|rest| rest.bytes().next().is_some_and(|b| b.is_ascii_digit()));
    usize::from(has_v)..version.len()
}

/// Whether `text` is nothing but lower-case hexadecimal digits.
pub fn is_hex(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether `text` can only be a commit name: all of it, or an abbreviation that is no number and no word.
pub fn is_commit(text: &str) -> bool {
    let mixed =
        text.bytes().any(|b| b.is_ascii_digit()) && text.bytes().any(|b| b.is_ascii_alphabetic());
    is_hex(text) && (text.len() == 40 || ((7..40).contains(&text.len()) && mixed))
}

/// `v1.2.3` of `v1.2.3-1d37d29-nix` and `v1.2.3-1d37d29`, as images are tagged that are built from a commit of this
/// repository.
pub fn without_build(tag: &str) -> &str {
    let (rest, is_nix) = match tag.strip_suffix("-nix") {
        Some(rest) => (rest, true),
        None => (tag, false),
    };
    match rest.rsplit_once('-') {
        Some((version, sha)) if is_commit(sha) => version,
        // With the ending, seven digits are no date.
        Some((version, sha)) if is_nix && sha.len() >= 7 && is_hex(sha) => version,
        _ => tag,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_digests_follow_their_grammar() {
        for tag in ["v1.2.3", "_x", "1", "A-b.C_d", &"a".repeat(128)] {
            assert!(is_tag(tag), "{tag}");
        }
        for tag in [
            "",
            ".a",
            "-a",
            "a b",
            "a:b",
            "a/b",
            "a@b",
            "é",
            "a\n",
            &"a".repeat(129),
        ] {
            assert!(!is_tag(tag), "{tag:?}");
        }
        let hex = "0123456789abcdef".repeat(4);
        assert!(is_digest(&format!("sha256:{hex}")));
        assert!(is_digest(&format!("sha512:{hex}{hex}")));
        for digest in [
            hex.clone(),
            format!("sha256:{}", hex.to_uppercase()),
            format!("sha256:{hex}0"),
            format!("sha512:{hex}"),
            "sha256:".to_owned(),
            format!("md5:{hex}"),
        ] {
            assert!(!is_digest(&digest), "{digest}");
        }
    }

    #[test]
    fn names_follow_their_grammar() {
        for name in [
            "k",
            "team/k",
            "localhost:5000/k",
            "R.example.org/a/b-c_d.e",
            "r.example.org/~u/k",
        ] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "", "-k", "K", "a//b", "a/", "/a", "r:x/k", "r:/k", "a b", "--help/x", "a:1",
        ] {
            assert!(!is_name(name), "{name}");
        }
        assert_eq!(full_name("k"), "docker.io/library/k");
        assert_eq!(full_name("a/k"), "docker.io/a/k");
        assert_eq!(full_name("localhost/k"), "localhost/k");
    }

    #[test]
    fn an_architecture_ends_a_tag() {
        assert_eq!(architecture("v1-amd64"), Some("-amd64"));
        assert_eq!(architecture("v1"), None);
        assert_eq!(architecture("-arm64"), None);
        assert_eq!(&"v1.2"[bare("v1.2")], "1.2");
        assert_eq!(&"vendor"[bare("vendor")], "vendor");
    }
}
