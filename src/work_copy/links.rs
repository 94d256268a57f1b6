//! Links of the copy that lead out of the workspace: where they lead in the copy's tree, a link to the original stands
//! in for it.

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use super::{WorkCopyError, mirrored};
use crate::source::RelPath;

/// A symbolic link of the workspace.
#[derive(Debug)]
pub(super) struct Link {
    pub path: RelPath,
    pub target: PathBuf,
}

/// Makes in `tree`, which mirrors the machine's folders down to `root`, what `links` lead to outside of it.
pub(super) fn stand_ins(root: &Path, links: &[Link], tree: &Path) -> Result<(), WorkCopyError> {
    for outside in links.iter().filter_map(|link| stood_for(root, link)) {
        let at = mirrored(tree, &outside);
        match symlink(&outside, &at) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(WorkCopyError::cache(&at, "create the link")(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The first folder or file on the way to where a relative link leads that is not on the way to `root` too. `None` for
/// a link that stays in the workspace, or needs nothing to lead where it does.
fn stood_for(root: &Path, link: &Link) -> Option<PathBuf> {
    if link.target.is_absolute() {
        return None;
    }
    let mut at = link.path.parent().to_path(root);
    for part in link.target.components() {
        match part {
            Component::Normal(name) => at.push(name),
            Component::ParentDir => {
                at.pop();
            }
            _ => {}
        }
    }
    if at.starts_with(root) {
        return None;
    }
    let mut ancestors: Vec<&Path> = at.ancestors().collect();
    ancestors.reverse();
    let first = ancestors.into_iter().find(|way| !root.starts_with(way))?;
    Some(first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_outside_is_stood_for() {
        for (path, target, expected) in [
            ("a", "../shared/lib", Some("/home/me/shared")),
            ("x/y/a", "../../../../you/b", Some("/home/you")),
            ("a", "../../../srv/b", Some("/srv")),
            ("x/a", "../b", None),
            ("x/a", "../../ws/b", None),
            ("a", "..", None),
            ("a", "/srv/b", None),
        ] {
            let link = Link {
                path: RelPath::new(path).unwrap(),
                target: target.into(),
            };
            let found = stood_for(Path::new("/home/me/ws"), &link);
            assert_eq!(
                found.as_deref(),
                expected.map(Path::new),
                "{path} -> {target}"
            );
        }
    }
}
