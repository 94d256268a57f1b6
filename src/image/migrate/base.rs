//! The base images that are known: what each brings that an image of Nix has to have too.

use crate::manifest::image_ref;

/// What a base image is there for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// The files of a distribution, or none.
    None,
    /// With the interpreter's attribute in nixpkgs, where there is one of that version.
    Python(Option<String>),
    /// The same for node.
    Node(Option<String>),
    Bun,
    Go,
    Rust {
        is_nightly: bool,
    },
    Hugo,
    Nginx,
    /// A service whose package is the image: its attribute and program.
    Service {
        attr: &'static str,
        program: &'static str,
    },
    /// A toolchain or runtime that no source kind is for.
    Other(&'static str),
}

/// The tools that a script finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tools {
    None,
    Busybox,
    Gnu,
}

/// A user that the image has, and runs as where it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownUser {
    pub name: &'static str,
    pub uid: u32,
    pub home: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    pub runtime: Runtime,
    pub tools: Tools,
    pub env: Vec<(&'static str, String)>,
    pub entrypoint: Vec<&'static str>,
    pub cmd: Vec<&'static str>,
    pub ports: Vec<&'static str>,
    pub volumes: Vec<&'static str>,
    /// Users beside root.
    pub users: Vec<KnownUser>,
    /// The one that it runs as.
    pub user: Option<KnownUser>,
    pub workdir: &'static str,
    pub stop_signal: Option<&'static str>,
}

/// What Debian and Alpine set, and Docker where nothing is set.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const NOBODY: KnownUser = KnownUser {
    name: "nobody",
    uid: 65534,
    home: "/",
};
const NONROOT: KnownUser = KnownUser {
    name: "nonroot",
    uid: 65532,
    home: "/home/nonroot",
};

/// The registries and folders of Docker's own images, and copies of them.
const OFFICIAL: &[&str] = &[
    "docker.io/library/",
    "index.docker.io/library/",
    "registry-1.docker.io/library/",
    "public.ecr.aws/docker/library/",
    "mirror.gcr.io/library/",
    "library/",
    "docker.io/",
];

