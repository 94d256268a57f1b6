//! One Dockerfile: migrated, emitted, built, read back beside what the Dockerfile says, and run.

use serde_json::{Map, Value, json};

use crate::support::container;
use crate::support::image::Image;
use crate::support::image_project::Project;
use crate::support::images;

/// Where every image has its CA certificates.
pub const CA: &str = "SSL_CERT_FILE=/etc/ssl/certs/ca-bundle.crt";

pub enum Does {
    /// Answers at the port with this.
    Answers(u16, &'static str),
    /// Prints this and ends.
    Prints(&'static str),
}

/// A Dockerfile of `fixtures/image_migrate` that leaves nothing to decide: what it says of the config, and what a container of it does.
pub struct Case {
    pub name: &'static str,
    pub files: &'static [(&'static str, &'static str)],
    pub builder: &'static str,
    pub config: Value,
    pub does: Does,
}

impl Case {
    pub fn try_out(&self) {
        self.try_out_in(&Project::of_dockerfile(self.name));
    }

    /// The same where the project is there already.
    pub fn try_out_in(&self, project: &Project) {
        let (about, nix) = (self.name, images::host());
        for (name, text) in self.files {
            project.write(name, text);
        }
        project
            .cotter(&["image", "migrate", "Dockerfile"])
            .expect(0);
        project.stage();
        if project.read("default.nix").contains("fakeHash") {
            project.cotter_with(&nix, &["fod-rehash"]).expect(0);
            if project.read("default.nix").contains("fakeHash") {
                let other = ["fod-rehash", "--system", "aarch64-linux"];
                project.cotter_with(&nix, &other).expect(0);
            }
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

/// All keys of the image's config are those of `wanted`, with these values. A word of the entrypoint that begins with `*`
/// stands for all that end so: paths of the store.
pub fn has_config(image: &Image, wanted: &Value, about: &str) {
    let mut wanted = wanted.as_object().unwrap().clone();
    let mut found = match &image.config["config"] {
        Value::Object(found) => found.clone(),
        other => panic!("{about}: {other}"),
    };
    found.retain(|_, value| !is_empty(value));
    let said = found.remove("Entrypoint").unwrap_or_default();
    let words = wanted.remove("Entrypoint").unwrap_or_default();
    assert!(is_like(&said, &words), "{about}: {said} is not {words}");
    for map in [&mut wanted, &mut found] {
        sort_env(map);
    }
    assert_eq!(Value::Object(found), Value::Object(wanted), "{about}");
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Null)
        || *value == json!("")
        || *value == json!([])
        || *value == json!({})
}

fn is_like(said: &Value, wanted: &Value) -> bool {
    let words = |value: &Value| -> Vec<String> {
        serde_json::from_value(value.clone()).unwrap_or_default()
    };
    let (said, wanted) = (words(said), words(wanted));
    said.len() == wanted.len()
        && said
            .iter()
            .zip(&wanted)
            .all(|(said, wanted)| match wanted.strip_prefix('*') {
                Some(end) => said.ends_with(end) && said.contains("/store/"),
                None => said == wanted,
            })
}

fn sort_env(config: &mut Map<String, Value>) {
    if let Some(Value::Array(env)) = config.get_mut("Env") {
        env.sort_by_key(Value::to_string);
    }
}
