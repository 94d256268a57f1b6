# shellcheck shell=bash disable=SC2154 # ops and LOST_REV are of fleet.sh
# The mistakes that fleet.sh --faults makes, each as a person makes it, and the line where it should be found. Read by
# fleet.sh, which has `fault`, `edit` and `expect`.

make_faults() {
    local old new
    make_faults_of_pins
    make_faults_of_versions
    make_faults_of_deploying
    make_faults_of_images

    fault C001 nix/tools.nix '"aarch64-linux"' "a comma in a list" \
        's|platforms = \[ "x86_64-linux" \]|platforms = [ "x86_64-linux", "aarch64-linux" ]|'
    fault C002 argocd/manifests/ntfy/deployment.yaml 'allow C530' "an allowance that names no rule" \
        's|imagePullPolicy: IfNotPresent|& # cotter: allow C530 until the mirror has it|'
    fault C003 argocd/manifests/debug/pod.yaml 'allow C503' "an allowance that is needed no more" \
        's|netshoot:latest|netshoot:v0.13|'
}

make_faults_of_pins() {
    fault C101 nix/sources.nix "\"$(sed -n '/hosts.git/{n;s/.*"\(.\{9\}\).*/\1/p}' "$ops/nix/sources.nix")\"" \
        "a revision that is abbreviated" '/hosts.git/{n;s/"\(.\{9\}\)[^"]*"/"\1"/}'
    new=$(rev osprey deploy)
    edit containers/osprey/default.nix 's|"feature/local/our-defaults"|"deploy"|'
    fault C102 containers/osprey/default.nix "$new" "a revision that only deploy holds" \
        "s|$(rev osprey feature/local/our-defaults)|$new|"
    new=$(rev osprey feature/upstream/old-colours)
    edit containers/osprey/default.nix 's|"feature/upstream/json-output"|"feature/upstream/old-colours"|'
    fault C103 containers/osprey/default.nix "$new" "a feature that was not rebased" \
        "s|$(rev osprey feature/upstream/json-output)|$new|"
    fault C104 containers/kingfisher/default.nix "$LOST_REV" "a revision that no branch holds since it was amended" \
        "s|$(rev kingfisher feature/local/skip-build-folders)|$LOST_REV|"
    fault C105 nixos/tests/registry.nix '<nixpkgs>' "nixpkgs is looked up" \
        's|import ../../nix/pkgs.nix|import <nixpkgs>|'
    fault C106 nix/sources.nix 'fetchTarball "' "a tarball without a hash" \
        -e '/fetchTarball {/,/};/{/sha256\|};/d;s|fetchTarball {|fetchTarball|}' \
        -e '/fetchTarball$/{N;s|fetchTarball\n *url = \("[^"]*"\);.*|fetchTarball \1;|}'
    fault C107 nix/sources.nix 'fetchGit { url' "a branch without a revision" \
        '/library = /{N;N;N;N;s|fetchGit {.*};|fetchGit { url = "https://git.example.org/team/nix-library"; ref = "main"; };|}'

    fault C201 containers/siskin/default.nix 'lib.fakeHash' "a placeholder" \
        's|npmDepsHash = ".*";|npmDepsHash = pkgs.lib.fakeHash;|'
    fault C202 containers/heron/default.nix 'outputHash =' "another publishable key since the hash was verified" \
        's|pk_live_[A-Za-z0-9]*|pk_live_aGVyb24ubmV3LmV4YW1wbGUub3Jn|'
    old=$(sed -n '/repo = "badge-trust"/{n;s/.*"\(.*\)".*/\1/p}' "$ops/containers/avocet/default.nix")
    new=$(git hash-object --stdin <<<"badge-trust after the audit")
    edit containers/avocet/default.nix "s|$old|$new|"
    expect C203 containers/avocet/default.nix \
        "$(sed -n "/$new/{n;s/.*\"\(.*\)\".*/\1/p}" "$ops/containers/avocet/default.nix")" \
        "another revision and the hash of the old one"
}

