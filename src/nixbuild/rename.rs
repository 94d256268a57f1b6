//! A Docker archive with another name: its `manifest.json` says so, and all else is copied as it comes.

use std::io::{self, Read, Write};
use std::path::Path;

use serde_json::Value;

/// Of the list of images.
const MAX_MANIFEST: u64 = 16 << 20;
const MANIFEST: &str = "manifest.json";
/// What Docker before 1.10 read; it would name the image otherwise.
const REPOSITORIES: &str = "repositories";

/// Copies the archive `from`, which holds one image, with the one name `image_tag`. The names that it had.
pub fn copy(from: impl Read, to: impl Write, image_tag: &str) -> io::Result<Vec<String>> {
    let mut archive = tar::Archive::new(from);
    let mut copy = tar::Builder::new(to);
    let mut names = None;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let plain = path.strip_prefix(".").unwrap_or(&path);
        if plain == Path::new(REPOSITORIES) || plain.as_os_str().is_empty() {
            continue;
        }
        let mut header = entry.header().clone();
        if plain == Path::new(MANIFEST) {
            let mut text = Vec::new();
            entry.by_ref().take(MAX_MANIFEST).read_to_end(&mut text)?;
            let (old, new) = renamed(&text, image_tag)?;
            names = Some(old);
            header.set_size(new.len() as u64);
            copy.append_data(&mut header, plain, new.as_slice())?;
        } else if header.entry_type().is_symlink() || header.entry_type().is_hard_link() {
            let target = entry.link_name()?.unwrap_or_default().into_owned();
            copy.append_link(&mut header, plain, target)?;
        } else {
            header.set_size(entry.size());
            copy.append_data(&mut header, plain, &mut entry)?;
        }
    }
    copy.into_inner()?.flush()?;
    names.ok_or_else(|| wrong(format!("the archive has no {MANIFEST}")))
}

fn renamed(manifest: &[u8], image_tag: &str) -> io::Result<(Vec<String>, Vec<u8>)> {
    let mut images: Vec<Value> = serde_json::from_slice(manifest)
        .map_err(|error| wrong(format!("{MANIFEST} is no list of images: {error}")))?;
    let [image] = images.as_mut_slice() else {
        return Err(wrong(format!(
            "the archive holds {} images, not one",
            images.len()
        )));
    };
    let Value::Object(image) = image else {
        return Err(wrong(format!("{MANIFEST} is no list of images")));
    };
    let old = image.insert("RepoTags".to_owned(), Value::from(vec![image_tag]));
    let old = old
        .as_ref()
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let names = old.iter().filter_map(Value::as_str).map(str::to_owned);
    let text = serde_json::to_vec(&images).map_err(io::Error::from)?;
    Ok((names.collect(), text))
}

fn wrong(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, text) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            builder
                .append_data(&mut header, path, text.as_bytes())
                .unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn entries(bytes: &[u8]) -> Vec<(String, String)> {
        let mut archive = tar::Archive::new(bytes);
        let entries = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().to_str().unwrap().to_owned();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            (path, text)
        });
        entries.collect()
    }

    #[test]
    fn only_the_name_changes() {
        let long = format!("{}/layer.tar", "a".repeat(120));
        let from = archive(&[
            (&long, "layer"),
            ("repositories", "{}"),
            (
                "manifest.json",
                "[{\"Config\":\"c.json\",\"RepoTags\":[\"old:1\"],\"Layers\":[\"l\"]}]",
            ),
        ]);
        let mut to = Vec::new();
        let names = copy(from.as_slice(), &mut to, "r.example.org/new:2").unwrap();
        assert_eq!(names, ["old:1"]);
        let expected = [
            (long.as_str(), "layer"),
            (
                "manifest.json",
                "[{\"Config\":\"c.json\",\"RepoTags\":[\"r.example.org/new:2\"],\"Layers\":[\"l\"]}]",
            ),
        ];
        let found = entries(&to);
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_archive_of_one_image_is_an_error() {
        for manifest in ["[]", "[{},{}]", "[1]", "{}", "x"] {
            let from = archive(&[("manifest.json", manifest)]);
            assert!(
                copy(from.as_slice(), Vec::new(), "a:1").is_err(),
                "{manifest}"
            );
        }
        assert!(copy(archive(&[("x", "y")]).as_slice(), Vec::new(), "a:1").is_err());
        assert!(copy(&b"no tar at all"[..], Vec::new(), "a:1").is_err());
        assert!(copy(&[0xff_u8; 4096][..], Vec::new(), "a:1").is_err());
    }
}
