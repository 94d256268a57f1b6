//! What makes the files that a fetcher yields differ from the blobs of the commit: attributes that convert or
//! leave out files, and submodules. Where there is none of it, the NAR hash of the tree is the fetcher's hash.
//!
//! Attributes are judged where they are given, not by the files that they match: an attribute that happens to
//! match nothing is reported too. Those that change nothing where lines end in LF (`text`, `text=auto`,
//! `eol=lf`, `-text`, `binary`, `diff`, `merge`, `linguist-*`) are not.

use std::collections::BTreeSet;
use std::fmt;

use gix::attrs::{AssignmentRef, StateRef};

use super::tree::{BlobKind, Step};
use super::{GitError, Oid, Repo};

/// How a pin's files come from its commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchMethod {
    /// A forge's tarball or zip: `git archive` on the server.
    Archive,
    /// `git checkout`, then `.git` removed: nixpkgs' `fetchgit`.
    Checkout,
    /// `builtins.fetchGit` and `fetchTree`: up to Nix 2.19 `git archive`, from then on libgit2.
    BuiltinFetchGit,
}

/// One reason for a fetcher to yield other bytes than the commit's blobs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckoutTrait {
    /// The attributes file, or the submodule's folder; below the root of the tree, lossy where not UTF-8.
    pub path: String,
    /// 1-based; `None` where the whole of `path` is meant.
    pub line: Option<usize>,
    pub kind: TraitKind,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TraitKind {
    /// Archives leave the file out.
    ExportIgnore,
    /// Archives expand `$Format:...$` in it.
    ExportSubst,
    /// A program on the machine that checks out converts it. The name is `lfs` for Git LFS.
    Filter(String),
    /// Lines end in CRLF when checked out.
    EolCrlf,
    /// `$Id$` is expanded when checked out.
    Ident,
    /// Converted from UTF-8 to this encoding when checked out.
    WorkingTreeEncoding(String),
    /// A commit of another repository; an empty folder unless submodules are asked for.
    Submodule,
    /// A line, or a whole attributes file, whose meaning differs between versions of git, or is not known.
    Unclear,
}

impl TraitKind {
    /// Whether this changes what `method` yields, with submodules fetched or not.
    pub fn affects(&self, method: FetchMethod, submodules: bool) -> bool {
        match self {
            TraitKind::ExportIgnore | TraitKind::ExportSubst => method != FetchMethod::Checkout,
            TraitKind::Submodule => submodules,
            TraitKind::Filter(_)
            | TraitKind::EolCrlf
            | TraitKind::Ident
            | TraitKind::WorkingTreeEncoding(_)
            | TraitKind::Unclear => true,
        }
    }

    fn of(assignment: AssignmentRef<'_>) -> Option<TraitKind> {
        let value = match assignment.state {
            StateRef::Set => String::new(),
            StateRef::Value(value) => value.as_bstr().to_string(),
            StateRef::Unset | StateRef::Unspecified => return None,
        };
        match assignment.name.as_str() {
            "export-ignore" => Some(TraitKind::ExportIgnore),
            "export-subst" => Some(TraitKind::ExportSubst),
            "filter" => Some(TraitKind::Filter(value)),
            "eol" if value == "crlf" => Some(TraitKind::EolCrlf),
            "ident" => Some(TraitKind::Ident),
            "working-tree-encoding" => Some(TraitKind::WorkingTreeEncoding(value)),
            _ => None,
        }
    }
}

impl fmt::Display for TraitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TraitKind::ExportIgnore => f.write_str("`export-ignore` leaves files out of archives"),
            TraitKind::ExportSubst => f.write_str("`export-subst` rewrites files in archives"),
            TraitKind::Filter(name) => write!(f, "`filter={name}` converts files on checkout"),
            TraitKind::EolCrlf => f.write_str("`eol=crlf` converts line endings on checkout"),
            TraitKind::Ident => f.write_str("`ident` expands `$Id$` on checkout"),
            TraitKind::WorkingTreeEncoding(name) => {
                write!(
                    f,
                    "`working-tree-encoding={name}` converts files on checkout"
                )
            }
            TraitKind::Submodule => f.write_str("a submodule"),
            TraitKind::Unclear => f.write_str("attributes that versions of git read differently"),
        }
    }
}

impl fmt::Display for CheckoutTrait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.kind),
            None => write!(f, "{}: {}", self.path, self.kind),
        }
    }
}

/// Those of `traits` for which the NAR hash of the tree is not provably that of what `method` yields.
/// None left: it is.
pub fn obstacles(
    traits: &[CheckoutTrait],
    method: FetchMethod,
    submodules: bool,
) -> impl Iterator<Item = &CheckoutTrait> {
    traits
        .iter()
        .filter(move |found| found.kind.affects(method, submodules))
}

