//! Images of registries, fetched by skopeo into an OCI layout. Skopeo logs in as its user did; no credential goes
//! through cotter.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::archive::{Platform, digest_of};
use crate::process::{Invocation, ProcessError, Runner};

const TIMEOUT: Duration = Duration::from_secs(3600);
/// The longest reference that registries take: a host, 255 of a name, a tag and a digest.
const MAX_LENGTH: usize = 1024;

/// An image of a registry: `REGISTRY/NAME:TAG` or `REGISTRY/NAME@sha256:…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference(String);

/// Why a text is no reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    #[error("`{0}` is no reference of an image: REGISTRY/NAME:TAG")]
    Malformed(String),
    #[error("the reference holds a user or a password, which would show in the list of processes")]
    Credential,
}

impl ReferenceError {
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            ReferenceError::Malformed(_) => None,
            ReferenceError::Credential => Some("take it out, and log in by `skopeo login`"),
        }
    }
}

impl Reference {
    pub fn parse(text: &str) -> Result<Reference, ReferenceError> {
        let bare = text.strip_prefix("docker://").unwrap_or(text);
        let malformed = || ReferenceError::Malformed(crate::process::redact(text));
        // `@` stands before a digest only, behind the whole name.
        if let Some((before, after)) = bare.split_once('@')
            && (!after.starts_with("sha256:") && !after.starts_with("sha512:") || before.is_empty())
        {
            return Err(ReferenceError::Credential);
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@[]".contains(c);
        let has_name = bare
            .chars()
            .next()
            .is_some_and(|c| c.is_ascii_alphanumeric() || c == '[');
        match has_name && bare.len() <= MAX_LENGTH && bare.chars().all(is_plain) {
            true => Ok(Reference(bare.to_owned())),
            false => Err(malformed()),
        }
    }
}

/// Why an image could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error("cannot keep the image that was fetched in {}: {source}", .folder.display())]
    Keep { folder: PathBuf, source: io::Error },
}

impl FetchError {
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            FetchError::Process(ProcessError::NotInstalled { .. }) => Some(
                "install it: the package is called `skopeo` on Debian, Ubuntu, Fedora and in nixpkgs",
            ),
            FetchError::Process(_) => Some(
                "`skopeo login` logs in; registries.conf of the containers tools says which registry has no TLS",
            ),
            FetchError::Keep { .. } => None,
        }
    }
}

/// Fetches `reference` into `folder`, as the registry has it, and makes that an OCI layout.
pub fn fetch(
    reference: &Reference,
    platform: Option<&Platform>,
    folder: &Path,
    runner: &dyn Runner,
) -> Result<(), FetchError> {
    let mut args: Vec<String> = Vec::new();
    // Else skopeo takes the system of this machine, which need not be Linux.
    let platform = platform.cloned().unwrap_or_else(Platform::of_this_machine);
    args.extend(["--override-os".into(), platform.os]);
    args.extend(["--override-arch".into(), platform.architecture]);
    if let Some(variant) = platform.variant {
        args.extend(["--override-variant".into(), variant]);
    }
    args.extend(["copy".into(), "--quiet".into()]);
    args.push(format!("docker://{}", reference.0));
    // As `oci:` it would convert a manifest of Docker's, which gets another digest then.
    let mut to = OsString::from("dir:");
    to.push(folder);
    let invocation = Invocation::new("skopeo")
        .args(args)
        .args([to])
        .timeout(TIMEOUT);
    runner.run(&invocation)?.success(&invocation)?;
    make_layout(folder).map_err(|source| FetchError::Keep {
        folder: folder.to_owned(),
        source,
    })
}

/// Of what skopeo writes to `dir:`, `manifest.json` and blobs that are named by the digits of their digests.
fn make_layout(folder: &Path) -> io::Result<()> {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let digits = name.as_encoded_bytes();
        if digits.len() == 64 && digits.iter().all(u8::is_ascii_hexdigit) {
            fs::rename(folder.join(&name), blobs.join(&name))?;
        }
    }
    let written = folder.join("manifest.json");
    let manifest = fs::read(&written)?;
    let digest = digest_of(&manifest);
    let digits = digest.rsplit(':').next().unwrap_or_default();
    fs::rename(written, blobs.join(digits))?;
    let index = json!({
        "schemaVersion": 2,
        "manifests": [{ "digest": digest, "size": manifest.len() }],
    });
    fs::write(folder.join("index.json"), index.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_hold_no_credential_and_no_option() {
        for good in [
            "registry.example.org/team/hello:1.2",
            "docker://registry.example.org:5000/hello",
            "hello@sha256:00ff",
            "registry.example.org/hello:1@sha256:00ff",
            "[::1]:5000/hello:1",
        ] {
            assert!(Reference::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "--help",
            "/etc/passwd",
            "a b",
            "https://registry.example.org/x?y",
            "docker://user:secret@registry.example.org/hello",
            "user@registry.example.org/hello",
            "@sha256:00ff",
        ] {
            let error = Reference::parse(bad).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
