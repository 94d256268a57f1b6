//! Kinds of sources.

use std::fs;
use std::path::Path;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::engine::{Engine, answers, compare, prints, project};
use crate::support::base_image::{self, Root};
use crate::support::container;
use crate::support::images::image_tools;
use crate::support::made_image::{self, Layer};
use crate::support::{TOOL_PATH, command, run_ok};

#[test]
fn a_binary_is_fetched_by_its_hash() {
    let engine = Engine::start();
    // Debian's busybox has no tar that knows by itself how an archive is compressed.
    let base = engine.push("tar", Root::new().program("/usr/bin/tar"));
    let server = Server::start();
    let tool = b"#!/bin/sh\necho tool speaks\n";
    let member = Layer::new().file("dist/tool", tool);
    let archive = made_image::gzip(&member.bytes());
    for (file, bytes, member) in [
        ("tool-1.4", &tool[..], ""),
        ("tool-1.4.tar.gz", &archive, "member = \"dist/tool\"\n"),
    ] {
        let digest = data_encoding::BASE64.encode(&Sha256::digest(bytes));
        let spec = format!(
            "[image.source]\nkind = \"binary\"\npname = \"tool\"\nversion = \"1.4\"\n{member}url = {{ x86_64-linux = \"{}/{file}\" }}\n\
             hash = {{ x86_64-linux = \"sha256-{digest}\" }}\n",
            server.url()
        );
        let project = project(None, [&base, &base], &[], &spec);
        // What has another hash is not taken.
        server.write(file, b"another\n");
        let (dockerfile, archive) = (project.file("Dockerfile"), project.file("../image.tar"));
        let output = engine.buildkit.build(&dockerfile, project.path(), &archive);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.contains("digest mismatch"),
            "{said}"
        );
        server.write(file, bytes);
        let built = engine.build(&project);
        compare(&built, &project.spec(), file);
        prints(&built, "tool speaks");
    }
}

#[test]
fn files_are_served_by_nginx() {
    let engine = Engine::start();
    let tools = engine.push("tools", Root::new());
    let nginx = Root::new().program("/usr/sbin/nginx");
    let types = fs::read_to_string("/etc/nginx/mime.types").unwrap();
    let nginx = engine.push("nginx", nginx.with_text("/etc/nginx/mime.types", &types));
    let hugo = engine.push("hugo", Root::new().program("/usr/bin/hugo"));

    let port = container::free_port();
    for (source, base, kind, wanted) in [
        (
            "static",
            &tools,
            "kind = \"static\"\npath = \".\"\nspa = true\n",
            "<p>static answers</p>",
        ),
        ("hugo", &hugo, "kind = \"hugo\"\n", "hugo answers"),
    ] {
        let spec = format!("[image.source]\nport = {port}\n{kind}");
        let project = project(Some(source), [base, &nginx], &[], &spec);
        let built = engine.build(&project);
        compare(&built, &project.spec(), source);
        assert_eq!(
            built.config["ExposedPorts"],
            json!({ format!("{port}/tcp"): {} })
        );
        answers(&built, port, wanted);
    }
}

#[test]
fn what_bun_builds_is_run_and_served() {
    let engine = Engine::start();
    let mut bun = Root::new().program("/usr/sbin/nginx");
    let types = fs::read_to_string("/etc/nginx/mime.types").unwrap();
    bun = bun.with_text("/etc/nginx/mime.types", &types);
    bun.program_at(
        &fs::canonicalize(image_tools().join("bun")).unwrap(),
        "/usr/bin/bun",
    );
    let base = engine.push("bun", bun);
    let bases = [base.as_str(), base.as_str()];

    let built_here = project(Some("bun"), bases, &[], "[image.source]\nkind = \"bun\"\n");
    let built = engine.build(&built_here);
    compare(&built, &built_here.spec(), "bun");
    answers(&built, container::free_port(), "bun answers");

    let files = [
        ("package.json", "{ }\n"),
        (
            "dist/index.js",
            "Bun.serve({ hostname: \"127.0.0.1\", port: Number(process.env.PORT), fetch: () => new Response(\"from before\") });\n",
        ),
    ];
    let spec = "[image.source]\nkind = \"bun\"\nprebuilt = true\nversion = \"1\"\n";
    let before = project(None, bases, &files, spec);
    let built = engine.build(&before);
    compare(&built, &before.spec(), "bun, built before");
    answers(&built, container::free_port(), "from before");

    let port = container::free_port();
    let files = crate::kinds::VITE_WITH_BUN;
    let spec =
        format!("[image.source]\nkind = \"vite\"\nport = {port}\nenv = {{ A = \"b $c\" }}\n");
    let site = project(None, bases, files, &spec);
    let built = engine.build(&site);
    compare(&built, &site.spec(), "vite with bun");
    answers(&built, port, "<p>bun builds greetings</p>");
}

