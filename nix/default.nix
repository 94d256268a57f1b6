# cotter's library for Nix expressions that people write by hand. It is the flake's output `lib`; without flakes,
# `import ./nix`. Nothing in it depends on a package set: a function that needs one takes it as its argument `pkgs`.
{
  # Upstream with pinned feature branches on top of it, as one source tree.
  sporkSource = import ./spork/source.nix;

  # The parts of an image that its builder does not give.
  image = import ./image;

  # Flake apps that push the images of several architectures to a registry, under one tag.
  mkPublishApps = import ./publish.nix;
}
