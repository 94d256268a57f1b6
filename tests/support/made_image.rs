//! Images as archives and layouts, made in a test: the same bytes on every machine.

use std::fs;
use std::io::Write;
use std::path::Path;

use data_encoding::HEXLOWER;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

/// 32 characters of Nix's base 32 that begin with `first`.
pub fn store_path(first: char, name: &str) -> String {
    format!("nix/store/{first}123456789abcdfghijklmnpqrsvwxyz-{name}")
}

/// A layer in the making.
pub struct Layer(Builder<Vec<u8>>);

impl Layer {
    pub fn new() -> Layer {
        Layer(Builder::new(Vec::new()))
    }

    pub fn folder(self, path: &str) -> Layer {
        self.entry(path.as_bytes(), EntryType::Directory, b"", b"", 0o755)
    }

    pub fn file(self, path: &str, bytes: &[u8]) -> Layer {
        self.entry(path.as_bytes(), EntryType::Regular, bytes, b"", 0o444)
    }

    pub fn link(self, path: &str, to: &str) -> Layer {
        let (path, to) = (path.as_bytes(), to.as_bytes());
        self.entry(path, EntryType::Symlink, b"", to, 0o777)
    }

    /// Any entry, whatever its name.
    pub fn entry(
        mut self,
        path: &[u8],
        kind: EntryType,
        bytes: &[u8],
        link: &[u8],
        mode: u32,
    ) -> Layer {
        if path.len() > 100 {
            let mut header = header(b"././@LongLink", EntryType::GNULongName, 0o644);
            header.set_size(path.len() as u64 + 1);
            header.set_cksum();
            self.0
                .append(&header, [path, b"\0"].concat().as_slice())
                .unwrap();
        }
        let mut header = header(path, kind, mode);
        header.set_link_name_literal(link).unwrap();
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        self.0.append(&header, bytes).unwrap();
        self
    }

    pub fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

fn header(path: &[u8], kind: EntryType, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    let name = &mut header.as_old_mut().name;
    let len = path.len().min(name.len());
    name[..len].copy_from_slice(&path[..len]);
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(1);
    header
}

pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(bytes)))
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The config of an image of `layers`.
pub fn config(layers: &[Vec<u8>], architecture: &str, run: Value) -> Vec<u8> {
    let diff_ids: Vec<String> = layers.iter().map(|layer| digest(layer)).collect();
    let config = json!({
        "architecture": architecture,
        "os": "linux",
        "created": "1970-01-01T00:00:01Z",
        "config": run,
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "history": layers.iter().map(|_| json!({ "created_by": "a test" })).collect::<Vec<_>>(),
    });
    config.to_string().into_bytes()
}

/// An archive of files, in order.
pub fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let layer = files
        .iter()
        .fold(Layer::new(), |layer, (path, bytes)| layer.file(path, bytes));
    layer.bytes()
}

/// As dockerTools writes it: the layers first, the manifest last.
pub fn docker_archive(layers: &[Vec<u8>], name: &str, run: Value) -> Vec<u8> {
    let config = config(layers, "amd64", run);
    let hex = |bytes: &[u8]| digest(bytes)["sha256:".len()..].to_owned();
    let names: Vec<String> = layers
        .iter()
        .map(|layer| format!("{}/layer.tar", hex(layer)))
        .collect();
    let mut files: Vec<(String, Vec<u8>)> = names.iter().cloned().zip(layers.to_vec()).collect();
    let config_name = format!("{}.json", hex(&config));
    let manifest = json!([{ "Config": config_name, "RepoTags": [name], "Layers": names }]);
    files.push((config_name, config));
    files.push((
        "manifest.json".to_owned(),
        manifest.to_string().into_bytes(),
    ));
    archive(&files)
}

/// The files of an OCI layout with an image of each architecture, whose layers are compressed.
pub fn oci_files(images: &[(&str, Vec<Vec<u8>>)], run: &Value) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![(
        "oci-layout".to_owned(),
        br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec(),
    )];
    let mut add = |bytes: Vec<u8>, media_type: &str| {
        let digest = digest(&bytes);
        let descriptor = json!({
            "mediaType": format!("application/vnd.oci.image.{media_type}"),
            "digest": digest,
            "size": bytes.len(),
        });
        files.push((format!("blobs/{}", digest.replace(':', "/")), bytes));
        descriptor
    };
    let mut manifests = Vec::new();
    for (architecture, layers) in images {
        let config = add(config(layers, architecture, run.clone()), "config.v1+json");
        let layers = layers
            .iter()
            .map(|layer| add(gzip(layer), "layer.v1.tar+gzip"));
        let layers: Vec<Value> = layers.collect();
        let manifest = json!({ "schemaVersion": 2, "config": config, "layers": layers });
        let mut descriptor = add(manifest.to_string().into_bytes(), "manifest.v1+json");
        descriptor["platform"] = json!({ "os": "linux", "architecture": architecture });
        descriptor["annotations"] = json!({ "org.opencontainers.image.ref.name": "1.0" });
        manifests.push(descriptor);
    }
    let index = json!({ "schemaVersion": 2, "manifests": manifests });
    files.push(("index.json".to_owned(), index.to_string().into_bytes()));
    files
}

/// Writes `files` below `folder`.
pub fn write_files(folder: &Path, files: &[(String, Vec<u8>)]) {
    for (path, bytes) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// `len` bytes that compress badly, and the references in them.
pub fn program(len: usize, references: &[&str]) -> Vec<u8> {
    let mut state = len as u32 | 1;
    let mut bytes: Vec<u8> = (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as u8
        })
        .collect();
    for reference in references {
        bytes.extend_from_slice(format!("\0/{reference}/lib\0").as_bytes());
    }
    bytes
}
