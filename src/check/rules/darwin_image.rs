//! C612: an image that holds programs of macOS, or that says another architecture than its programs are of.

use crate::check::{Asks, Check, Doc, NixView, Place, Report, Rule, Severity};
use crate::image::{self, ImageCall, Package, System, is_oci_architecture, oci_architecture};
use crate::syntax::is_system;

pub static RULE: Rule = Rule {
    code: "C612",
    name: "darwin-image",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "An image made of a Darwin package set, or one whose architecture is not that of its packages or none that \
               OCI knows.",
        why: "On a Mac `pkgs` is a Darwin package set. An image of it builds without a complaint, says that it is for Linux, \
              and holds programs that no Linux can run: `exec format error` where it is deployed. The same comes of an \
              image that says arm64 and holds x86_64 programs.",
        bad: "packages.aarch64-darwin.image =\n  let pkgs = import nixpkgs { system = \"aarch64-darwin\"; };\n  in pkgs.dockerTools.buildLayeredImage { name = \"kingfisher\"; contents = [ pkgs.bash ]; };",
        good: "packages.aarch64-darwin.image =\n  let pkgs = import nixpkgs { system = \"aarch64-linux\"; };\n  in pkgs.dockerTools.buildLayeredImage { name = \"kingfisher\"; contents = [ pkgs.bash ]; };",
        fix: "Take what is in the image from a `*-linux` package set, built by a Linux builder or with `pkgsCross`, and say \
              `amd64` or `arm64` as that set is.",
    },
    checks: &[Check::Nix {
        words: image::WORDS,
        run,
    }],
};

/// Files that are the same everywhere.
const DATA: [&str; 7] = [
    "cacert",
    "caCertificates",
    "fakeNss",
    "iana-etc",
    "mailcap",
    "tzdata",
    "bash-completion",
];

/// A file with one of these makes some things for some systems only.
const CONDITIONS: [&str; 4] = ["isLinux", "isDarwin", "hasSuffix", "hasInfix"];

fn run(view: &NixView, report: &mut Report) {
    for image in image::images(view.library, view.file) {
        if !image.builder.makes_image() {
            continue;
        }
        let mut packages = image.contents(view.library).packages;
        packages.extend(image.in_config(view.library));
        packages.retain(|package| !DATA.contains(&package.name.as_str()));
        darwin(view, &image, &packages, report);
        architecture(view, &image, &packages, report);
    }
}

fn darwin(view: &NixView, image: &ImageCall, packages: &[Package], report: &mut Report) {
    let text = view.source().text();
    if CONDITIONS.iter().any(|word| text.contains(word)) {
        return;
    }
    let help = "take it from a `*-linux` package set, or from `pkgsCross`";
    let is_darwin = |package: &&Package| System::of(&package.names) == Some(System::Darwin);
    if let Some(package) = packages.iter().find(is_darwin) {
        if let Some(place) = view.place_in(&package.file, package.range.clone()) {
            let name = &package.name;
            let message =
                format!("`{name}` of a Darwin package set in an image, which is for Linux");
            report.add(place, message).help(help);
        }
        return;
    }
    // Where nothing is known of what is in it: of the set that its builder is from, in a file that knows no other.
    let is_known = packages
        .iter()
        .any(|package| System::of(&package.names).is_some());
    let names = image.call.function_names(view.library);
    let of_builder = names.iter().find_map(|names| System::of(names));
    let is_of_darwin = image.builder.is_docker_tools() && of_builder == Some(System::Darwin);
    // What is made for Darwin with Darwin's builder, and holds nothing of another set, is of that set whatever else is there.
    let is_certain =
        is_of_darwin && is_darwin_output(image) && !image.contents(view.library).may_hold_more;
    let has_linux = text.to_ascii_lowercase().contains("linux");
    if is_known || has_linux && !is_certain {
        return;
    }
    if is_of_darwin || is_darwin_output(image) {
        let place = Place::of(view.source(), image.call.function_range());
        let message = "an image of a Darwin package set, which no Linux can run";
        report.add(place, message).help(help);
    }
}

/// Whether it is `packages.aarch64-darwin.NAME` of a flake.
fn is_darwin_output(image: &ImageCall) -> bool {
    let path = image.call.attrpath();
    let mut last = path.iter().rev().skip(1);
    let is_darwin = |name: &String| is_system(name) && name.ends_with("-darwin");
    last.next().is_some_and(is_darwin) && last.next().is_some_and(|name| name == "packages")
}

fn architecture(view: &NixView, image: &ImageCall, packages: &[Package], report: &mut Report) {
    let name = match image.builder.is_nix2container() {
        true => "arch",
        false => "architecture",
    };
    let Some(text) = image.arguments.get(view.library, name).text() else {
        return;
    };
    let place = image.arguments.place_of(name);
    let Some(place) = place.and_then(|at| view.place_in(&at.file, at.value)) else {
        return;
    };
    let value = text.value();
    if !is_oci_architecture(&value) {
        let message = format!("`{value}` is no architecture of OCI's");
        let help = match oci_architecture(value.split('-').next().unwrap_or_default()) {
            Some(right) => format!("write `{right}`"),
            None => "write `amd64` or `arm64`".to_owned(),
        };
        report.add(place, message).help(help);
        return;
    }
    let of_packages: Vec<(&Package, Option<&str>)> = packages
        .iter()
        .filter_map(|package| match System::of(&package.names)? {
            System::Linux(architecture) => Some((package, architecture)),
            System::Darwin => None,
        })
        .collect();
    let Some((package, Some(first))) = of_packages.first() else {
        return;
    };
    let is_other = of_packages.iter().all(|(_, other)| *other == Some(first));
    if is_other && *first != value {
        let message = format!("an image for {value} with packages for {first}");
        let added = report.add(place, message);
        let added = added.help(format!(
            "write `{first}`, or take the packages from the set for {value}"
        ));
        if let Some(place) = view.place_in(&package.file, package.range.clone()) {
            added.related(place, format!("`{}` is for {first}", package.name));
        }
    }
}