/// The image `image`, where it is known.
pub fn known(image: &str) -> Option<Base> {
    let read = image_ref::read(image);
    let name = read.name_in(image);
    let tag = read.tag_in(image).unwrap_or_default();
    let short = OFFICIAL
        .iter()
        .find_map(|start| name.strip_prefix(start))
        .unwrap_or(name);
    if let Some(kind) = name.strip_prefix("gcr.io/distroless/") {
        return Some(distroless(kind, tag));
    }
    let tools = match tag {
        tag if tag.contains("alpine") => Tools::Busybox,
        _ => Tools::Gnu,
    };
    let mut base = Base::new(Runtime::None, tools);
    match short {
        "scratch" => base.tools = Tools::None,
        "alpine" | "busybox" => base.tools = Tools::Busybox,
        "debian" | "ubuntu" | "buildpack-deps" | "bitnami/minideb" => {}
        "bash" => base.tools = Tools::Gnu,
        "python" => {
            let version = version(tag);
            base.runtime = Runtime::Python(python(&version));
            base.cmd = vec!["python3"];
            if version.get(1).is_some_and(|minor| *minor <= 12) {
                base.env.push(("LANG", "C.UTF-8".to_owned()));
            }
        }
        "node" => {
            base.runtime = Runtime::Node(node(&version(tag)));
            base.entrypoint = vec!["docker-entrypoint.sh"];
            base.cmd = vec!["node"];
            base.users = vec![user("node", 1000, "/home/node")];
        }
        "oven/bun" => {
            base.runtime = Runtime::Bun;
            base.entrypoint = vec!["/usr/local/bin/docker-entrypoint.sh"];
            base.cmd = vec!["/usr/local/bin/bun"];
            base.users = vec![user("bun", 1000, "/home/bun")];
            base.workdir = "/home/bun/app";
        }
        "golang" => {
            base.runtime = Runtime::Go;
            base.workdir = "/go";
            base.env.push(("GOPATH", "/go".to_owned()));
            base.env
                .push(("PATH", format!("/go/bin:/usr/local/go/bin:{PATH}")));
        }
        "rust"
        | "clux/muslrust"
        | "messense/rust-musl-cross"
        | "ekidd/rust-musl-builder"
        | "rustlang/rust" => {
            base.runtime = Runtime::Rust {
                is_nightly: tag.contains("nightly"),
            };
            base.env.push(("CARGO_HOME", "/usr/local/cargo".to_owned()));
            base.env
                .push(("PATH", format!("/usr/local/cargo/bin:{PATH}")));
            base.workdir = match short {
                "clux/muslrust" => "/volume",
                "messense/rust-musl-cross" | "ekidd/rust-musl-builder" => "/home/rust/src",
                _ => "/",
            };
        }
        "lukemathwalker/cargo-chef" => {
            base.runtime = Runtime::Rust {
                is_nightly: tag.contains("nightly"),
            };
        }
        "hugomods/hugo"
        | "klakegg/hugo"
        | "floryn90/hugo"
        | "ghcr.io/gohugoio/hugo"
        | "peaceiris/hugo" => {
            base.runtime = Runtime::Hugo;
            base.workdir = match short {
                "ghcr.io/gohugoio/hugo" => "/project",
                _ => "/src",
            };
        }
        "nginx" => {
            base = nginx(base);
            base.ports = vec!["80/tcp"];
        }
        "nginxinc/nginx-unprivileged" => {
            base = nginx(base);
            base.ports = vec!["8080/tcp"];
            base.user = Some(user("nginx", 101, "/nonexistent"));
        }
        "redis" => {
            base = service(
                base,
                "redis",
                "redis-server",
                &["6379/tcp"],
                &["/data"],
                "/data",
            )
        }
        "memcached" => {
            base = service(base, "memcached", "memcached", &["11211/tcp"], &[], "/");
            base.user = Some(user("memcache", 11211, "/"));
        }
        "caddy" => {
            base = service(
                base,
                "caddy",
                "caddy",
                &["80/tcp", "443/tcp", "443/udp", "2019/tcp"],
                &[],
                "/srv",
            );
            base.cmd = vec![
                "caddy",
                "run",
                "--config",
                "/etc/caddy/Caddyfile",
                "--adapter",
                "caddyfile",
            ];
            base.env.push(("XDG_CONFIG_HOME", "/config".to_owned()));
            base.env.push(("XDG_DATA_HOME", "/data".to_owned()));
        }
        "haproxy" => {
            base = service(base, "haproxy", "haproxy", &[], &[], "/");
            base.cmd = vec!["haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"];
            base.stop_signal = Some("SIGUSR1");
        }
        "traefik" => {
            base = service(base, "traefik", "traefik", &["80/tcp"], &[], "/");
        }
        "nats" => {
            base = service(
                base,
                "nats-server",
                "nats-server",
                &["4222/tcp", "6222/tcp", "8222/tcp"],
                &[],
                "/",
            );
        }
        "httpd" => base.runtime = Runtime::Other("Apache's web server"),
        "postgres" | "mysql" | "mariadb" | "mongo" | "rabbitmq" => {
            base.runtime = Runtime::Other("a service that is set up by the image's own script");
        }
        "openjdk" | "eclipse-temurin" | "amazoncorretto" | "maven" | "gradle" | "tomcat" => {
            base.runtime = Runtime::Other("Java");
        }
        "php" | "composer" => base.runtime = Runtime::Other("PHP"),
        "ruby" => base.runtime = Runtime::Other("Ruby"),
        "perl" => base.runtime = Runtime::Other("Perl"),
        "elixir" | "erlang" => base.runtime = Runtime::Other("Erlang"),
        "haskell" => base.runtime = Runtime::Other("Haskell"),
        "denoland/deno" => base.runtime = Runtime::Other("Deno"),
        "mcr.microsoft.com/dotnet/sdk"
        | "mcr.microsoft.com/dotnet/aspnet"
        | "mcr.microsoft.com/dotnet/runtime" => {
            base.runtime = Runtime::Other(".NET");
        }
        _ => return None,
    }
    Some(base)
}

impl Base {
    fn new(runtime: Runtime, tools: Tools) -> Base {
        Base {
            runtime,
            tools,
            env: Vec::new(),
            entrypoint: Vec::new(),
            cmd: Vec::new(),
            ports: Vec::new(),
            volumes: Vec::new(),
            users: Vec::new(),
            user: None,
            workdir: "/",
            stop_signal: None,
        }
    }

