//! Dockerfiles of programs that Python runs, each with another place for its files.

use serde_json::json;

use crate::case::{CA, Case, Does};

/// Says where it is and as whom it runs.
const BRIDGE: &str = r#"import http.server, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{os.getcwd()} {os.getuid()}\n".encode())

http.server.HTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"#;

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
            "Env": ["PYTHONPATH=/srv/app/src", CA],
            "User": "1001",
            "WorkingDir": "/srv/app",
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
fn python_two_files() {
    Case {
        name: "python-two-files",
        files: &[],
        builder: "layered",
        config: json!({
            "Entrypoint": ["*/bin/python3", "/opt/tool/main.py"],
            "Cmd": ["--help"],
            "Env": ["PYTHONUNBUFFERED=1", CA],
            "WorkingDir": "/opt/tool",
        }),
        does: Does::Prints("['--help']\n"),
    }
    .try_out();
}
