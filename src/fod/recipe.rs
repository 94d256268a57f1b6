//! The recipe of a FOD: all that its content can depend on, as two digests.
//!
//! Like Nix's `hashDerivationModulo`, but a FOD's own hash and output path do not count, and the part that the
//! workspace itself gives is kept apart from the toolchain under it. Not here: what a recipe is compared with.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use sha2::{Digest as _, Sha256};

use super::mentions::{Digest, Mentions, StandIn};
use crate::hash::{Algo, Hash, Spelling};
use crate::nix::NixError;
use crate::nix::drv::{Derivation, Derivations, DrvError, FixedOutput, name_of, store_path_parts};

/// What stands for the hash of the FOD itself.
const OWN_HASH: &[u8] = b"\0own hash\0";

/// Two SHA-256 digests. Equal recipes yield equal content, wherever and in whatever store they are built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The texts of the derivation, the workspace's sources by their content and the FODs whose hash stands in the
    /// workspace by that hash. The toolchain's paths in these texts count only by name, without a version.
    pub own: Hash,
    /// Everything else under it.
    pub toolchain: Hash,
}

/// Takes recipes. What is known about a derivation is kept, so one `Recipes` is for one set of settled hashes.
pub struct Recipes<'a> {
    derivations: &'a Derivations,
    content: &'a dyn Fn(&str) -> Option<Hash>,
    settled: &'a dyn Fn(&str) -> Option<Hash>,
    is_workspace: &'a dyn Fn(&str) -> bool,
    parts: HashMap<String, Part>,
    sources: HashMap<String, Part>,
}

/// What was found of derivations and sources in which nothing of the workspace is: it stays whatever hashes are settled.
#[derive(Default)]
pub struct Known {
    parts: HashMap<String, Part>,
    sources: HashMap<String, Part>,
}

/// What an input gives to the recipe of its user.
#[derive(Clone, Copy)]
struct Part {
    /// `None` when nothing of the workspace is in it.
    own: Option<Digest>,
    /// `None` when nothing but the workspace is in it.
    toolchain: Option<Digest>,
}

