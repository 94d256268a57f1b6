//! Which tag and digest of a container's image its manifests deploy, and the plan that writes others.
//!
//! A file per kind of manifest finds the places; `target` says what each is to say. Not here: NixBuilds being made
//! (`nixbuild`), pins that move (`pin`), writing the files (`transaction`).

mod builds;
mod kustomization;
mod names;
mod other;
mod pods;
mod service;
mod subject;
mod target;
mod values;
mod writer;

use crate::config::{Config, ConfigError};
use crate::manifest::ManifestError;
use crate::plan::{EditGroup, Plan, PlanError};
use crate::problem::Problem;
use crate::source::{Position, RelPath, SourceError, SourceFile, Workspace};

use subject::Subject;
use target::Target;
use writer::Writer;

/// What is to be deployed.
#[derive(Clone, Debug)]
pub struct Request {
    /// The container.
    pub name: String,
    pub tag: String,
    pub digest: Digest,
    /// What the file of services is to say; else it follows the tag where it went with the old one.
    pub service_version: Option<String>,
}

/// What becomes of digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Digest {
    /// None was given. One that stands beside a tag that changes would go on being deployed.
    Unknown,
    Given(String),
    /// They are taken away: the tag alone counts.
    Drop,
}

/// What is to be written, and what to tell about it.
#[derive(Debug, Default)]
pub struct Deployment {
    pub plan: Plan,
    /// The image's name, as most of its places have it.
    pub image: String,
    pub warnings: Vec<Remark>,
}

/// Something to tell about a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    pub at: Option<(RelPath, Position)>,
    pub message: String,
    pub hint: Option<String>,
}

impl Remark {
    fn at(file: &SourceFile, offset: usize, message: impl Into<String>) -> Remark {
        Remark {
            at: Some((file.path().clone(), file.position(offset))),
            message: message.into(),
            hint: None,
        }
    }

    fn hint(self, hint: impl Into<String>) -> Remark {
        Remark {
            hint: Some(hint.into()),
            ..self
        }
    }
}

/// Why nothing is deployed; nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The command line is wrong.
    #[error("{message}")]
    Request {
        message: String,
        hint: Option<String>,
    },
    /// Nothing says which image that is, or nothing deploys it.
    #[error("{message}")]
    NoMatch {
        message: String,
        hint: Option<String>,
    },
    #[error("a manifest cannot be read")]
    Source(Vec<Problem>),
    /// What would be deployed then is not what was asked for.
    #[error("what would be deployed is not what was asked for")]
    Invariant(Vec<Remark>),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Read(#[from] SourceError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error("the planned changes do not prove themselves: {0}")]
    Unproven(String),
}

/// Plans the deployment of `request` in the manifests of its container. `files` are the workspace's.
///
/// The plan is proved: in the changed files the same request changes nothing, and no other image says anything new.
pub fn plan(
    workspace: &Workspace,
    config: &Config,
    files: &[RelPath],
    request: &Request,
) -> Result<Deployment, DeployError> {
    target::check(config, request)?;
    let (deployment, before) = planned(workspace, config, files, request)?;
    let rewritten = deployment.plan.apply(workspace)?;
    let text = |file: &SourceFile| file.with_text(file.text().to_owned());
    let changed = workspace.with_overlay(rewritten.iter().map(|file| text(&file.after)));
    let (again, after) = planned(&changed, config, files, request)?;
    if let Some(change) = again.plan.changes().next() {
        return Err(DeployError::Unproven(format!(
            "{}: {change} would change again",
            change.file
        )));
    }
    other::same(&before, &after)?;
    Ok(deployment)
}

fn planned(
    workspace: &Workspace,
    config: &Config,
    files: &[RelPath],
    request: &Request,
) -> Result<(Deployment, Vec<other::Image>), DeployError> {
    let subject = Subject::read(workspace, config, files, &request.name)?;
    let old_tags = subject.tags();
    let target = Target::new(request, &old_tags);
    let mut writer = Writer::new(&request.name);
    for manifest in &subject.manifests {
        kustomization::write(&subject, manifest, &target, &mut writer)?;
        pods::write(&subject, manifest, &target, &mut writer)?;
        builds::write(&subject, manifest, &target, &mut writer)?;
    }
    values::write(&subject, workspace, config, &target, &mut writer)?;
    let has_any = !writer.is_empty();
    service::write(&subject, workspace, config, request, &old_tags, &mut writer)?;
    if !writer.refused.is_empty() {
        return Err(DeployError::Invariant(writer.refused));
    }
    if !has_any && writer.is_empty() {
        return Err(subject.no_match());
    }
    if let Digest::Given(digest) = &request.digest
        && !writer.says(digest)
    {
        writer.warnings.push(Remark {
            at: None,
            message: "the digest is written nowhere: the tag alone counts".to_owned(),
            hint: Some(
                "an image that is built on its node has none; for Helm values, cotter.toml says where it stands".to_owned(),
            ),
        });
    }
    let others = other::images(&subject);
    let group = EditGroup {
        name: request.name.clone(),
        changes: writer.changes,
    };
    let deployment = Deployment {
        plan: Plan {
            groups: vec![group],
            unchanged: writer.unchanged,
        },
        image: subject.names.main().to_owned(),
        warnings: writer.warnings,
    };
    Ok((deployment, others))
}
