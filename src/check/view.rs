//! What a rule is shown: a file or a container, with what is known of it.

use std::rc::Rc;
use std::sync::Arc;

use super::{Place, Subject};
use crate::config::Container;
use crate::manifest::Tree;
use crate::pin::Pin;
use crate::source::{RelPath, SourceFile};
use crate::syntax::{Library, NixFile};

/// A Nix file that parses.
pub struct NixView<'a> {
    pub subject: &'a Subject<'a>,
    pub library: &'a Library<'a>,
    pub file: &'a Rc<NixFile>,
    /// The container's name.
    pub container: &'a str,
    /// The pins of this file. A spork in another file does not know its calls here yet: see [`ContainerView::pins`].
    pub pins: &'a [Pin],
}

impl NixView<'_> {
    pub fn source(&self) -> &Arc<SourceFile> {
        self.file.source()
    }

    pub fn place(&self, range: std::ops::Range<usize>) -> Place {
        Place::of(self.source(), range)
    }

    /// The bytes `range` of another Nix file, or of this one.
    pub fn place_in(&self, file: &RelPath, range: std::ops::Range<usize>) -> Option<Place> {
        let source = self.library.source(file)?;
        Some(Place::of(&source, range))
    }
}

/// A YAML file that parses.
pub struct YamlView<'a> {
    pub subject: &'a Subject<'a>,
    pub file: &'a Arc<SourceFile>,
    pub tree: &'a Tree,
    pub container: &'a str,
    pub pins: &'a [Pin],
}

impl YamlView<'_> {
    pub fn place(&self, range: std::ops::Range<usize>) -> Place {
        Place::of(self.file, range)
    }
}

/// A file of another kind.
pub struct TextView<'a> {
    pub subject: &'a Subject<'a>,
    pub file: &'a Arc<SourceFile>,
    pub container: &'a str,
}

impl TextView<'_> {
    pub fn place(&self, range: std::ops::Range<usize>) -> Place {
        Place::of(self.file, range)
    }
}

/// A container: the files of its name, wherever they lie, and those that `cotter.toml` says are its.
pub struct ContainerView<'a> {
    pub subject: &'a Subject<'a>,
    pub name: &'a str,
    pub config: Option<&'a Container>,
    /// Sorted.
    pub files: &'a [RelPath],
    /// The pins of these files.
    pub pins: &'a [&'a Pin],
    /// Parses the files that are asked for, each once.
    pub library: &'a Library<'a>,
}

impl ContainerView<'_> {
    /// Where the value of `pin` stands.
    pub fn place_of(&self, pin: &Pin) -> Option<Place> {
        let spot = pin.spot.as_ref()?;
        let file = self.subject.workspace.read(&spot.file).ok()?;
        Some(Place::of(&file, spot.range()))
    }
}