impl<'a> Recipes<'a> {
    /// `settled`, given the `.drv` path of a FOD, is the hash that its literal in the workspace has or will have;
    /// `None` when no literal of the workspace fixes it. `content` is what lies at a store path that is an input source,
    /// as a hash that is the same in every store; `None` where that is not known. `is_workspace` tells whether a store path that is an input
    /// source was made from files of the workspace.
    pub fn new(
        derivations: &'a Derivations,
        content: &'a dyn Fn(&str) -> Option<Hash>,
        settled: &'a dyn Fn(&str) -> Option<Hash>,
        is_workspace: &'a dyn Fn(&str) -> bool,
    ) -> Recipes<'a> {
        Recipes {
            derivations,
            content,
            settled,
            is_workspace,
            parts: HashMap::new(),
            sources: HashMap::new(),
        }
    }

    /// Goes on with what others have found, for the same sources.
    pub fn knowing(self, known: Known) -> Recipes<'a> {
        Recipes {
            parts: known.parts,
            sources: known.sources,
            ..self
        }
    }

    pub fn into_known(mut self) -> Known {
        self.parts.retain(|_, part| part.own.is_none());
        self.sources.retain(|_, part| part.own.is_none());
        Known {
            parts: self.parts,
            sources: self.sources,
        }
    }

    /// The recipe of the derivation whose `.drv` file is `path`, as Nix prints it.
    pub fn recipe(&mut self, path: &str) -> Result<Recipe, NixError> {
        let parts = &self.parts;
        let unknown = |at: &str, drv: &Derivation| {
            at == path || (drv.fixed().is_none() && !parts.contains_key(at))
        };
        let order = self.derivations.ordered(&[path.to_owned()], unknown)?;
        for input in order {
            if input == path || self.parts.contains_key(&input) {
                continue;
            }
            let drv = self.derivations.get(&input)?;
            let part = match drv.fixed() {
                Some(fixed) => self.fixed_part(&input, fixed),
                None => {
                    let taken = self.take(&input, &drv, None)?;
                    match taken.has_workspace {
                        true => Part {
                            own: Some(taken.own),
                            toolchain: Some(taken.toolchain),
                        },
                        false => Part {
                            own: None,
                            toolchain: Some(digest("drv", &[&taken.own, &taken.toolchain])),
                        },
                    }
                }
            };
            self.parts.insert(input, part);
        }
        let drv = self.derivations.get(path)?;
        let taken = self.take(path, &drv, drv.fixed())?;
        Ok(Recipe {
            own: sha256(taken.own),
            toolchain: sha256(taken.toolchain),
        })
    }

    /// A FOD counts by its name and hash, however it is made.
    fn fixed_part(&self, path: &str, fixed: &FixedOutput) -> Part {
        let settled = (self.settled)(path);
        let hash = settled.as_ref().unwrap_or(&fixed.hash);
        let method = format!("{:?}:{}", fixed.method, hash.algo());
        let name = name_of(path).unwrap_or(path);
        let digest = digest("fod", &[name.as_bytes(), method.as_bytes(), hash.digest()]);
        match settled.is_some() {
            true => Part {
                own: Some(digest),
                toolchain: None,
            },
            false => Part {
                own: None,
                toolchain: Some(digest),
            },
        }
    }

    fn source_part(&mut self, path: &str) -> Part {
        if let Some(part) = self.sources.get(path) {
            return *part;
        }
        let name = store_path_parts(path).map_or(path, |(_, _, name)| name);
        let digest = match (self.content)(path) {
            Some(content) => digest("source", &[name.as_bytes(), content.digest()]),
            // The path of a source is made from its content, so it stands for it; only not in every store.
            None => digest("path", &[path.as_bytes()]),
        };
        let part = match (self.is_workspace)(path) {
            true => Part {
                own: Some(digest),
                toolchain: None,
            },
            false => Part {
                own: None,
                toolchain: Some(digest),
            },
        };
        self.sources.insert(path.to_owned(), part);
        part
    }

    /// Takes both digests of `drv`, whose inputs are known; for `masked`, what it fixes does not count.
    fn take(
        &mut self,
        path: &str,
        drv: &Derivation,
        masked: Option<&FixedOutput>,
    ) -> Result<Taken, NixError> {
        let store_dir = store_path_parts(path).map_or("", |(dir, _, _)| dir);
        let mut mentions = Mentions::new(store_dir);
        let mut own_inputs = BTreeSet::new();
        let mut toolchain_inputs = BTreeSet::new();
        let mut input = |part: Part, path: &str, output: &str| {
            let toolchain = part
                .toolchain
                .map(|part| digest("output", &[&part, output.as_bytes()]));
            let own = part
                .own
                .map(|part| digest("output", &[&part, output.as_bytes()]));
            own_inputs.extend(own);
            toolchain_inputs.extend(toolchain);
            let name = store_path_parts(path).map_or("", |(_, _, name)| name);
            let own = match own {
                Some(own) => own.to_vec(),
                None => format!("{} {output}", bare_name(name)).into_bytes(),
            };
            mentions.add(path, StandIn { own, toolchain });
        };
        for (path, outputs) in &drv.input_drvs {
            let made_by = self.derivations.get(path)?;
            let Some(part) = self.parts.get(path) else {
                return Err(DrvError::Cycle { path: path.clone() }.into());
            };
            for output in outputs {
                let known = made_by.outputs.iter().find(|made| made.name == *output);
                match known.map(|made| made.path.as_str()) {
                    Some("") | None => input(*part, &placeholder(path, output), output),
                    Some(made) => input(*part, made, output),
                }
            }
        }
        for path in &drv.input_srcs {
            input(self.source_part(path), path, "");
        }
        for output in drv.outputs.iter().filter(|output| !output.path.is_empty()) {
            let own = format!("own output {}", output.name).into_bytes();
            mentions.add(
                &output.path,
                StandIn {
                    own,
                    toolchain: None,
                },
            );
        }

        let masks = masked.and_then(|fixed| hash_masks(&fixed.hash));
        let mut mentioned = Vec::new();
        let mut text = |text: &[u8]| {
            let text = match &masks {
                Some(masks) => {
                    Cow::Owned(masks.replace_all_bytes(text, &vec![OWN_HASH; masks.patterns_len()]))
                }
                None => Cow::Borrowed(text),
            };
            mentions.replace(&text, &mut mentioned)
        };
        let mut own = Fields::new("own");
        own.field(name_of(path).unwrap_or(path));
        own.count(drv.outputs.len());
        for output in &drv.outputs {
            own.field(&output.name);
            own.field(&output.hash_algo);
            own.field(if masked.is_some() { "" } else { &output.hash });
        }
        own.field(&drv.system);
        own.field(text(&drv.builder));
        own.count(drv.args.len());
        for arg in &drv.args {
            own.field(text(arg));
        }
        own.count(drv.env.len());
        for (name, value) in &drv.env {
            own.field(name);
            match masked.is_some() && name == "outputHash" {
                true => own.field(OWN_HASH),
                false => own.field(text(value)),
            }
        }
        own.count(own_inputs.len());
        for input in &own_inputs {
            own.field(input);
        }
        let mut toolchain = Fields::new("toolchain");
        toolchain.count(toolchain_inputs.len());
        for input in &toolchain_inputs {
            toolchain.field(input);
        }
        // With the names in `own`, the order tells which of two inputs of one name stands where.
        toolchain.count(mentioned.len());
        for mention in &mentioned {
            toolchain.field(mention);
        }
        Ok(Taken {
            has_workspace: !own_inputs.is_empty(),
            own: own.finish(),
            toolchain: toolchain.finish(),
        })
    }
}

