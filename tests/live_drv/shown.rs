//! A derivation compared with the JSON that Nix shows of it, in the shape of any Nix.

use std::collections::BTreeMap;

use cotter::hash::HashText;
use cotter::nix::drv::Derivation;
use serde_json::Value;

/// `shown` is the object of this one derivation.
pub fn assert_as_shown(drv: &Derivation, shown: &Value) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let base = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    assert_eq!(drv.system, text(&shown["system"]));
    assert_eq!(drv.builder, text(&shown["builder"]));
    let args: Vec<String> = shown["args"].as_array().unwrap().iter().map(text).collect();
    assert_eq!(drv.args, args);

    // Newer ones show the structured attributes apart, decoded.
    let mut env: BTreeMap<String, String> = drv
        .env
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    if let Some(attrs) = shown.get("structuredAttrs") {
        let json: Value = serde_json::from_str(&env.remove("__json").unwrap()).unwrap();
        assert_eq!(json, *attrs);
    }
    let variables = shown["env"].as_object().unwrap();
    let variables: BTreeMap<String, String> = variables
        .iter()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect();
    assert_eq!(env, variables);

    let inputs = shown.get("inputs");
    let sources = inputs.map_or(&shown["inputSrcs"], |inputs| &inputs["srcs"]);
    let sources: Vec<String> = sources
        .as_array()
        .unwrap()
        .iter()
        .map(|s| base(&text(s)))
        .collect();
    let read: Vec<String> = drv.input_srcs.iter().map(|path| base(path)).collect();
    assert_eq!(read, sources);
    let drvs = inputs.map_or(&shown["inputDrvs"], |inputs| &inputs["drvs"]);
    let drvs: BTreeMap<String, Vec<String>> = drvs
        .as_object()
        .unwrap()
        .iter()
        .map(|(path, used)| {
            let used = used.get("outputs").unwrap_or(used).as_array().unwrap();
            (base(path), used.iter().map(text).collect())
        })
        .collect();
    let read: BTreeMap<String, Vec<String>> = drv
        .input_drvs
        .iter()
        .map(|(path, outputs)| (base(path), outputs.clone()))
        .collect();
    assert_eq!(read, drvs);

    let outputs = shown["outputs"].as_object().unwrap();
    assert_eq!(drv.outputs.len(), outputs.len());
    for output in &drv.outputs {
        let shown = &outputs[&output.name];
        if let Some(path) = shown.get("path") {
            assert_eq!(base(&output.path), base(&text(path)));
        }
        let hash = shown.get("hash").map(|hash| {
            let hash = text(hash);
            let algo = ["md5", "sha256"].into_iter().find(|algo| {
                let named = shown
                    .get("hashAlgo")
                    .map_or(hash.as_str(), |algo| algo.as_str().unwrap());
                named.contains(algo)
            });
            HashText::parse(&hash, Some(algo.unwrap().parse().unwrap()))
                .unwrap()
                .hash
        });
        assert_eq!(output.fixed.as_ref().map(|fixed| fixed.hash.clone()), hash);
    }
}
