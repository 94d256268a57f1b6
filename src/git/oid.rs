//! Full commit names.

use std::fmt;
use std::str::FromStr;

/// The 40 hexadecimal digits that name a git object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(pub(super) gix::ObjectId);

impl Oid {
    /// The first `len` digits: a short SHA.
    pub fn short(&self, len: usize) -> String {
        self.0.to_hex_with_len(len).to_string()
    }
}

impl FromStr for Oid {
    type Err = NotAnOid;

    fn from_str(text: &str) -> Result<Oid, NotAnOid> {
        gix::ObjectId::from_hex(text.as_bytes())
            .map(Oid)
            .map_err(|_| NotAnOid(text.to_owned()))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a full commit name (40 hexadecimal digits)")]
pub struct NotAnOid(String);

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
