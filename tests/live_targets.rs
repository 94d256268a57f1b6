//! Which Nix files are evaluated: those, and only those, that Nix makes something of with no arguments.

mod support;

use std::fs;
use std::path::Path;

use cotter::config::Config;
use cotter::fod::target::{self, Target};
use cotter::source::{RelPath, Workspace};
use cotter::syntax::Library;
use support::run;
use support::store::Store;

fn fixtures() -> Workspace {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fod_targets");
    Workspace::at(&root).unwrap()
}

#[test]
fn nix_builds_what_is_taken_and_nothing_of_the_rest() {
    let workspace = fixtures();
    let files = workspace.files(&RelPath::root(), &[]);
    let library = Library::new(&workspace);
    let taken = target::all(&Config::default(), &files, &library);
    let store = Store::new();
    let mut seen = [0, 0];
    for file in files
        .iter()
        .filter(|file| file.file_name() == "default.nix")
    {
        let is_taken = taken.contains(&Target::File {
            path: file.clone(),
            attrs: Vec::new(),
        });
        let should_be = file.is_within(&RelPath::new("built").unwrap());
        assert_eq!(is_taken, should_be, "{file}");
        let mut nix = store.nix("nix-instantiate");
        let output = run(nix.arg(file.to_path(workspace.root())), "nix-bin");
        let made = output.status.success() && !output.stdout.is_empty();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(made, should_be, "{file}: {said}");
        seen[usize::from(made)] += 1;
    }
    assert!(seen.iter().all(|count| *count >= 9), "{seen:?}");
}

/// `--flake` means for cotter what it means for Nix.
#[test]
fn a_flake_reference_leads_where_nix_finds_it() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("w s");
    for folder in ["sub/deep", "other"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for folder in ["", "sub"] {
        let text = format!("{{ outputs = _: {{ at = \"{folder}\"; }}; }}");
        fs::write(root.join(folder).join("flake.nix"), text).unwrap();
    }
    let workspace = Workspace::at(&root).unwrap();
    let root = workspace.root();
    let absolute = root.to_str().unwrap().replace(' ', "%20");
    let store = Store::new();
    for (base, reference, expected) in [
        ("", ".#at", Some("")),
        ("", "./sub#at", Some("sub")),
        ("sub", "..#at", Some("")),
        ("sub", ".#at", Some("sub")),
        ("", "path:./sub#at", Some("sub")),
        ("", "path:.?dir=sub#at", Some("sub")),
        ("", &format!("path:{absolute}?dir=sub#at"), Some("sub")),
        ("", "path:./other#at", None),
    ] {
        let base = root.join(base);
        let target = target::flake(&workspace, &base, reference).ok();
        let dir = target.map(|target| match target {
            Target::Flake { dir, attr } => {
                assert_eq!(attr.as_deref(), Some("at"), "{reference}");
                dir.as_str().to_owned()
            }
            Target::File { .. } => panic!("{reference} is no flake"),
        });
        assert_eq!(dir.as_deref(), expected, "{reference}");
        let mut nix = store.nix("nix");
        nix.args(["--extra-experimental-features", "flakes nix-command"])
            .args(["eval", "--raw", "--impure", reference])
            .current_dir(&base);
        let output = run(&mut nix, "nix-bin");
        let said = String::from_utf8_lossy(&output.stderr);
        // Nix 2.8 knows no `dir` in a `path:` reference; later ones do.
        if said.contains("unsupported parameter 'dir'") {
            continue;
        }
        let found = output.status.success().then_some(&*output.stdout);
        assert_eq!(found, expected.map(str::as_bytes), "{reference}: {said}");
    }
}
