//! The config of an image beside what its Dockerfile says.

use serde_json::{Map, Value, json};

use crate::support::image::Image;

/// All keys of the image's config are those of `wanted`, with these values. A word of the entrypoint that begins with `*`
/// stands for all that end so: paths of the store.
pub fn has_config(image: &Image, wanted: &Value, about: &str) {
    let mut wanted = wanted.as_object().unwrap().clone();
    let mut found = match &image.config["config"] {
        Value::Object(found) => found.clone(),
        other => panic!("{about}: {other}"),
    };
    found.retain(|_, value| !is_empty(value));
    let said = found.remove("Entrypoint").unwrap_or_default();
    let words = wanted.remove("Entrypoint").unwrap_or_default();
    assert!(is_like(&said, &words), "{about}: {said} is not {words}");
    for map in [&mut wanted, &mut found] {
        sort_env(map);
    }
    assert_eq!(Value::Object(found), Value::Object(wanted), "{about}");
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Null)
        || *value == json!("")
        || *value == json!([])
        || *value == json!({})
}

fn is_like(said: &Value, wanted: &Value) -> bool {
    let words = |value: &Value| -> Vec<String> {
        serde_json::from_value(value.clone()).unwrap_or_default()
    };
    let (said, wanted) = (words(said), words(wanted));
    said.len() == wanted.len()
        && said
            .iter()
            .zip(&wanted)
            .all(|(said, wanted)| match wanted.strip_prefix('*') {
                Some(end) => said.ends_with(end) && said.contains("/store/"),
                None => said == wanted,
            })
}

fn sort_env(config: &mut Map<String, Value>) {
    if let Some(Value::Array(env)) = config.get_mut("Env") {
        env.sort_by_key(Value::to_string);
    }
}
