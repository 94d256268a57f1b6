//! The text of `cotter.lock`. It decides what is not built: whatever is not plainly right in it is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{Entries, Entry, LockError, RecordedRecipe, SCHEMA};
use crate::fod::environment::Environment;
use crate::hash::{Algo, Hash, HashText};
use crate::problem::json_words;
use crate::source::{RelPath, SourceFile};

/// What a recipe's digest is of.
const BUILT: &str = "drv:";
const FETCHED: &str = "src:";

pub(super) fn write(entries: &Entries) -> String {
    let files = entries.iter().map(|(file, literals)| {
        let literals = literals
            .iter()
            .map(|(attrpath, entry)| (attrpath.clone(), object(entry)));
        (file.as_str().to_owned(), Value::Object(literals.collect()))
    });
    let document = json!({ "schema": SCHEMA, "fods": files.collect::<Map<_, _>>() });
    format!("{document:#}\n")
}

fn object(entry: &Entry) -> Value {
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    put("hash", entry.hash.to_string().into());
    match &entry.recipe {
        RecordedRecipe::Built { own, toolchain } => {
            put("recipe", format!("{BUILT}{own}").into());
            put("toolchain", toolchain.to_string().into());
        }
        RecordedRecipe::Fetched { source } => {
            put("recipe", format!("{FETCHED}{source}").into());
        }
    }
    let digests = |all: &mut dyn Iterator<Item = (&str, &Hash)>| {
        let all = all.map(|(key, digest)| (key.to_owned(), digest.to_string().into()));
        Value::Object(all.collect())
    };
    if !entry.files.is_empty() {
        let mut files = entry
            .files
            .iter()
            .map(|(path, digest)| (path.as_str(), digest));
        put("files", digests(&mut files));
    }
    let Environment { values, computed } = &entry.env;
    if !values.is_empty() {
        let mut values = values.iter().map(|(name, digest)| (name.as_str(), digest));
        put("env", digests(&mut values));
    }
    if let Some(computed) = computed {
        put("computed", computed.iter().map(String::as_str).collect());
    }
    Value::Object(object)
}

pub(super) fn parse(file: &SourceFile) -> Result<Entries, LockError> {
    let text = file.text();
    let invalid = |error: serde_json::Error| match conflict(text) {
        Some(offset) => LockError::Conflict {
            file: file.path().clone(),
            at: file.position(offset),
        },
        None => {
            let offset = offset(text, &error);
            LockError::Invalid {
                file: file.path().clone(),
                at: file.position(offset),
                message: json_words(&error),
            }
        }
    };
    // First only this: a newer form may hold anything else.
    let head: Head = serde_json::from_str(text).map_err(invalid)?;
    let written = head.schema.get();
    match written.parse::<u64>() {
        Ok(SCHEMA) => {}
        Ok(schema) if schema > SCHEMA => {
            let at = written.as_ptr().addr().saturating_sub(text.as_ptr().addr());
            return Err(LockError::Newer {
                file: file.path().clone(),
                at: file.position(at),
                schema,
            });
        }
        _ => {
            let at = written.as_ptr().addr().saturating_sub(text.as_ptr().addr());
            return Err(LockError::Invalid {
                file: file.path().clone(),
                at: file.position(at),
                message: format!("`{SCHEMA}` is expected as the schema"),
            });
        }
    }
    let document: Document = serde_json::from_str(text).map_err(invalid)?;
    let entries = document.fods.0.into_iter();
    Ok(entries
        .map(|(FileKey(file), literals)| {
            let literals = literals.0.into_iter();
            let literals = literals
                .map(|(attrpath, read)| (attrpath, read.0))
                .collect();
            (file, literals)
        })
        .collect())
}

/// Where the first of git's conflict markers stands.
fn conflict(text: &str) -> Option<usize> {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") {
            return Some(offset);
        }
        offset += line.len();
    }
    None
}

/// Lines count from 1, columns are bytes read so far in the line.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    before + error.column().saturating_sub(1)
}

#[derive(serde::Deserialize)]
#[serde(expecting = "an object with `schema` and `fods`")]
struct Head<'t> {
    #[serde(borrow)]
    schema: &'t RawValue,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `schema` and `fods`")]
struct Document {
    #[serde(rename = "schema")]
    _schema: u64,
    fods: Unique<FileKey, Unique<String, ReadEntry>>,
}

