//! The ways to write one digest.

/// How a hash is written. A rewritten hash keeps the spelling that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spelling {
    /// `sha256-<base64>`
    Sri,
    /// Hexadecimal; read in either case, written in lower case.
    Base16,
    /// Nix's own base 32.
    Nix32,
    /// Base 64 with padding.
    Base64,
    /// `sha256:<hexadecimal>`
    PrefixedBase16,
    /// `sha256:<nix32>`
    PrefixedNix32,
    /// `sha256:<base64>`
    PrefixedBase64,
}

impl Spelling {
    pub const ALL: [Spelling; 7] = [
        Spelling::Sri,
        Spelling::Base16,
        Spelling::Nix32,
        Spelling::Base64,
        Spelling::PrefixedBase16,
        Spelling::PrefixedNix32,
        Spelling::PrefixedBase64,
    ];

    /// Whether the text itself names its algorithm; where it doesn't, the attribute has to.
    pub fn names_algo(self) -> bool {
        !matches!(self, Spelling::Base16 | Spelling::Nix32 | Spelling::Base64)
    }

    /// The same spelling with the algorithm before it: what a text means whose algorithm stands elsewhere.
    pub(super) fn prefixed(self) -> Spelling {
        match self {
            Spelling::Base16 => Spelling::PrefixedBase16,
            Spelling::Nix32 => Spelling::PrefixedNix32,
            Spelling::Base64 => Spelling::PrefixedBase64,
            other => other,
        }
    }
}
