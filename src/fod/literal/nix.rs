//! Hash literals of one Nix file, and the files that it reads as data.

use std::rc::Rc;

use super::meaning::Meaning;
use super::{Kind, Literal, text};
use crate::hash::Algo;
use crate::naming::Name;
use crate::spot::Spot;
use crate::syntax::{Library, NixFile, Read, Role, Site, named_expressions, reads, strings};

/// What nixpkgs calls the hashes that are nobody's.
const FAKES: [&str; 3] = ["fakeHash", "fakeSha256", "fakeSha512"];

/// The name of what has no name around it.
const NAMELESS: &str = "hash";

/// The literals of `file`, in the order of the text, and what it reads.
pub fn find(library: &Library, container: &str, file: &Rc<NixFile>) -> (Vec<Literal>, Vec<Read>) {
    let source = file.source();
    let wanted = |written: &str| {
        let written = written.trim_matches(' ');
        text::may_be_hash(written.as_bytes()) || text::is_stub(written)
    };
    let mut found = Vec::new();
    for string in strings(library, file, wanted) {
        let site = string.site;
        let read = {
            let meaning = meaning(library, &site);
            let read = meaning.of_text(&string.part.value);
            read.map(|(kind, algo)| (kind, algo, meaning.is_hash()))
        };
        let Some((kind, algo, is_hash)) = read else {
            continue;
        };
        if kind == Kind::Placeholder && !holds_value(site.role) {
            continue;
        }
        if makes_fake(&site, &string.part.value) {
            continue;
        }
        let spot = Spot::in_part(&string.part, 0..string.part.value.len());
        found.push(literal(container, site, spot, kind, algo, is_hash, false));
    }
    if source.text().contains("fake") {
        for fake in named_expressions(library, file, &FAKES) {
            // What is asked about a fake hash is true of no other.
            if fake.site.role == Role::Compared {
                continue;
            }
            // One that the workspace itself gives a real hash is no fake.
            if fake.text.as_deref().is_some_and(|text| !is_nobodys(text)) {
                continue;
            }
            let algo = match fake.name.as_str() {
                "fakeSha512" => Algo::Sha512,
                _ => Algo::Sha256,
            };
            let written = source.text().get(fake.range.clone()).unwrap_or_default();
            let spot = Spot::bytes(file.path(), fake.range, written);
            let is_hash = meaning(library, &fake.site).is_hash();
            found.push(literal(
                container,
                fake.site,
                spot,
                Kind::Placeholder,
                algo,
                is_hash,
                true,
            ));
        }
    }
    found.sort_by_key(|literal| literal.spot.offset());
    for literal in &mut found {
        literal.spot.locate(source);
    }
    (found, reads(library, file))
}

fn meaning<'s>(
    library: &'s Library,
    site: &'s Site,
) -> Meaning<impl Fn() -> Vec<String> + 's, impl Fn(&str) -> Option<String> + 's> {
    Meaning::of(
        &site.names,
        || site.taken_as(),
        |name| site.beside(library, name),
    )
}

/// Whether it is what a workspace's own `lib` calls nobody's hash: where that is used there is a literal, not here.
fn makes_fake(site: &Site, text: &str) -> bool {
    site.role == Role::Bound
        && site
            .names
            .first()
            .is_some_and(|name| FAKES.contains(&name.as_str()))
        && is_nobodys(text)
}

/// Whether `text` says no hash, or one of only zeros.
fn is_nobodys(text: &str) -> bool {
    match text::read(text, None, true) {
        Some(read) => read.hash.is_placeholder(),
        None => text::is_stub(text),
    }
}

/// Whether an empty string there may be the place of a hash.
fn holds_value(role: Role) -> bool {
    matches!(role, Role::Bound | Role::Default | Role::Argument)
}

fn literal(
    container: &str,
    site: Site,
    spot: Spot,
    kind: Kind,
    algo: Algo,
    is_named_like_hash: bool,
    is_expression: bool,
) -> Literal {
    let mut path = site.path;
    if path.is_empty() {
        path.push(NAMELESS.to_owned());
    }
    Literal {
        name: Name::new(container, &path),
        spot,
        kind,
        algo,
        is_named_like_hash,
        system: site.system,
        role: site.role,
        is_expression,
    }
}
