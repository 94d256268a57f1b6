//! Dockerfiles that are emitted, built by a real BuildKit on bases made of this machine's programs; the image's config
//! compared with the spec, and the image run. Of the kinds
//! that need more than such a base has, Rust and what npm, pnpm and yarn install are not here.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use cotter::image::spec::{Source, Spec, to_toml};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::injection;
use crate::support::base_image::{self, Bases, Root};
use crate::support::buildkit::Buildkit;
use crate::support::container;
use crate::support::image::Image;
use crate::support::image_project::Project;
use crate::support::images::image_tools;
use crate::support::made_image::{self, Layer};
use crate::support::{TOOL_PATH, command, run_ok};

/// A BuildKit and the bases that it takes.
pub struct Engine {
    bases: Bases,
    buildkit: Buildkit,
}

pub struct Built {
    pub image: Image,
    /// The config with what is Docker's alone: `Healthcheck`.
    pub config: Value,
}

impl Engine {
    pub fn start() -> Engine {
        let bases = Bases::new();
        let buildkit = Buildkit::start(&[&bases.registry.address()]);
        Engine { bases, buildkit }
    }

    pub fn push(&self, name: &str, root: Root) -> String {
        self.bases.push(name, root, base_image::config())
    }

    /// What the Dockerfile of `project` makes.
    pub fn build(&self, project: &Project) -> Built {
        let (file, archive) = (project.file("Dockerfile"), project.file("../image.tar"));
        let output = self.buildkit.build(&file, project.path(), &archive);
        assert!(
            output.status.success(),
            "{}\n{}",
            String::from_utf8_lossy(&output.stderr),
            project.read("Dockerfile")
        );
        let mut inspect = command("skopeo", project.path());
        inspect
            .args(["inspect", "--raw", "--config"])
            .arg(format!("oci-archive:{}", archive.display()));
        let config: Value = serde_json::from_str(&run_ok(&mut inspect, "skopeo")).unwrap();
        let image = Image::of_oci_archive(&archive).unwrap();
        fs::remove_file(archive).unwrap();
        Built {
            image,
            config: config["config"].clone(),
        }
    }
}

/// A project whose spec has these bases, and its Dockerfile.
pub fn project(
    source: Option<&str>,
    bases: [&str; 2],
    files: &[(&str, &str)],
    spec: &str,
) -> Project {
    let project = Project::new(source, "");
    for (name, text) in files {
        project.write(name, text);
    }
    let outside = format!(
        "[image.outside]\nbuild-base = \"{}\"\nrun-base = \"{}\"\n",
        bases[0], bases[1]
    );
    let spec = format!(
        "[image]\nname = \"registry.example.org/team/answer\"\ntag = \"1\"\nbuilder = \"dockerfile\"\n{}",
        spec.replace("[image.source]", &format!("{outside}[image.source]"))
    );
    project.write("image.toml", &spec);
    project.emit(&[]);
    project
}

