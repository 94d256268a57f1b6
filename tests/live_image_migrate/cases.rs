//! Dockerfiles of `fixtures/image_migrate` of each kind of source.

use serde_json::{Value, json};

use crate::expected::has_config;
use crate::support::container;
use crate::support::image::Image;
use crate::support::image_project::Project;
use crate::support::images;

const CA: &str = "SSL_CERT_FILE=/etc/ssl/certs/ca-bundle.crt";

/// Says where it is and as whom it runs.
const BRIDGE: &str = r#"import http.server, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{os.getcwd()} {os.getuid()}\n".encode())

http.server.HTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"#;

enum Does {
    /// Answers at the port with this.
    Answers(u16, &'static str),
    /// Prints this and ends.
    Prints(&'static str),
}

/// A Dockerfile that leaves nothing to decide: what it says of the config, and what a container of it does.
struct Case {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    builder: &'static str,
    config: Value,
    does: Does,
}

fn nginx() -> Value {
    json!(["*/bin/nginx", "-e", "stderr", "-c", "*-nginx.conf"])
}

#[test]
fn python_script_alone() {
    Case {
        name: "python-script-alone",
        files: &[("bridge.py", BRIDGE)],
        builder: "stream",
        config: json!({
            "Entrypoint": ["*/bin/python3", "/bridge.py"],
            "Env": ["LANG=C.UTF-8", "PORT=8080", "PYTHONUNBUFFERED=1", CA],
            "User": "65534:65534",
            "WorkingDir": "/",
        }),
        does: Does::Answers(8080, "/ 65534\n"),
    }
    .try_out();
}

#[test]
fn python_own_places() {
    Case {
        name: "python-own-places",
        files: &[],
        builder: "nix2container",
        config: json!({
            "Entrypoint": ["*/bin/python3", "/report.py"],
            "Cmd": ["--conf", "/etc/report/report.yaml", "--out", "/data"],
            "Env": ["TEMPLATES=/templates", CA],
            "Volumes": { "/data": {} },
            "WorkingDir": "/",
        }),
        does: Does::Prints("of: all\n /data\n"),
    }
    .try_out();
}

#[test]
fn python_beside() {
    Case {
        name: "python-beside",
        files: &[],
        builder: "layered",
        config: json!({
            "Entrypoint": ["*/bin/python3", "-m", "nightly"],
            "Env": ["PYTHONPATH=/srv/jobs", CA],
            "WorkingDir": "/data",
        }),
        does: Does::Prints("nightly in /data\n"),
    }
    .try_out();
}

#[test]
fn python_src_main() {
    Case {
        name: "python-src-main",
        files: &[],
        builder: "layered",
        config: json!({
            "Entrypoint": ["*/bin/python3", "-m", "main"],
            "Env": ["PYTHONPATH=/work/src", CA],
            "User": "1001",
            "WorkingDir": "/work",
        }),
        does: Does::Prints("says good day\n"),
    }
    .try_out();
}

#[test]
fn python_venv_stages() {
    Case {
        name: "python-venv-stages",
        files: &[],
        builder: "nix2container",
        config: json!({
            "Entrypoint": ["*/bin/python3", "-m", "worker"],
            "Cmd": ["--queue", "default"],
            "Env": ["LANG=C.UTF-8", CA],
            "WorkingDir": "/app",
        }),
        does: Does::Prints("works on default with redis\n"),
    }
    .try_out();
}

#[test]
fn go_distroless() {
    Case {
        name: "go-distroless",
        files: &[],
        builder: "layered",
        config: json!({
            "Entrypoint": ["*/bin/server"],
            "Env": [CA],
            "ExposedPorts": { "8080/tcp": {}, "9090/tcp": {} },
            "User": "65532:65532",
            "WorkingDir": "/home/nonroot",
        }),
        does: Does::Answers(8080, "the server answers\n"),
    }
    .try_out();
}

#[test]
fn rust_chef() {
    Case {
        name: "rust-chef",
        files: &[],
        builder: "nix2container",
        config: json!({
            "Entrypoint": ["*/bin/server"],
            "Env": ["RUST_LOG=info", CA],
            "WorkingDir": "/app",
        }),
        does: Does::Prints("true\ntrue\nmigrations/1.sql\nOk(\"info\")\n"),
    }
    .try_out();
}

#[test]
fn entrypoint_script() {
    Case {
        name: "entrypoint-script",
        files: &[],
        builder: "layered",
        config: json!({
            "Entrypoint": ["/docker-entrypoint.sh"],
            "Cmd": ["/bin/daemon", "--config", "/etc/daemon/config.toml"],
            "Env": [CA],
            "User": "10001:10001",
        }),
        does: Does::Prints(
            "level = \"info\"\n10001\ndaemon [\"--config\", \"/etc/daemon/config.toml\"]\n",
        ),
    }
    .try_out();
}

#[test]
fn bun_service() {
    Case {
        name: "bun-service",
        files: &[],
        builder: "stream",
        config: json!({
            "Entrypoint": ["*/bin/bun", "run", "*/server.js"],
            "Env": ["NODE_ENV=production", CA],
            "ExposedPorts": { "3000/tcp": {} },
            "User": "1000:1000",
            "WorkingDir": "/usr/src/app",
        }),
        does: Does::Answers(3000, "answers in /usr/src/app for 1000\n"),
    }
    .try_out();
}

#[test]
fn vite_nginx() {
    Case {
        name: "vite-nginx",
        files: &[],
        builder: "nix2container",
        config: json!({
            "Entrypoint": nginx(),
            "Env": [CA],
            "ExposedPorts": { "80/tcp": {} },
            "User": "0",
            "StopSignal": "SIGQUIT",
        }),
        does: Does::Answers(80, "<p>asks https://api.example.org</p>\n"),
    }
    .try_out();
}

#[test]
fn hugo_nginx() {
    Case {
        name: "hugo-nginx",
        files: &[],
        builder: "layered",
        config: json!({
            "Entrypoint": nginx(),
            "Env": [CA],
            "ExposedPorts": { "80/tcp": {} },
            "User": "0",
            "StopSignal": "SIGQUIT",
        }),
        does: Does::Answers(80, "<!doctype html><title>x</title><p>the site answers</p>"),
    }
    .try_out();
}

#[test]
fn static_nginx() {
    Case {
        name: "static-nginx",
        files: &[],
        builder: "stream",
        config: json!({
            "Entrypoint": nginx(),
            "Env": [CA],
            "ExposedPorts": { "80/tcp": {} },
            "Labels": { "maintainer": "team@example.org" },
            "User": "0",
            "StopSignal": "SIGQUIT",
        }),
        does: Does::Answers(
            80,
            "<!doctype html><title>x</title><p>the folder answers</p>\n",
        ),
    }
    .try_out();
}

#[test]
fn comments_in_continuations() {
    Case {
        name: "comments-in-continuations",
        files: &[],
        builder: "nix2container",
        config: json!({
            "Entrypoint": ["/bin/bash", "/opt/sync/sync.sh"],
            "Env": [CA],
            "Labels": { "a": "1", "b": "two words" },
        }),
        does: Does::Prints("syncs two words in /\n"),
    }
    .try_out();
}

impl Case {
    fn try_out(&self) {
        let (about, nix) = (self.name, images::host());
        let project = Project::of_dockerfile(self.name);
        for (name, text) in self.files {
            project.write(name, text);
        }
        project
            .cotter(&["image", "migrate", "Dockerfile"])
            .expect(0);
        project.stage();
        if project.read("default.nix").contains("fakeHash") {
            project.cotter_with(&nix, &["fod-rehash"]).expect(0);
        }
        project.emit(&["--builder", self.builder]);
        project.stage();
        project.cotter(&["check", "--all-files"]).expect(0);
        let image = project.image(&nix, self.builder);
        has_config(&image, &self.config, about);
        self.run(&image);
    }

    fn run(&self, image: &Image) {
        let about = self.name;
        if let Err(reason) = container::possible() {
            eprintln!("left out: running {about}: {reason}");
            return;
        }
        match self.does {
            Does::Answers(port, wanted) => {
                let mut container = image
                    .start_apart()
                    .unwrap_or_else(|e| panic!("{about}: {e}"));
                let answer = container
                    .get_apart(port, "/")
                    .unwrap_or_else(|e| panic!("{about}: {e}"));
                assert_eq!(answer, (200, wanted.to_owned()), "{about}");
            }
            Does::Prints(wanted) => {
                let said = image.run(None).unwrap_or_else(|e| panic!("{about}: {e}"));
                assert!(said.success, "{about}: {said:?}");
                assert_eq!(said.stdout, wanted, "{about}");
            }
        }
    }
}
