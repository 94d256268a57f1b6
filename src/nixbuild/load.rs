//! Where an image is put: a container runtime of this machine, a file, a registry. Each by the program that is there for
//! it; a password is in a file or with a helper of that program, never an argument.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::NixBuildError;
use crate::image::archive::Platform;
use crate::manifest::{image_ref, image_tag};
use crate::process::{Invocation, ProcessError, Runner};

const TIMEOUT: Duration = Duration::from_secs(3600);

/// What `--load` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadTo {
    Containerd,
    Podman,
    Docker,
    /// A folder, an OCI layout.
    Oci(PathBuf),
    DockerArchive(PathBuf),
    /// That of the image's name.
    Registry,
}

impl FromStr for LoadTo {
    type Err = String;

    fn from_str(text: &str) -> Result<LoadTo, String> {
        let path = |path: &str| match path {
            "" => Err(format!("`{text}` names no path")),
            path if path.contains(':') => {
                Err(format!("`{path}`: skopeo takes no path with a colon"))
            }
            path => Ok(PathBuf::from(path)),
        };
        match text.split_once(':') {
            None if text == "containerd" => Ok(LoadTo::Containerd),
            None if text == "podman" => Ok(LoadTo::Podman),
            None if text == "docker" => Ok(LoadTo::Docker),
            None if text == "registry" => Ok(LoadTo::Registry),
            Some(("oci", folder)) => Ok(LoadTo::Oci(path(folder)?)),
            Some(("docker-archive", file)) => Ok(LoadTo::DockerArchive(path(file)?)),
            _ => Err(
                "one of containerd, podman, docker, registry, oci:FOLDER, docker-archive:FILE"
                    .into(),
            ),
        }
    }
}

/// Which containerd, and which part of it.
#[derive(Clone, Debug)]
pub struct Containerd {
    /// Its socket; `ctr` knows where it usually is.
    pub address: Option<PathBuf>,
    pub namespace: String,
}

/// Loads images.
pub struct Loader<'a> {
    pub runner: &'a dyn Runner,
    pub to: LoadTo,
    pub containerd: Containerd,
    /// Credentials for the registry, as `skopeo login` writes them; else where it looks by itself.
    pub auth_file: Option<PathBuf>,
    /// Whether the registry may be without TLS.
    pub insecure: bool,
}

/// Where an image is, and what it is called there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// In words: `containerd (k8s.io)`.
    pub into: String,
    /// The digest of its manifest, where there is one.
    pub digest: Option<String>,
}

impl Loader<'_> {
    /// Loads `archive`, a Docker archive of the one image `tag`, which is for `platform`.
    pub fn load(
        &self,
        archive: &Path,
        tag: &str,
        platform: &Platform,
    ) -> Result<Load, NixBuildError> {
        match &self.to {
            LoadTo::Containerd => self.containerd(archive, tag, platform),
            LoadTo::Podman => {
                self.run(
                    Invocation::new("podman")
                        .args(["load", "--quiet", "--input"])
                        .args([archive]),
                )?;
                let inspect = ["image", "inspect", "--format", "{{.Digest}}", tag];
                let digest = self.run(Invocation::new("podman").args(inspect))?;
                Ok(loaded("podman", &digest))
            }
            LoadTo::Docker => {
                self.run(
                    Invocation::new("docker")
                        .args(["load", "--quiet", "--input"])
                        .args([archive]),
                )?;
                Ok(loaded("docker", ""))
            }
            LoadTo::Oci(folder) => {
                let name = image_ref::read(tag);
                let name = name.tag_in(tag).unwrap_or_default();
                let to = format!("oci:{}:{name}", folder.display());
                self.skopeo(archive, &to, &["--dest-oci-accept-uncompressed-layers"])
            }
            LoadTo::DockerArchive(file) => {
                self.keep(archive, file)?;
                Ok(loaded(&format!("docker-archive:{}", file.display()), ""))
            }
            LoadTo::Registry => {
                let mut options = Vec::new();
                if self.insecure {
                    options.push("--dest-tls-verify=false");
                }
                self.skopeo(archive, &format!("docker://{tag}"), &options)
            }
        }
    }

    fn containerd(
        &self,
        archive: &Path,
        tag: &str,
        platform: &Platform,
    ) -> Result<Load, NixBuildError> {
        let namespace = &self.containerd.namespace;
        let mut import = self.ctr().args(["images", "import"]);
        if !platform.fits(&Platform::of_this_machine()) {
            // It is not for this machine, and cannot be unpacked for it.
            import = import.args(["--all-platforms", "--no-unpack"]);
        }
        self.run(import.args([archive]))?;
        let read = image_ref::read(tag);
        let name = image_tag::full_name(read.name_in(tag));
        let name = format!("{name}:{}", read.tag_in(tag).unwrap_or_default());
        let listed = self.run(self.ctr().args(["images", "ls", &format!("name=={name}")]))?;
        match digest_in(&listed, &name) {
            Some(digest) => Ok(loaded(&format!("containerd ({namespace})"), &digest)),
            None => Err(NixBuildError::Content {
                archive: format!("containerd ({namespace})"),
                reason: format!("`{name}` was imported, but is not listed"),
            }),
        }
    }

    fn ctr(&self) -> Invocation {
        let ctr = Invocation::new("ctr");
        let ctr = match &self.containerd.address {
            Some(address) => ctr.args(["--address"]).args([address]),
            None => ctr,
        };
        ctr.args(["--namespace", &self.containerd.namespace])
    }

    fn skopeo(&self, archive: &Path, to: &str, options: &[&str]) -> Result<Load, NixBuildError> {
        let digest_file = archive.with_extension("digest");
        let mut copy = Invocation::new("skopeo")
            .args(["--insecure-policy", "copy", "--quiet", "--digestfile"])
            .args([&digest_file])
            .args(options.iter().copied());
        if let Some(auth_file) = &self.auth_file {
            copy = copy.args(["--dest-authfile"]).args([auth_file]);
        }
        self.run(copy.args([
            format!("docker-archive:{}", archive.display()),
            to.to_owned(),
        ]))?;
        let digest = fs::read_to_string(&digest_file)
            .map_err(NixBuildError::file(&digest_file, "read the digest"))?;
        let into = match &self.to {
            LoadTo::Registry => "registry",
            _ => to,
        };
        Ok(loaded(into, digest.trim()))
    }

    /// Puts the archive at `file`, whole or not at all.
    fn keep(&self, archive: &Path, file: &Path) -> Result<(), NixBuildError> {
        let failed = || NixBuildError::file(file, "write it");
        let folder = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let mut new = tempfile::Builder::new()
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(folder)
            .map_err(failed())?;
        let mut from = fs::File::open(archive).map_err(failed())?;
        std::io::copy(&mut from, &mut new).map_err(failed())?;
        new.as_file().sync_all().map_err(failed())?;
        new.persist(file).map_err(|error| failed()(error.error))?;
        Ok(())
    }

    fn run(&self, invocation: Invocation) -> Result<String, NixBuildError> {
        let invocation = invocation.timeout(TIMEOUT);
        let output = self.runner.run(&invocation);
        let output = output.and_then(|output| output.success(&invocation));
        let output = output.map_err(|source| NixBuildError::Load {
            hint: hint(&source),
            source,
        })?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// What to do where nobody took the image; `None` where the program's own words are all there is.
fn hint(error: &ProcessError) -> Option<&'static str> {
    let ProcessError::Failed { stderr, .. } = error else {
        return None;
    };
    let known = [
        (
            "docker daemon",
            "start the Docker daemon, or name another with `DOCKER_HOST`; its socket is root's and the group `docker`'s",
        ),
        (
            "podman socket",
            "start `podman system service`, or unset `CONTAINER_HOST` to load without one",
        ),
        (
            "ctr: failed to dial",
            "start containerd, or name its socket with `--containerd-address`; it is root's",
        ),
        (
            "gave http response to https client",
            "the registry is without TLS: say `--insecure-registry`",
        ),
        (
            "pinging container registry",
            "is the registry up, and is its name in `imageTag` right?",
        ),
        (
            "authentication required",
            "log in with `skopeo login`, or name a file of credentials with `--auth-file`",
        ),
    ];
    let said = stderr.to_lowercase();
    let found = known.into_iter().find(|(words, _)| said.contains(words));
    found.map(|(_, hint)| hint)
}

