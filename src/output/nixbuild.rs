//! `nixbuild build` and `nixbuild watch`.

use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::json;
use crate::image::archive::Kind;
use crate::nixbuild::Built;

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
