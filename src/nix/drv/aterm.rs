//! The text of a `.drv` file: an ATerm `Derive(outputs, inputDrvs, inputSrcs, system, builder, args, env)`.
//!
//! Only reading. The format is that of `Derivation::unparse` in Nix's `libstore/derivations.cc`, which has not
//! changed since Nix 1.0.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bstr::BString;

use super::{Derivation, DrvOutput, FixedOutput, Method};
use crate::hash::{Algo, Hash, HashError, HashText};

/// Why a text is not that of a derivation. Offsets count bytes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AtermError {
    #[error("byte {offset}: {wanted} is missing")]
    Missing { offset: usize, wanted: &'static str },
    #[error("byte {offset}: `{text}` is no path or name that Nix makes")]
    NotUtf8 { offset: usize, text: BString },
    #[error("byte {offset}: `{name}` is there twice")]
    Twice { offset: usize, name: BString },
    #[error("output `{output}`: {source}")]
    Hash { output: String, source: HashError },
    /// An input that is itself made by a derivation (experimental `dynamic-derivations`).
    #[error("its inputs are known only after a build (dynamic derivations)")]
    Dynamic,
}

/// Reads all of `text`.
pub(super) fn parse(text: &[u8]) -> Result<Derivation, AtermError> {
    let mut reader = Reader { text, at: 0 };
    if reader.rest().starts_with(b"DrvWithVersion(") {
        return Err(AtermError::Dynamic);
    }
    reader.token("Derive(")?;
    let mut outputs = Vec::new();
    reader.list(|reader| {
        outputs.push(reader.output()?);
        Ok(())
    })?;
    reader.token(",")?;
    let mut input_drvs = BTreeMap::new();
    reader.list(|reader| reader.input_drv(&mut input_drvs))?;
    reader.token(",")?;
    let mut input_srcs = Vec::new();
    reader.list(|reader| {
        input_srcs.push(reader.name()?);
        Ok(())
    })?;
    reader.token(",")?;
    let system = reader.bytes()?;
    reader.token(",")?;
    let builder = reader.bytes()?;
    reader.token(",")?;
    let mut args = Vec::new();
    reader.list(|reader| {
        args.push(reader.bytes()?);
        Ok(())
    })?;
    reader.token(",")?;
    let mut env = BTreeMap::new();
    reader.list(|reader| reader.variable(&mut env))?;
    reader.token(")")?;
    if !reader.rest().is_empty() {
        return Err(reader.missing("the end of the file"));
    }
    Ok(Derivation {
        outputs,
        input_drvs,
        input_srcs,
        system,
        builder,
        args,
        env,
    })
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn missing(&self, wanted: &'static str) -> AtermError {
        AtermError::Missing {
            offset: self.at,
            wanted,
        }
    }

    fn token(&mut self, token: &'static str) -> Result<(), AtermError> {
        if !self.rest().starts_with(token.as_bytes()) {
            return Err(self.missing(token));
        }
        self.at += token.len();
        Ok(())
    }

    /// `[item,item,...]`
    fn list(
        &mut self,
        mut item: impl FnMut(&mut Reader<'t>) -> Result<(), AtermError>,
    ) -> Result<(), AtermError> {
        self.token("[")?;
        if self.rest().first() == Some(&b']') {
            return self.token("]");
        }
        loop {
            item(self)?;
            match self.rest().first() {
                Some(b',') => self.at += 1,
                _ => return self.token("]"),
            }
        }
    }

    /// `"..."`; borrowed unless it has an escape.
    fn string(&mut self) -> Result<Cow<'t, [u8]>, AtermError> {
        self.token("\"")?;
        let mut unescaped: Option<Vec<u8>> = None;
        loop {
            let rest = self.rest();
            let Some(end) = memchr::memchr2(b'"', b'\\', rest) else {
                return Err(self.missing("the closing `\"`"));
            };
            let (plain, rest) = rest.split_at(end);
            self.at += end + 1;
            match (rest, &mut unescaped) {
                ([b'\\', escaped, ..], text) => {
                    let text = text.get_or_insert_default();
                    text.extend_from_slice(plain);
                    text.push(match escaped {
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        other => *other,
                    });
                    self.at += 1;
                }
                ([b'\\'], _) => return Err(self.missing("the escaped character")),
                (_, Some(text)) => {
                    text.extend_from_slice(plain);
                    return Ok(Cow::Owned(std::mem::take(text)));
                }
                (_, None) => return Ok(Cow::Borrowed(plain)),
            }
        }
    }

    fn bytes(&mut self) -> Result<BString, AtermError> {
        Ok(self.string()?.into_owned().into())
    }

    /// A store path, or the name of an output: always ASCII in what Nix writes.
    fn name(&mut self) -> Result<String, AtermError> {
        let offset = self.at;
        String::from_utf8(self.string()?.into_owned()).map_err(|e| AtermError::NotUtf8 {
            offset,
            text: e.into_bytes().into(),
        })
    }

    /// `(name,path,hashAlgo,hash)`
    fn output(&mut self) -> Result<DrvOutput, AtermError> {
        self.token("(")?;
        let name = self.name()?;
        self.token(",")?;
        let path = self.name()?;
        self.token(",")?;
        let hash_algo = self.name()?;
        self.token(",")?;
        let hash = self.name()?;
        self.token(")")?;
        let fixed = fixed(&hash_algo, &hash).map_err(|source| AtermError::Hash {
            output: name.clone(),
            source,
        })?;
        Ok(DrvOutput {
            name,
            path,
            hash_algo,
            hash,
            fixed,
        })
    }

    /// `(path,[output,...])`
    fn input_drv(&mut self, inputs: &mut BTreeMap<String, Vec<String>>) -> Result<(), AtermError> {
        self.token("(")?;
        let offset = self.at;
        let path = self.name()?;
        self.token(",")?;
        let mut outputs = Vec::new();
        self.list(|reader| {
            outputs.push(reader.name()?);
            Ok(())
        })?;
        self.token(")")?;
        match inputs.insert(path.clone(), outputs) {
            None => Ok(()),
            Some(_) => Err(AtermError::Twice {
                offset,
                name: path.into(),
            }),
        }
    }

    /// `(name,value)`
    fn variable(&mut self, env: &mut BTreeMap<BString, BString>) -> Result<(), AtermError> {
        self.token("(")?;
        let offset = self.at;
        let name = self.bytes()?;
        self.token(",")?;
        let value = self.bytes()?;
        self.token(")")?;
        match env.insert(name.clone(), value) {
            None => Ok(()),
            Some(_) => Err(AtermError::Twice { offset, name }),
        }
    }
}

/// What `hashAlgo` and `hash` of an output fix. Both are empty for an input-addressed output; `hash` is empty
/// for one that is addressed by content not known yet, and `impure` for one that may differ each time.
fn fixed(hash_algo: &str, hash: &str) -> Result<Option<FixedOutput>, HashError> {
    if hash.is_empty() || hash == "impure" {
        return Ok(None);
    }
    let (method, algo) = match hash_algo.split_once(':') {
        None => (Method::Flat, hash_algo),
        Some(("r", algo)) => (Method::Recursive, algo),
        Some(("text", algo)) => (Method::Text, algo),
        Some(("git", algo)) => (Method::Git, algo),
        Some(_) => return Ok(None),
    };
    // An algorithm of a newer Nix: no hash that cotter could compute or write.
    let Ok(algo) = algo.parse::<Algo>() else {
        return Ok(None);
    };
    let hash: Hash = HashText::parse(hash, Some(algo))?.hash;
    Ok(Some(FixedOutput { method, hash }))
}
