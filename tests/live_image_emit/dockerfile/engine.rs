//! What builds a Dockerfile, and what its image has to be.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use cotter::image::spec::Spec;

use crate::support::base_image::{self, Bases, Root};
use crate::support::buildkit::Buildkit;
use crate::support::container;
use crate::support::image::Image;
use crate::support::image_project::Project;
use crate::support::{command, run_ok};

/// A BuildKit and the bases that it takes.
pub struct Engine {
    pub bases: Bases,
    pub buildkit: Buildkit,
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
pub fn prints(built: &Built, wanted: &str) {
    if let Err(reason) = container::possible() {
        return eprintln!("left out: running the image: {reason}");
    }
    let said = built.image.run(None).unwrap();
    assert!(said.success && said.stdout.contains(wanted), "{said:?}");
}

/// What a server in it answers, at a port that it is told or that its spec has.
#[track_caller]
pub fn answers(built: &Built, port: u16, wanted: &str) {
    if let Err(reason) = container::possible() {
        return eprintln!("left out: running the image: {reason}");
    }
    let mut container = built.image.start(&[("PORT", &port.to_string())]).unwrap();
    let (status, body) = container.get(port, "/").unwrap();
    assert!(status == 200 && body.contains(wanted), "{status} {body}");
}
