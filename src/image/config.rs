//! The keys of an image's config, and the shapes of their values: `config` of the OCI image specification, and what
//! Docker adds to it.

/// What a key's value has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Text,
    /// A list of strings.
    Texts,
    /// A list of `NAME=value`.
    Environment,
    /// A set of strings.
    Labels,
    /// `{ "8080/tcp" = { }; }`
    Ports,
    /// `{ "/data" = { }; }`
    Paths,
    Bool,
    Number,
    Set,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    pub name: &'static str,
    pub wanted: Wanted,
    /// Whether only Docker knows it: not OCI, and so not nix2container, which drops it.
    pub is_docker_only: bool,
}

const fn oci(name: &'static str, wanted: Wanted) -> Key {
    Key {
        name,
        wanted,
        is_docker_only: false,
    }
}

const fn docker(name: &'static str, wanted: Wanted) -> Key {
    Key {
        name,
        wanted,
        is_docker_only: true,
    }
}

/// Source: `specs-go/v1/config.go` of the OCI image specification, and Docker's image specification v1.2 with its
/// engine's container config.
pub const KEYS: &[Key] = &[
    oci("User", Wanted::Text),
    oci("ExposedPorts", Wanted::Ports),
    oci("Env", Wanted::Environment),
    oci("Entrypoint", Wanted::Texts),
    oci("Cmd", Wanted::Texts),
    oci("Volumes", Wanted::Paths),
    oci("WorkingDir", Wanted::Text),
    oci("Labels", Wanted::Labels),
    oci("StopSignal", Wanted::Text),
    oci("ArgsEscaped", Wanted::Bool),
    docker("Healthcheck", Wanted::Set),
    docker("Shell", Wanted::Texts),
    docker("OnBuild", Wanted::Texts),
    docker("StopTimeout", Wanted::Number),
    docker("Memory", Wanted::Number),
    docker("MemorySwap", Wanted::Number),
    docker("CpuShares", Wanted::Number),
    docker("Hostname", Wanted::Text),
    docker("Domainname", Wanted::Text),
    docker("AttachStdin", Wanted::Bool),
    docker("AttachStdout", Wanted::Bool),
    docker("AttachStderr", Wanted::Bool),
    docker("Tty", Wanted::Bool),
    docker("OpenStdin", Wanted::Bool),
    docker("StdinOnce", Wanted::Bool),
    docker("Image", Wanted::Text),
    docker("NetworkDisabled", Wanted::Bool),
    docker("MacAddress", Wanted::Text),
];

impl Key {
    pub fn of(name: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// The key that differs from `name` in the case of its letters only.
    pub fn in_other_case(name: &str) -> Option<&'static Key> {
        KEYS.iter()
            .find(|key| key.name != name && key.name.eq_ignore_ascii_case(name))
    }
}

/// A port as `ExposedPorts` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// `8080`, `8080/tcp`, `8000-8010/udp`
    Good,
    Bad,
}

/// Whether `text` is a port that `ExposedPorts` may name: a number from 1 to 65535, or a range of them, with or
/// without a protocol.
pub fn port(text: &str) -> Port {
    let (numbers, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let is_protocol = matches!(protocol, "tcp" | "udp" | "sctp");
    let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
    let number = |text: &str| {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|n| is_plain && *n > 0)
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if is_protocol && first <= last => Port::Good,
        _ => Port::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports() {
        for good in ["8080", "8080/tcp", "53/udp", "8000-8010/tcp", "65535/sctp"] {
            assert_eq!(port(good), Port::Good, "{good}");
        }
        for bad in [
            "",
            "/tcp",
            "http",
            "0/tcp",
            "65536",
            "8080:8080",
            "8080/TCP ",
            "80/http",
            "9-8",
            "+80",
        ] {
            assert_eq!(port(bad), Port::Bad, "{bad}");
        }
    }

    #[test]
    fn a_key_is_known_by_its_exact_name() {
        assert!(Key::of("Env").is_some());
        assert!(Key::of("env").is_none());
        assert_eq!(
            Key::in_other_case("exposedPorts").map(|k| k.name),
            Some("ExposedPorts")
        );
        assert_eq!(Key::in_other_case("Env"), None);
        assert_eq!(Key::in_other_case("ports"), None);
    }
}
