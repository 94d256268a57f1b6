//! stdenv, writers, fetchers, platforms and flakes.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::images;
use crate::support::repo::Repo;

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn a_derivation_has_phases_hooks_patches_and_overrides() {
    let expression = r#"
      with import <nixpkgs> { };
      let
        source = writeTextDir "greeting" "hello\n";
        patch = writeText "greeting.patch" ''
          --- a/greeting
          +++ b/greeting
          @@ -1 +1 @@
          -hello
          +hello, world
        '';
        package = stdenv.mkDerivation (finalAttrs: {
          pname = "greeting";
          version = "1.0";
          src = source;
          patches = [ patch ];
          env.WHO = "env";
          nativeBuildInputs = [ makeWrapper ];
          preBuild = "echo before >>greeting";
          buildPhase = ''
            runHook preBuild
            echo "$WHO ${finalAttrs.version}" >>greeting
            runHook postBuild
          '';
          installPhase = ''
            mkdir -p $out/bin
            substituteInPlace greeting --replace-fail before after
            cp greeting $out/
            printf '#!/usr/bin/env bash\necho "$GREETING $*"\n' >$out/bin/greet
            chmod +x $out/bin/greet
            wrapProgram $out/bin/greet --set GREETING hi --add-flags there
          '';
          passthru.twice = finalAttrs.version + finalAttrs.version;
          meta.mainProgram = "greet";
        });
        newer = package.overrideAttrs { version = "2.0"; };
      in
      runCommand "result" { } ''
        mkdir $out
        cp ${package}/greeting $out/first
        cp ${newer}/greeting $out/second
        ${lib.getExe newer} you >$out/said
        echo ${newer.twice} ${newer.name} >$out/names
        head -n 1 ${package}/bin/.greet-wrapped >$out/interpreter
      ''"#;
    for nix in images::all() {
        let built = nix.build_expression(expression).unwrap();
        assert_eq!(
            text(&built.join("first")),
            "hello, world\nafter\nenv 1.0\n",
            "{}",
            nix.name
        );
        assert_eq!(
            text(&built.join("second")),
            "hello, world\nafter\nenv 2.0\n"
        );
        assert_eq!(text(&built.join("said")), "hi there you\n");
        assert_eq!(text(&built.join("names")), "2.02.0 greeting-2.0\n");
        let interpreter = text(&built.join("interpreter"));
        assert!(
            interpreter.contains("/store/") && interpreter.ends_with("/bin/bash\n"),
            "{interpreter}"
        );
    }
}

#[test]
fn only_what_was_asked_for_is_in_the_path() {
    for nix in images::all() {
        let error = nix
            .build_expression(
                r#"with import <nixpkgs> { }; runCommand "x" { } "jq --version >$out""#,
            )
            .unwrap_err();
        assert!(error.contains("jq: command not found"), "{error}");
        nix.build_expression(
            r#"with import <nixpkgs> { };
               runCommand "x" { nativeBuildInputs = [ jq ]; } "jq --version >$out""#,
        )
        .unwrap();
    }
}

#[test]
fn a_shell_application_is_checked() {
    let application = |script: &str| {
        format!(
            r#"with import <nixpkgs> {{ }};
               writeShellApplication {{ name = "tool"; runtimeInputs = [ jq ]; text = ''{script}''; }}"#
        )
    };
    for nix in images::all() {
        let built = nix.build_expression(&application("jq -n 1")).unwrap();
        let script = text(&built.join("bin/tool"));
        assert!(script.contains("set -o errexit") && script.contains("-jq-"));
        // SC2086: a variable without quotes.
        let error = nix.build_expression(&application("rm $1")).unwrap_err();
        assert!(error.contains("SC2086"), "{error}");
    }
}

#[test]
fn environments_join_folders() {
    let expression = r#"
      with import <nixpkgs> { };
      let
        a = writeTextDir "share/a" "a";
        b = writeTextDir "share/b" "b";
        other = writeTextDir "share/a" "other";
        closure = closureInfo { rootPaths = [ (symlinkJoin { name = "j"; paths = [ a b ]; }) ]; };
      in
      linkFarm "farm" {
        "env" = buildEnv { name = "e"; paths = [ a b ]; pathsToLink = [ "/share" ]; };
        "paths" = "${closure}/store-paths";
        "broken/why" = writeText "x" (builtins.toJSON (builtins.tryEval (lib.throwIfNot false "no" 1)).success);
      }"#;
    for nix in images::all() {
        let built = nix.build_expression(expression).unwrap();
        assert_eq!(text(&built.join("env/share/a")), "a");
        assert_eq!(text(&built.join("env/share/b")), "b");
        assert_eq!(text(&built.join("broken/why")), "false");
        assert_eq!(text(&built.join("paths")).lines().count(), 3);
        let error = nix
            .build_expression(
                r#"with import <nixpkgs> { };
                   buildEnv { name = "e"; paths = [ (writeTextDir "x" "1") (writeTextDir "x" "2") ]; }"#,
            )
            .unwrap_err();
        assert!(error.contains("conflicting subpath"), "{error}");
    }
}

