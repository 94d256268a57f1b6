//! The JSON schema of `image.toml`, for editors.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Serialize;

use super::Spec;

/// What `image.toml` holds.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, title = "image.toml of cotter")]
struct ImageFile {
    #[allow(dead_code)] // for the schema
    image: Spec,
}

/// As JSON Schema of the draft that editors of TOML read.
pub fn schema() -> serde_json::Value {
    let generator = SchemaSettings::draft07().into_generator();
    generator.into_root_schema_for::<ImageFile>().to_value()
}
