{
  description = "Keeps the pins and fixed-output hashes of Nix-built container images in step";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.11";

  outputs =
    { nixpkgs, ... }:
    let
      forEachSystem =
        systems: make:
        builtins.listToAttrs (
          map (system: {
            name = system;
            value = make nixpkgs.legacyPackages.${system};
          }) (builtins.filter (system: nixpkgs.legacyPackages ? ${system}) systems)
        );

      everywhere = forEachSystem [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];

      library = import ./nix;

      template = name: description: {
        path = ./templates/flake + "/${name}";
        inherit description;
      };
    in
    {
      # Functions that take the package set as an argument: `nix/default.nix` lists them.
      lib = library;

      # The library's functions with the package set filled in, as `pkgs.cotterLib`, and the program as `pkgs.cotter`.
      overlays.default = final: _: {
        cotter = final.callPackage ./nix/package.nix { };
        cotterLib =
          let
            filled = function: arguments: function ({ pkgs = final; } // arguments);
          in
          {
            sporkSource = filled library.sporkSource;
            mkPublishApps = filled library.mkPublishApps;
            image = {
              inherit (library.image) ociArchitecture;
              caBundle = library.image.caBundle { pkgs = final; };
              staticServer = filled library.image.staticServer;
              tmp = library.image.tmp { pkgs = final; };
              userFiles = filled library.image.userFiles;
            };
          };
      };

      # A module of flake-parts: `nix/flake-module.nix` says what it declares.
      flakeModules.default = import ./nix/flake-module.nix { inherit library; };

      # `nix flake init -t THIS#script`.
      templates = rec {
        script = template "script" "A shell script as an image of two architectures";
        spork = template "spork" "An image of upstream with pinned feature branches on top of it";
        publish = template "publish" "What pushes images that another file makes to a registry";
        default = script;
      };

      packages = everywhere (pkgs: {
        default = pkgs.callPackage ./nix/package.nix { };
      });

      devShells = everywhere (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.cargo
            pkgs.clippy
            pkgs.rustc
            pkgs.rustfmt
            pkgs.shellcheck
          ];
        };
      });

      formatter = everywhere (pkgs: pkgs.nixfmt);
    };
}
