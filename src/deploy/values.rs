//! Helm values, at the places that cotter.toml names.

use std::sync::Arc;

use toml::Spanned;

use super::subject::Subject;
use super::target::{Stale, Target};
use super::writer::Writer;
use super::{DeployError, Digest};
use crate::config::{Config, HelmValues};
use crate::manifest::{self, AttrPath, Located, Tree, image_ref};
use crate::source::{RelPath, SourceFile, Workspace};

pub fn write(
    subject: &Subject,
    workspace: &Workspace,
    config: &Config,
    target: &Target,
    writer: &mut Writer,
) -> Result<(), DeployError> {
    for values in subject
        .config
        .iter()
        .flat_map(|container| &container.values)
    {
        let Some(path) = RelPath::new(values.file.get_ref()) else {
            continue;
        };
        if !workspace.has_file(&path) {
            let message = format!("`{path}` is not there");
            return Err(config.error(values.file.span(), message).into());
        }
        let file = workspace.read(&path)?;
        let tree = manifest::parse(&file)?;
        let values = Values {
            config,
            values,
            file,
            tree,
        };
        values.write(subject, target, writer)?;
    }
    Ok(())
}

struct Values<'a> {
    config: &'a Config,
    values: &'a HelmValues,
    file: Arc<SourceFile>,
    tree: Tree,
}

impl Values<'_> {
    fn write(
        &self,
        subject: &Subject,
        target: &Target,
        writer: &mut Writer,
    ) -> Result<(), DeployError> {
        let tag = self.at(&self.values.tag)?;
        if let Some(repository) = &self.values.repository {
            self.compare(repository, subject)?;
        }
        let digest = match &self.values.digest {
            Some(path) => Some(self.at(path)?),
            None => None,
        };
        let read = image_ref::read(&tag.value);
        let is_reference = tag.value.contains('/') || subject.names.has(read.name_in(&tag.value));
        let new = match is_reference {
            true => target.reference(&tag.value, digest.is_none()),
            // `1.2.3@sha256:…` is a tag that charts put behind a colon.
            false => {
                let whole = format!("x:{}", tag.value);
                let new = target.reference(&whole, false);
                new.map(|new| new.strip_prefix("x:").unwrap_or(&new).to_owned())
            }
        };
        let new = match new {
            Ok(new) => new,
            Err(stale) => {
                writer.stale(&self.file, &tag, &stale);
                return Ok(());
            }
        };
        if let Some(digest) = &digest {
            match target.digest {
                Digest::Given(new) => writer.value(&self.file, digest, "digest", new)?,
                Digest::Drop => writer.value(&self.file, digest, "digest", "")?,
                Digest::Unknown if digest.value.is_empty() || new == tag.value => {}
                Digest::Unknown => {
                    let stale = Stale {
                        digest: digest.value.clone(),
                    };
                    writer.stale(&self.file, digest, &stale);
                    return Ok(());
                }
            }
        }
        Ok(writer.value(&self.file, &tag, "tag", &new)?)
    }

    /// The scalar at a place.
    fn at(&self, path: &Spanned<String>) -> Result<Located, DeployError> {
        let fail = |message: String| DeployError::from(self.config.error(path.span(), message));
        let steps = steps(path.get_ref()).ok_or_else(|| {
            fail("a path such as `image.tag` or `images[0].tag` is expected here".to_owned())
        })?;
        let file = self.file.path();
        let mut node = self.tree.documents.first();
        let mut attrs = AttrPath::default();
        for step in &steps {
            node = node.and_then(|node| match step {
                Step::Key(key) => node.get(key),
                Step::Index(index) => node.items().get(*index),
            });
            attrs = match step {
                Step::Key(key) => attrs.key(key),
                Step::Index(index) => attrs.index(*index),
            };
        }
        let node = node.ok_or_else(|| fail(format!("{file} has no `{attrs}`")))?;
        let scalar = node
            .as_scalar()
            .ok_or_else(|| fail(format!("`{attrs}` of {file} is no text")))?;
        if scalar.is_absent() {
            return Err(fail(format!(
                "nothing stands at `{attrs}` of {file}: write `\"\"` there"
            )));
        }
        Ok(Located::new(scalar, self.tree.format, attrs))
    }

    /// The image's name there is the container's; the registry may stand elsewhere.
    fn compare(&self, path: &Spanned<String>, subject: &Subject) -> Result<(), DeployError> {
        let Some(image) = subject
            .config
            .and_then(|container| container.image.as_deref())
        else {
            return Ok(());
        };
        let found = self.at(path)?;
        let is_same = image == found.value
            || image
                .strip_suffix(found.value.as_str())
                .is_some_and(|rest| rest.ends_with('/'));
        match is_same {
            true => Ok(()),
            false => Err(self
                .config
                .error(
                    path.span(),
                    format!(
                        "the image there is `{}`, but that of `{}` is `{image}`",
                        found.value, subject.name
                    ),
                )
                .into()),
        }
    }
}

enum Step {
    Key(String),
    Index(usize),
}

/// Takes a path apart: keys with dots between them, in quotes where they hold dots, and `[0]`.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    loop {
        if let Some(after) = rest.strip_prefix('[') {
            let (number, after) = after.split_once(']')?;
            steps.push(Step::Index(number.parse().ok()?));
            rest = after;
        } else {
            let (key, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
            };
            if key.is_empty() {
                return None;
            }
            steps.push(Step::Key(key.to_owned()));
            rest = after;
        }
        if rest.is_empty() {
            return Some(steps);
        }
        match rest.strip_prefix('.') {
            Some(after) => rest = after,
            None if rest.starts_with('[') => {}
            None => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        let shown = |path: &str| {
            let steps = steps(path)?;
            let shown = steps.iter().map(|step| match step {
                Step::Key(key) => key.clone(),
                Step::Index(index) => format!("[{index}]"),
            });
            Some(shown.collect::<Vec<_>>().join(" "))
        };
        assert_eq!(shown("image.tag").as_deref(), Some("image tag"));
        assert_eq!(shown("\"a.b\".c[0].d").as_deref(), Some("a.b c [0] d"));
        assert_eq!(shown("[1]").as_deref(), Some("[1]"));
        for path in ["", ".", "a.", "a[", "a[x]", "\"a", "a\"b\"c.", "a..b"] {
            assert_eq!(shown(path), None, "{path}");
        }
    }
}