/// The image's config, key by key, with what the spec says of it.
pub fn compare(built: &Built, spec: &Spec, about: &str) {
    let (config, wanted) = (&built.config, &spec.config);
    let is_served = matches!(spec.source.kind(), "vite" | "hugo" | "static");
    if let Some(entrypoint) = &wanted.entrypoint {
        assert_eq!(config["Entrypoint"], json!(entrypoint), "{about}");
    }
    let list = |value: &Value| -> Vec<String> {
        serde_json::from_value(value.clone()).unwrap_or_default()
    };
    assert_eq!(list(&config["Cmd"]), wanted.cmd, "{about}");
    // The variables of the base, then those of the spec.
    let mut env: Vec<String> = list(&base_image::config()["Env"]);
    let mut own: BTreeMap<String, String> = wanted.env.clone();
    if spec.ca_certificates {
        let bundle = "/etc/ssl/certs/ca-bundle.crt";
        own.entry("SSL_CERT_FILE".into()).or_insert(bundle.into());
        assert!(built.image.text(bundle).is_some(), "{about}");
    }
    env.extend(own.iter().map(|(name, value)| format!("{name}={value}")));
    assert_eq!(list(&config["Env"]), env, "{about}");
    let set = |names: &[String]| match names {
        [] => Value::Null,
        names => Value::Object(names.iter().map(|name| (name.clone(), json!({}))).collect()),
    };
    if !is_served || !wanted.ports.is_empty() {
        assert_eq!(config["ExposedPorts"], set(&wanted.ports), "{about}");
    }
    assert_eq!(config["Volumes"], set(&wanted.volumes), "{about}");
    let user = spec.user().unwrap_or("65534:65534".to_owned());
    assert_eq!(config["User"], json!(user), "{about}");
    if let Some(workdir) = &wanted.workdir {
        assert_eq!(config["WorkingDir"], json!(workdir), "{about}");
    }
    let labels = match wanted.labels.is_empty() {
        true => Value::Null,
        false => json!(wanted.labels),
    };
    assert_eq!(config["Labels"], labels, "{about}");
    assert_eq!(config["StopSignal"], json!(wanted.stop_signal), "{about}");
    let check = wanted.healthcheck.as_ref().map(|check| {
        let nanoseconds = |seconds: Option<u32>| seconds.map(|s| u64::from(s) * 1_000_000_000);
        let all = json!({
            "Test": check.test, "Interval": nanoseconds(check.interval), "Timeout": nanoseconds(check.timeout),
            "StartPeriod": nanoseconds(check.start_period), "Retries": check.retries,
        });
        let Value::Object(mut all) = all else {
            unreachable!()
        };
        all.retain(|_, value| !value.is_null());
        all
    });
    assert_eq!(config["Healthcheck"], json!(check), "{about}");
    if spec.tmp {
        assert_eq!(built.image.owner("/tmp"), Some((0o1777, 0, 0)), "{about}");
    }
    for (path, file) in &spec.files {
        if let Some(mode) = file.mode() {
            let mode = u32::from_str_radix(mode, 8).unwrap();
            let owner = built.image.owner(path);
            assert_eq!(owner, Some((mode, 0, 0)), "{about}: {path}");
        }
        if let Some(text) = file.text() {
            assert_eq!(
                built.image.text(path).as_deref(),
                Some(text),
                "{about}: {path}"
            );
        }
    }
}

/// What a container of the image prints, where this machine runs any.
#[track_caller]
fn prints(built: &Built, wanted: &str) {
    if let Err(reason) = container::possible() {
        return eprintln!("left out: running the image: {reason}");
    }
    let said = built.image.run(None).unwrap();
    assert!(said.success && said.stdout.contains(wanted), "{said:?}");
}

/// What a server in it answers, at a port that it is told or that its spec has.
#[track_caller]
fn answers(built: &Built, port: u16, wanted: &str) {
    if let Err(reason) = container::possible() {
        return eprintln!("left out: running the image: {reason}");
    }
    let mut container = built.image.start(&[("PORT", &port.to_string())]).unwrap();
    let (status, body) = container.get(port, "/").unwrap();
    assert!(status == 200 && body.contains(wanted), "{status} {body}");
}

#[test]
fn a_script_has_all_that_its_spec_says() {
    let engine = Engine::start();
    let base = engine.push("tools", Root::new());
    let files = [(
        "run.sh",
        "echo \"$GREETING, $1\"; cat /etc/motd; touch /tmp/x && pwd\n",
    )];
    let spec = r#"
[image.files]
"/etc/motd" = { text = "line 1\n\"$x\" it's `x` \\ <<EOF\n", mode = "0644" }
"/srv/secret" = { path = "run.sh", mode = "0600" }
[image.passwd]
name = "web"
uid = 1000
[image.config]
entrypoint = ["/bin/sh", "/app/run.sh"]
cmd = ["two  words $x \"'\\", ""]
env = { GREETING = "say \"$x\" it's \\ twice", EMPTY = "" }
ports = ["8080/tcp", "53/udp"]
volumes = ["/data", "/a $b"]
workdir = "/srv/my app"
labels = { "a b" = "$c", "org.example.text" = "it's \"b\\" }
stop-signal = "SIGINT"
healthcheck = { test = ["CMD-SHELL", "test -e /tmp || exit 1"], interval = 30, timeout = 5, start-period = 2, retries = 3 }
[image.source]
kind = "script"
files = { "/app/run.sh" = { path = "run.sh", mode = "0755" } }
"#;
    let project = project(None, [&base, &base], &files, spec);
    let built = engine.build(&project);
    compare(&built, &project.spec(), "script");
    prints(
        &built,
        "say \"$x\" it's \\ twice, two  words $x \"'\\\nline 1\n\"$x\" it's `x` \\ <<EOF\n/srv/my app\n",
    );
}

