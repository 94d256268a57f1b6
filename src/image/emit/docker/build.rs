//! The steps of the stage that builds.

use super::NGINX;
use super::step::{MAKE_ROOT, Step};
use crate::hash::HashText;
use crate::image::emit::Request;
use crate::image::emit::facts::{Folder, SourceError};
use crate::image::emit::files::account_files;
use crate::image::emit::relative::join;
use crate::image::spec::{File, Manager, Source, Spec};

/// Where a program comes to stand.
const BIN: &str = "/usr/local/bin";
/// Where nginx finds what it serves.
const SITE: &str = "/srv";
/// The steps that put the files of `spec` where the image has them.
pub fn files(spec: &Spec, is_served: bool) -> Vec<Step> {
    let of_source = match &spec.source {
        Source::Script(script) => Some(&script.files),
        _ => None,
    };
    let given: Vec<(&String, &File)> = of_source.into_iter().flatten().chain(&spec.files).collect();
    let mut steps = Vec::new();
    if spec.passwd.is_some() || is_served {
        for (path, text) in account_files(spec) {
            if !given.iter().any(|(given, _)| *given == path) {
                steps.push(Step::put(&text, &format!("/rootfs{path}"), "0644"));
            }
        }
    }
    for (path, file) in given {
        let path = format!("/rootfs{path}");
        match (file.text(), file.path()) {
            (Some(text), _) => steps.push(Step::put(text, &path, file.mode().unwrap_or("0644"))),
            (None, from) => {
                steps.push(Step::copy(from.unwrap_or("."), &path));
                if let Some(mode) = file.mode() {
                    steps.push(Step::run(&["chmod", mode, &path]));
                }
            }
        }
    }
    steps
}