/// An object in which no key comes twice: after a careless merge either value may be the wrong one.
struct Unique<K, V>(BTreeMap<K, V>);

impl<K, V> Default for Unique<K, V> {
    fn default() -> Self {
        Unique(BTreeMap::new())
    }
}

impl<'de, K, V> Deserialize<'de> for Unique<K, V>
where
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys<K, V>(PhantomData<(K, V)>);

        impl<'de, K, V> Visitor<'de> for Keys<K, V>
        where
            K: Deserialize<'de> + Ord,
            V: Deserialize<'de>,
        {
            type Value = Unique<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut read = BTreeMap::new();
                while let Some(key) = map.next_key::<K>()? {
                    if read.contains_key(&key) {
                        return Err(de::Error::custom("this key comes twice"));
                    }
                    read.insert(key, map.next_value()?);
                }
                Ok(Unique(read))
            }
        }
        deserializer.deserialize_map(Keys(PhantomData))
    }
}

/// A file of the workspace.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct FileKey(RelPath);

impl<'de> Deserialize<'de> for FileKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, |text| {
            RelPath::new(text)
                .filter(|path| !path.is_root() && path.as_str() == text)
                .map(FileKey)
                .ok_or_else(|| format!("`{text}` is no path from the workspace's root"))
        })
    }
}

struct ReadEntry(Entry);

impl<'de> Deserialize<'de> for ReadEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entry = EntryText::deserialize(deserializer)?;
        let recipe = match (entry.recipe, entry.toolchain) {
            (RecipeText::Built(own), Some(HashField(toolchain))) => {
                RecordedRecipe::Built { own, toolchain }
            }
            (RecipeText::Fetched(source), None) => RecordedRecipe::Fetched { source },
            (RecipeText::Built(_), None) => return Err(de::Error::missing_field("toolchain")),
            (RecipeText::Fetched(_), Some(_)) => {
                return Err(de::Error::custom("what is only fetched has no `toolchain`"));
            }
        };
        let files = entry.files.0.into_iter();
        let values = entry.env.0.into_iter();
        Ok(ReadEntry(Entry {
            hash: entry.hash.0,
            recipe,
            files: files.map(|(path, digest)| (path.0, digest.0)).collect(),
            env: Environment {
                values: values.map(|(name, digest)| (name, digest.0)).collect(),
                computed: entry.computed,
            },
        }))
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `hash` and `recipe`")]
struct EntryText {
    hash: HashField,
    recipe: RecipeText,
    toolchain: Option<HashField>,
    #[serde(default)]
    files: Unique<FileKey, DigestField>,
    #[serde(default)]
    env: Unique<String, DigestField>,
    computed: Option<BTreeSet<String>>,
}

/// A hash in any spelling that names its algorithm.
struct HashField(Hash);

impl<'de> Deserialize<'de> for HashField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, |text| hash(text).map(HashField))
    }
}

/// The SHA-256 of a content.
struct DigestField(Hash);

impl<'de> Deserialize<'de> for DigestField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, |text| match hash(text)? {
            hash if hash.algo() == Algo::Sha256 => Ok(DigestField(hash)),
            hash => Err(format!("a sha256 is expected, not a {}", hash.algo())),
        })
    }
}

enum RecipeText {
    Built(Hash),
    Fetched(Hash),
}

impl<'de> Deserialize<'de> for RecipeText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, |text| {
            if let Some(digest) = text.strip_prefix(BUILT) {
                return hash(digest).map(RecipeText::Built);
            }
            if let Some(digest) = text.strip_prefix(FETCHED) {
                return hash(digest).map(RecipeText::Fetched);
            }
            Err(format!(
                "`{text}` is no recipe: it begins with `{BUILT}` or `{FETCHED}`"
            ))
        })
    }
}

fn hash(text: &str) -> Result<Hash, String> {
    HashText::parse(text, None)
        .map(|text| text.hash)
        .map_err(|error| error.to_string())
}

/// A string read by `parse`, whose error then has the place of the string.
fn parsed<'de, D, T>(deserializer: D, parse: fn(&str) -> Result<T, String>) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    struct Text<T>(fn(&str) -> Result<T, String>);

    impl<T> Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            self.0(text).map_err(E::custom)
        }
    }
    deserializer.deserialize_str(Text(parse))
}
