//! Finding every hash literal of a workspace: each file once, in parallel, and only those that can hold one.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::ErrorKind;
use std::rc::Rc;
use std::sync::Arc;

use rayon::prelude::*;

use super::needles::Needles;
use super::{Literal, nix, side};
use crate::config::Config;
use crate::naming::{Containers, Name};
use crate::problem::Problem;
use crate::source::{RelPath, SourceError, SourceFile, Workspace};
use crate::syntax::{Library, NixFile, Read, ReadAs};

/// All hash literals, and what was wrong with the files that were to be looked through.
#[derive(Debug, Default)]
pub struct Literals {
    /// By file and place.
    pub literals: Vec<Literal>,
    pub problems: Vec<Problem>,
}

/// Looks through `files`, all of the workspace's: the Nix files, and what these read as data. A file that cannot be
/// read or parsed is a problem, not an error.
pub fn find(workspace: &Workspace, config: &Config, files: &[RelPath]) -> Literals {
    let containers = Containers::new(config, files);
    let needles = Needles::new();
    let in_nix: Vec<_> = files
        .par_iter()
        .filter(|path| path.file_name().ends_with(".nix"))
        .map(|path| {
            let container = containers.name_of(path);
            let (literals, problem, reads) = in_nix(workspace, &container, path, &needles);
            (literals, problem, reads, container)
        })
        .collect();
    let known: HashSet<&RelPath> = files.iter().collect();
    let mut data: BTreeMap<RelPath, Reader> = BTreeMap::new();
    let mut found = Literals::default();
    for (literals, problem, reads, container) in in_nix {
        found.literals.extend(literals);
        found.problems.extend(problem);
        for Read { path, read_as } in reads {
            if known.contains(&path) && !side::is_lock(&path) {
                let container = container.clone();
                data.entry(path)
                    .and_modify(|reader| reader.read_as = reader.read_as.min(read_as))
                    .or_insert(Reader { container, read_as });
            }
        }
    }
    let in_data: Vec<_> = data
        .into_par_iter()
        .map(|(path, reader)| in_data(workspace, &path, &reader, &needles))
        .collect();
    for (literals, problem) in in_data {
        found.literals.extend(literals);
        found.problems.extend(problem);
    }
    // Within a file they are in order already.
    found.literals.sort_by(|a, b| a.spot.file.cmp(&b.spot.file));
    found.problems.sort();
    found.problems.dedup();
    number_twins(&mut found.literals);
    found
}

/// Who reads a data file: the container of the first Nix file that does, and as what they do.
struct Reader {
    container: String,
    read_as: ReadAs,
}

/// The file, where its bytes are `wanted`; what is wrong with it.
fn read(
    workspace: &Workspace,
    path: &RelPath,
    wanted: impl Fn(&[u8]) -> bool,
) -> Result<Option<Arc<SourceFile>>, Option<Problem>> {
    workspace
        .read_if(path, wanted)
        .map_err(|error| match &error {
            // Vanished since the folder was read: another program's doing, and nothing to say about.
            SourceError::Io { source, .. } if source.kind() == ErrorKind::NotFound => None,
            _ => Some(Problem::unreadable(path, &error)),
        })
}

fn in_nix(
    workspace: &Workspace,
    container: &str,
    path: &RelPath,
    needles: &Needles,
) -> (Vec<Literal>, Option<Problem>, Vec<Read>) {
    let file = match read(workspace, path, |bytes| needles.are_in_nix(bytes)) {
        Ok(Some(file)) => file,
        Ok(None) => return Default::default(),
        Err(problem) => return (Vec::new(), problem, Vec::new()),
    };
    let file = match NixFile::parse(file) {
        Ok(file) => Rc::new(file),
        Err(problem) => return (Vec::new(), Some(problem.into()), Vec::new()),
    };
    let library = Library::new(workspace);
    library.add(file.clone());
    let (literals, reads) = nix::find(&library, container, &file);
    (literals, None, reads)
}

/// The literals of one Nix file, which `library` has, in the order of the text.
pub fn in_file(library: &Library, container: &str, file: &Rc<NixFile>) -> Vec<Literal> {
    let (mut literals, _) = nix::find(library, container, file);
    number_twins(&mut literals);
    literals
}

fn in_data(
    workspace: &Workspace,
    path: &RelPath,
    reader: &Reader,
    needles: &Needles,
) -> (Vec<Literal>, Option<Problem>) {
    let format = side::format(path, reader.read_as);
    let wanted = |bytes: &[u8]| match format {
        Some(_) => needles.are_in_data(bytes),
        None => bytes.len() <= LONGEST_HASH_FILE,
    };
    let file = match read(workspace, path, wanted) {
        Ok(Some(file)) => file,
        Ok(None) => return Default::default(),
        // What is read as text may be anything.
        Err(_) if format.is_none() => return Default::default(),
        Err(problem) => return (Vec::new(), problem),
    };
    match side::find(&reader.container, &file, format) {
        Ok(literals) => (literals, None),
        Err(error) => (Vec::new(), Some(Problem::of_manifest(path, &error))),
    }
}

/// The most bytes of a file that holds a hash and nothing else: one of SHA-512 in base 16, and blank lines.
const LONGEST_HASH_FILE: usize = 256;

/// Literals of one file by one name get numbers: `src.hash`, `src.hash#2`.
fn number_twins(literals: &mut [Literal]) {
    let mut seen: HashMap<(RelPath, Name), usize> = HashMap::new();
    for literal in literals {
        let count = seen
            .entry((literal.spot.file.clone(), literal.name.clone()))
            .or_insert(0);
        *count += 1;
        if *count > 1 {
            literal.name.attrpath = format!("{}#{count}", literal.name.attrpath);
        }
    }
}
