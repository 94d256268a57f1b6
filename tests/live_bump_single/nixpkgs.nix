# The fetchers of nixpkgs, with its formals: fixed-output derivations that take the files from the repositories below
# `srv` as the real ones take them from a forge. An argument that the real ones do not know is an error.
{ srv, path }:
let
  hashOf =
    {
      hash ? "",
      sha256 ? "",
      sha512 ? "",
      sha1 ? "",
      ...
    }:
    if hash != "" then
      {
        outputHash = hash;
        outputHashAlgo = null;
      }
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
    else
      {
        outputHash = sha256;
        outputHashAlgo = "sha256";
      };
  fod =
    script: repo: rev: args:
    let
      hash = hashOf args;
    in
    derivation (
      {
        name = args.name or "source";
        system = builtins.currentSystem;
        builder = "/bin/sh";
        args = [
          "-ec"
          script
        ];
        outputHashMode = "recursive";
        inherit (hash) outputHash;
        inherit repo rev;
        PATH = path;
        GIT_CONFIG_NOSYSTEM = "1";
      }
      // (if hash.outputHashAlgo == null then { } else { inherit (hash) outputHashAlgo; })
    );
  archive = fod ''mkdir "$out"; git -C "$repo" archive "$rev" | tar -x -C "$out"'';
  checkout = fod ''
    git clone -q --no-checkout "file://$repo" "$out"
    git -C "$out" checkout -q --detach "$rev"
    rm -rf "$out/.git"
  '';
  revOf =
    {
      rev ? null,
      tag ? null,
      ...
    }:
    if tag != null then "refs/tags/${tag}" else rev;
  below = builtins.replaceStrings [ "https://" "https://git.sr.ht" ] [ "${srv}/" "${srv}/git.sr.ht" ];
  forge = url: args: archive "${srv}/${url}" (revOf args) args;
in
{
  fetchFromGitHub =
    {
      owner,
      repo,
      rev ? null,
      tag ? null,
      name ? "source",
      hash ? "",
      sha256 ? "",
      sha512 ? "",
      sha1 ? "",
      githubBase ? "github.com",
      fetchSubmodules ? false,
      meta ? { },
    }@args:
    forge "${githubBase}/${owner}/${repo}" args;
  fetchFromGitLab =
    {
      owner,
      repo,
      rev ? null,
      tag ? null,
      domain ? "gitlab.com",
      group ? null,
      hash ? "",
      sha256 ? "",
    }@args:
    forge "${domain}/${if group == null then "" else "${group}/"}${owner}/${repo}" args;
  fetchFromGitea =
    {
      domain,
      owner,
      repo,
      rev ? null,
      tag ? null,
      hash ? "",
      sha256 ? "",
    }@args:
    forge "${domain}/${owner}/${repo}" args;
  fetchFromCodeberg =
    {
      owner,
      repo,
      rev ? null,
      tag ? null,
      hash ? "",
      sha256 ? "",
    }@args:
    forge "codeberg.org/${owner}/${repo}" args;
  fetchFromSourcehut =
    {
      owner,
      repo,
      rev,
      domain ? "sr.ht",
      vc ? "git",
      hash ? "",
      sha256 ? "",
    }@args:
    forge "git.${domain}/${owner}/${repo}" args;
  fetchFromBitbucket =
    {
      owner,
      repo,
      rev ? null,
      tag ? null,
      hash ? "",
      sha256 ? "",
    }@args:
    forge "bitbucket.org/${owner}/${repo}" args;
  fetchFromGitiles =
    {
      url,
      rev ? null,
      tag ? null,
      hash ? "",
      sha256 ? "",
    }@args:
    archive (below url) (revOf args) args;
  fetchgit =
    {
      url,
      rev ? null,
      tag ? null,
      hash ? "",
      sha256 ? "",
      fetchSubmodules ? true,
      leaveDotGit ? false,
    }@args:
    checkout (below url) (revOf args) args;
  # An archive of GitHub's: OWNER/REPO/archive/REV.tar.gz, with or without `refs/tags/`.
  fetchzip =
    {
      url,
      hash ? "",
      sha256 ? "",
    }@args:
    let
      parts = builtins.match "https://(.*)/archive/(.*)[.]tar[.]gz" url;
    in
    archive "${srv}/${builtins.elemAt parts 0}" (builtins.elemAt parts 1) args;
}
