//! Values as text and JSON. Each function writes one value to a sink; nothing here decides or changes anything.

mod builds;
mod bump;
mod deploy;
mod diagnostic;
mod emitted;
mod findings;
mod fods;
mod github;
mod image_choose;
mod image_explain;
mod image_migrate;
mod literals;
mod nixbuild;
mod pins;
mod protect;
mod rules;
mod sarif;
mod spork_status;

pub use builds::Builds;
pub use bump::{bump_human, bump_json, diff, left_diagnostic};
pub use deploy::{deploy_human, deploy_json};
pub use diagnostic::{Diagnostic, Severity, diagnostics, error_json};
pub use emitted::{EmittedFile, EmittedStatus, emitted_human, emitted_json, next_steps};
pub use findings::{as_json as findings_json, human as findings_human};
pub use fods::{fod_diagnostic, fods_human, fods_json, output_hashes_diagnostics};
pub use github::write as findings_github;
pub use image_choose::{image_choose_human, image_choose_json};
pub use image_explain::{RenderError, explanation_html, explanation_human, explanation_json};
pub use image_migrate::{image_migrate_human, image_migrate_json};
pub use literals::{LiteralRow, literals_human, literals_json};
pub use nixbuild::{
    built_human, built_json, emitted_json as nixbuild_emitted_json, report_human, report_json,
};
pub use pins::{PinRow, pins_human, pins_json};
pub use protect::{protect_human, protect_json};
pub use rules::{list as rules, one as rule};
pub use sarif::write as findings_sarif;
pub use spork_status::{spork_status_human, spork_status_json};

use std::io::{self, Write};

use serde::Serialize;

/// The version of the JSON contract.
const SCHEMA: u32 = 1;

/// One JSON object on a line of its own, `schema` first.
fn json(sink: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a, T> {
        schema: u32,
        #[serde(flatten)]
        value: &'a T,
    }
    let mut sink = io::BufWriter::new(sink);
    serde_json::to_writer_pretty(
        &mut sink,
        &Document {
            schema: SCHEMA,
            value,
        },
    )
    .map_err(io::Error::from)?;
    writeln!(sink)?;
    sink.flush()
}