struct Taken {
    own: Digest,
    toolchain: Digest,
    has_workspace: bool,
}

/// Finds `hash` in every spelling that Nix reads. `None` cannot happen for so few short patterns.
fn hash_masks(hash: &Hash) -> Option<AhoCorasick> {
    let mut texts = BTreeSet::new();
    for spelling in Spelling::ALL {
        let text = hash.spell(spelling);
        texts.insert(text.trim_end_matches('=').to_owned());
        if let Some(hex) = text.strip_suffix(&hash.spell(Spelling::Base16)) {
            texts.insert(format!(
                "{hex}{}",
                hash.spell(Spelling::Base16).to_uppercase()
            ));
        }
        texts.insert(text);
    }
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        // Made anew for each hash and used for a few texts: the quickest one to make.
        .kind(Some(AhoCorasickKind::NoncontiguousNFA))
        .build(texts)
        .ok()
}

/// What stands in a user's texts for an output whose path is known only after a build
/// (`DownstreamPlaceholder::unknownCaOutput` in Nix's `libstore/downstream-placeholder.cc`).
pub(super) fn placeholder(drv_path: &str, output: &str) -> String {
    let (_, hash_part, _) = store_path_parts(drv_path).unwrap_or_default();
    let name = name_of(drv_path).unwrap_or_default();
    let made = match output {
        "out" => name.to_owned(),
        output => format!("{name}-{output}"),
    };
    let clear = format!("nix-upstream-output:{hash_part}:{made}");
    let digest = Sha256::digest(clear.as_bytes()).into();
    format!("/{}", sha256(digest).spell(Spelling::Nix32))
}

/// The name without its version: what stands before the first `-` that no letter follows, as Nix's `parseDrvName`
/// has it.
pub(super) fn bare_name(name: &str) -> &str {
    let dash = name
        .as_bytes()
        .windows(2)
        .position(|pair| matches!(pair, [b'-', next] if !next.is_ascii_alphabetic()));
    dash.and_then(|dash| name.get(..dash)).unwrap_or(name)
}

fn sha256(digest: Digest) -> Hash {
    Hash::new(Algo::Sha256, digest.to_vec()).expect("32 bytes are as long as SHA-256")
}

/// A digest over fields, of which none can run into the next.
struct Fields(Sha256);

impl Fields {
    fn new(kind: &str) -> Fields {
        let mut fields = Fields(Sha256::new());
        fields.field("cotter recipe 1");
        fields.field(kind);
        fields
    }

    fn field(&mut self, field: impl AsRef<[u8]>) {
        let field = field.as_ref();
        self.count(field.len());
        self.0.update(field);
    }

    fn count(&mut self, count: usize) {
        self.0.update((count as u64).to_le_bytes());
    }

    fn finish(self) -> Digest {
        self.0.finalize().into()
    }
}

fn digest(kind: &str, parts: &[&[u8]]) -> Digest {
    let mut fields = Fields::new(kind);
    for part in parts {
        fields.field(part);
    }
    fields.finish()
}
