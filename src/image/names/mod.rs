//! Packages of other distributions by their names in nixpkgs, as far as that is certain: Debian's, Alpine's, PyPI's.
//!
//! A table is a sorted text file, a package a line: its name, what it is to an image, and its attribute path (`-` for
//! none). Of PyPI's, the attribute is one of the interpreter's package set.

use std::collections::HashMap;
use std::sync::LazyLock;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    Apk,
    Apt,
    Pip,
}

/// What a package is to an image that Nix builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Its programs or data are used while the container runs.
    Run,
    /// A library, or a tool that builds: what is linked with it brings it, what is built with it names it.
    Lib,
    /// Every build of Nix has it.
    Tool,
    /// Every image has it, or none needs it.
    Base,
}

/// A package in nixpkgs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub wanted: Use,
    /// Empty where nothing is to be added.
    pub attr: &'static str,
}

const APK: &str = include_str!("apk.tsv");
const APT: &str = include_str!("apt.tsv");
const PIP: &str = include_str!("pip.tsv");

type Table = HashMap<&'static str, Known>;

static TABLES: LazyLock<[Table; 3]> = LazyLock::new(|| [APK, APT, PIP].map(read));

fn read(text: &'static str) -> Table {
    text.lines().filter_map(line).collect()
}

fn line(line: &'static str) -> Option<(&'static str, Known)> {
    let mut columns = line.split('\t');
    let name = columns.next()?;
    let wanted = match columns.next()? {
        "run" => Use::Run,
        "lib" => Use::Lib,
        "tool" => Use::Tool,
        "base" => Use::Base,
        _ => return None,
    };
    let attr = match columns.next()? {
        "-" => "",
        attr => attr,
    };
    Some((name, Known { wanted, attr }))
}

/// The package `name` of `index`, without a version.
pub fn known(index: Index, name: &str) -> Option<Known> {
    let [apk, apt, pip] = &*TABLES;
    match index {
        Index::Apk => apk.get(name).copied(),
        Index::Apt => apt.get(name).copied(),
        Index::Pip => pip.get(normal(name).as_str()).copied(),
    }
}

/// A name as PyPI compares them. Source: PEP 503.
fn normal(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for sign in name.chars() {
        match sign {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            sign => normal.push(sign.to_ascii_lowercase()),
        }
    }
    normal
}

/// A line of `requirements.txt`, or a word of `pip install`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    pub name: String,
    /// Whether a version is asked for.
    pub is_pinned: bool,
}

/// `None` for what is no package of PyPI by its name: options, files, URLs. Source: PEP 508.
pub fn requirement(text: &str) -> Option<Requirement> {
    let text = text.split(" #").next().unwrap_or_default();
    let text = text.split(';').next().unwrap_or_default().trim();
    let allowed = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_' | '.');
    let end = text.find(|sign| !allowed(sign)).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    if !name.starts_with(|sign: char| sign.is_ascii_alphanumeric()) {
        return None;
    }
    rest = rest.trim_start();
    if let Some(extras) = rest.strip_prefix('[') {
        rest = extras.split_once(']')?.1.trim_start();
    }
    let is_version = rest.is_empty() || rest.starts_with(['=', '<', '>', '!', '~', '(']);
    is_version.then(|| Requirement {
        name: name.to_owned(),
        is_pinned: !rest.is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::spec::grammar;

    #[test]
    fn tables_are_whole_sorted_and_large() {
        for (text, least) in [(APK, 120), (APT, 120), (PIP, 120)] {
            let names: Vec<&str> = text.lines().map(|row| line(row).expect(row).0).collect();
            assert!(names.is_sorted_by(|a, b| a < b));
            assert!(names.len() >= least);
            for row in text.lines() {
                let (name, known) = line(row).unwrap();
                assert_eq!(row.split('\t').count(), 3, "{row}");
                let has_attr = matches!(known.wanted, Use::Run | Use::Lib);
                assert_eq!(has_attr, grammar::is_attr_path(known.attr), "{row}");
                assert!(!name.contains(char::is_whitespace), "{row}");
            }
            let running = text.lines().filter(|row| row.contains("\trun\t")).count();
            assert!(running >= least, "{running}");
        }
        assert!(PIP.lines().all(|row| {
            let name = line(row).unwrap().0;
            normal(name) == name
        }));
    }

    #[test]
    fn requirements_are_names_and_versions() {
        for (text, wanted) in [
            ("flask", Some(("flask", false))),
            ("Flask==3.0.0  # web", Some(("Flask", true))),
            ("uvicorn[standard]>=0.20,<1", Some(("uvicorn", true))),
            ("uvicorn[standard]", Some(("uvicorn", false))),
            ("x ; python_version < '3.9'", Some(("x", false))),
            ("-r other.txt", None),
            ("./local", None),
            ("git+https://example.org/x.git", None),
            ("x @ https://example.org/x.tar.gz", None),
            ("x.whl/y", None),
            ("x[", None),
            ("", None),
        ] {
            let found = requirement(text);
            let found = found.as_ref().map(|one| (one.name.as_str(), one.is_pinned));
            assert_eq!(found, wanted, "{text}");
        }
        assert_eq!(
            known(Index::Pip, "Flask_SQLAlchemy").map(|one| one.attr),
            Some("flask-sqlalchemy")
        );
        assert_eq!(known(Index::Pip, "no-such-package"), None);
    }
}