fn loaded(into: &str, digest: &str) -> Load {
    let digest = digest.trim();
    Load {
        into: into.to_owned(),
        digest: image_tag::is_digest(digest).then(|| digest.to_owned()),
    }
}

/// The digest in the line of `name` of what `ctr images ls` prints.
fn digest_in(listed: &str, name: &str) -> Option<String> {
    let line = listed
        .lines()
        .find(|line| line.split_whitespace().next() == Some(name))?;
    let digest = line
        .split_whitespace()
        .find(|word| image_tag::is_digest(word))?;
    Some(digest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_read() {
        assert_eq!("oci:a/b".parse(), Ok(LoadTo::Oci("a/b".into())));
        assert_eq!("containerd".parse(), Ok(LoadTo::Containerd));
        for text in [
            "",
            "oci:",
            "docker-archive:",
            "oci:a:b",
            "nerdctl",
            "docker:x",
            "oci",
        ] {
            assert!(text.parse::<LoadTo>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_digest_stands_in_the_line_of_the_image() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let listed = format!(
            "REF TYPE DIGEST SIZE PLATFORMS LABELS\nr.example.org/k:1 application/x {digest} 3.1 MiB linux/amd64 -\n"
        );
        assert_eq!(digest_in(&listed, "r.example.org/k:1"), Some(digest));
        assert_eq!(digest_in(&listed, "r.example.org/k"), None);
    }

    /// Answers every program with what podman says of an image.
    #[derive(Default)]
    struct Recorder(std::sync::Mutex<Vec<String>>);

    impl Runner for Recorder {
        fn run_watched(
            &self,
            invocation: &Invocation,
            _: &mut dyn FnMut(&[u8]),
        ) -> Result<crate::process::Output, crate::process::ProcessError> {
            self.0.lock().unwrap().push(invocation.to_string());
            Ok(crate::process::Output {
                status: std::os::unix::process::ExitStatusExt::from_raw(0),
                stdout: format!("sha256:{}\n", "cd".repeat(32)).into_bytes(),
                stderr: Vec::new(),
            })
        }
    }

    #[test]
    fn engines_are_given_the_archive() {
        for (to, commands, has_digest) in [
            (
                LoadTo::Podman,
                &[
                    "podman load --quiet --input /x/image.tar",
                    "podman image inspect --format '{{.Digest}}' r.example.org/k:1",
                ][..],
                true,
            ),
            (
                LoadTo::Docker,
                &["docker load --quiet --input /x/image.tar"],
                false,
            ),
        ] {
            let recorder = Recorder::default();
            let loader = Loader {
                runner: &recorder,
                to,
                containerd: Containerd {
                    address: None,
                    namespace: "k8s.io".into(),
                },
                auth_file: None,
                insecure: false,
            };
            let platform = Platform::of_this_machine();
            let load = loader
                .load(Path::new("/x/image.tar"), "r.example.org/k:1", &platform)
                .unwrap();
            assert_eq!(load.digest.is_some(), has_digest);
            assert_eq!(*recorder.0.lock().unwrap(), commands);
        }
    }
}
