//! Every kind of source with every builder.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use cotter::image::spec::Spec;

use crate::support::container;
use crate::support::image::Image;
use crate::support::image_project::{BUILDERS, Project};
use crate::support::images;

/// A kind of source, and what a container of it answers at its port.
struct Kind {
    name: &'static str,
    source: Option<&'static str>,
    spec: &'static str,
    files: &'static [(&'static str, &'static str)],
    answers: Answers,
}

enum Answers {
    /// A web server with this in its answer; the port is in `PORT`.
    AtPort(&'static str),
    /// nginx does, at the port of the spec.
    Served(&'static str),
    /// It prints this and ends.
    Printed(&'static str),
}

/// As bun writes it for one dependency in the project itself.
const BUN_LOCK: &str = r#"{
  "lockfileVersion": 2,
  "configVersion": 1,
  "workspaces": {
    "": {
      "name": "answer",
      "dependencies": {
        "greet": "file:./greet",
      },
    },
  },
  "packages": {
    "greet": ["greet@file:greet", {}],
  }
}
"#;

/// A site that bun builds, with a dependency in the project itself.
pub const VITE_WITH_BUN: &[(&str, &str)] = &[
    (
        "package.json",
        "{ \"name\": \"answer\", \"version\": \"0.1.0\", \"dependencies\": { \"greet\": \"file:./greet\" }, \"scripts\": { \"build\": \"bun build.js\" } }\n",
    ),
    ("bun.lock", BUN_LOCK),
    (
        "greet/package.json",
        "{ \"name\": \"greet\", \"version\": \"1.0.0\", \"main\": \"index.js\" }\n",
    ),
    ("greet/index.js", "module.exports = \"greetings\";\n"),
    (
        "build.js",
        "require(\"fs\").mkdirSync(\"dist\");\nrequire(\"fs\").writeFileSync(\"dist/index.html\", `<p>bun builds ${require(\"greet\")}</p>\\n`);\n",
    ),
];

const KINDS: &[Kind] = &[
    Kind {
        name: "package",
        source: None,
        spec: "[image.config]\ncmd = []\n[image.source]\nkind = \"package\"\nattr = \"hello\"\n",
        files: &[],
        answers: Answers::Printed("Hello, world!"),
    },
    Kind {
        name: "package of a file",
        source: None,
        spec: "[image.source]\nkind = \"package\"\nfile = \"package.nix\"\nprogram = \"greet\"\n",
        files: &[(
            "package.nix",
            "{ writeShellScriptBin }: (writeShellScriptBin \"greet\" \"echo good day\") // { version = \"1.0\"; }\n",
        )],
        answers: Answers::Printed("good day"),
    },
    Kind {
        name: "rust",
        source: Some("rust"),
        spec: "[image.config]\nports = [\"8080/tcp\"]\nuser = \"65534:65534\"\nlabels = { a = \"b\" }\n[image.source]\nkind = \"rust\"\nfeatures = [\"loud\"]\nbuild-inputs = [\"tzdata\"]\nnative-build-inputs = [\"jq\"]\n",
        files: &[(
            "build.rs",
            "fn main() { assert!(std::process::Command::new(\"jq\").arg(\"--version\").status().unwrap().success()) }\n",
        )],
        answers: Answers::AtPort("RUST ANSWERS"),
    },
    Kind {
        name: "go",
        source: Some("go"),
        spec: "[image.config]\nworkdir = \"/tmp\"\nvolumes = [\"/data\"]\nstop-signal = \"SIGINT\"\n[image.source]\nkind = \"go\"\nversion = \"1.0\"\n",
        files: &[],
        answers: Answers::AtPort("go answers"),
    },
    Kind {
        name: "npm",
        source: Some("npm"),
        spec: "[image.source]\nkind = \"vite\"\nport = @PORT@\nenv = { GREETING = \" to all\" }\n",
        files: &[],
        answers: Answers::Served("<p>npm answers to all</p>"),
    },
    Kind {
        name: "pnpm",
        source: Some("pnpm"),
        spec: "[image.source]\nkind = \"vite\"\nport = @PORT@\n",
        files: &[],
        answers: Answers::Served("<p>pnpm answers"),
    },
    Kind {
        name: "yarn",
        source: Some("yarn"),
        spec: "[image.source]\nkind = \"vite\"\nport = @PORT@\n",
        files: &[],
        answers: Answers::Served("<p>yarn answers"),
    },
    Kind {
        name: "vite with bun",
        source: None,
        spec: "[image.source]\nkind = \"vite\"\nport = @PORT@\n",
        files: VITE_WITH_BUN,
        answers: Answers::Served("<p>bun builds greetings</p>"),
    },
    Kind {
        name: "bun",
        source: Some("bun"),
        spec: "[image.source]\nkind = \"bun\"\n",
        files: &[],
        answers: Answers::AtPort("bun answers"),
    },
    Kind {
        name: "bun, built before",
        source: None,
        spec: "[image.source]\nkind = \"bun\"\nprebuilt = true\nversion = \"1\"\n",
        files: &[
            ("package.json", "{ }\n"),
            (
                "dist/index.js",
                "Bun.serve({ hostname: \"127.0.0.1\", port: Number(process.env.PORT), fetch: () => new Response(\"from before\") });\n",
            ),
        ],
        answers: Answers::AtPort("from before"),
    },
    Kind {
        name: "python",
        source: Some("python"),
        spec: "[image.source]\nkind = \"python\"\npath = \"answer.py\"\n",
        files: &[],
        answers: Answers::AtPort("python answers"),
    },
    Kind {
        name: "python with packages",
        source: None,
        spec: "[image.source]\nkind = \"python\"\npath = \"src\"\nmodule = \"app.main\"\npackages = [\"requests\"]\nversion = \"1\"\n",
        files: &[(
            "src/app/main.py",
            "import requests\nprint('has', requests.__name__)\n",
        )],
        answers: Answers::Printed("has requests"),
    },
    Kind {
        name: "hugo",
        source: Some("hugo"),
        spec: "[image.source]\nkind = \"hugo\"\nport = @PORT@\n",
        files: &[],
        answers: Answers::Served("hugo answers"),
    },
    Kind {
        name: "static",
        source: Some("static"),
        spec: "[image.passwd]\nname = \"web\"\nuid = 1000\n[image.source]\nkind = \"static\"\npath = \".\"\nport = @PORT@\nspa = true\n",
        files: &[],
        answers: Answers::Served("<p>static answers</p>"),
    },
    Kind {
        name: "binary",
        source: None,
        spec: "contents = [\"busybox\"]\n[image.source]\nkind = \"binary\"\npname = \"tool\"\nversion = \"1.4\"\nurl = { x86_64-linux = \"file://@DIR@/tool-1.4\" }\n",
        files: &[("tool-1.4", "#!/bin/sh\necho tool speaks\n")],
        answers: Answers::Printed("tool speaks"),
    },
    Kind {
        name: "script",
        source: None,
        spec: "contents = [\"busybox\"]\nusr-bin-env = true\n[image.files]\n\"/etc/greeting\" = { text = \"from a file\\n\", mode = \"0640\" }\n[image.config]\nentrypoint = [\"/app/run.sh\"]\n[image.source]\nkind = \"script\"\nfiles = { \"/app/run.sh\" = { path = \"run.sh\", mode = \"0755\" } }\n",
        files: &[(
            "run.sh",
            "#!/usr/bin/env sh\ncat /etc/greeting\ntouch /tmp/x && echo and /tmp\n",
        )],
        answers: Answers::Printed("from a file\nand /tmp"),
    },
];

#[test]
fn every_kind_with_every_builder_is_built_read_and_run() {
    if let Err(reason) = container::possible() {
        eprintln!("left out: running the images: {reason}");
    }
    for kind in KINDS {
        kind.try_out();
    }
}

impl Kind {
    fn project(&self, port: u16) -> Project {
        let spec = format!(
            "[image]\nname = \"registry.example.org/team/answer\"\n{}",
            self.spec
        );
        let project = Project::new(self.source, "");
        for (name, text) in self.files {
            project.write(name, text);
        }
        let dir = project.path().display().to_string();
        project.write(
            "image.toml",
            &spec
                .replace("@PORT@", &port.to_string())
                .replace("@DIR@", &dir),
        );
        project
    }

    fn try_out(&self) {
        let port = container::free_port();
        let project = self.project(port);
        let host = images::host();
        project.emit(&[]);
        // A placeholder is no hash: what is emitted is whole when this has run.
        project.stage();
        let has_placeholders = project.read("default.nix").contains("fakeHash");
        if has_placeholders {
            project.cotter_with(&host, &["fod-rehash"]).expect(0);
            assert!(
                !project.read("default.nix").contains("fakeHash"),
                "{}",
                self.name
            );
        }
        for builder in BUILDERS {
            project.emit(&["--builder", builder]);
            project.cotter(&["check", "--all-files"]).expect(0);
            for nix in images::all() {
                let image = project.image(&nix, builder);
                let about = format!("{}, {builder}, {}", self.name, nix.name);
                compare(&image, &project.spec(), &about);
                self.run(&image, port, &about);
            }
        }
    }

    fn run(&self, image: &Image, port: u16, about: &str) {
        if container::possible().is_err() {
            return;
        }
        match self.answers {
            Answers::Printed(wanted) => {
                let said = image.run(None).unwrap_or_else(|e| panic!("{about}: {e}"));
                assert!(
                    said.success && said.stdout.contains(wanted),
                    "{about}: {said:?}"
                );
            }
            Answers::AtPort(wanted) => {
                let port = container::free_port();
                let mut container = image
                    .start(&[("PORT", &port.to_string())])
                    .unwrap_or_else(|e| panic!("{about}: {e}"));
                let (status, body) = container
                    .get(port, "/")
                    .unwrap_or_else(|e| panic!("{about}: {e}"));
                assert!(
                    status == 200 && body.contains(wanted),
                    "{about}: {status} {body}"
                );
            }
            Answers::Served(wanted) => {
                let mut container = image.start(&[]).unwrap_or_else(|e| panic!("{about}: {e}"));
                let (status, body) = container
                    .get(port, "/")
                    .unwrap_or_else(|e| panic!("{about}: {e}"));
                assert!(
                    status == 200 && body.contains(wanted),
                    "{about}: {status} {body}"
                );
            }
        }
    }
}

/// The image's config, key by key, with what the spec says.
pub fn compare(image: &Image, spec: &Spec, about: &str) {
    let config = &spec.config;
    let setting = |key: &str| match image.setting(key) {
        Value::Null => None,
        value => Some(value.clone()),
    };
    let is_served = matches!(spec.source.kind(), "vite" | "hugo" | "static");
    if let Some(entrypoint) = &config.entrypoint {
        assert_eq!(setting("Entrypoint"), Some(json!(entrypoint)), "{about}");
    } else {
        assert!(setting("Entrypoint").is_some(), "{about}");
    }
    let or_none = |is_empty: bool, value: Value| (!is_empty).then_some(value);
    assert_eq!(
        setting("Cmd"),
        or_none(config.cmd.is_empty(), json!(config.cmd)),
        "{about}"
    );
    let mut env: BTreeMap<String, String> = config.env.clone();
    if spec.ca_certificates {
        env.entry("SSL_CERT_FILE".into())
            .or_insert("/etc/ssl/certs/ca-bundle.crt".into());
        assert!(
            image.file("/etc/ssl/certs/ca-bundle.crt").is_some(),
            "{about}"
        );
    }
    let env: Vec<String> = env
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut given: Vec<String> =
        serde_json::from_value(setting("Env").unwrap_or(json!([]))).unwrap();
    given.sort();
    assert_eq!(given, env, "{about}");
    let set = |names: &[String]| {
        Value::Object(names.iter().map(|name| (name.clone(), json!({}))).collect())
    };
    if !is_served {
        assert_eq!(
            setting("ExposedPorts"),
            or_none(config.ports.is_empty(), set(&config.ports)),
            "{about}"
        );
        assert_eq!(
            setting("User"),
            spec.user().map(|user| json!(user)),
            "{about}"
        );
    }
    assert_eq!(
        setting("Volumes"),
        or_none(config.volumes.is_empty(), set(&config.volumes)),
        "{about}"
    );
    if spec.source.kind() != "python" {
        assert_eq!(
            setting("WorkingDir"),
            config.workdir.as_ref().map(|path| json!(path)),
            "{about}"
        );
    }
    assert_eq!(
        setting("Labels"),
        or_none(config.labels.is_empty(), json!(config.labels)),
        "{about}"
    );
    assert_eq!(
        setting("StopSignal"),
        config.stop_signal.as_ref().map(|signal| json!(signal)),
        "{about}"
    );
    assert_eq!(image.config["architecture"], "amd64", "{about}");
    assert_eq!(image.config["os"], "linux", "{about}");
    if spec.tmp {
        assert_eq!(image.owner("/tmp"), Some((0o1777, 0, 0)), "{about}");
    }
    assert!(
        image.layers.len() <= 100,
        "{about}: {} layers",
        image.layers.len()
    );
    for (path, file) in &spec.files {
        if let Some(mode) = file.mode() {
            let mode = u32::from_str_radix(mode, 8).unwrap();
            assert_eq!(
                image.owner(path).map(|owner| owner.0),
                Some(mode),
                "{about}: {path}"
            );
        }
        if let Some(text) = file.text() {
            assert_eq!(image.text(path).as_deref(), Some(text), "{about}: {path}");
        }
    }
}
