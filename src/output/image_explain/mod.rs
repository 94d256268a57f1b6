//! `image explain`.

mod html;
mod human;
mod size;
mod treemap;
mod words;

use std::io::{self, Write};

use super::json;
use crate::image::explain::Explanation;

pub use html::{RenderError, explanation_html};
pub use human::explanation_human;

/// `{schema, image, layers, store_paths, files, privileged, waste, against}`
pub fn explanation_json(sink: &mut impl Write, explanation: &Explanation) -> io::Result<()> {
    json(sink, explanation)
}
