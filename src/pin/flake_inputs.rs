//! What a `flake.nix` asks for: its inputs, as Nix reads them.
//!
//! Not here: which of them are pins (`flake`), and what `flake.lock` says (`nix`).

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use super::flake_ref::FlakeRef;
use crate::syntax::{Attrs, Library, NixFile, Value};

/// The inputs of a flake.
#[derive(Clone, Debug)]
pub struct FlakeInputs {
    /// In the order of the text; those that are only arguments of `outputs` come last. `self` is none.
    pub inputs: Vec<Declared>,
    /// Whether there can be no other.
    pub is_complete: bool,
    /// Where to point at for them all: the name `inputs`, else `outputs`.
    pub place: Range<usize>,
}

#[derive(Clone, Debug)]
pub struct Declared {
    pub name: String,
    pub asked: Asked,
    /// The bytes of its URL, of what it follows, or of its name.
    pub place: Range<usize>,
    /// The bytes of the values of its attributes, where it is written as attributes.
    pub attributes: BTreeMap<String, Range<usize>>,
    /// What is said of the inputs that it has itself.
    pub overrides: Vec<Declared>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    Ref(FlakeRef),
    /// The input at this path from the flake.
    Follows(Vec<String>),
    /// Only that its inputs are other ones.
    Nothing,
    /// What Nix would refuse, or cotter does not know.
    Unknown,
}

impl FlakeInputs {
    /// The inputs of `file`, if it is a flake.
    pub fn read(library: &Library, file: &Rc<NixFile>) -> Option<FlakeInputs> {
        let flake = library.value(file).attrs()?;
        let outputs = flake.place_of("outputs")?;
        let known = match flake.has(library, "inputs") {
            true => flake.get(library, "inputs").attrs(),
            false => Some(Attrs::default()),
        };
        let set = known.clone().unwrap_or_default();
        let mut inputs: Vec<Declared> = set
            .names()
            .into_iter()
            .filter(|name| name != "self")
            .filter_map(|name| declared(library, &set, name, true))
            .collect();
        let formals = flake.formals(library, "outputs");
        for (name, place) in formals.iter().flatten() {
            // What the set binds with a computed name may be this one.
            let is_known = set.may_hold_more() || inputs.iter().any(|known| known.name == *name);
            if name == "self" || is_known {
                continue;
            }
            inputs.push(Declared {
                asked: FlakeRef::of_url(name).map_or(Asked::Unknown, Asked::Ref),
                name: name.clone(),
                place: place.clone(),
                attributes: BTreeMap::new(),
                overrides: Vec::new(),
            });
        }
        let is_complete = formals.is_some() && known.is_some() && !set.may_hold_more();
        Some(FlakeInputs {
            inputs,
            is_complete,
            place: flake.place_of("inputs").unwrap_or(outputs).name,
        })
    }

    pub fn get(&self, name: &str) -> Option<&Declared> {
        self.inputs.iter().find(|input| input.name == name)
    }
}

/// `is_own`: an input of the flake itself, not one of its inputs' inputs.
fn declared(library: &Library, set: &Attrs, name: String, is_own: bool) -> Option<Declared> {
    let at = set.place_of(&name)?;
    let mut input = Declared {
        asked: Asked::Unknown,
        place: at.name,
        attributes: BTreeMap::new(),
        overrides: Vec::new(),
        name,
    };
    let Value::Attrs(attrs) = set.get(library, &input.name) else {
        return Some(input);
    };
    if attrs.may_hold_more() {
        return Some(input);
    }
    let mut values = BTreeMap::new();
    for key in attrs.names() {
        let place = attrs.place_of(&key)?.value;
        match (key.as_str(), attrs.get(library, &key)) {
            ("inputs", Value::Attrs(own)) => {
                let names = own.names().into_iter();
                let overrides = names.filter_map(|name| declared(library, &own, name, false));
                input.overrides = overrides.collect();
                continue;
            }
            ("flake", _) => continue,
            (_, Value::Text(text)) => values.insert(key.clone(), text.value()),
            (_, Value::Bool(on)) => values.insert(key.clone(), on.to_string()),
            _ => return Some(input),
        };
        input.attributes.insert(key, place);
    }
    if let Some(path) = values.remove("follows") {
        let steps = path.split('/').filter(|step| !step.is_empty());
        input.asked = Asked::Follows(steps.map(str::to_owned).collect());
        input.place = input.attributes.get("follows").cloned()?;
        return Some(input);
    }
    let reference = match (values.contains_key("type"), values.get("url")) {
        (true, _) => FlakeRef::of_attributes(values),
        (false, Some(url)) if values.len() == 1 => {
            input.place = input.attributes.get("url").cloned()?;
            FlakeRef::of_url(url)
        }
        (false, None) if values.is_empty() && !is_own => {
            input.asked = Asked::Nothing;
            return Some(input);
        }
        (false, None) if values.is_empty() => FlakeRef::of_url(&input.name),
        // Nix refuses attributes beside a URL.
        _ => None,
    };
    input.asked = reference.map_or(Asked::Unknown, Asked::Ref);
    Some(input)
}
