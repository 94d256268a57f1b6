//! dockerTools.

use std::fs;

use serde_json::json;

use crate::support::image::Image;
use crate::support::images::{self, Nix};
use crate::{assert_answers, printed};

fn pkgs(body: &str) -> String {
    format!("with import <nixpkgs> {{ }}; {body}")
}

/// The image, and the same of what `variant` makes of the expression.
fn both(nix: &Nix, body: &str) -> (Image, Image) {
    let layered = pkgs(&format!("dockerTools.buildLayeredImage {body}"));
    let stream = pkgs(&format!("dockerTools.streamLayeredImage {body}"));
    (nix.image(&layered).unwrap(), nix.image(&stream).unwrap())
}

#[test]
fn a_layered_image_says_what_it_was_told() {
    let body = r#"{
      name = "registry.example.org/Team/hello";
      tag = "1.2.3";
      contents = [ bash coreutils dockerTools.binSh dockerTools.usrBinEnv dockerTools.caCertificates dockerTools.fakeNss ];
      extraCommands = "mkdir -m 1777 tmp; echo extra >extra";
      fakeRootCommands = "mkdir -p data; chown 1000:1001 data; chmod 750 data";
      config = {
        Entrypoint = [ "/bin/sh" "-c" ];
        Cmd = [ "echo from $(id -u); test -r /etc/ssl/certs/ca-bundle.crt; /usr/bin/env true; cat /extra" ];
        Env = [ "A=b" ];
        ExposedPorts = { "8080/tcp" = { }; };
        User = "65534";
        Labels = { "org.example.quote" = "a \"b\" $c"; };
      };
    }"#;
    for nix in images::all() {
        let (layered, stream) = both(&nix, body);
        assert_eq!(layered.id, stream.id, "{}", nix.name);
        assert_eq!(layered.config["architecture"], "amd64");
        assert_eq!(layered.config["created"], "1970-01-01T00:00:01Z");
        assert_eq!(layered.setting("Env"), &json!(["A=b"]));
        assert_eq!(layered.setting("ExposedPorts"), &json!({"8080/tcp": {}}));
        assert_eq!(
            layered.setting("Labels"),
            &json!({"org.example.quote": "a \"b\" $c"})
        );
        assert_eq!(layered.owner("/tmp"), Some((0o1777, 0, 0)));
        assert_eq!(layered.owner("/data"), Some((0o750, 1000, 1001)));
        assert_eq!(layered.owner("/extra"), Some((0o644, 0, 0)));
        assert!(layered.text("/etc/passwd").unwrap().contains("nobody"));
        let last = layered.layers.last().unwrap();
        assert!(last.entries.iter().all(|entry| entry.mtime == 1));
        if let Some(said) = printed(&layered, None) {
            assert_eq!(said, "from 65534\nextra\n");
        }
    }
}

#[test]
fn each_store_path_has_a_layer_as_long_as_there_are_some_left() {
    let image = |layers: u32| {
        pkgs(&format!(
            r#"dockerTools.buildLayeredImage {{
                 name = "many"; maxLayers = {layers}; contents = [ bash coreutils hello ];
               }}"#
        ))
    };
    for nix in images::all() {
        // glibc, bash, coreutils, hello, and the links to them.
        let wide = nix.image(&image(100)).unwrap();
        assert_eq!(wide.layers.len(), 5);
        assert!(wide.layers[0].holds("glibc-2.40"), "most need it");
        assert!(wide.layers[1].holds("bash-5.3"), "hello needs it");
        let narrow = nix.image(&image(3)).unwrap();
        assert_eq!(narrow.layers.len(), 3);
        assert!(narrow.layers[0].holds("glibc-2.40"));
        for name in ["bash-5.3", "coreutils-9.8", "hello-2.12.2"] {
            assert!(narrow.layers[1].holds(name));
        }
        assert_eq!(narrow.layers[0].digest, wide.layers[0].digest);
        let error = nix.build_expression(&image(1)).unwrap_err();
        assert!(error.contains("maxLayers"), "{error}");
    }
}

#[test]
fn a_base_image_gives_its_layers_and_its_variables() {
    let body = pkgs(
        r#"let
             base = dockerTools.buildImage {
               name = "base";
               copyToRoot = writeTextDir "etc/base" "base\n";
               config = { Env = [ "A=base" "B=base" ]; Cmd = [ "/base" ]; };
             };
           in
           dockerTools.buildLayeredImage {
             name = "above"; fromImage = base; contents = [ busybox ];
             config = { Env = [ "A=own" ]; Entrypoint = [ "/bin/cat" "/etc/base" ]; };
           }"#,
    );
    for nix in images::all() {
        let image = nix.image(&body).unwrap();
        assert_eq!(image.setting("Env"), &json!(["A=own", "B=base"]));
        assert!(image.setting("Cmd").is_null());
        assert_eq!(image.text("/etc/base").unwrap(), "base\n");
        if let Some(said) = printed(&image, None) {
            assert_eq!(said, "base\n");
        }
    }
}

