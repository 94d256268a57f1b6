//! Builder calls as people write them.

use std::rc::Rc;
use std::sync::Arc;

use super::*;
use crate::source::{RelPath, SourceFile, Workspace};
use crate::syntax::{Library, NixFile};

fn with<T>(text: &str, ask: impl FnOnce(&Library, &Rc<NixFile>) -> T) -> T {
    let path = RelPath::new("default.nix").unwrap();
    let source = Arc::new(SourceFile::from_text(path, text.to_owned()));
    let workspace = Workspace::at(&std::env::temp_dir()).unwrap();
    let library = Library::new(&workspace);
    let file = Rc::new(NixFile::parse(source).unwrap());
    library.add(file.clone());
    ask(&library, &file)
}

fn builders(text: &str) -> Vec<Builder> {
    with(text, |library, file| {
        images(library, file)
            .iter()
            .map(|image| image.builder)
            .collect()
    })
}

/// The first image of `text`; a layer is none.
fn first<T>(text: &str, ask: impl FnOnce(&Library, &ImageCall) -> T) -> T {
    with(text, |library, file| {
        let mut images = images(library, file);
        images.retain(|image| image.builder.makes_image());
        ask(library, &images[0])
    })
}

#[test]
fn builders_are_told_apart_however_they_are_reached() {
    use Builder::*;
    for (text, expected) in [
        ("{ pkgs }: pkgs.dockerTools.buildImage { }", BuildImage),
        (
            "{ dockerTools }: dockerTools.streamLayeredImage { }",
            StreamLayeredImage,
        ),
        ("{ buildLayeredImage }: buildLayeredImage { }", LayeredImage),
        (
            "{ pkgs }: with pkgs; with dockerTools; buildImage { }",
            BuildImage,
        ),
        (
            "{ pkgs }: with pkgs.dockerTools; with pkgs.lib; buildImage { }",
            BuildImage,
        ),
        (
            "{ pkgs }: let inherit (pkgs.dockerTools) buildImage; in buildImage { }",
            BuildImage,
        ),
        (
            "{ pkgs }: let dt = pkgs.dockerTools; in dt.buildImage { }",
            BuildImage,
        ),
        (
            "{ pkgs }: let make = pkgs.dockerTools.buildLayeredImage; in make { }",
            LayeredImage,
        ),
        (
            "{ nix2container }: nix2container.buildImage { }",
            Nix2Container,
        ),
        (
            "{ n2c }: n2c.nix2container.buildLayer { }",
            Nix2ContainerLayer,
        ),
        (
            "{ nix2container }: let inherit (nix2container) buildImage; in buildImage { }",
            Nix2Container,
        ),
        (
            "{ inputs, system }: let n = inputs.nix2container.packages.${system}; in n.nix2container.buildImage { }",
            Nix2Container,
        ),
        (
            "{ inputs, pkgs }: let n = (import inputs.nix2container { inherit pkgs; }).nix2container; in n.buildImage { }",
            Nix2Container,
        ),
        ("{ buildImage }: buildImage { }", SomeBuildImage),
    ] {
        assert_eq!(builders(text), [expected], "{text}");
    }
}

#[test]
fn functions_of_the_same_name_are_no_builders() {
    for text in [
        "let buildImage = args: args; in buildImage { }",
        "let buildLayeredImage = { name, ... }: name; in buildLayeredImage { }",
        "let dockerTools = { buildImage = args: args; }; in dockerTools.buildImage { }",
        "let tools = import ./tools.nix; in tools.buildImage { }",
        "{ lib }: lib.buildImage { }",
        "{ pkgs }: pkgs.dockerTools.pullImage { }",
        "{ buildLayer }: buildLayer { }",
    ] {
        assert_eq!(builders(text), [], "{text}");
    }
}

