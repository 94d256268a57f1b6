//! `nixbuild emit`, `nixbuild build` and `nixbuild watch`.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::{SCHEMA, json};
use crate::image::archive::Kind;
use crate::nixbuild::{Built, Outcome, Report, Values};
use crate::plan::Change;
use crate::source::RelPath;

/// `{schema, image, digest, image_id, size, store_path, loaded_into, kind, node}`
pub fn built_json(sink: &mut impl Write, built: &Built) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        image: &'a str,
        digest: &'a str,
        image_id: &'a str,
        size: u64,
        store_path: &'a Path,
        loaded_into: Option<&'a str>,
        kind: Kind,
        node: &'a str,
    }
    json(
        sink,
        &Document {
            image: &built.image,
            digest: &built.digest,
            image_id: &built.image_id,
            size: built.size,
            store_path: &built.store_path,
            loaded_into: built.loaded_into.as_deref(),
            kind: built.kind,
            node: &built.node,
        },
    )
}

/// The same for a person.
pub fn built_human(sink: &mut impl Write, built: &Built) -> io::Result<()> {
    let bold = Style::new().bold();
    let green = AnsiColor::Green.on_default();
    let done = match &built.loaded_into {
        Some(into) => format!("loaded into {into}"),
        None => "built".to_owned(),
    };
    writeln!(sink, "{bold}{}{bold:#} {green}{done}{green:#}", built.image)?;
    writeln!(sink, "  digest      {}", built.digest)?;
    if built.digest != built.image_id {
        writeln!(sink, "  image ID    {}", built.image_id)?;
    }
    writeln!(sink, "  size        {} bytes", built.size)?;
    writeln!(sink, "  kind        {}", built.kind.name())?;
    writeln!(sink, "  store path  {}", built.store_path.display())?;
    sink.flush()
}

/// `{schema, name, flake_url, image_tag, package, system, annotations, file, changes, written}`
pub fn emitted_json(
    sink: &mut impl Write,
    values: &Values,
    file: Option<&RelPath>,
    changes: &[Change],
    written: bool,
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        #[serde(flatten)]
        values: &'a Values,
        annotations: BTreeMap<String, &'a str>,
        file: Option<&'a RelPath>,
        changes: &'a [Change],
        written: bool,
    }
    json(
        sink,
        &Document {
            values,
            annotations: values.annotations().into_iter().collect(),
            file,
            changes,
            written,
        },
    )
}

/// `{schema, name, image, status, digest, size, loaded_into, message}` on one line.
pub fn report_json(sink: &mut impl Write, report: &Report) -> io::Result<()> {
    let (built, message) = match report.outcome {
        Outcome::Building => (None, None),
        Outcome::Succeeded(built) => (Some(built), None),
        Outcome::Failed(why) => (None, Some(why)),
    };
    let line = serde_json::json!({
        "schema": SCHEMA,
        "name": report.id,
        "image": report.image,
        "status": report.outcome.word(),
        "digest": built.map(|built| &built.digest),
        "size": built.map(|built| built.size),
        "loaded_into": built.and_then(|built| built.loaded_into.as_deref()),
        "message": message,
    });
    writeln!(sink, "{line}")
}

/// The same for a person.
pub fn report_human(sink: &mut impl Write, report: &Report) -> io::Result<()> {
    let bold = Style::new().bold();
    let style = match report.outcome {
        Outcome::Building => Style::new(),
        Outcome::Succeeded(_) => AnsiColor::Green.on_default(),
        Outcome::Failed(_) => AnsiColor::Red.on_default(),
    };
    let word = report.outcome.word();
    let what = match report.outcome {
        Outcome::Building => report.image.unwrap_or_default().to_owned(),
        Outcome::Succeeded(built) => format!("{} {}", built.image, built.digest),
        Outcome::Failed(why) => why.clone(),
    };
    writeln!(
        sink,
        "{bold}{}{bold:#}: {style}{word}{style:#} {what}",
        report.id
    )
}