#[test]
fn a_configuration_is_written_as_it_is() {
    let body = pkgs(
        r#"dockerTools.buildLayeredImage {
             name = "x"; compressor = "none";
             config = { env = [ "LOST=1" ]; Healthcheck = { Test = [ "NONE" ]; }; };
           }"#,
    );
    for nix in images::all() {
        let archive = nix.build_expression(&body).unwrap();
        let mut config = None;
        for entry in tar::Archive::new(fs::File::open(archive).unwrap())
            .entries()
            .unwrap()
        {
            let entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            if path.ends_with(".json") && path != "manifest.json" {
                config = Some(serde_json::from_reader::<_, serde_json::Value>(entry).unwrap());
            }
        }
        assert_eq!(
            config.unwrap()["config"],
            json!({"env": ["LOST=1"], "Healthcheck": {"Test": ["NONE"]}})
        );
    }
}

#[test]
fn names_tags_and_compressors() {
    let names = pkgs(
        r#"let
             image = dockerTools.buildLayeredImage { name = "registry.example.org/Team/App"; };
             tagged = image.override { tag = "v1"; };
           in
           [ image.imageName tagged.imageTag (image.imageTag == image.stream.imageTag)
             (builtins.stringLength image.imageTag) image.name ]"#,
    );
    for nix in images::all() {
        assert_eq!(
            nix.evaluate(&names).unwrap(),
            json!([
                "registry.example.org/team/app",
                "v1",
                true,
                32,
                "App.tar.gz"
            ])
        );
        let ids: Vec<String> = ["gz", "none", "zstd"]
            .into_iter()
            .map(|compressor| {
                let image = format!(
                    r#"dockerTools.buildLayeredImage {{ name = "c"; compressor = "{compressor}"; contents = [ busybox ]; }}"#
                );
                nix.image(&pkgs(&image)).unwrap().id
            })
            .collect();
        assert!(ids.iter().all(|id| *id == ids[0]));
    }
}

#[test]
fn the_same_bits_twice() {
    let image = pkgs(
        r#"dockerTools.buildLayeredImage {
             name = "again"; contents = [ bash coreutils python3 ]; extraCommands = "mkdir -m 1777 tmp";
           }"#,
    );
    for nix in images::all() {
        nix.build_expression(&image).unwrap();
        nix.build_again(&["-E", &image]).unwrap();
    }
}

#[test]
fn a_cross_image_is_of_the_other_architecture() {
    let image = pkgs(
        r#"with pkgsCross.aarch64-multiplatform; dockerTools.streamLayeredImage {
             name = "arm"; contents = [ bash coreutils cacert ]; config.Cmd = [ "${hello}/bin/hello" ];
           }"#,
    );
    for nix in images::all() {
        let image = nix.image(&image).unwrap();
        assert_eq!(image.config["architecture"], "arm64");
        let command = image.setting("Cmd")[0].as_str().unwrap();
        for program in ["/bin/bash", "/bin/ls", command] {
            let bytes = fs::read(image.file(program).unwrap()).unwrap();
            // An ELF file for a machine of type 183, AArch64.
            assert_eq!(&bytes[..4], b"\x7fELF", "{program}");
            assert_eq!(bytes[18], 183, "{program}");
        }
    }
}

#[test]
fn nginx_serves_a_folder() {
    let image = pkgs(
        r#"let
             site = writeTextDir "index.html" "<p>served</p>\n";
             template = writeText "nginx.conf" ''
               user nobody nobody;
               pid /tmp/nginx.pid;
               error_log stderr;
               events { }
               http {
                 access_log off;
                 include ${nginx}/conf/mime.types;
                 server { listen 127.0.0.1:$PORT; root ${site}; }
               }
             '';
           in
           dockerTools.buildLayeredImage {
             name = "web";
             contents = [ dockerTools.fakeNss ];
             extraCommands = "mkdir -m 1777 tmp";
             config.Cmd = [
               (writeShellScript "serve" ''
                 ${gettext}/bin/envsubst '$PORT' <${template} >/tmp/nginx.conf
                 exec ${nginx}/bin/nginx -c /tmp/nginx.conf -e stderr -g 'daemon off;'
               '')
             ];
           }"#,
    );
    for nix in images::all() {
        assert_answers(&nix.image(&image).unwrap(), "<p>served</p>");
    }
}