/// The steps that build a source, and the program that runs it.
pub fn build(request: &Request) -> Result<(Vec<Step>, Option<Vec<String>>), SourceError> {
    let copy = |root: &Option<String>| {
        Step::copy(
            &format!("{}/", join(".", root.as_deref().unwrap_or("."))),
            "./",
        )
    };
    let program = |name: &str| Some(vec![format!("{BIN}/{name}")]);
    let served = || {
        Some(
            ["nginx", "-e", "stderr", "-c", NGINX]
                .map(str::to_owned)
                .to_vec(),
        )
    };
    let target = |path: &str| format!("/rootfs{path}");
    let folder =
        |root: &Option<String>| request.spec_dir().join(root.as_deref().unwrap_or_default());
    Ok(match &request.spec.source {
        Source::Rust(rust) => {
            let dir = folder(&rust.root);
            let name = match rust.program.clone().or_else(|| rust.pname.clone()) {
                Some(name) => name,
                None => Folder { dir: &dir }.cargo_name()?,
            };
            let features = rust.features.join(",");
            let mut build = vec!["cargo", "build", "--release", "--locked"];
            if !features.is_empty() {
                build.extend(["--features", &features]);
            }
            let from = format!("target/release/{name}");
            let to = target(&format!("{BIN}/{name}"));
            (
                vec![
                    copy(&rust.root),
                    Step::run(&build),
                    Step::run(&["install", "-D", "-m", "0755", &from, &to]),
                ],
                program(&name),
            )
        }
        Source::Go(go) => {
            let dir = folder(&go.root);
            let module = Folder { dir: &dir }.go_module()?;
            let package = go
                .packages
                .first()
                .map_or(".".to_owned(), |package| format!("./{package}"));
            let of_package = go
                .packages
                .first()
                .and_then(|package| package.rsplit('/').next())
                .map(str::to_owned);
            let name = go
                .program
                .clone()
                .or(of_package)
                .or(module)
                .or_else(|| go.pname.clone())
                .unwrap_or_else(|| "app".into());
            let to = target(&format!("{BIN}/{name}"));
            (
                vec![
                    copy(&go.root),
                    Step::variable("CGO_ENABLED", "0"),
                    Step::run(&["go", "build", "-trimpath", "-o", &to, &package]),
                ],
                program(&name),
            )
        }
        Source::Vite(vite) => {
            let dir = folder(&vite.root);
            let manager = vite
                .manager
                .or_else(|| Folder { dir: &dir }.manager())
                .unwrap_or(Manager::Npm);
            let mut steps = vec![copy(&vite.root)];
            steps.extend(
                vite.env
                    .iter()
                    .map(|(name, value)| Step::variable(name, value)),
            );
            steps.extend(install(manager, &Folder { dir: &dir })?);
            steps.push(Step::run(&[
                manager_name(manager),
                "run",
                vite.script.as_deref().unwrap_or("build"),
            ]));
            let dist = format!("./{}", vite.dist.as_deref().unwrap_or("dist"));
            steps.push(Step::run(MAKE_ROOT));
            steps.push(Step::run(&["cp", "-r", &dist, &target(SITE)]));
            (steps, served())
        }
        Source::Hugo(hugo) => {
            let to = target(SITE);
            (
                vec![
                    copy(&hugo.root),
                    Step::run(&["hugo", "--minify", "--destination", &to]),
                ],
                served(),
            )
        }
        Source::Static(files) => (
            vec![Step::copy(
                &format!("{}/", join(".", &files.path)),
                &format!("{}/", target(SITE)),
            )],
            served(),
        ),
        Source::Bun(bun) => {
            let dist = bun.dist.as_deref().unwrap_or("dist");
            let main = format!("/app/{}", bun.main.as_deref().unwrap_or("index.js"));
            let run = Some(vec!["bun".to_owned(), "run".to_owned(), main]);
            if bun.prebuilt {
                let from = join(bun.root.as_deref().unwrap_or("."), dist);
                return Ok((vec![Step::copy(&format!("{from}/"), "/rootfs/app/")], run));
            }
            let mut steps = vec![copy(&bun.root)];
            let dir = folder(&bun.root);
            steps.extend(install(Manager::Bun, &Folder { dir: &dir })?);
            steps.push(Step::run(&[
                "bun",
                "run",
                bun.script.as_deref().unwrap_or("build"),
            ]));
            steps.push(Step::run(MAKE_ROOT));
            steps.push(Step::run(&[
                "cp",
                "-r",
                &format!("./{dist}"),
                "/rootfs/app",
            ]));
            (steps, run)
        }
        Source::Python(python) => match &python.module {
            Some(module) => (
                vec![Step::copy(
                    &format!("{}/", join(".", &python.path)),
                    &format!("/rootfs{}/", python.place()),
                )],
                Some(vec!["python3".into(), "-m".into(), module.clone()]),
            ),
            None => {
                let path = python.place();
                (
                    vec![Step::copy(&python.path, &target(&path))],
                    Some(vec!["python3".into(), path]),
                )
            }
        },
        Source::Binary(binary) => {
            let system = request.spec.systems.first();
            let url = system
                .and_then(|system| binary.url.get(system))
                .cloned()
                .unwrap_or_default();
            let hash = system.and_then(|system| binary.hash.get(system));
            let digest = hash
                .and_then(|hash| HashText::parse(hash, None).ok())
                .map(|text| data_encoding::HEXLOWER.encode(text.hash.digest()));
            let to = target(&format!("{BIN}/{}", binary.pname));
            let download = Step {
                add: Some(vec![url.clone(), "/download".into()]),
                checksum: digest.map(|digest| format!("sha256:{digest}")),
                ..Step::default()
            };
            let mut steps = vec![download];
            match &binary.member {
                None => steps.push(Step::run(&[
                    "install",
                    "-D",
                    "-m",
                    "0755",
                    "/download",
                    &to,
                ])),
                Some(member) => {
                    let unpack: &[&str] = match url.ends_with(".zip") {
                        true => &["unzip", "-q", "/download"],
                        false => &["tar", "-xf", "/download"],
                    };
                    steps.push(Step::run(unpack));
                    steps.push(Step::run(&[
                        "install",
                        "-D",
                        "-m",
                        "0755",
                        &format!("./{member}"),
                        &to,
                    ]));
                }
            }
            (steps, program(&binary.pname))
        }
        Source::Script(_) | Source::Package(_) | Source::Spork(_) => (Vec::new(), None),
    })
}

fn manager_name(manager: Manager) -> &'static str {
    match manager {
        Manager::Npm => "npm",
        Manager::Pnpm => "pnpm",
        Manager::Yarn => "yarn",
        Manager::Bun => "bun",
    }
}

/// Installs what the lock file names, and nothing else.
fn install(manager: Manager, project: &Folder) -> Result<Vec<Step>, SourceError> {
    Ok(match manager {
        Manager::Npm => vec![Step::run(&["npm", "ci"])],
        Manager::Pnpm => vec![
            Step::run(&["corepack", "enable"]),
            Step::run(&["pnpm", "install", "--frozen-lockfile"]),
        ],
        Manager::Yarn => vec![
            Step::run(&["corepack", "enable"]),
            Step::run(&["yarn", "install", "--frozen-lockfile"]),
        ],
        // With nothing to install, bun would change a lock file that names nothing.
        Manager::Bun if !project.package_json_has_dependencies()? => Vec::new(),
        Manager::Bun => vec![Step::run(&["bun", "install", "--frozen-lockfile"])],
    })
}
