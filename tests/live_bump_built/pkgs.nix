# What is taken from nixpkgs, with its formals: fixed-output derivations that the host's own git and shell build.
{ }:
let
  fod =
    name: mode: hash: script: env:
    derivation (
      {
        inherit name;
        system = builtins.currentSystem;
        builder = "/bin/sh";
        args = [
          "-ec"
          script
        ];
        PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
        GIT_CONFIG_NOSYSTEM = "1";
        GIT_ALLOW_PROTOCOL = "file";
        outputHashMode = mode;
        outputHash = if hash == "" then lib.fakeHash else hash;
      }
      // env
    );
  lib.fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
in
rec {
  inherit lib;

  fetchgit =
    {
      url,
      rev ? null,
      tag ? null,
      hash ? "",
      fetchSubmodules ? true,
      postFetch ? "",
    }:
    fod "source" "recursive" hash
      ''
        export HOME="$PWD"
        git clone -q --no-checkout "$url" "$out"
        cd "$out"
        git checkout -q --detach "$rev"
        ${if fetchSubmodules then "git -c protocol.file.allow=always submodule update -q --init" else ""}
        find . -name .git -prune -exec rm -rf {} +
        ${postFetch}
      ''
      {
        inherit url;
        rev = if tag != null then "refs/tags/${tag}" else rev;
      };

  fetchurl =
    {
      url,
      hash ? "",
      postFetch ? "",
    }:
    fod (baseNameOf url) "flat" hash ''
      cp "''${url#file://}" "$out"
      ${postFetch}
    '' { inherit url; };

  # What registries serve lies in `srv` beside this file.
  fetchPypi =
    {
      pname,
      version,
      hash ? "",
    }:
    fod "${pname}-${version}.tar.gz" "flat" hash
      ''
        cp "$srv/$file" "$out"
      ''
      {
        srv = toString ./srv;
        file = "${pname}-${version}.tar.gz";
      };

  dockerTools.pullImage =
    {
      imageName,
      imageDigest,
      sha256 ? "",
    }:
    fod "image.tar" "flat" sha256
      ''
        cp "$srv/$file" "$out"
      ''
      {
        srv = toString ./srv;
        file = builtins.replaceStrings [ ":" ] [ "-" ] imageDigest;
      };

  # Made of the modules that the source lists; a module called `broken` cannot be had.
  buildGoModule =
    {
      pname,
      version,
      src,
      vendorHash,
      modSrc ? src,
      modFile ? "go.sum",
    }:
    let
      vendor = fod "${pname}-${version}-go-modules" "recursive" vendorHash ''
        while read -r module; do
          echo "downloading $module"
          if [ "$module" = broken ]; then echo "no such module: $module" >&2; exit 3; fi
          mkdir -p "$out"
          echo "package $module" > "$out/$module"
        done < "$modSrc/$modFile"
      '' { inherit modSrc modFile; };
    in
    derivation {
      name = "${pname}-${version}";
      system = builtins.currentSystem;
      builder = "/bin/sh";
      args = [
        "-ec"
        "cp -r \"$src\" \"$out\"; chmod u+w \"$out\"; cp -r \"$vendor\" \"$out/vendor\""
      ];
      PATH = "/usr/bin:/bin";
      inherit src vendor;
    };

  # One hash for each commit that the lock file takes crates from git at, by the first of its crates.
  importCargoLock =
    {
      lockFile,
      outputHashes ? { },
    }:
    let
      packages = (builtins.fromTOML (builtins.readFile lockFile)).package;
      source = package: builtins.match "git[+]([^?#]*)[^#]*#(.*)" (package.source or "");
      key = package: "${package.name}-${package.version}";
      git = builtins.filter (package: source package != null) packages;
      known = builtins.filter (package: outputHashes ? ${key package}) git;
      commit = package: builtins.elemAt (source package) 1;
      hashes = builtins.listToAttrs (
        map (package: {
          name = commit package;
          value = outputHashes.${key package};
        }) known
      );
      unknown = builtins.filter (name: !builtins.any (package: key package == name) git) (
        builtins.attrNames outputHashes
      );
      fetched =
        package:
        fetchgit {
          url = builtins.elemAt (source package) 0;
          rev = commit package;
          hash =
            hashes.${commit package}
            or (throw "No hash was found while vendoring the git dependency ${key package}.");
        };
    in
    if unknown != [ ] then
      throw "Hash for unknown dependencies: ${toString unknown}"
    else
      derivation {
        name = "cargo-vendor-dir";
        system = builtins.currentSystem;
        builder = "/bin/sh";
        args = [
          "-ec"
          "for crate in $crates; do cat \"$crate/Cargo.toml\"; done > \"$out\""
        ];
        PATH = "/usr/bin:/bin";
        crates = map fetched git;
      };
}
