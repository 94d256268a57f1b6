//! What an emitted file says of itself in its first lines: what it was made from, how to make it again, and a digest of
//! the rest, by which an edit by hand is seen.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::kept::Kept;

/// What comes before the digests.
const MARK: &str = "cotter: text ";
/// What is between them.
const PINS: &str = " pins ";
/// What stands in the place of the digests until the text is there that they are of.
pub const NOT_YET: &str = "cotter: text - pins -";
/// What stands in the place of the second where no spec says the pins.
const OWN: &str = "own";
/// Hexadecimal digits of each.
const DIGITS: usize = 16;

/// The lines that templates put first.
#[derive(Clone, Debug, Serialize)]
pub struct Header {
    pub made_by: String,
    pub run_again: String,
    pub kept: String,
    /// Where the digests come to stand.
    pub digests: String,
}

/// The digests that a file holds of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// Of the text without its pins and hashes.
    pub text: String,
    /// Of the pins that the spec said when it was made.
    pub pins: String,
}

impl Header {
    /// `origin` is what a file is made from, `command` what makes it again.
    pub fn new(origin: &str, command: &str) -> Header {
        Header {
            made_by: format!("Made by cotter from {origin}: change that, then run"),
            run_again: format!("  {command}"),
            kept: "Pins and hashes stay as they are here: `cotter pin bump` and `cotter fod-rehash` move them.".to_owned(),
            digests: NOT_YET.to_owned(),
        }
    }
}

impl Digests {
    /// Of a file's text, in which `kept` stand. The line of the digests themselves does not count, nor do line endings.
    pub fn of(text: &str, kept: &[Kept]) -> Digests {
        let mut masked = String::with_capacity(text.len());
        let mut at = 0;
        for value in kept {
            masked.push_str(text.get(at..value.range.start).unwrap_or_default());
            masked.push('\u{1}');
            at = value.range.end;
        }
        masked.push_str(text.get(at..).unwrap_or_default());
        let mut hasher = Sha256::new();
        for line in masked.lines().filter(|line| !is_mark(line)) {
            hasher.update(line.as_bytes());
            hasher.update(b"\n");
        }
        let mut pins = Sha256::new();
        for value in kept {
            if let Some(text) = &value.text {
                for part in value.path.iter().chain([text]) {
                    pins.update(part.as_bytes());
                    pins.update([0]);
                }
            }
        }
        Digests {
            text: short(hasher),
            pins: short(pins),
        }
    }

    /// Those that stand in a file. `None` where cotter did not make it.
    pub fn read(text: &str) -> Option<Digests> {
        let line = text.lines().find(|line| is_mark(line))?;
        let (text, pins) = line.split_once(MARK)?.1.split_once(PINS)?;
        let pins = pins.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
        Some(Digests {
            text: text.trim().to_owned(),
            pins: pins.to_owned(),
        })
    }

    /// Where no spec says the pins.
    pub fn with_own_pins(self) -> Digests {
        Digests {
            pins: OWN.to_owned(),
            ..self
        }
    }

    /// As a line of a comment, behind what begins one.
    pub fn line(&self) -> String {
        format!("{MARK}{}{PINS}{}", self.text, self.pins)
    }
}

fn is_mark(line: &str) -> bool {
    line.contains(MARK)
}

fn short(hasher: Sha256) -> String {
    let digest = data_encoding::HEXLOWER.encode(&hasher.finalize());
    digest.get(..DIGITS).unwrap_or_default().to_owned()
}
