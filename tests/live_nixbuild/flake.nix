# Images made by nothing but a shell and the machine's tar, so that any Nix builds them without a package set.
{
  outputs =
    { self }:
    let
      build =
        system: name: script:
        derivation {
          inherit name system;
          builder = "/bin/sh";
          args = [
            "-euc"
            ''
              export PATH=/usr/bin:/bin
              ${script}
            ''
          ];
        };
      image =
        {
          system,
          name ? "registry.example.org/team/hello",
          architecture ? "amd64",
          more ? "",
          compress ? "cat",
        }:
        build system "image" ''
          mkdir root
          echo "made by a test" >root/made
          if [ -x /bin/busybox ]; then cp -L /bin/busybox root/busybox; fi
          ${more}
          tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C root -cf layer.tar .
          layer=$(sha256sum layer.tar | cut -d ' ' -f 1)
          printf '{"architecture":"${architecture}","os":"linux","config":{"Entrypoint":["/busybox","echo"],"Cmd":["hello from a test"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$layer" >config
          config=$(sha256sum config | cut -d ' ' -f 1)
          mv config "$config.json"
          printf '[{"Config":"%s.json","RepoTags":["${name}:old"],"Layers":["layer.tar"]}]' "$config" >manifest.json
          tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf image.tar "$config.json" layer.tar manifest.json
          ${compress} <image.tar >"$out"
        '';
      script =
        system: image:
        build system "stream" ''
          printf '#!/bin/sh\nexec cat %s\n' ${image} >"$out"
          chmod +x "$out"
        '';
      packages = system: rec {
        archive = image { inherit system; } // { stream = stream; };
        compressed = image {
          inherit system;
          compress = "gzip -n";
        };
        stream = script system (image { inherit system; });
        arm = image {
          inherit system;
          architecture = "arm64";
        };
        other = image {
          inherit system;
          name = "registry.example.org/team/another";
        };
        # Leaves a mark whenever it is built.
        marked = image {
          inherit system;
          more = "echo built >>@MARKS@";
        };
        slow = image {
          inherit system;
          more = "echo begun >>@MARKS@; sleep 600";
        };
        failing = build system "failing" ''
          echo "this cannot go well"
          exit 3
        '';
        nothing = build system "nothing" ''echo "no image" >"$out"'';
        endless = build system "endless" ''
          printf '#!/bin/sh\nexec yes\n' >"$out"
          chmod +x "$out"
        '';
        broken = build system "broken" ''
          printf '#!/bin/sh\necho failed on purpose >&2; exit 7\n' >"$out"
          chmod +x "$out"
        '';
        set = { };
        throws = throw "not today";
        impure = builtins.readFile "/etc/hostname";
      };
    in
    {
      packages.x86_64-linux = packages "x86_64-linux";
      packages.aarch64-linux = packages "aarch64-linux";
      packages.nowhere-linux = packages "nowhere-linux";
    };
}
