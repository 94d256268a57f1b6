//! Reading a fetcher's arguments.

use std::ops::Range;

use super::{Fetch, Fetched};
use crate::fetched::algo_of_fake;
use crate::git::FetchMethod;
use crate::hash::{Algo, HashError, HashText};
use crate::pin::{FakeHash, Moves, PinKind, PinnedHash, tag};
use crate::spot::Spot;
use crate::syntax::{Attrs, Call, Library, Part, Text, Value};

/// The attributes that hold a hash, and the algorithm that the name implies.
const HASHES: &[(&str, Option<Algo>)] = &[
    ("hash", None),
    ("sha256", Some(Algo::Sha256)),
    ("sha512", Some(Algo::Sha512)),
    ("sha1", Some(Algo::Sha1)),
    ("md5", Some(Algo::Md5)),
    ("narHash", None),
    ("outputHash", None),
];

/// The names of the attributes that hold a hash.
pub fn hash_names() -> impl Iterator<Item = &'static str> {
    HASHES.iter().map(|(name, _)| *name)
}

/// A call's argument: a set, or a string alone.
pub struct Arguments<'a> {
    pub call: &'a Call,
    library: &'a Library<'a>,
    attrs: Option<Attrs>,
    only: Option<Text>,
}

impl<'a> Arguments<'a> {
    pub fn of(call: &'a Call, library: &'a Library<'a>) -> Arguments<'a> {
        let (attrs, only) = match call.argument(library) {
            Value::Attrs(attrs) => (Some(attrs), None),
            Value::Text(text) => (None, Some(text)),
            _ => (None, None),
        };
        Arguments {
            call,
            library,
            attrs,
            only,
        }
    }

    fn value(&self, name: &str) -> Value {
        self.attrs
            .as_ref()
            .map_or(Value::Unknown, |attrs| attrs.get(self.library, name))
    }

    pub fn text(&self, name: &str) -> Option<Text> {
        self.value(name).text()
    }

    pub fn string(&self, name: &str) -> Option<String> {
        self.text(name).map(|text| text.value())
    }

    /// The attribute `url`, the first of `urls`, or the argument itself where it is a string.
    pub fn url(&self) -> Option<Text> {
        let first = || match self.value("urls") {
            Value::List(list) => list.items(self.library).into_iter().next()?.text(),
            _ => None,
        };
        self.only
            .clone()
            .or_else(|| self.text("url"))
            .or_else(first)
    }

    /// The argument where it is a string, `url`, and all of `urls`; `None` when one of them is not known.
    pub fn urls(&self) -> Option<Vec<String>> {
        if let Some(only) = &self.only {
            return Some(vec![only.value()]);
        }
        let mut urls = Vec::new();
        if self.has("url") {
            urls.push(self.string("url")?);
        }
        if self.has("urls") {
            for item in self.value("urls").list()?.items(self.library) {
                urls.push(item.text()?.value());
            }
        }
        Some(urls)
    }

    pub fn has(&self, name: &str) -> bool {
        self.attrs
            .as_ref()
            .is_some_and(|attrs| attrs.has(self.library, name))
    }

    /// Whether `name` is given and is not plainly switched off.
    pub fn is_on(&self, name: &str) -> bool {
        self.has(name) && !matches!(self.value(name), Value::Bool(false) | Value::Null)
    }

    /// Whether `name` is plainly switched on.
    pub fn is_true(&self, name: &str) -> bool {
        matches!(self.value(name), Value::Bool(true))
    }

    /// The place and shape of the revision that the attributes `rev` or `tag` hold.
    pub fn revision(&self) -> Option<(Spot, Moves, String)> {
        let text = self.text("rev").or_else(|| self.text("tag"))?;
        let whole = 0..text.value().len();
        let (spot, moves) = self.moving(&text, whole)?;
        Some((spot, moves, text.value()))
    }

    /// What of the bytes `within` of `text` a bump can change: all of it when it is one literal; the piece that comes
    /// from a name (`version`) when it is put together.
    pub fn moving(&self, text: &Text, within: Range<usize>) -> Option<(Spot, Moves)> {
        let value = text.value();
        if let Some((part, inner)) = text.part_at(&within) {
            let spot = Spot::in_part(part, inner);
            let moves = match tag::is_commit(&spot.value) {
                true => Moves::Rev,
                false => Moves::Tag {
                    prefix: String::new(),
                    suffix: String::new(),
                },
            };
            return (!spot.value.is_empty()).then_some((spot, moves));
        }
        let mut at = 0;
        let mut named = Vec::new();
        for part in &text.parts {
            let range = at..at + part.value.len();
            at = range.end;
            if part.via.is_some()
                && range.start >= within.start
                && range.end <= within.end
                && !range.is_empty()
            {
                named.push((part, range));
            }
        }
        // `"${prefix}${version}"`: what changes is what is called so, or else the only piece with a digit.
        let is_version = |part: &Part| part.via.as_deref() == Some("version");
        let has_digit = |part: &Part| part.value.bytes().any(|b| b.is_ascii_digit());
        if named.iter().any(|(part, _)| is_version(part)) {
            named.retain(|(part, _)| is_version(part));
        } else if named.len() > 1 {
            named.retain(|(part, _)| has_digit(part));
        }
        let [(part, range)] = named.as_slice() else {
            return None;
        };
        let prefix = value.get(within.start..range.start)?.to_owned();
        let suffix = value.get(range.end..within.end)?.to_owned();
        Some((
            Spot::in_part(part, 0..part.value.len()),
            Moves::Tag { prefix, suffix },
        ))
    }

    /// The hash among the arguments.
    pub fn hash(&self) -> PinnedHash {
        let Some((name, algo)) = HASHES.iter().find(|(name, _)| self.has(name)) else {
            return PinnedHash::None;
        };
        match self.value(name) {
            Value::Null => PinnedHash::None,
            Value::Text(text) => match Spot::literal(&text) {
                Some(spot) => match HashText::parse(&spot.value, *algo) {
                    Ok(text) => PinnedHash::Literal {
                        algo: Some(text.hash.algo()),
                        text: Some(text),
                        spot,
                    },
                    Err(HashError::Empty) => PinnedHash::Literal {
                        spot,
                        text: None,
                        algo: *algo,
                    },
                    Err(_) => PinnedHash::Opaque(None),
                },
                None => PinnedHash::Opaque(None),
            },
            _ => PinnedHash::Opaque(self.fake(name)),
        }
    }

    fn fake(&self, name: &str) -> Option<FakeHash> {
        let (file, offset, last) = self.attrs.as_ref()?.name_behind(self.library, name)?;
        Some(FakeHash {
            file,
            offset,
            algo: algo_of_fake(&last)?,
        })
    }

    /// How the tree is fetched; see [`Arguments::obstacle`] for the lists.
    pub fn tree(
        &self,
        method: FetchMethod,
        submodules: bool,
        harmless: &[&str],
        switches: &[&str],
    ) -> Fetch {
        Fetch::Tree {
            method,
            submodules,
            obstacle: self.obstacle(harmless, switches),
        }
    }

    /// Why the hash cannot be known without a build. `harmless` are the arguments that do not change the result;
    /// `switches` those that do not while they are off. Any other argument is an obstacle.
    pub fn obstacle(&self, harmless: &[&str], switches: &[&str]) -> Option<String> {
        if self.call.is_of_our_own(self.library) {
            return Some(format!(
                "`{}` is a function of the workspace's own",
                self.call.function
            ));
        }
        let attrs = self.attrs.as_ref()?;
        if attrs.may_hold_more() {
            return Some("it may have arguments that are not written in the call".to_owned());
        }
        attrs.names().into_iter().find_map(|name| {
            let known = harmless.contains(&name.as_str())
                || HASHES.iter().any(|(hash, _)| *hash == name)
                || (switches.contains(&name.as_str()) && !self.is_on(&name));
            (!known).then(|| format!("`{name}` changes what `{}` yields", self.call.function))
        })
    }

    /// What a forge's function says: a repository at `url` and a revision of it, fetched as an archive.
    pub fn forge(&self, kind: PinKind, url: String, harmless: &[&str]) -> Option<Fetched> {
        const COMMON: &[&str] = &[
            "owner", "repo", "rev", "tag", "name", "pname", "version", "meta", "passthru",
        ];
        const SWITCHES: &[&str] = &[
            "fetchSubmodules",
            "leaveDotGit",
            "deepClone",
            "forceFetchGit",
            "fetchLFS",
            "fetchTags",
            "private",
        ];
        let (spot, moves, rev) = self.revision()?;
        let harmless: Vec<&str> = COMMON.iter().chain(harmless).copied().collect();
        let method = match self.is_on("forceFetchGit") {
            true => FetchMethod::Checkout,
            false => FetchMethod::Archive,
        };
        let fetch = self.tree(method, false, &harmless, SWITCHES);
        Some(Fetched {
            kind,
            repository: Some(url.clone()),
            url: Some(url),
            git_ref: None,
            spot,
            moves,
            rev,
            fetch: Some(fetch),
        })
    }
}
