use super::*;
use crate::image::spec::{File, Script, Source};
use std::collections::BTreeMap;
use std::sync::OnceLock;

static ROOT: OnceLock<RelPath> = OnceLock::new();

fn request<'a>(workspace: &'a Workspace, spec: &'a Spec, method: Method) -> Request<'a> {
    Request {
        workspace,
        spec,
        origin: "image.toml".into(),
        command: "cotter image emit image.toml".into(),
        folder: ROOT.get_or_init(RelPath::root),
        out: ROOT.get_or_init(RelPath::root),
        method,
        form: Form::File,
        nixpkgs: "nixos-25.05".into(),
        library: None,
        templates: None,
    }
}

fn script() -> Spec {
    let mut spec = Spec::new(
        "registry.example.org/team/hello",
        Source::Script(Script {
            files: BTreeMap::from([("/app/run.sh".into(), File::Path("run.sh".into()))]),
            version: None,
        }),
    );
    spec.config.entrypoint = Some(vec!["/bin/sh".into(), "/app/run.sh".into()]);
    spec
}

#[test]
fn shows() {
    for method in [Method::Layered, Method::Nix2Container] {
        let spec = script();
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(folder.path()).unwrap();
        let mut request = request(&workspace, &spec, method);
        request.form = Form::Both;
        for file in emit(&request).unwrap() {
            println!("==== {}\n{}", file.name, file.text);
        }
    }
}
