//! nix2container.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::printed;
use crate::support::images;

fn n2c(body: &str) -> String {
    format!(
        "with import <nixpkgs> {{ }}; with (import <nix2container> {{ inherit pkgs; }}).nix2container; {body}"
    )
}

fn json_of(nix: &images::Nix, expression: &str) -> Value {
    let built = nix.build_expression(expression).unwrap();
    serde_json::from_slice(&fs::read(built).unwrap()).unwrap()
}

#[test]
fn an_image_is_read_back_and_runs() {
    let expression = n2c(r#"let
             runtime = buildLayer { deps = [ bash coreutils ]; };
             root = runCommand "root" { } ''
               mkdir -p $out/app $out/tmp
               echo "the application" >$out/app/text
             '';
           in
           buildImage {
             name = "registry.example.org/Team/app";
             tag = "1.0";
             layers = [ runtime ];
             copyToRoot = [ root (buildEnv { name = "links"; paths = [ bash coreutils ]; pathsToLink = [ "/bin" ]; }) ];
             perms = [ { path = root; regex = "/tmp$"; mode = "1777"; } ];
             config = {
               Entrypoint = [ "/bin/cat" "/app/text" ];
               Env = [ "A=b" ];
               Healthcheck = { Test = [ "NONE" ]; };
             };
           }"#);
    for nix in images::all() {
        let image = nix.image(&expression).unwrap();
        assert_eq!(image.config["architecture"], "amd64", "{}", nix.name);
        assert_eq!(image.config["created"], "0001-01-01T00:00:00Z");
        assert_eq!(
            image.config["config"],
            json!({"Env": ["A=b"], "Entrypoint": ["/bin/cat", "/app/text"]})
        );
        assert_eq!(image.owner("/tmp"), Some((0o1777, 0, 0)));
        assert_eq!(image.layers.len(), 2);
        assert!(image.layers[0].holds("coreutils-9.8"));
        assert!(
            !image.layers[1].holds("coreutils-9.8"),
            "it is in the layer below"
        );
        if let Some(said) = printed(&image, None) {
            assert_eq!(said, "the application\n");
        }
        let names = nix
            .evaluate(&format!(
                "let i = {expression}; in [ i.imageName i.imageTag ]"
            ))
            .unwrap();
        assert_eq!(names, json!(["registry.example.org/team/app", "1.0"]));
    }
}

#[test]
fn the_file_has_the_keys_of_the_real_one() {
    let expression = n2c(r#"buildImage { name = "x"; copyToRoot = hello; maxLayers = 3; }"#);
    for nix in images::all() {
        let image = json_of(&nix, &expression);
        let keys = |value: &Value| -> BTreeSet<String> {
            value.as_object().unwrap().keys().cloned().collect()
        };
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(
            keys(&image),
            set(&["version", "image-config", "layers", "arch", "created"])
        );
        assert_eq!(
            keys(&image["layers"][0]),
            set(&[
                "digest",
                "size",
                "diff_ids",
                "paths",
                "mediatype",
                "History"
            ])
        );
        // glibc, bash, and hello at the root.
        assert_eq!(image["layers"].as_array().unwrap().len(), 3);
        nix.build_again(&["-E", &expression]).unwrap();
    }
}

#[test]
fn chained_layers_hold_each_path_once() {
    let expression = n2c(r#"let
             below = buildLayer { deps = [ bash ]; };
             above = buildLayer { deps = [ bash coreutils ]; layers = [ below ]; };
             own = buildLayer { deps = [ coreutils ]; layers = [ below ]; reproducible = false; };
           in
           { chained = buildImage { name = "x"; layers = [ above ]; };
             own = buildImage { name = "x"; layers = [ below own ]; }; }"#);
    for nix in images::all() {
        let chained = nix.image(&format!("({expression}).chained")).unwrap();
        let holders = |name: &str| {
            let layers = chained.layers.iter();
            layers.filter(|layer| layer.holds(name)).count()
        };
        assert_eq!(chained.layers.len(), 2);
        assert_eq!(
            (
                holders("glibc-2.40"),
                holders("bash-5.3"),
                holders("coreutils-9.8")
            ),
            (1, 1, 1)
        );
        let own = json_of(&nix, &format!("({expression}).own"));
        assert!(
            own["layers"][1]["layer-path"]
                .as_str()
                .unwrap()
                .ends_with(".tar")
        );
        assert_eq!(
            nix.image(&format!("({expression}).own"))
                .unwrap()
                .layers
                .len(),
            2
        );
    }
}

#[test]
fn a_base_image_gives_its_layers_alone() {
    let expression = n2c(r#"buildImage {
             name = "above";
             arch = "arm64";
             created = "2024-01-01T00:00:00Z";
             fromImage = buildImage { name = "base"; copyToRoot = writeTextDir "etc/base" "base\n"; config.Env = [ "A=base" ]; };
             config.cmd = [ "/bin/x" ];
           }"#);
    for nix in images::all() {
        let image = nix.image(&expression).unwrap();
        assert_eq!(image.text("/etc/base").unwrap(), "base\n");
        assert_eq!(image.config["architecture"], "arm64");
        assert_eq!(image.config["created"], "2024-01-01T00:00:00Z");
        assert_eq!(image.config["config"], json!({"Cmd": ["/bin/x"]}));
    }
}

#[test]
fn what_the_real_one_refuses_is_refused() {
    for nix in images::all() {
        for (arguments, why) in [
            (r#"name = "x"; created = "now";"#, "parsing time"),
            (
                r#"name = "x"; config.Env = { A = "b"; };"#,
                "cannot unmarshal",
            ),
            (
                r#"name = "x"; contents = hello; copyToRoot = hello;"#,
                "You can not specify both contents and copyToRoot",
            ),
            (r#"name = "x"; foo = 1;"#, "unexpected argument"),
        ] {
            let error = nix
                .build_expression(&n2c(&format!("buildImage {{ {arguments} }}")))
                .unwrap_err();
            assert!(error.contains(why), "{arguments}: {error}");
        }
    }
}