impl Repo {
    /// Everything in the tree of `commit` for which its blobs are not what some fetcher yields, sorted by
    /// place. Reads every `.gitattributes` of the tree, at any depth.
    pub fn checkout_traits(&self, commit: Oid) -> Result<Vec<CheckoutTrait>, GitError> {
        let repo = self.plain_objects();
        let mut found = BTreeSet::new();
        let mut folders: Vec<Vec<u8>> = Vec::new();
        for step in self.steps(commit, "")? {
            match step {
                Step::Enter { name } => folders.push(name),
                Step::Leave => {
                    folders.pop();
                }
                Step::Gitlink { name } => {
                    found.insert(CheckoutTrait {
                        path: path(&folders, &name),
                        line: None,
                        kind: TraitKind::Submodule,
                    });
                }
                Step::Blob { name, kind, id } if name == b".gitattributes" => {
                    let path = path(&folders, &name);
                    if kind == BlobKind::Link {
                        found.insert(CheckoutTrait {
                            path,
                            line: None,
                            kind: TraitKind::Unclear,
                        });
                        continue;
                    }
                    let blob = repo
                        .find_blob(id)
                        .map_err(|e| self.unreadable_object(id, e))?;
                    found.extend(attributes(&blob.data).into_iter().map(|(line, kind)| {
                        CheckoutTrait {
                            path: path.clone(),
                            line: Some(line),
                            kind,
                        }
                    }));
                }
                Step::Blob { .. } => {}
            }
        }
        Ok(found.into_iter().collect())
    }
}

/// The path of `name` in `folders`, the first of which is the root and has no name.
fn path(folders: &[Vec<u8>], name: &[u8]) -> String {
    let mut path: Vec<&[u8]> = folders.iter().skip(1).map(Vec::as_slice).collect();
    path.push(name);
    String::from_utf8_lossy(&path.join(&b"/"[..])).into_owned()
}

/// The attributes that an attributes file sets and that matter here, with their lines.
fn attributes(text: &[u8]) -> Vec<(usize, TraitKind)> {
    let mut found = Vec::new();
    // Line by line, because the parser gives no number for a line that it refuses.
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        match gix::attrs::parse(line).next() {
            // A macro counts where it is defined: whoever uses it sets what it holds.
            Some(Ok((_, assignments, _))) => {
                for assignment in assignments {
                    match assignment.map(TraitKind::of) {
                        Ok(Some(kind)) => found.push((number, kind)),
                        Ok(None) => {}
                        Err(_) => found.push((number, TraitKind::Unclear)),
                    }
                }
            }
            Some(Err(_)) => found.push((number, TraitKind::Unclear)),
            None => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_changes_files() {
        let text = b"# comment export-ignore\n\
            /docs export-ignore\r\n\
            \"a b\" -text ident export-subst\n\
            \n\
            *.bin filter=lfs diff=lfs merge=lfs -text\n\
            *.bat eol=crlf\r\n\
            [attr]utf16 working-tree-encoding=UTF-16LE\n";
        assert_eq!(
            attributes(text),
            [
                (2, TraitKind::ExportIgnore),
                (3, TraitKind::Ident),
                (3, TraitKind::ExportSubst),
                (5, TraitKind::Filter("lfs".into())),
                (6, TraitKind::EolCrlf),
                (7, TraitKind::WorkingTreeEncoding("UTF-16LE".into())),
            ]
        );
    }

    #[test]
    fn passes_over_what_does_not() {
        let text =
            b"* text=auto\n*.sh text eol=lf\n*.png binary\n*.c diff=cpp whitespace=tab-in-indent\n\
            vendor/** linguist-vendored -export-ignore !ident -filter\n*.pdf -crlf -diff\n";
        assert_eq!(attributes(text), []);
    }

    #[test]
    fn doubts_what_it_cannot_read() {
        assert_eq!(
            attributes(b"\n!a ident\nb te$t\n"),
            [(2, TraitKind::Unclear), (3, TraitKind::Unclear)]
        );
    }

    #[test]
    fn an_attribute_matters_where_it_is_heeded() {
        use FetchMethod::*;
        for (kind, submodules, affected) in [
            (
                TraitKind::ExportIgnore,
                false,
                &[Archive, BuiltinFetchGit][..],
            ),
            (TraitKind::ExportSubst, true, &[Archive, BuiltinFetchGit]),
            (TraitKind::Submodule, false, &[]),
            (
                TraitKind::Submodule,
                true,
                &[Archive, Checkout, BuiltinFetchGit],
            ),
            (
                TraitKind::EolCrlf,
                false,
                &[Archive, Checkout, BuiltinFetchGit],
            ),
        ] {
            for method in [Archive, Checkout, BuiltinFetchGit] {
                assert_eq!(
                    kind.affects(method, submodules),
                    affected.contains(&method),
                    "{kind:?} {method:?}"
                );
            }
        }
    }
}
