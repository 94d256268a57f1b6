//! A Nix file as it is and as it was, and the hash literals of both.

use std::cell::OnceCell;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::check::{Before, NixView, Place, Report};
use crate::fod::{self, Literal};
use crate::source::RelPath;
use crate::syntax::{Library, NixFile};

/// The literals of each file that was asked for.
type Literals = RefCell<BTreeMap<RelPath, Rc<Vec<Literal>>>>;

pub struct Sides<'a> {
    pub view: &'a NixView<'a>,
    pub before: &'a Before<'a>,
    /// The files as they were.
    pub then: Library<'a>,
    file: OnceCell<Option<Rc<NixFile>>>,
    literals_now: Literals,
    literals_then: Literals,
    /// Where something was reported: of one hash is told once.
    told: RefCell<BTreeSet<(RelPath, usize)>>,
}

impl<'a> Sides<'a> {
    /// `None` where there is nothing to compare with, or nothing has changed at all.
    pub fn of(view: &'a NixView<'a>) -> Option<Sides<'a>> {
        let before = view.subject.before?;
        if before.changed().changed.is_empty() {
            return None;
        }
        let then = before.workspace(view.subject.workspace.root())?;
        Some(Sides {
            view,
            before,
            then: Library::new(then),
            file: OnceCell::new(),
            literals_now: Literals::default(),
            literals_then: Literals::default(),
            told: RefCell::default(),
        })
    }

    /// The file as it was, where it was there and could be read.
    pub fn file_then(&self) -> Option<&Rc<NixFile>> {
        let file = self
            .file
            .get_or_init(|| self.then.get(self.view.file.path()));
        file.as_ref()
    }

    /// The literal whose value begins at `offset` of `file`.
    pub fn literal_at(&self, file: &RelPath, offset: usize) -> Option<Literal> {
        let literals = self.literals(&self.literals_now, self.view.library, file);
        let mut all = literals.iter();
        all.find(|literal| literal.spot.offset() == offset).cloned()
    }

    /// The literals in the bytes `range` of `file`.
    pub fn literals_in(&self, file: &RelPath, range: &std::ops::Range<usize>) -> Vec<Literal> {
        let literals = self.literals(&self.literals_now, self.view.library, file);
        let within = literals.iter().filter(|l| range.contains(&l.spot.offset()));
        within.cloned().collect()
    }

    /// Whether the literal says the hash that the one of its name said, and nobody has verified it since.
    pub fn is_left(&self, literal: &Literal) -> bool {
        let Some(hash) = literal.hash() else {
            return false;
        };
        let file = &literal.spot.file;
        let was_same = !self.before.has_changed(file) || {
            let then = self.literals(&self.literals_then, &self.then, file);
            let mut named = then.iter().filter(|old| old.name == literal.name);
            named.any(|old| old.hash() == Some(hash))
        };
        was_same && self.is_unverified(literal)
    }

    /// Whether it says a hash, which nobody has verified since.
    pub fn is_unverified(&self, literal: &Literal) -> bool {
        let Some(hash) = literal.hash().filter(|_| !literal.is_placeholder()) else {
            return false;
        };
        let (file, attrpath) = (&literal.spot.file, literal.name.attrpath.as_str());
        let now = self.view.subject.lock.get(file, attrpath);
        let then = self.before.lock().get(file, attrpath);
        now == then || now.is_none_or(|entry| entry.hash != *hash)
    }

    fn literals(&self, known: &Literals, library: &Library, path: &RelPath) -> Rc<Vec<Literal>> {
        if let Some(found) = known.borrow().get(path) {
            return found.clone();
        }
        let container = self.view.subject.containers.name_of(path);
        let file = library.get(path);
        let found = file.map(|file| fod::in_file(library, &container, &file));
        let found = Rc::new(found.unwrap_or_default());
        known.borrow_mut().insert(path.clone(), found.clone());
        found
    }

    /// Reports the literal; the places in `related` have changed.
    pub fn tell(
        &self,
        report: &mut Report,
        literal: &Literal,
        message: String,
        related: Vec<(Place, String)>,
    ) {
        let at = (literal.spot.file.clone(), literal.spot.offset());
        let Some(source) = self.view.library.source(&at.0) else {
            return;
        };
        if !self.told.borrow_mut().insert(at) {
            return;
        }
        let name = &literal.name;
        let mut added = report.add(Place::of(&source, literal.spot.range()), message).help(format!(
            "`cotter fod-rehash {name}` writes the right one, or records that this one was verified"
        ));
        for (place, message) in related {
            added = added.related(place, message);
        }
    }
}

/// What a hash is called in a message: the last of its names.
pub fn called(literal: &Literal) -> &str {
    &literal.name.attrpath
}
