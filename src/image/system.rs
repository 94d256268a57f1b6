//! Which system a package is of, as far as the names tell that lead to it.

use crate::syntax::is_system;

/// The names of architectures that OCI knows: Go's.
const ARCHITECTURES: &[&str] = &[
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64",
    "ppc64le", "riscv64", "s390x", "wasm",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    Darwin,
    /// With OCI's name of its architecture, where that is known.
    Linux(Option<&'static str>),
}

impl System {
    /// Of the package that `names` lead to. What stands nearer to the package counts: `pkgsCross` of whatever set.
    pub fn of(names: &[Option<String>]) -> Option<System> {
        for (at, name) in names.iter().enumerate().rev() {
            let Some(name) = name else {
                continue;
            };
            let before = at.checked_sub(1).and_then(|at| names.get(at)?.as_deref());
            if before == Some("pkgsCross") {
                return System::of_cross(name);
            }
            let lower = name.to_ascii_lowercase();
            // Names such as `pkgsLinux` and `linuxPkgs` say what they are; `darwin` may be an input of a flake.
            if lower.contains("linux") {
                return Some(System::Linux(architecture(&lower)));
            }
            let is_triple = lower.ends_with("-apple-darwin");
            if is_triple || is_system(name) && lower.ends_with("-darwin") {
                return Some(System::Darwin);
            }
        }
        None
    }

    fn of_cross(name: &str) -> Option<System> {
        match name {
            "aarch64-multiplatform" | "aarch64-multiplatform-musl" => {
                Some(System::Linux(Some("arm64")))
            }
            "gnu64" | "musl64" => Some(System::Linux(Some("amd64"))),
            name if name.ends_with("-darwin") => Some(System::Darwin),
            _ => None,
        }
    }
}

/// OCI's name for what `name` begins with: `amd64` for `x86_64-linux`.
fn architecture(name: &str) -> Option<&'static str> {
    oci_architecture(name.split('-').next()?)
}

/// What OCI calls the architecture that Nix, or uname, calls `name`.
pub fn oci_architecture(name: &str) -> Option<&'static str> {
    Some(match name {
        "x86_64" | "x86-64" | "x64" => "amd64",
        "aarch64" => "arm64",
        "i686" | "i386" | "x86" => "386",
        "armv6l" | "armv7l" | "armv7" | "armhf" => "arm",
        "powerpc64le" => "ppc64le",
        _ => return None,
    })
}

pub fn is_oci_architecture(name: &str) -> bool {
    ARCHITECTURES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str) -> Option<System> {
        let names: Vec<Option<String>> =
            path.split(' ').map(|name| Some(name.to_owned())).collect();
        System::of(&names)
    }

    #[test]
    fn what_stands_nearest_to_the_package_counts() {
        assert_eq!(
            of("nixpkgs legacyPackages aarch64-darwin curl"),
            Some(System::Darwin)
        );
        assert_eq!(
            of("nixpkgs aarch64-darwin pkgsCross aarch64-multiplatform curl"),
            Some(System::Linux(Some("arm64")))
        );
        assert_eq!(
            of("pkgs pkgsCross x86_64-darwin curl"),
            Some(System::Darwin)
        );
        assert_eq!(
            of("nixpkgs x86_64-linux curl"),
            Some(System::Linux(Some("amd64")))
        );
        assert_eq!(
            of("nixpkgs aarch64-darwin pkgsLinux curl"),
            Some(System::Linux(None))
        );
        assert_eq!(of("inputs darwin lib"), None);
        assert_eq!(of("pkgs curl"), None);
    }
}
