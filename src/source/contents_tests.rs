//! A workspace whose content does not come from the disk alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::{fs, io};

use super::{Content, Contents, MAX_FILE, RelPath, SourceError, SourceFile, Workspace};

#[derive(Debug)]
struct Known(BTreeMap<RelPath, Content>);

impl Contents for Known {
    fn look_up(&self, path: &RelPath) -> io::Result<Content> {
        match path.as_str() {
            "broken" => Err(io::Error::other("the object is damaged")),
            _ => Ok(self.0.get(path).cloned().unwrap_or(Content::Absent)),
        }
    }
}

fn rel(path: &str) -> RelPath {
    RelPath::new(path).unwrap()
}

fn made() -> (tempfile::TempDir, Workspace) {
    let dir = tempfile::tempdir().unwrap();
    for name in ["kept", "staged", "gone", "laid-over", "large"] {
        fs::write(dir.path().join(name), "on the disk").unwrap();
    }
    let known = [
        ("kept", Content::OnDisk),
        ("lost", Content::OnDisk),
        ("staged", Content::Bytes(b"staged".to_vec())),
        ("only-staged", Content::Bytes(b"staged".to_vec())),
        ("laid-over", Content::Bytes(b"staged".to_vec())),
        ("large", Content::TooLarge(MAX_FILE + 2)),
        ("long", Content::Bytes(vec![b'x'; 1 + (8 << 20)])),
        ("latin", Content::Bytes(b"a\nb\xff".to_vec())),
    ];
    let known = known.map(|(path, content)| (rel(path), content));
    let workspace = Workspace::at(dir.path())
        .unwrap()
        .with_contents(Arc::new(Known(known.into())))
        .with_overlay([SourceFile::from_text(rel("laid-over"), "over".into())]);
    (dir, workspace)
}

#[test]
fn contents_are_asked_before_the_disk_and_after_the_overlay() {
    let (_dir, workspace) = made();
    for (path, text) in [
        ("kept", "on the disk"),
        ("staged", "staged"),
        ("only-staged", "staged"),
        ("laid-over", "over"),
    ] {
        assert_eq!(workspace.read(&rel(path)).unwrap().text(), text, "{path}");
        let read = workspace.read_if(&rel(path), |_| true).unwrap();
        assert_eq!(read.unwrap().text(), text, "{path}");
        assert!(workspace.has_file(&rel(path)), "{path}");
    }
    for path in ["gone", "lost", "never"] {
        let error = workspace.read(&rel(path)).unwrap_err();
        assert!(
            matches!(&error, SourceError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound),
            "{path}: {error}"
        );
        assert!(!workspace.has_file(&rel(path)), "{path}");
    }
}

#[test]
fn contents_have_the_limits_of_files() {
    let (_dir, workspace) = made();
    for (path, size) in [("large", MAX_FILE + 2), ("long", MAX_FILE + 1)] {
        let error = workspace.read(&rel(path)).unwrap_err();
        assert!(
            matches!(error, SourceError::TooLarge { size: said, .. } if said == size),
            "{path}: {error}"
        );
    }
    let error = workspace.read_if(&rel("latin"), |_| false).unwrap_err();
    assert!(error.to_string().starts_with("latin:2: "), "{error}");
    let error = workspace.read(&rel("broken")).unwrap_err();
    assert_eq!(error.to_string(), "broken: the object is damaged");
    // There is something; reading it says what is wrong.
    assert!(workspace.has_file(&rel("broken")));
}

#[test]
fn a_workspace_that_remembers_forgets_the_disk() {
    let (_dir, staged) = made();
    let disk = Workspace::at(staged.root()).unwrap().remembering();
    assert_eq!(disk.read(&rel("staged")).unwrap().text(), "on the disk");
    let known = Known([(rel("staged"), Content::Bytes(b"staged".to_vec()))].into());
    let staged = disk.with_contents(Arc::new(known));
    assert_eq!(staged.read(&rel("staged")).unwrap().text(), "staged");
}

#[test]
fn a_link_is_a_file_where_it_leads_to_one() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    fs::create_dir_all(root.join("folder")).unwrap();
    fs::write(dir.path().join("outside"), "").unwrap();
    fs::write(root.join("file"), "").unwrap();
    for (name, target) in [
        ("inside", "file"),
        ("out", "../outside"),
        ("nowhere", "x"),
        ("loop", "loop"),
        ("to-folder", "folder"),
    ] {
        std::os::unix::fs::symlink(target, root.join(name)).unwrap();
    }
    let workspace = Workspace::at(&root).unwrap();
    let found: Vec<&str> = [
        "file",
        "folder",
        "inside",
        "out",
        "nowhere",
        "loop",
        "to-folder",
    ]
    .into_iter()
    .filter(|name| workspace.has_file(&rel(name)))
    .collect();
    // That one is outside is for reading it to tell.
    assert_eq!(found, ["file", "inside", "out"]);
    let error = workspace.read(&rel("out")).unwrap_err();
    assert!(matches!(error, SourceError::Outside { .. }), "{error}");
}
