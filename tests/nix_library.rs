//! The Nix files that people read and copy are formatted as nixfmt does it.

use std::path::{Path, PathBuf};

/// Every Nix file below `dir`.
fn nix_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(nix_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "nix") {
            files.push(path);
        }
    }
    files
}

#[test]
fn the_library_and_the_templates_are_formatted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("flake.nix")];
    for dir in ["nix", "templates/flake"] {
        let found = nix_files(&root.join(dir));
        assert!(!found.is_empty(), "{dir}");
        files.extend(found);
    }
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let formatted =
            nixfmt_rs::format(&text).unwrap_or_else(|e| panic!("{}: {e:?}", file.display()));
        snapbox::assert_data_eq!(text, snapbox::Data::text(formatted).raw());
    }
}
