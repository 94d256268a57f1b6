//! The builders of languages: the projects in `fixtures/image_sources`, built, put into an image, and asked.

use std::path::PathBuf;

use crate::assert_answers;
use crate::support::images::{self, Nix};

fn source(kind: &str) -> String {
    images::source(kind).display().to_string()
}

/// An expression with the package set in scope and `src`, a project's folder.
fn of(kind: &str, body: &str) -> String {
    format!(
        "with import <nixpkgs> {{ }}; let src = {}; pname = \"answer\"; version = \"0.1.0\"; in {body}",
        source(kind)
    )
}

/// Runs `command`, of a package built by `body`, in an image that answers.
fn image(kind: &str, body: &str, command: &str) -> String {
    of(
        kind,
        &format!(
            r#"let package = {body}; in dockerTools.streamLayeredImage {{ name = "{kind}"; config.Cmd = [ {command} ]; }}"#
        ),
    )
}

/// Builds a package whose hash stands as `HASH`, once with a placeholder, to be told the hash, and once with that.
fn hashed(nix: &Nix, expression: &str) -> PathBuf {
    let error = nix
        .build_expression(&expression.replace("HASH", "lib.fakeHash"))
        .unwrap_err();
    let got = error
        .lines()
        .find_map(|line| line.trim().strip_prefix("got:"));
    let got = got.unwrap_or_else(|| panic!("{error}")).trim();
    nix.build_expression(&expression.replace("HASH", &format!("{got:?}")))
        .unwrap()
}

fn index(built: &std::path::Path) -> String {
    std::fs::read_to_string(built.join("index.html")).unwrap()
}

#[test]
fn rust() {
    let package = r#"rustPlatform.buildRustPackage {
      inherit pname version src;
      cargoLock.lockFile = src + "/Cargo.lock";
      buildFeatures = [ "loud" ];
      meta.mainProgram = "answer";
    }"#;
    for nix in images::all() {
        let image = image("rust", package, "(lib.getExe package)");
        assert_answers(&nix.image(&image).unwrap(), "RUST ANSWERS");
        nix.build_again(&["-E", &of("rust", package)]).unwrap();
        let vendored = of(
            "rust",
            "rustPlatform.buildRustPackage { inherit pname version src; cargoHash = HASH; doCheck = false; }",
        );
        assert!(hashed(&nix, &vendored).join("bin/answer").is_file());
    }
}

#[test]
fn go() {
    let package = r#"buildGoModule {
      inherit pname version src;
      vendorHash = null;
      ldflags = [ "-s" "-w" "-X main.version=${version}" ];
      env.CGO_ENABLED = 0;
    }"#;
    for nix in images::all() {
        let image = image("go", package, r#""${package}/bin/answer""#);
        assert_answers(&nix.image(&image).unwrap(), "go answers 0.1.0");
        let cross = of(
            "go",
            &format!("with pkgsCross.aarch64-multiplatform; {package}"),
        );
        let program = nix.build_expression(&cross).unwrap().join("bin/answer");
        assert_eq!(
            std::fs::read(program).unwrap()[18],
            183,
            "an AArch64 program"
        );
    }
}

#[test]
fn a_go_program_that_loads_the_c_library() {
    let package =
        "buildGoModule { inherit pname version src; vendorHash = null; doCheck = false; }";
    for nix in images::all() {
        let image = image("go", package, r#""${package}/bin/answer""#);
        assert_answers(&nix.image(&image).unwrap(), "go answers unset");
    }
}

#[test]
fn npm() {
    let package = r#"buildNpmPackage {
      inherit pname version src;
      npmDepsHash = HASH;
      env.GREETING = " you";
      installPhase = "runHook preInstall; cp -r dist $out; runHook postInstall";
    }"#;
    for nix in images::all() {
        let built = hashed(&nix, &of("npm", package));
        assert_eq!(index(&built), "<p>npm answers you</p>\n");
    }
}

