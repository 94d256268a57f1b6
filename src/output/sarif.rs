//! Findings as SARIF 2.1.0, for code scanning and editors.
//!
//! Source of the format: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".

use std::io::{self, Write};

use data_encoding::HEXLOWER;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::check::{Asks, Finding, Place, Rule, Severity, rules};
use crate::plan::Change;
use crate::source::{RelPath, Workspace};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What paths are relative to: the workspace's root, wherever that is.
const ROOT: &str = "%SRCROOT%";

/// Writes `findings`; `workspace` says where the bytes that fixes replace end.
pub fn write(sink: &mut impl Write, workspace: &Workspace, findings: &[Finding]) -> io::Result<()> {
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "cotter",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: rules::ALL.iter().map(|rule| Descriptor::of(rule)).collect(),
                },
            },
            column_kind: "unicodeCodePoints",
            results: findings
                .iter()
                .map(|finding| Result::of(workspace, finding))
                .collect(),
        }],
    };
    let mut sink = io::BufWriter::new(sink);
    serde_json::to_writer_pretty(&mut sink, &log).map_err(io::Error::from)?;
    writeln!(sink)?;
    sink.flush()
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'a str,
    version: &'a str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    column_kind: &'a str,
    results: Vec<Result<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'a str,
    semantic_version: &'a str,
    rules: Vec<Descriptor<'a>>,
}

/// A rule.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor<'a> {
    id: &'a str,
    name: &'a str,
    short_description: Message<'a>,
    full_description: Message<'a>,
    help: Help<'a>,
    default_configuration: Configuration,
    properties: Properties,
}

#[derive(Serialize)]
struct Help<'a> {
    text: &'a str,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: Level,
}

#[derive(Serialize)]
struct Properties {
    tags: Vec<&'static str>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Error,
    Warning,
}

#[derive(Serialize)]
struct Message<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Result<'a> {
    rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: Level,
    message: OwnedMessage,
    locations: [Location<'a>; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location<'a>>,
    partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Fix<'a>>,
}

#[derive(Serialize)]
struct OwnedMessage {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

/// The same finding has the same in every run, whatever stands above it.
#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "cotter/v1")]
    cotter: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix<'a> {
    description: Message<'a>,
    artifact_changes: Vec<ArtifactChange<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange<'a> {
    artifact_location: ArtifactLocation,
    replacements: [Replacement<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'a> {
    deleted_region: Region,
    inserted_content: Message<'a>,
}

impl Level {
    fn of(severity: Severity) -> Level {
        match severity {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
        }
    }
}

impl<'a> Descriptor<'a> {
    fn of(rule: &'a Rule) -> Descriptor<'a> {
        let doc = &rule.doc;
        let asks = match rule.asks {
            Asks::Files => "files",
            Asks::History => "history",
            Asks::Clone => "clone",
            Asks::Nix => "nix",
        };
        Descriptor {
            id: rule.code,
            name: rule.name,
            short_description: Message { text: doc.what },
            full_description: Message { text: doc.why },
            help: Help {
                text: doc.fix,
                markdown: format!(
                    "{}\n\nBad:\n\n```nix\n{}\n```\n\nGood:\n\n```nix\n{}\n```\n",
                    doc.fix, doc.bad, doc.good
                ),
            },
            default_configuration: Configuration {
                level: Level::of(rule.severity),
            },
            properties: Properties { tags: vec![asks] },
        }
    }
}

impl<'a> Result<'a> {
    fn of(workspace: &Workspace, finding: &'a Finding) -> Result<'a> {
        let rule = finding.rule;
        let text = match &finding.help {
            Some(help) => format!("{}. {help}.", finding.message),
            None => format!("{}.", finding.message),
        };
        let related = finding.related.iter().enumerate();
        let fix = finding.fix.as_ref().map(|fix| Fix {
            description: Message {
                text: finding.help.as_deref().unwrap_or(rule.doc.fix),
            },
            artifact_changes: fix
                .changes
                .iter()
                .filter_map(|change| change_of(workspace, change))
                .collect(),
        });
        Result {
            rule_id: rule.code,
            rule_index: rules::ALL.iter().position(|r| r.code == rule.code),
            level: Level::of(rule.severity),
            message: OwnedMessage { text },
            locations: [location(&finding.place, None, None)],
            related_locations: related
                .map(|(at, one)| location(&one.place, Some(at + 1), Some(&one.message)))
                .collect(),
            partial_fingerprints: Fingerprints {
                cotter: HEXLOWER.encode(&Sha256::digest(finding.identity(workspace))),
            },
            // A fix that is not whole is none.
            fixes: fix
                .filter(|fix| {
                    let wanted = finding.fix.as_ref().map_or(0, |fix| fix.changes.len());
                    fix.artifact_changes.len() == wanted
                })
                .into_iter()
                .collect(),
        }
    }
}

fn location<'a>(place: &Place, id: Option<usize>, message: Option<&'a str>) -> Location<'a> {
    Location {
        id,
        physical_location: PhysicalLocation {
            artifact_location: artifact(&place.file),
            region: region(place),
        },
        message: message.map(|text| Message { text }),
    }
}

fn region(place: &Place) -> Region {
    Region {
        start_line: place.start.line,
        start_column: place.start.column,
        end_line: place.end.line,
        end_column: place.end.column,
    }
}

fn change_of<'a>(workspace: &Workspace, change: &'a Change) -> Option<ArtifactChange<'a>> {
    let file = workspace.read(&change.file).ok()?;
    let place = Place::of(&file, change.edit.range.clone());
    Some(ArtifactChange {
        artifact_location: artifact(&change.file),
        replacements: [Replacement {
            deleted_region: region(&place),
            inserted_content: Message {
                text: &change.edit.text,
            },
        }],
    })
}

fn artifact(file: &RelPath) -> ArtifactLocation {
    ArtifactLocation {
        uri: uri(file),
        uri_base_id: ROOT,
    }
}

/// What stands for itself in the path of a URI (RFC 3986): letters, digits and these.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~');

/// The path as a relative URI reference.
fn uri(file: &RelPath) -> String {
    utf8_percent_encode(file.as_str(), PATH).to_string()
}