#[test]
fn contents_are_seen_through_lists_and_environments() {
    let names = |text: &str| {
        first(text, |library, image| {
            let contents = image.contents(library);
            let mut names: Vec<String> = contents.packages.into_iter().map(|p| p.name).collect();
            names.sort();
            (names.join(" "), contents.may_hold_more)
        })
    };
    for (text, expected, may_hold_more) in [
        (
            "{ pkgs }: pkgs.dockerTools.buildLayeredImage { contents = with pkgs; [ curl cacert.out ] ++ [ pkgs.bash ]; }",
            "bash cacert curl",
            false,
        ),
        (
            "{ pkgs }: let py = pkgs.python3.withPackages (ps: [ ]); tools = [ py ]; in pkgs.dockerTools.buildImage { \
             copyToRoot = pkgs.buildEnv { name = \"root\"; paths = tools ++ [ pkgs.dockerTools.caCertificates ]; }; }",
            "caCertificates python3",
            false,
        ),
        (
            "{ pkgs, nix2container }: let base = nix2container.buildLayer { deps = [ pkgs.git ]; }; in \
             nix2container.buildImage { layers = [ base (nix2container.buildLayer { copyToRoot = [ pkgs.cacert ]; }) ]; }",
            "cacert git",
            false,
        ),
        (
            "{ pkgs, more }: pkgs.dockerTools.buildLayeredImage { contents = [ pkgs.curl ] ++ more; }",
            "curl more",
            true,
        ),
        (
            "{ pkgs }: pkgs.dockerTools.buildLayeredImage { contents = [ pkgs.curl (pkgs.runCommand \"x\" { } \"\") ]; }",
            "curl",
            true,
        ),
        (
            "{ pkgs, base }: pkgs.dockerTools.buildImage { fromImage = base; contents = [ ]; }",
            "",
            true,
        ),
        (
            "{ pkgs, f }: pkgs.dockerTools.buildLayeredImage (f { contents = [ ]; })",
            "",
            true,
        ),
        (
            "{ pkgs }: pkgs.dockerTools.buildLayeredImage { contents = [ ./root ]; }",
            "",
            true,
        ),
        (
            "{ pkgs }: pkgs.dockerTools.buildLayeredImage { name = \"x\"; }",
            "",
            false,
        ),
    ] {
        assert_eq!(names(text), (expected.to_owned(), may_hold_more), "{text}");
    }
}

#[test]
fn the_environment_is_known_by_its_names() {
    let text = "{ pkgs, more }: pkgs.dockerTools.buildLayeredImage { config.User = \"1000\"; config.Env = [ \
                \"PORT=80\" \"SSL_CERT_FILE=${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt\" ]; config.Cmd = [ \"a\" ]; }";
    first(text, |library, image| {
        let env = image.env(library);
        assert_eq!(env.value("PORT"), Some("80"));
        assert!(env.has("SSL_CERT_FILE"));
        assert_eq!(env.value("SSL_CERT_FILE"), None);
        assert!(!env.may_hold_more);
        assert_eq!(image.user(library).as_deref(), Some("1000"));
        assert_eq!(image.cmd(library).map(|cmd| cmd.len()), Some(1));
        assert!(image.entrypoint(library).is_none());
    });
    for text in [
        "{ pkgs, env }: pkgs.dockerTools.buildLayeredImage { config = { Env = env; }; }",
        "{ pkgs, env }: pkgs.dockerTools.buildLayeredImage { config = { Env = [ \"A=b\" ] ++ env; }; }",
        "{ pkgs, env }: pkgs.dockerTools.buildLayeredImage { config.Env = [ env ]; }",
        "{ pkgs, config }: pkgs.dockerTools.buildLayeredImage { inherit config; }",
        "{ pkgs, make }: pkgs.dockerTools.buildLayeredImage { config = make { Env = [ ]; }; }",
        "{ pkgs, make }: pkgs.dockerTools.buildLayeredImage { config = { Env = [ ]; } // make { }; }",
        "{ pkgs, base }: pkgs.dockerTools.buildLayeredImage { fromImage = base; }",
    ] {
        assert!(
            first(text, |library, image| image.env(library).may_hold_more),
            "{text}"
        );
    }
}
