//! `cotter deploy`.

use std::io;
use std::process::ExitCode;

use clap::Args;

use super::Format;
use super::failure::{Failure, FailureKind, Outcome, finish, of_problem};
use super::setup::{Globals, Opened, commit, recover};
use crate::deploy::{self, DeployError, Deployment, Digest, Remark, Request};
use crate::git;
use crate::output::{self, Diagnostic, Severity};
use crate::plan::Rewritten;
use crate::source::RelPath;
use crate::transaction::FileChange;

/// Writes a new tag to every manifest of a container: kustomizations, pods and what makes them, NixBuilds and their
/// annotations, Helm values that cotter.toml names, and the version in the file of services.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The container: `[container.NAME]` of cotter.toml, or the folder of its manifests
    #[arg(value_name = "NAME")]
    name: String,
    /// The tag that the image was pushed or is built under
    #[arg(long, value_name = "TAG")]
    tag: String,
    /// The digest of what the tag names; written wherever a registry is asked for the image
    #[arg(long, value_name = "sha256:HEX")]
    digest: Option<String>,
    /// Take digests away, so that the tag alone counts
    #[arg(long, conflicts_with = "digest")]
    drop_digest: bool,
    /// What the file of services is to say [default: what follows from the tag, where it went with the old one]
    #[arg(long, value_name = "VERSION", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    service_version: Option<String>,
    /// Write nothing; exit 1 when something would change
    #[arg(long)]
    dry_run: bool,
    /// Print what changes as a unified diff
    #[arg(long)]
    diff: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        finish(self.format, self.deploy(globals))
    }

    fn deploy(&self, globals: &Globals) -> Result<Outcome, Failure> {
        let opened = globals.open()?;
        self.deploy_in(globals, &opened)
            .map_err(|failure| failure.shown_in(&opened.workspace))
    }

    fn deploy_in(&self, globals: &Globals, opened: &Opened) -> Result<Outcome, Failure> {
        recover(opened, globals, self.dry_run)?;
        let request = self.request();
        let tracked = git::tracked_files(opened.workspace.root())?;
        let files = opened.workspace.files(&RelPath::root(), &tracked);
        let deployment = deploy::plan(&opened.workspace, &opened.config, &files, &request)?;
        let rewritten = deployment
            .plan
            .apply(&opened.workspace)
            .map_err(DeployError::from)?;
        let warning = |remark: &Remark| Diagnostic {
            severity: Severity::Warning,
            ..of_remark(remark)
        };
        let warnings: Vec<Diagnostic> = deployment.warnings.iter().map(warning).collect();
        globals.tell(Some(&opened.workspace), &warnings);
        let written = !self.dry_run && !rewritten.is_empty();
        if written {
            let changes: Vec<FileChange> = rewritten.iter().map(FileChange::from).collect();
            commit(opened, &changes)?;
        }
        self.print(&request, &deployment, &rewritten, written)
            .map_err(Failure::output)?;
        Ok(match self.dry_run && !rewritten.is_empty() {
            true => Outcome::Attention,
            false => Outcome::Done,
        })
    }

    fn request(&self) -> Request {
        Request {
            name: self.name.clone(),
            tag: self.tag.clone(),
            digest: match (&self.digest, self.drop_digest) {
                (Some(digest), _) => Digest::Given(digest.clone()),
                (None, true) => Digest::Drop,
                (None, false) => Digest::Unknown,
            },
            service_version: self.service_version.clone(),
        }
    }

    fn print(
        &self,
        request: &Request,
        deployment: &Deployment,
        rewritten: &[Rewritten],
        written: bool,
    ) -> io::Result<()> {
        match self.format {
            Format::Json => {
                output::deploy_json(&mut io::stdout().lock(), request, deployment, written)
            }
            Format::Human if self.diff => output::diff(&mut anstream::stdout().lock(), rewritten),
            Format::Human => {
                output::deploy_human(&mut anstream::stdout().lock(), deployment, self.dry_run)
            }
        }
    }
}

fn of_remark(remark: &Remark) -> Diagnostic {
    Diagnostic {
        hint: remark.hint.clone(),
        ..match &remark.at {
            Some((file, at)) => Diagnostic::at(file, *at, &remark.message),
            None => Diagnostic::error(&remark.message),
        }
    }
}

impl From<DeployError> for Failure {
    fn from(error: DeployError) -> Failure {
        match error {
            DeployError::Request { message, hint } | DeployError::NoMatch { message, hint } => {
                Failure::usage(message, hint)
            }
            DeployError::Source(problems) => Failure::all(
                FailureKind::Usage,
                problems.iter().map(of_problem).collect(),
            ),
            DeployError::Invariant(remarks) => Failure::all(
                FailureKind::Invariant,
                remarks.iter().map(of_remark).collect(),
            ),
            DeployError::Config(error) => error.into(),
            DeployError::Read(error) => error.into(),
            DeployError::Manifest(error) => {
                let (at, message) = error.place();
                let diagnostic = Diagnostic {
                    hint: error.hint().map(str::to_owned),
                    ..Diagnostic::at(error.file(), at, message)
                };
                Failure::new(FailureKind::Usage, diagnostic)
            }
            DeployError::Plan(error) => Failure::outside(error.to_string(), None),
            DeployError::Unproven(_) => Failure::outside(
                error.to_string(),
                Some("this is a bug of cotter's; the files are as they were".to_owned()),
            ),
        }
    }
}
