//! An image read back: its configuration, its layers, and the root file system that they make together.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::{command, run, run_ok};

pub struct Image {
    dir: TempDir,
    /// The digest of the configuration, which names all layers: equal images have equal ones, however they were packed.
    pub id: String,
    /// The whole configuration: `architecture`, `config`, `created`, `rootfs`, ...
    pub config: Value,
    /// The lowest first.
    pub layers: Vec<Layer>,
}

pub struct Layer {
    /// Of the uncompressed tar: `sha256:...`.
    pub digest: String,
    pub entries: Vec<Entry>,
}

/// A file of a layer.
pub struct Entry {
    /// Without a leading slash.
    pub path: String,
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
    pub mtime: u64,
    pub size: u64,
}

impl Image {
    /// An archive of Docker's, compressed or not, or an executable that writes one to standard output.
    pub fn read(built: &Path) -> Result<Image, String> {
        let dir = tempfile::tempdir().unwrap();
        let archive = dir.path().join("image.tar");
        let mode = fs::metadata(built).map_err(|e| format!("{}: {e}", built.display()))?;
        if mode.permissions().mode() & 0o111 != 0 {
            let output = run(&mut command(built.to_str().unwrap(), dir.path()), "python3");
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into_owned());
            }
            fs::write(&archive, output.stdout).unwrap();
        } else {
            let plain = decompressed(built)
                .and_then(|mut content| io::copy(&mut content, &mut File::create(&archive)?));
            plain.map_err(|e| format!("{}: {e}", built.display()))?;
        }
        let from = format!("docker-archive:{}", archive.display());
        copy(&from, dir.path())?;
        fs::remove_file(&archive).unwrap();
        Image::unpacked(dir)
    }

    /// An archive of an OCI layout with one image.
    pub fn of_oci_archive(archive: &Path) -> Result<Image, String> {
        let dir = tempfile::tempdir().unwrap();
        copy(&format!("oci-archive:{}", archive.display()), dir.path())?;
        Image::unpacked(dir)
    }

    /// What a program copies that is told a destination as skopeo takes it.
    pub fn copied_by(program: &Path) -> Result<Image, String> {
        let dir = tempfile::tempdir().unwrap();
        let to = format!("oci:{}/layout:image", dir.path().display());
        let mut copy = command(program.to_str().unwrap(), dir.path());
        let output = run(
            copy.args(["--dest-oci-accept-uncompressed-layers", &to]),
            "skopeo",
        );
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Image::unpacked(dir)
    }

    /// Whether a build result is the JSON file that nix2container makes.
    pub fn is_nix2container(built: &Path) -> bool {
        let text = File::open(built).and_then(|file| {
            let mut start = String::new();
            file.take(1 << 20).read_to_string(&mut start).map(|_| start)
        });
        text.is_ok_and(|text| text.contains("\"image-config\""))
    }

    fn unpacked(dir: TempDir) -> Result<Image, String> {
        let layout = dir.path().join("layout");
        let image = format!("{}:image", layout.display());
        let config = run_ok(
            command("skopeo", dir.path()).args(["inspect", "--config", &format!("oci:{image}")]),
            "skopeo",
        );
        let config: Value = serde_json::from_str(&config).map_err(|e| e.to_string())?;
        let mut unpack = command("umoci", dir.path());
        unpack.args(["unpack", "--image", &image]);
        if !rustix::process::geteuid().is_root() {
            unpack.arg("--rootless");
        }
        let output = run(unpack.arg(dir.path().join("bundle")), "umoci");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let manifest = run_ok(
            command("skopeo", dir.path()).args(["inspect", "--raw", &format!("oci:{image}")]),
            "skopeo",
        );
        let manifest: Value = serde_json::from_str(&manifest).map_err(|e| e.to_string())?;
        let listed = manifest["layers"].as_array().cloned().unwrap_or_default();
        let digests = config["rootfs"]["diff_ids"].as_array().cloned();
        let layers = listed.iter().zip(digests.unwrap_or_default());
        let layers = layers.map(|(blob, digest)| Layer::read(&layout, blob, &digest));
        Ok(Image {
            layers: layers.collect(),
            id: text(&manifest["config"]["digest"]),
            config,
            dir,
        })
    }

    /// One value of the configuration proper: `Env`, `Entrypoint`, ...
    pub fn setting(&self, key: &str) -> &Value {
        &self.config["config"][key]
    }

    /// The folder with `config.json` and `rootfs` that a container is made of.
    pub fn bundle(&self) -> PathBuf {
        self.dir.path().join("bundle")
    }

    /// A file of the image by its path in it, links followed inside of the image; `None` where there is none.
    pub fn file(&self, path: &str) -> Option<PathBuf> {
        let root = self.bundle().join("rootfs");
        let mut found = PathBuf::new();
        let mut ahead: Vec<_> = parts(Path::new(path));
        let mut links = 0;
        while let Some(part) = ahead.pop() {
            if part == ".." {
                found.pop();
                continue;
            }
            let next = found.join(&part);
            let metadata = fs::symlink_metadata(root.join(&next)).ok()?;
            if metadata.is_symlink() {
                links += 1;
                assert!(links < 40, "{path}: links in a circle");
                let target = fs::read_link(root.join(&next)).unwrap();
                if target.is_absolute() {
                    found = PathBuf::new();
                }
                ahead.extend(parts(&target));
            } else {
                found = next;
            }
        }
        Some(root.join(found))
    }

    /// The text of a file of the image.
    pub fn text(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.file(path)?).ok()
    }

    /// Permissions, owner and group of a file of the image.
    pub fn owner(&self, path: &str) -> Option<(u32, u32, u32)> {
        let metadata = fs::metadata(self.file(path)?).ok()?;
        Some((metadata.mode() & 0o7777, metadata.uid(), metadata.gid()))
    }
}

