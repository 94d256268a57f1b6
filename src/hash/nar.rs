//! The Nix archive (NAR): the serialisation of a file tree that recursive hashes are taken over.
//!
//! Only writing, as a stream: nothing but the names of the open folders is kept. Format: figure 5.2
//! of Dolstra's thesis, and `dump` in Nix's `libutil/archive.cc`.

use std::io::{self, BufWriter, Read, Write};

/// Writes one NAR, piece by piece: [`NarWriter::regular`], [`NarWriter::symlink`], or
/// [`NarWriter::directory`], then for each entry its [`NarWriter::entry`] and one of the three
/// again, then [`NarWriter::close`].
pub struct NarWriter<W: Write> {
    out: BufWriter<W>,
    /// The name of the last entry of each open directory, outermost first.
    open: Vec<Option<Vec<u8>>>,
    expects: Expects,
}

/// What has to come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expects {
    /// The root, or what the last entry names.
    Node,
    EntryOrClose,
    End,
}

#[derive(Debug, thiserror::Error)]
pub enum NarError {
    #[error("writing a NAR: {0}")]
    Write(#[from] io::Error),
    #[error("`{}` cannot be the name of a file in a NAR", .0.escape_ascii())]
    Name(Vec<u8>),
    #[error("`{}` is there twice", .0.escape_ascii())]
    Duplicate(Vec<u8>),
    #[error("the entries of a NAR are in the order of their bytes: `{}` does not come after `{}`", .name.escape_ascii(), .before.escape_ascii())]
    Order { before: Vec<u8>, name: Vec<u8> },
    #[error("a file of {declared} bytes has only {found}")]
    Short { declared: u64, found: u64 },
    /// The calls do not make up one whole tree.
    #[error("{0} has no place here in the NAR")]
    Misplaced(&'static str),
}

impl<W: Write> NarWriter<W> {
    pub fn new(out: W) -> Result<NarWriter<W>, NarError> {
        let mut nar = NarWriter {
            out: BufWriter::with_capacity(32 * 1024, out),
            open: Vec::new(),
            expects: Expects::Node,
        };
        nar.string(b"nix-archive-1")?;
        Ok(nar)
    }

    /// A file with this content.
    pub fn regular(&mut self, executable: bool, content: &[u8]) -> Result<(), NarError> {
        self.begin_regular(executable, content.len() as u64)?;
        self.out.write_all(content)?;
        self.pad(content.len() as u64)?;
        self.end_node()
    }

    /// A file with the next `len` bytes of `content`; fewer are an error, more are left there.
    pub fn regular_from(
        &mut self,
        executable: bool,
        len: u64,
        content: impl Read,
    ) -> Result<(), NarError> {
        self.begin_regular(executable, len)?;
        let found = io::copy(&mut content.take(len), &mut self.out)?;
        if found != len {
            return Err(NarError::Short {
                declared: len,
                found,
            });
        }
        self.pad(len)?;
        self.end_node()
    }

    pub fn symlink(&mut self, target: &[u8]) -> Result<(), NarError> {
        self.begin_node("a symbolic link")?;
        self.strings(&[b"type", b"symlink", b"target", target])?;
        self.end_node()
    }

    /// Opens a directory: its entries follow, sorted by the bytes of their names.
    pub fn directory(&mut self) -> Result<(), NarError> {
        self.begin_node("a directory")?;
        self.strings(&[b"type", b"directory"])?;
        self.open.push(None);
        self.expects = Expects::EntryOrClose;
        Ok(())
    }

    /// Names the next entry of the innermost open directory.
    pub fn entry(&mut self, name: &[u8]) -> Result<(), NarError> {
        let (Expects::EntryOrClose, Some(last)) = (self.expects, self.open.last_mut()) else {
            return Err(NarError::Misplaced("an entry"));
        };
        if name.is_empty()
            || name == b"."
            || name == b".."
            || name.iter().any(|b| b"/\0".contains(b))
        {
            return Err(NarError::Name(name.to_owned()));
        }
        match last {
            Some(before) if before == name => return Err(NarError::Duplicate(name.to_owned())),
            Some(before) if before.as_slice() > name => {
                return Err(NarError::Order {
                    before: before.clone(),
                    name: name.to_owned(),
                });
            }
            _ => *last = Some(name.to_owned()),
        }
        self.strings(&[b"entry", b"(", b"name", name, b"node"])?;
        self.expects = Expects::Node;
        Ok(())
    }

    /// Closes the innermost open directory.
    pub fn close(&mut self) -> Result<(), NarError> {
        if self.expects != Expects::EntryOrClose || self.open.pop().is_none() {
            return Err(NarError::Misplaced("the end of a directory"));
        }
        self.end_node()
    }

    /// The writer given at the start, once a whole tree was written to it.
    pub fn finish(self) -> Result<W, NarError> {
        if self.expects != Expects::End {
            return Err(NarError::Misplaced("its end"));
        }
        self.out
            .into_inner()
            .map_err(|e| NarError::Write(e.into_error()))
    }

    fn begin_regular(&mut self, executable: bool, len: u64) -> Result<(), NarError> {
        self.begin_node("a file")?;
        self.strings(&[b"type", b"regular"])?;
        if executable {
            self.strings(&[b"executable", b""])?;
        }
        self.string(b"contents")?;
        Ok(self.out.write_all(&len.to_le_bytes())?)
    }

    fn begin_node(&mut self, what: &'static str) -> Result<(), NarError> {
        if self.expects != Expects::Node {
            return Err(NarError::Misplaced(what));
        }
        Ok(self.string(b"(")?)
    }

    /// Ends a node, and the entry around it unless it is the root.
    fn end_node(&mut self) -> Result<(), NarError> {
        self.string(b")")?;
        if self.open.is_empty() {
            self.expects = Expects::End;
        } else {
            self.string(b")")?;
            self.expects = Expects::EntryOrClose;
        }
        Ok(())
    }

    fn strings(&mut self, strings: &[&[u8]]) -> io::Result<()> {
        strings.iter().try_for_each(|string| self.string(string))
    }

    /// Length in 64 bits, little end first; the bytes; zeros up to a multiple of eight.
    fn string(&mut self, bytes: &[u8]) -> io::Result<()> {
        let len = bytes.len() as u64;
        self.out.write_all(&len.to_le_bytes())?;
        self.out.write_all(bytes)?;
        self.pad(len)
    }

    fn pad(&mut self, len: u64) -> io::Result<()> {
        let missing = (8 - len % 8) % 8;
        self.out.write_all(&[0; 8][..missing as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nar() -> NarWriter<Vec<u8>> {
        NarWriter::new(Vec::new()).unwrap()
    }

    fn strings(parts: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for part in parts {
            out.extend((part.len() as u64).to_le_bytes());
            out.extend(part.as_bytes());
            out.resize(out.len().next_multiple_of(8), 0);
        }
        out
    }

    #[test]
    fn writes_the_format() {
        let mut n = nar();
        n.directory().unwrap();
        n.entry(b"a").unwrap();
        n.regular(true, b"#!").unwrap();
        n.entry(b"b").unwrap();
        n.directory().unwrap();
        n.close().unwrap();
        n.entry(b"c").unwrap();
        n.symlink(b"eight888").unwrap();
        n.close().unwrap();
        #[rustfmt::skip]
        let expected = strings(&[
            "nix-archive-1", "(", "type", "directory",
            "entry", "(", "name", "a", "node", "(", "type", "regular", "executable", "", "contents", "#!", ")", ")",
            "entry", "(", "name", "b", "node", "(", "type", "directory", ")", ")",
            "entry", "(", "name", "c", "node", "(", "type", "symlink", "target", "eight888", ")", ")",
            ")",
        ]);
        assert_eq!(n.finish().unwrap(), expected);
    }

    #[test]
    fn refuses_names_that_no_tree_has() {
        for name in [&b""[..], b".", b"..", b"a/b", b"a\0"] {
            let mut n = nar();
            n.directory().unwrap();
            assert!(matches!(n.entry(name), Err(NarError::Name(found)) if found == name));
        }
    }

    #[test]
    fn refuses_disorder() {
        let mut n = nar();
        n.directory().unwrap();
        n.entry(b"foo-").unwrap();
        n.symlink(b"x").unwrap();
        assert!(matches!(n.entry(b"foo-"), Err(NarError::Duplicate(_))));
        assert!(matches!(n.entry(b"foo"), Err(NarError::Order { .. })));
        n.entry(b"foo.").unwrap();
    }

    #[test]
    fn refuses_half_a_tree() {
        let mut n = nar();
        assert!(matches!(n.close(), Err(NarError::Misplaced(_))));
        assert!(matches!(n.entry(b"a"), Err(NarError::Misplaced(_))));
        n.directory().unwrap();
        assert!(matches!(n.regular(false, b""), Err(NarError::Misplaced(_))));
        n.entry(b"a").unwrap();
        assert!(matches!(n.close(), Err(NarError::Misplaced(_))));
        assert!(matches!(n.finish(), Err(NarError::Misplaced(_))));
        let mut n = nar();
        n.symlink(b"x").unwrap();
        assert!(matches!(n.directory(), Err(NarError::Misplaced(_))));
        assert!(matches!(
            nar().regular_from(false, 3, &b"ab"[..]),
            Err(NarError::Short {
                declared: 3,
                found: 2
            })
        ));
    }
}