#[test]
fn a_program_is_compiled_by_the_go_of_the_base() {
    let engine = Engine::start();
    let mut go = command("go", Path::new("/"));
    go.env("PATH", format!("/usr/local/go/bin:{TOOL_PATH}"));
    let root = run_ok(go.args(["env", "GOROOT"]), "golang-go");
    let from = |name: &str| Path::new(&root).join(name);
    let to = |name: &str| format!("/usr/local/go/{name}");
    let mut base = Root::new()
        .folder(&from("pkg/tool"), &to("pkg/tool"), &[])
        .folder(&from("pkg/include"), &to("pkg/include"), &[])
        .folder(&from("src"), &to("src"), &["cmd", "testdata"])
        .with_text("/tmp/made", "");
    base.program_at(&from("bin/go"), &to("bin/go"));
    let mut config = base_image::config();
    let path = config["Env"][0].as_str().unwrap().to_owned();
    config["Env"] = json!([
        format!("{path}:/usr/local/go/bin"),
        "GOFLAGS=-buildvcs=false"
    ]);
    let base = engine.bases.push("go", base, config);
    let tools = engine.push("tools", Root::new());
    let files = [
        ("go.mod", "module example.org/answer\n\ngo 1.19\n"),
        (
            "main.go",
            "package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(\"go speaks\\n\") }\n",
        ),
    ];
    let spec = "[image.config]\nstop-signal = \"SIGINT\"\n[image.source]\nkind = \"go\"\nversion = \"1\"\n";
    let project = project(None, [&base, &tools], &files, spec);
    let built = engine.build(&project);
    compare(&built, &project.spec(), "go");
    prints(&built, "go speaks");
}

#[test]
fn python_is_that_of_the_base() {
    let engine = Engine::start();
    let tools = engine.push("tools", Root::new());
    let but = [
        "dist-packages",
        "__pycache__",
        "config-3.11-x86_64-linux-gnu",
        "test",
        "idlelib",
    ];
    let mut python = command("python3", Path::new("/"));
    let library = "import sysconfig; print(sysconfig.get_path('stdlib', 'deb_system') or sysconfig.get_path('stdlib'))";
    let library = run_ok(python.args(["-c", library]), "python3");
    let root = Root::new()
        .program("/usr/bin/python3")
        .folder(Path::new(&library), &library, &but);
    let python = engine.push("python", root);
    let bases = [tools.as_str(), python.as_str()];
    let script = project(
        Some("python"),
        bases,
        &[],
        "[image.source]\nkind = \"python\"\npath = \"answer.py\"\n",
    );
    let built = engine.build(&script);
    compare(&built, &script.spec(), "python");
    answers(&built, container::free_port(), "python answers");

    let files = [("src/app/main.py", "print('a module')\n")];
    let spec = "[image.source]\nkind = \"python\"\npath = \"src\"\nmodule = \"app.main\"\nversion = \"1\"\n";
    let module = project(None, bases, &files, spec);
    let built = engine.build(&module);
    compare(&built, &module.spec(), "python, a module");
    prints(&built, "a module");
}

/// Files over HTTP, for as long as it lives.
struct Server {
    dir: tempfile::TempDir,
    port: u16,
    process: std::process::Child,
}

impl Server {
    fn start() -> Server {
        let dir = tempfile::tempdir().unwrap();
        let port = container::free_port();
        let process = command("/bin/busybox", dir.path())
            .args(["httpd", "-f", "-p", &format!("127.0.0.1:{port}"), "-h"])
            .arg(dir.path())
            .spawn()
            .expect("`apt-get install busybox-static` has it");
        let server = Server { dir, port, process };
        let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(std::time::Instant::now() < end, "no server");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        server
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.dir.path().join(name), bytes).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