impl Layer {
    fn read(layout: &Path, blob: &Value, digest: &Value) -> Layer {
        let blob = text(&blob["digest"]).replace(':', "/");
        let content = decompressed(&layout.join("blobs").join(blob)).unwrap();
        let mut archive = tar::Archive::new(content);
        let entries = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            Entry {
                path: path.trim_start_matches("./").trim_matches('/').to_owned(),
                mode: header.mode().unwrap(),
                uid: header.uid().unwrap(),
                gid: header.gid().unwrap(),
                mtime: header.mtime().unwrap(),
                size: header.size().unwrap(),
            }
        });
        Layer {
            entries: entries.collect(),
            digest: text(digest),
        }
    }

    /// Whether the layer has something of the store path with this name (`bash-5.3`).
    pub fn holds(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| {
            let mut parts = entry.path.split('/');
            parts.any(|part| {
                part.get(32..)
                    .is_some_and(|rest| rest == format!("-{name}"))
            })
        })
    }
}

fn copy(from: &str, dir: &Path) -> Result<(), String> {
    let to = format!("oci:{}/layout:image", dir.display());
    let mut skopeo = command("skopeo", dir);
    skopeo.args(["--insecure-policy", "copy", "--quiet"]);
    // Older versions call a layer compressed that they leave as it is: let them compress.
    skopeo.args(["--dest-compress-level", "1", from, &to]);
    let output = run(&mut skopeo, "skopeo");
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// The content of a file that may be compressed. Older versions of skopeo misread compressed archives.
fn decompressed(from: &Path) -> io::Result<Box<dyn Read>> {
    let mut magic = [0; 4];
    File::open(from)?.read_exact(&mut magic)?;
    let file = BufReader::new(File::open(from)?);
    Ok(match magic {
        [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(file)),
        [0x28, 0xb5, 0x2f, 0xfd] => Box::new(zstd::Decoder::new(file)?),
        _ => Box::new(file),
    })
}

/// The names in a path, the last first.
fn parts(path: &Path) -> Vec<std::ffi::OsString> {
    let names = path.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    });
    names.collect()
}
