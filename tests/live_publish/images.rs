//! Small images as archives, such as dockerTools writes them.

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Writes an image for linux/`arch` with one layer, whose file is `content`.
pub fn write_archive(path: &Path, arch: &str, content: &[u8]) {
    let layer = tar(&[("content", content)]);
    let config = json!({
        "architecture": arch,
        "os": "linux",
        "created": "1970-01-01T00:00:01Z",
        "config": { "Cmd": ["/content"] },
        "rootfs": { "type": "layers", "diff_ids": [sha256(&layer)] },
        "history": [{ "created": "1970-01-01T00:00:01Z" }],
    });
    let manifest = json!([{
        "Config": "config.json",
        "RepoTags": ["app:built"],
        "Layers": ["layer.tar"],
    }]);
    let text = |value: &Value| value.to_string().into_bytes();
    let archive = tar(&[
        ("layer.tar", layer.as_slice()),
        ("config.json", text(&config).as_slice()),
        ("manifest.json", text(&manifest).as_slice()),
    ]);
    std::fs::write(path, archive).unwrap();
}

pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    format!("sha256:{}", data_encoding::HEXLOWER.encode(&digest))
}

/// Bytes that no compression makes fewer, the same each time.
pub fn noise(length: usize) -> Vec<u8> {
    let blocks = (0..length.div_ceil(32)).flat_map(|n| Sha256::digest(n.to_le_bytes()));
    blocks.take(length).collect()
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}