    /// A user that it has, by its name or number.
    pub fn user_named(&self, name: &str) -> Option<KnownUser> {
        let all = self.users.iter().chain(&self.user).copied().chain([NOBODY]);
        all.into_iter()
            .find(|user| user.name == name || user.uid.to_string() == name)
    }
}

fn user(name: &'static str, uid: u32, home: &'static str) -> KnownUser {
    KnownUser { name, uid, home }
}

fn nginx(base: Base) -> Base {
    Base {
        runtime: Runtime::Nginx,
        entrypoint: vec!["/docker-entrypoint.sh"],
        cmd: vec!["nginx", "-g", "daemon off;"],
        users: vec![user("nginx", 101, "/nonexistent")],
        stop_signal: Some("SIGQUIT"),
        ..base
    }
}

fn service(
    base: Base,
    attr: &'static str,
    program: &'static str,
    ports: &[&'static str],
    volumes: &[&'static str],
    workdir: &'static str,
) -> Base {
    Base {
        runtime: Runtime::Service { attr, program },
        cmd: vec![program],
        ports: ports.to_vec(),
        volumes: volumes.to_vec(),
        workdir,
        ..base
    }
}

/// `static-debian12:nonroot`, `python3-debian12`, `cc`.
fn distroless(kind: &str, tag: &str) -> Base {
    let runtime = match kind.split('-').next().unwrap_or_default() {
        "python3" => Runtime::Python(Some("python3".to_owned())),
        kind if kind.starts_with("nodejs") => {
            let digits: String = kind.chars().filter(char::is_ascii_digit).collect();
            Runtime::Node(node(&version(&digits)))
        }
        kind if kind.starts_with("java") => Runtime::Other("Java"),
        _ => Runtime::None,
    };
    let mut base = Base::new(runtime, Tools::None);
    match &base.runtime {
        Runtime::Python(_) => base.entrypoint = vec!["/usr/bin/python3"],
        Runtime::Node(_) => base.entrypoint = vec!["/nodejs/bin/node"],
        _ => {}
    }
    base.users = vec![NONROOT];
    if tag.contains("nonroot") {
        base.user = Some(NONROOT);
        base.workdir = "/home/nonroot";
    }
    base
}

/// The numbers that `tag` begins with.
fn version(tag: &str) -> Vec<u32> {
    let end = tag
        .find(|sign: char| !(sign.is_ascii_digit() || sign == '.'))
        .unwrap_or(tag.len());
    let numbers = tag.get(..end).unwrap_or_default().split('.');
    numbers.map_while(|number| number.parse().ok()).collect()
}

/// The versions that nixpkgs has.
fn python(version: &[u32]) -> Option<String> {
    match version {
        [] | [3] => Some("python3".to_owned()),
        [3, minor @ 11..=14, ..] => Some(format!("python3{minor}")),
        _ => None,
    }
}

fn node(version: &[u32]) -> Option<String> {
    match version {
        [] => Some("nodejs".to_owned()),
        [major @ (20 | 22 | 24), ..] => Some(format!("nodejs_{major}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_of_the_tag() {
        let python = |attr: &str| Runtime::Python(Some(attr.to_owned()));
        for (image, wanted) in [
            ("python:3.12-alpine", python("python312")),
            (
                "docker.io/library/python:3.13.1-slim@sha256:00",
                python("python313"),
            ),
            ("python", python("python3")),
            ("python:3-slim", python("python3")),
            ("python:2.7", Runtime::Python(None)),
            ("node:22-alpine", Runtime::Node(Some("nodejs_22".into()))),
            ("node:lts", Runtime::Node(Some("nodejs".into()))),
            (
                "gcr.io/distroless/nodejs20-debian12",
                Runtime::Node(Some("nodejs_20".into())),
            ),
            ("scratch", Runtime::None),
        ] {
            assert_eq!(known(image).unwrap().runtime, wanted, "{image}");
        }
        assert_eq!(known("registry.example.org/team/base:1"), None);
        assert_eq!(known("registry.example.org/python:3.12"), None);
        let nonroot = known("gcr.io/distroless/static-debian12:nonroot").unwrap();
        assert_eq!(nonroot.user.map(|user| user.uid), Some(65532));
        assert_eq!(nonroot.tools, Tools::None);
    }
}
