# The fetchers of nixpkgs, with its formals, as fixed-output derivations that the machine's git builds: repositories and
# files lie below `srv`, by host and by name. An argument that the real ones do not know is an error.
{ srv }:
let
  inherit (builtins)
    attrNames
    concatStringsSep
    elem
    elemAt
    filter
    fromTOML
    head
    map
    match
    readFile
    toJSON
    ;

  hashOf =
    {
      hash ? "",
      sha256 ? "",
      sha512 ? "",
      sha1 ? "",
      md5 ? "",
      ...
    }:
    if hash != "" then
      { outputHash = hash; }
    else if sha512 != "" then
      {
        outputHash = sha512;
        outputHashAlgo = "sha512";
      }
    else if sha1 != "" then
      {
        outputHash = sha1;
        outputHashAlgo = "sha1";
      }
    else if md5 != "" then
      {
        outputHash = md5;
        outputHashAlgo = "md5";
      }
    else
      {
        outputHash = sha256;
        outputHashAlgo = "sha256";
      };

  fod =
    mode: script: args: env:
    derivation (
      hashOf args
      // env
      // {
        name = args.name or "source";
        system = builtins.currentSystem;
        builder = "/bin/sh";
        args = [
          "-ec"
          (script + (args.postFetch or ""))
        ];
        outputHashMode = mode;
        PATH = "/usr/bin:/bin";
        GIT_CONFIG_NOSYSTEM = "1";
        GIT_CONFIG_GLOBAL = "/dev/null";
        GIT_CONFIG_COUNT = "1";
        GIT_CONFIG_KEY_0 = "protocol.file.allow";
        GIT_CONFIG_VALUE_0 = "always";
      }
    );

  git = "git -c safe.directory=* ";
in
rec {
  fetchgit =
    {
      url,
      rev ? null,
      tag ? null,
      hash ? "",
      sha256 ? "",
      name ? "source",
      fetchSubmodules ? true,
      postFetch ? "",
    }@args:
    fod "recursive"
      ''
        ${git} clone -q --no-checkout "$url" "$out"
        ${git} -C "$out" checkout -q --detach "$rev"
        ${if fetchSubmodules then "${git} -C \"$out\" submodule -q update --init --recursive" else ""}
        find "$out" -name .git -prune -exec rm -rf {} +
      ''
      args
      {
        inherit url;
        rev = if tag != null then "refs/tags/${tag}" else rev;
      };

  fetchFromGitHub =
    {
      owner,
      repo,
      rev ? null,
      tag ? null,
      hash ? "",
      sha256 ? "",
      sha1 ? "",
      sha512 ? "",
      name ? "source",
      postFetch ? "",
    }@args:
    fod "recursive"
      ''
        mkdir "$out"
        ${git} --git-dir "$repo" archive "$rev" | tar -x -C "$out"
      ''
      args
      {
        repo = "${srv}/github.com/${owner}/${repo}/.git";
        rev = if tag != null then "refs/tags/${tag}" else rev;
      };

  # What is at the end of the URL lies in `srv` as well.
  fetchurl =
    {
      url,
      hash ? "",
      sha256 ? "",
      sha512 ? "",
      sha1 ? "",
      md5 ? "",
      name ? baseNameOf url,
      executable ? false,
      postFetch ? "",
    }@args:
    fod (if executable then "recursive" else "flat") ''
      cp "$file" "$out"
      ${if executable then "chmod +x \"$out\"" else ""}
    '' ({ inherit name; } // args) { file = "${srv}/${baseNameOf url}"; };

  # A commit has its hash by a crate of it; a hash that is for no crate is an error.
  importCargoLock =
    {
      lockFile,
      outputHashes ? { },
    }:
    let
      isGit = package: match "git\\+.*" (package.source or "") != null;
      crates = filter isGit ((fromTOML (readFile lockFile)).package or [ ]);
      key = crate: "${crate.name}-${crate.version}";
      parts = crate: match "git\\+([^?]*)[?].*#(.*)" crate.source;
      commit = crate: elemAt (parts crate) 1;
      named =
        name:
        let
          found = filter (crate: key crate == name) crates;
        in
        if found == [ ] then
          throw "A hash was specified for ${name}, but there is no corresponding git dependency."
        else
          commit (head found);
      hash =
        crate:
        let
          hits = filter (name: named name == commit crate) (attrNames outputHashes);
        in
        if hits == [ ] then
          throw "No hash was found while vendoring the git dependency ${key crate}."
        else
          outputHashes.${head hits};
      vendored =
        crate:
        fetchgit {
          url = head (parts crate);
          rev = commit crate;
          sha256 = hash crate;
        };
    in
    assert map named (attrNames outputHashes) == map named (attrNames outputHashes);
    derivation {
      name = "cargo-vendor-dir";
      system = builtins.currentSystem;
      builder = "/bin/sh";
      args = [
        "-ec"
        "echo $crates > $out"
      ];
      crates = map vendored crates;
    };

  buildRustPackage = { pname, cargoLock }: importCargoLock cargoLock;
}
