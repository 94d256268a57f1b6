//! What archives are read from: bytes in order, of which some can be passed over. A part of a file, a stream that
//! another thread decompresses, a part of either.
//!
//! Not here: what the bytes mean.

use std::fs::File;
use std::io::{self, BufRead, Cursor, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// How much is asked of a file at once.
const BUFFER: u64 = 256 << 10;

/// Bytes in order.
pub trait Input: BufRead {
    /// Goes past the next `count` bytes. How many there were: less than `count` at the end.
    fn pass(&mut self, count: u64) -> io::Result<u64> {
        let mut left = count;
        while left > 0 {
            let there = self.fill_buf()?.len();
            if there == 0 {
                break;
            }
            let taken = usize::try_from(left).map_or(there, |left| left.min(there));
            self.consume(taken);
            left -= taken as u64;
        }
        Ok(count - left)
    }
}

impl Input for Box<dyn Input + '_> {
    fn pass(&mut self, count: u64) -> io::Result<u64> {
        (**self).pass(count)
    }
}

impl<I: Input + ?Sized> Input for &mut I {
    fn pass(&mut self, count: u64) -> io::Result<u64> {
        (**self).pass(count)
    }
}

/// What was looked at already, and the rest.
impl<I: Input> Input for io::Chain<Cursor<Vec<u8>>, I> {}

impl<R: Read> Input for io::BufReader<R> {}

/// Bytes of a file from one place up to another. What is passed over is not read.
#[derive(Debug)]
pub struct Section {
    file: Arc<File>,
    /// Where the next bytes of the file are that are not in the buffer.
    at: u64,
    end: u64,
    buffer: Vec<u8>,
    /// Up to where the buffer was consumed, and up to where it is filled.
    consumed: usize,
    filled: usize,
}

impl Section {
    pub fn new(file: Arc<File>, start: u64, length: u64) -> Section {
        Section {
            file,
            at: start,
            end: start.saturating_add(length),
            buffer: Vec::new(),
            consumed: 0,
            filled: 0,
        }
    }

    /// Where the next byte is in the file.
    pub fn position(&self) -> u64 {
        self.at - (self.filled - self.consumed) as u64
    }
}

impl Read for Section {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Section {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.consumed == self.filled {
            let wanted = self.end.saturating_sub(self.at).min(BUFFER);
            self.buffer
                .resize(usize::try_from(wanted).unwrap_or_default(), 0);
            (self.consumed, self.filled) = (0, 0);
            self.filled = loop {
                match self.file.read_at(&mut self.buffer, self.at) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => break result?,
                }
            };
            self.at += self.filled as u64;
        }
        Ok(self
            .buffer
            .get(self.consumed..self.filled)
            .unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.consumed = self.consumed.saturating_add(count).min(self.filled);
    }
}

impl Input for Section {
    fn pass(&mut self, count: u64) -> io::Result<u64> {
        let from = self.position();
        let length = self.file.metadata()?.len();
        // A file may be shorter than the archive in it says.
        let to = from
            .saturating_add(count)
            .min(self.end)
            .min(length.max(from));
        let in_buffer = usize::try_from(to - from)
            .ok()
            .filter(|count| *count <= self.filled - self.consumed);
        match in_buffer {
            Some(count) => self.consumed += count,
            None => {
                (self.consumed, self.filled) = (0, 0);
                self.at = to;
            }
        }
        Ok(to - from)
    }
}

/// At most so many bytes of another input.
pub struct Limited<'a, I: ?Sized> {
    pub input: &'a mut I,
    pub left: &'a mut u64,
}

impl<I: Input + ?Sized> Read for Limited<'_, I> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl<I: Input + ?Sized> BufRead for Limited<'_, I> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if *self.left == 0 {
            return Ok(&[]);
        }
        let there = self.input.fill_buf()?;
        if there.is_empty() {
            return Err(truncated(*self.left));
        }
        let end = usize::try_from(*self.left).map_or(there.len(), |left| left.min(there.len()));
        Ok(there.get(..end).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        *self.left = self.left.saturating_sub(count as u64);
        self.input.consume(count);
    }
}

impl<I: Input + ?Sized> Input for Limited<'_, I> {
    fn pass(&mut self, count: u64) -> io::Result<u64> {
        let wanted = count.min(*self.left);
        let passed = self.input.pass(wanted)?;
        *self.left -= passed;
        if passed < wanted {
            return Err(truncated(*self.left));
        }
        Ok(passed)
    }
}

fn truncated(missing: u64) -> io::Error {
    let message = format!("it is cut off: {missing} bytes or more are missing");
    io::Error::new(io::ErrorKind::UnexpectedEof, message)
}