#[test]
fn fetchers_are_fixed_output_derivations() {
    let dir = tempfile::tempdir().unwrap();
    let archive = dir.path().join("thing-1.0");
    fs::create_dir(&archive).unwrap();
    fs::write(archive.join("file"), "content\n").unwrap();
    let repo = Repo::init(dir.path().join("repo"));
    repo.write("file", "content\n");
    let rev = repo.commit("one");
    for nix in images::all() {
        let hash = |expression: &str| {
            let error = nix.build_expression(expression).unwrap_err();
            let got = error
                .lines()
                .find_map(|line| line.trim().strip_prefix("got:"));
            got.unwrap_or_else(|| panic!("{error}")).trim().to_owned()
        };
        let fetches = [
            format!(
                r#"fetchurl {{ url = "file://{}/file"; hash = HASH; }}"#,
                archive.display()
            ),
            format!(
                r#"fetchgit {{ url = "file://{}/repo"; rev = "{rev}"; hash = HASH; }}"#,
                dir.path().display()
            ),
        ];
        for fetch in fetches {
            let fetch = format!("with import <nixpkgs> {{ }}; {fetch}");
            let hash = hash(&fetch.replace("HASH", "lib.fakeHash"));
            let built = nix
                .build_expression(&fetch.replace("HASH", &format!("{hash:?}")))
                .unwrap();
            let file = if built.is_dir() {
                built.join("file")
            } else {
                built
            };
            assert_eq!(text(&file), "content\n");
        }
    }
}

#[test]
fn an_unknown_argument_is_an_error() {
    for nix in images::all() {
        for call in [
            r#"dockerTools.buildLayeredImage { name = "x"; copyToRoot = [ ]; }"#,
            r#"dockerTools.streamLayeredImage { name = "x"; arch = "arm64"; }"#,
            r#"dockerTools.buildImage { name = "x"; maxLayers = 3; }"#,
            r#"n.buildImage { name = "x"; extraCommands = ""; }"#,
            "n.buildLayer { fromImage = null; }",
            r#"writeShellApplication { name = "x"; text = ""; env = { }; }"#,
            r#"buildEnv { name = "x"; paths = [ ]; preBuild = ""; }"#,
            r#"fetchurl { url = "file:///x"; rev = "1"; hash = lib.fakeHash; }"#,
            r#"fetchFromGitHub { owner = "a"; repo = "b"; rev = "c"; url = "d"; hash = lib.fakeHash; }"#,
        ] {
            let expression = format!(
                "with import <nixpkgs> {{ }}; let n = (import <nix2container> {{ inherit pkgs; }}).nix2container; in {call}"
            );
            let error = nix.build_expression(&expression).unwrap_err();
            assert!(
                error.contains("called with unexpected argument"),
                "{call}: {error}"
            );
        }
    }
}

#[test]
fn platforms_are_named_as_the_real_ones_are() {
    let expression = r#"
      let
        pkgs = import <nixpkgs> { system = "x86_64-linux"; };
        cross = pkgs.pkgsCross.aarch64-multiplatform;
        arm = import <nixpkgs> { system = "aarch64-linux"; };
        facts = set: [ set.stdenv.hostPlatform.system set.stdenv.buildPlatform.system set.go.GOARCH
          set.stdenv.hostPlatform.go.GOARCH set.stdenv.hostPlatform.isAarch64 set.stdenv.hostPlatform.config ];
      in
      map facts [ pkgs cross arm ]"#;
    for nix in images::all() {
        let (x86, arm) = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu");
        assert_eq!(
            nix.evaluate(expression).unwrap(),
            json!([
                ["x86_64-linux", "x86_64-linux", "amd64", "amd64", false, x86],
                ["aarch64-linux", "x86_64-linux", "arm64", "arm64", true, arm],
                [
                    "aarch64-linux",
                    "aarch64-linux",
                    "arm64",
                    "arm64",
                    true,
                    arm
                ],
            ])
        );
    }
}

#[test]
fn flakes_have_the_real_ones_outputs() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("flake.nix"),
        r#"{
          inputs.nixpkgs.url = "github:NixOS/nixpkgs";
          inputs.nix2container.url = "github:nlewo/nix2container";
          inputs.nix2container.inputs.nixpkgs.follows = "nixpkgs";
          outputs = { self, nixpkgs, nix2container }: {
            packages = nixpkgs.lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (system:
              let pkgs = nixpkgs.legacyPackages.${system}; in {
                image = nix2container.packages.${system}.nix2container.buildImage {
                  name = "registry.example.org/team/flake";
                  copyToRoot = pkgs.writeTextDir "etc/motd" system;
                };
              });
          };
        }"#,
    )
    .unwrap();
    for nix in images::all() {
        for (system, arch) in [("x86_64-linux", "amd64"), ("aarch64-linux", "arm64")] {
            let flake = format!("path:{}#packages.{system}.image", dir.path().display());
            let built = nix
                .build_flake(&flake, &["nixpkgs", "nix2container"])
                .unwrap();
            let image: serde_json::Value = serde_json::from_str(&text(&built)).unwrap();
            assert_eq!(image["arch"], arch, "{}", nix.name);
        }
    }
}