make_faults_of_versions() {
    local file
    new=$(rev osprey main~1)
    old=$(rev osprey main)
    for file in containers/osprey/default.nix argocd/manifests/osprey/kustomization.yaml service-versions.yaml; do
        edit "$file" "s|\"${old:0:7}\"|\"${new:0:7}\"|"
    done
    expect C301 containers/osprey/default.nix "\"${new:0:7}\"" "the version of the revision before"
    fault C302 service-versions.yaml 'v2.10.0' "a version that is not the container's" 's|"v2.11.0"|"v2.10.0"|'
    fault C303 containers/kingfisher/Cargo.lock 'version = "0.2.1"' "a lock file that is not upstream's" \
        's|version = "0.2.0"|version = "0.2.1"|'

    fault C401 containers/dotterel/flake.nix 'nlewo/nix2container' "an input that the lock file has another of" \
        's|github:nlewo/nix2container|&/v2.1|'
    edit containers/plover/flake.lock 's|"nixos-25.05"|"nixos-unstable"|'
    fault C402 containers/plover/flake.nix 'inputs.nixpkgs.url' "not the branch of the policy" \
        's|nixos-25.05|nixos-unstable|'
}

make_faults_of_deploying() {
    fault C501 argocd/manifests/stork/nixbuild.yaml 'imageTag:' "an image of another name than the container's" \
        's|imageTag: registry.example.org/team/|imageTag: registry.example.org/ops/|'
    fault C502 argocd/manifests/shrike/deployment.yaml 'nixbuild-imageTag:' "an annotation of an image that the pod has not" \
        's|\(nixbuild-imageTag: .*\):v1.5.1|\1:v1.5.0|'
    fault C503 argocd/manifests/swift/deployment.yaml 'oauth2-proxy:latest' "whatever is latest" \
        's|oauth2-proxy:v7.6.0|oauth2-proxy:latest|'
    new=$(git -C "$ops" rev-parse --short=7 faster-dunlin)
    fault C504 argocd/manifests/dunlin/kustomization.yaml "$new" "a commit that was squashed" \
        "s|-$(git -C "$ops" rev-parse --short=7 main~1)-|-$new-|"
}

make_faults_of_images() {
    fault C601 containers/tern/default.nix 'env =' "a key in lower case" 's|Env = \[ "TZ|env = [ "TZ|'
    fault C602 containers/godwit/flake.nix 'Healthcheck' "a key that OCI does not have" \
        's|^\( *\)User = "65534:65534";|&\n\1Healthcheck.Test = [ "NONE" ];|'
    fault C603 containers/wren/default.nix 'ExposedPorts' "ports in a list" \
        '/ExposedPorts = {/{N;N;s|{.*};|[ "8200/tcp" ];|}'
    fault C604 containers/dotterel/flake.nix 'created' "a time that the builder does not take" \
        's|^\( *\)tag = version;|&\n\1created = "now";|'
    fault C605 containers/curlew/default.nix 'contents =' "curl without certificates" 's| pkgs.cacert ]| ]|'
    fault C606 containers/linnet/default.nix 'User =' "no /tmp for a user who is not root" \
        's|^\( *\)WorkingDir = .*|&\n\1User = "65534";|'
    # shellcheck disable=SC2016 # Nix's own
    fault C607 containers/merlin/default.nix '/usr/bin/env' "an interpreter that the image has not" \
        's|#!${pkgs.runtimeShell}|#!/usr/bin/env bash|'
    fault C608 containers/knot/default.nix 'enableFakechroot' "fakechroot" \
        's|enableFakechroot = false|enableFakechroot = true|'
    # shellcheck disable=SC2016 # the script's own
    fault C609 scripts/publish.sh '--dest-creds' "a token in the arguments" \
        's|^skopeo copy --authfile "$auth"|skopeo copy --dest-creds "ci:$token"|'
    fault C610 containers/shrike/flake.nix 'src = ./dist' "a folder that git ignores" 's|src = ./web;|src = ./dist;|'
    edit cotter.toml 's|^nixpkgs = "nixos-25.05"|&\ndockerfiles = "forbid"|'
    expect C611 containers/siskin/Dockerfile 'CONTAINER_APP_VERSION=4' "a Dockerfile, which policy forbids"
    # shellcheck disable=SC2016 # Nix's own
    fault C612 containers/godwit/flake.nix 'packages.aarch64-darwin' "an image for a system that runs none" \
        's|^    // flake-utils.lib.eachDefaultSystem|    // {\n      packages.aarch64-darwin.image = nixpkgs.legacyPackages.aarch64-darwin.dockerTools.buildLayeredImage {\n        name = "registry.example.org/team/godwit";\n        tag = "v${version}";\n      };\n    }\n&|'
}
