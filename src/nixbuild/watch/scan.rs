//! The builds that the manifests of a folder ask for, now.

use std::collections::BTreeMap;
use std::path::Path;

use crate::nixbuild::wanted::{self, Wanted};
use crate::problem::Problem;
use crate::source::{RelPath, Stamp, Workspace};

/// What one object asks for, or how it is wrong; and the stamp of its file.
pub struct Seen {
    pub wanted: Result<Wanted, String>,
    pub stamp: Option<Stamp>,
}

/// Words without which a file asks for no build.
const WORDS: [&[u8]; 2] = [b"enbi.hrzn.ee", b"flakeUrl"];

/// By what each is called: the file, and the object in it.
pub fn scan(dir: &Path, status_dir: &Path, system: &str) -> BTreeMap<String, Seen> {
    let mut found = BTreeMap::new();
    let workspace = match Workspace::at(dir) {
        Ok(workspace) => workspace,
        // Gone for now; what was built stays.
        Err(_) => return found,
    };
    let ours = status_dir
        .strip_prefix(workspace.root())
        .ok()
        .and_then(RelPath::new);
    for path in workspace.files(&RelPath::root(), &[]) {
        let is_yaml = [".yaml", ".yml", ".json"]
            .iter()
            .any(|end| path.as_str().ends_with(end));
        let is_ours = ours.as_ref().is_some_and(|ours| path.is_within(ours));
        if is_yaml && !is_ours {
            of_file(&workspace, &path, system, &mut found);
        }
    }
    found
}

fn of_file(
    workspace: &Workspace,
    path: &RelPath,
    system: &str,
    found: &mut BTreeMap<String, Seen>,
) {
    let asks = |bytes: &[u8]| {
        WORDS
            .iter()
            .any(|word| memchr::memmem::find(bytes, word).is_some())
    };
    let file = match workspace.read_if(path, asks) {
        Ok(Some(file)) => file,
        Ok(None) => return,
        Err(error) => {
            let seen = Seen {
                wanted: Err(error.to_string()),
                stamp: None,
            };
            found.insert(path.to_string(), seen);
            return;
        }
    };
    let stamp = Some(file.stamp());
    let mut add = |name: &str, wanted: Result<Wanted, Problem>| {
        let mut id = match name {
            "" => path.to_string(),
            name => format!("{path}.{}", plain(name)),
        };
        let twins = (2..).map(|count| format!("{id}-{count}"));
        if found.contains_key(&id) {
            id = twins
                .into_iter()
                .find(|twin| !found.contains_key(twin))
                .unwrap_or_default();
        }
        let wanted = wanted.map_err(|problem| words(&problem));
        found.insert(id, Seen { wanted, stamp });
    };
    match wanted::read(&file, system) {
        Ok(all) => {
            for wanted in all {
                let name = wanted
                    .as_ref()
                    .map_or(String::new(), |wanted| wanted.name.clone());
                add(&name, wanted);
            }
        }
        Err(problem) => add("", Err(problem)),
    }
}

/// As part of the name of a file.
fn plain(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .take(100)
        .collect()
}

fn words(problem: &Problem) -> String {
    let Problem {
        file,
        position,
        message,
        ..
    } = problem;
    format!("{file}:{}:{}: {message}", position.line, position.column)
}