#[test]
fn pnpm() {
    let package = r#"stdenv.mkDerivation (finalAttrs: {
      inherit pname version src;
      nativeBuildInputs = [ nodejs pnpm pnpmConfigHook ];
      pnpmDeps = fetchPnpmDeps {
        inherit (finalAttrs) pname version src;
        fetcherVersion = 2;
        hash = HASH;
      };
      buildPhase = "runHook preBuild; pnpm build; runHook postBuild";
      installPhase = "runHook preInstall; cp -r dist $out; runHook postInstall";
    })"#;
    for nix in images::all() {
        let built = hashed(&nix, &of("pnpm", package));
        assert_eq!(index(&built), "<p>pnpm answers</p>\n");
        let older = package
            .replace("fetchPnpmDeps", "pnpm.fetchDeps")
            .replace("pnpmConfigHook", "pnpm.configHook");
        assert_eq!(hashed(&nix, &of("pnpm", &older)), built);
    }
}

#[test]
fn yarn() {
    let package = r#"stdenv.mkDerivation (finalAttrs: {
      inherit pname version src;
      yarnOfflineCache = fetchYarnDeps { yarnLock = finalAttrs.src + "/yarn.lock"; hash = HASH; };
      nativeBuildInputs = [ nodejs yarn yarnConfigHook yarnBuildHook ];
      installPhase = "runHook preInstall; cp -r dist $out; runHook postInstall";
    })"#;
    for nix in images::all() {
        let built = hashed(&nix, &of("yarn", package));
        assert_eq!(index(&built), "<p>yarn answers</p>\n");
    }
}

#[test]
fn bun() {
    let package = r#"stdenv.mkDerivation {
      inherit pname version src;
      nativeBuildInputs = [ bun ];
      buildPhase = "export HOME=$TMPDIR; bun run build";
      installPhase = "mkdir -p $out; cp dist/* $out/";
    }"#;
    for nix in images::all() {
        let image = image(
            "bun",
            package,
            r#""${bun}/bin/bun" "run" "${package}/index.js""#,
        );
        assert_answers(&nix.image(&image).unwrap(), "bun answers");
    }
}

#[test]
fn node_runs_in_an_image() {
    let package = r#"writeTextDir "answer.js" ''
      require("http").createServer((_, response) => response.end("node answers\n")).listen(process.env.PORT, "127.0.0.1");
    ''"#;
    for nix in images::all() {
        let image = image(
            "npm",
            package,
            r#""${nodejs}/bin/node" "${package}/answer.js""#,
        );
        assert_answers(&nix.image(&image).unwrap(), "node answers");
    }
}

#[test]
fn python() {
    let package = "python312.withPackages (ps: [ ps.requests ps.fastapi ])";
    for nix in images::all() {
        let image = image(
            "python",
            package,
            r#""${package}/bin/python3" "${src}/answer.py""#,
        );
        assert_answers(&nix.image(&image).unwrap(), "python answers");
        let imports = of(
            "python",
            &format!(
                r#"runCommand "x" {{ }} "${{{package}}}/bin/python3 -c 'import fastapi, pydantic, requests, ssl, sqlite3' >$out""#
            ),
        );
        nix.build_expression(&imports).unwrap();
    }
}

#[test]
fn hugo() {
    let package = r#"stdenv.mkDerivation {
      inherit pname version src;
      nativeBuildInputs = [ hugo ];
      buildPhase = "hugo --destination $out";
      dontInstall = true;
    }"#;
    for nix in images::all() {
        let built = nix.build_expression(&of("hugo", package)).unwrap();
        assert!(index(&built).contains("<p>hugo answers</p>"));
    }
}

#[test]
fn a_folder_of_files() {
    let package = r#"runCommand "site" { } "cp -r ${lib.cleanSource src} $out""#;
    for nix in images::all() {
        let built = nix.build_expression(&of("static", package)).unwrap();
        assert!(index(&built).contains("static answers"));
    }
}