#[test]
fn a_check_is_what_the_spec_says() {
    let engine = Engine::start();
    let base = engine.push("tools", Root::new());
    for (test, in_config) in [
        (json!(["NONE"]), None),
        (json!(["CMD", "/bin/true", "it's $x \\"]), None),
        // No line says these to a shell: they are given to it.
        (
            json!(["CMD-SHELL", "true\ntrue"]),
            Some(json!(["CMD", "/bin/sh", "-c", "true\ntrue"])),
        ),
        (
            json!(["CMD-SHELL", "[ -e /tmp ]"]),
            Some(json!(["CMD", "/bin/sh", "-c", "[ -e /tmp ]"])),
        ),
    ] {
        let spec = format!(
            "[image.config]\ncmd = [\"/bin/true\"]\nhealthcheck = {{ test = {test}, interval = 1 }}\n\
             [image.source]\nkind = \"script\"\nfiles = {{ \"/run.sh\" = \"run.sh\" }}\n"
        );
        let files = [("run.sh", "true\n")];
        let project = project(None, [&base, &base], &files, &spec);
        let built = engine.build(&project);
        let check = &built.config["Healthcheck"];
        assert_eq!(check["Test"], in_config.unwrap_or(test));
    }
}

#[test]
fn what_the_base_runs_is_not_run() {
    let engine = Engine::start();
    let config = json!({
        "Env": base_image::config()["Env"], "Entrypoint": ["/bin/false"], "Cmd": ["of", "the", "base"],
    });
    let base = engine.bases.push("entrypoint", Root::new(), config);
    for start in [
        "cmd = [\"/bin/sh\", \"/run.sh\"]",
        "entrypoint = [\"/bin/sh\", \"/run.sh\"]",
    ] {
        let spec = format!(
            "[image.config]\n{start}\n[image.source]\nkind = \"script\"\nfiles = {{ \"/run.sh\" = \"run.sh\" }}\n"
        );
        let files = [("run.sh", "echo good day\n")];
        let project = project(None, [&base, &base], &files, &spec);
        let built = engine.build(&project);
        compare(&built, &project.spec(), start);
        prints(&built, "good day");
    }
}

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

/// Whatever stands in a string of a spec is the very same in the image. What no Dockerfile can say is refused.
#[test]
fn a_string_is_what_it_says() {
    let engine = Engine::start();
    let base = engine.push("tools", Root::new());
    let line = |text: &str| text.replace(['\n', '\r'], " ");
    let sayable = injection::spec().prop_map(|mut spec: Spec| {
        let config = &mut spec.config;
        config.env.values_mut().for_each(|text| *text = line(text));
        let labels = std::mem::take(&mut config.labels).into_iter();
        let name = |name: String| format!("l{}", line(&name).replace('=', ""));
        config.labels = labels.map(|(key, text)| (name(key), line(&text))).collect();
        let paths = config.volumes.iter_mut().chain(&mut config.workdir);
        paths.for_each(|path| *path = line(path).trim_end().to_owned());
        spec
    });
    let mut runner = TestRunner::new(Config {
        cases: 8,
        max_shrink_iters: 20,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&sayable, |mut spec| {
            spec.outside.build_base = Some(base.clone());
            spec.outside.run_base = Some(base.clone());
            let project = Project::new(None, &to_toml(&spec).unwrap());
            project.emit(&["--builder", "dockerfile"]);
            let built = engine.build(&project);
            compare(&built, &spec, "any strings");
            let Source::Script(script) = &spec.source else {
                unreachable!()
            };
            for (path, file) in &script.files {
                assert_eq!(built.image.text(path).as_deref(), file.text(), "{path:?}");
            }
            Ok(())
        })
        .unwrap();
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
