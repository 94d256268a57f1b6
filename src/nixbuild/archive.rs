//! What Nix has built, made into a Docker archive that has the wanted tag: all that containers are run with takes one.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::NixBuildError;
use super::rename;
use crate::image::archive::{ArchiveError, Compression, Kind, recognise};
use crate::process::{Invocation, ProcessError, Runner};

/// Making an archive of an image.
const TIMEOUT: Duration = Duration::from_secs(3600);
/// Of what a script prints.
const MAX_PRINTED: usize = 256 << 30;

/// What Nix has built.
#[derive(Clone, Debug)]
pub struct Output {
    pub store_path: PathBuf,
    pub kind: Kind,
    /// Of nix2container: its program that copies the image anywhere.
    pub copy_to: Option<PathBuf>,
    /// The machine that built it.
    pub node: String,
}

/// What kind of image `path` is. What Nix has built as a program is taken for one that prints an archive.
pub fn kind_of(path: &Path) -> Result<Kind, ArchiveError> {
    match recognise(path) {
        Err(ArchiveError::NoImage { .. }) if is_program(path) => Ok(Kind::StreamScript),
        result => result,
    }
}

fn is_program(path: &Path) -> bool {
    let is_executable =
        |meta: std::fs::Metadata| meta.is_file() && meta.permissions().mode() & 0o111 != 0;
    path.metadata().is_ok_and(is_executable)
}

impl Output {
    /// Writes the image to `into`, a new file, as a Docker archive with the one name `image_tag`. The names that it
    /// had before; none where it had none.
    pub fn docker_archive(
        &self,
        image_tag: &str,
        into: &Path,
        runner: &dyn Runner,
    ) -> Result<Vec<String>, NixBuildError> {
        let path = &self.store_path;
        let copied = |names: io::Result<Vec<String>>| {
            names.map_err(|error| NixBuildError::Content {
                archive: path.display().to_string(),
                reason: error.to_string(),
            })
        };
        match self.kind {
            Kind::DockerArchive => {
                let input = open(path)?;
                let mut output = create(into)?;
                copied(rename::copy(input, &mut output, image_tag))
            }
            Kind::StreamScript => {
                let mut output = create(into)?;
                copied(printed(path, runner, |input| {
                    rename::copy(input, &mut output, image_tag)
                })?)
            }
            Kind::OciArchive => self.by_skopeo("oci-archive", image_tag, into, runner),
            Kind::OciLayout => self.by_skopeo("oci", image_tag, into, runner),
            Kind::Nix2Container => {
                let Some(program) = &self.copy_to else {
                    return Err(NixBuildError::Content {
                        archive: path.display().to_string(),
                        reason: "the package has no `copyTo`, which alone can copy the image"
                            .into(),
                    });
                };
                let target = format!("docker-archive:{}:{image_tag}", into.display());
                let copy = Invocation::new(program).args([target]).timeout(TIMEOUT);
                runner.run(&copy)?.success(&copy)?;
                Ok(Vec::new())
            }
        }
    }

    fn by_skopeo(
        &self,
        transport: &str,
        image_tag: &str,
        into: &Path,
        runner: &dyn Runner,
    ) -> Result<Vec<String>, NixBuildError> {
        let copy = Invocation::new("skopeo")
            .args(["--insecure-policy", "copy", "--quiet"])
            .args([
                format!("{transport}:{}", self.store_path.display()),
                format!("docker-archive:{}:{image_tag}", into.display()),
            ])
            .timeout(TIMEOUT);
        runner.run(&copy)?.success(&copy)?;
        Ok(Vec::new())
    }
}

/// The file at `path`, decompressed.
fn open(path: &Path) -> Result<impl Read, NixBuildError> {
    let mut file = File::open(path).map_err(NixBuildError::file(path, "open it"))?;
    let mut head = Vec::new();
    let read = Read::by_ref(&mut file).take(16).read_to_end(&mut head);
    read.and_then(|_| file.rewind())
        .map_err(NixBuildError::file(path, "read it"))?;
    Compression::of(&head)
        .undo(BufReader::new(file))
        .map_err(NixBuildError::file(path, "read it"))
}

fn create(path: &Path) -> Result<io::BufWriter<File>, NixBuildError> {
    let file = File::create(path).map_err(NixBuildError::file(path, "write it"))?;
    Ok(io::BufWriter::with_capacity(1 << 20, file))
}

/// What `take` makes of what the program at `path` prints.
fn printed<T>(
    path: &Path,
    runner: &dyn Runner,
    take: impl FnOnce(&mut dyn Read) -> io::Result<T>,
) -> Result<io::Result<T>, NixBuildError> {
    let invocation = Invocation::new(path)
        .timeout(TIMEOUT)
        .stdout_limit(MAX_PRINTED);
    let (mut from, mut to) = io::pipe().map_err(NixBuildError::file(path, "run it"))?;
    thread::scope(|scope| {
        let running = scope.spawn(move || {
            let output = runner.run_into(&invocation, &mut to)?;
            drop(to);
            output.success(&invocation)
        });
        let mut taken = take(&mut from);
        if taken.is_ok() {
            // What follows the archive is nothing; a program that still prints must be let.
            taken = io::copy(&mut from, &mut io::sink()).and(taken);
        }
        drop(from);
        match (running.join(), taken) {
            // The pipe was closed since the archive was wrong: that is the reason.
            (Ok(Err(ProcessError::Sink { .. })), Err(error)) => Ok(Err(error)),
            (Ok(Err(error)), _) => Err(error.into()),
            (_, taken) => Ok(taken),
        }
    })
}
