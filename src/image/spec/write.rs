//! A spec as the TOML that is read back as the same spec.

use serde::Serialize;

use super::Spec;

/// The text of an `image.toml`. What has its default is left out.
pub fn to_toml(spec: &Spec) -> Result<String, toml::ser::Error> {
    #[derive(Serialize)]
    struct ImageFile<'a> {
        image: &'a Spec,
    }
    toml::to_string_pretty(&ImageFile { image: spec })
}
