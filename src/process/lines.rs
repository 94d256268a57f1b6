//! Bytes that come in pieces, as lines.

/// How much of one line is kept.
const LONGEST: usize = 1 << 20;

/// The line that has begun and not yet ended.
#[derive(Default)]
pub(super) struct Lines {
    begun: Vec<u8>,
    /// The line is longer than is kept: the rest of it is dropped, so that it cannot pass for a line of its own.
    is_cut: bool,
}

impl Lines {
    /// Hands on each line that ends in `bytes`, without its `\n` or `\r\n`.
    pub(super) fn take(&mut self, bytes: &[u8], on_line: &mut dyn FnMut(&[u8])) {
        let mut rest = bytes;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at(at);
            self.keep(line);
            self.end(on_line);
            rest = after.get(1..).unwrap_or_default();
        }
        self.keep(rest);
    }

    /// Hands on what has begun, if anything has.
    pub(super) fn end(&mut self, on_line: &mut dyn FnMut(&[u8])) {
        let is_there = !self.begun.is_empty() || self.is_cut;
        if is_there {
            on_line(self.begun.strip_suffix(b"\r").unwrap_or(&self.begun));
        }
        self.begun.clear();
        self.is_cut = false;
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LONGEST - self.begun.len();
        self.begun.extend(bytes.iter().take(room));
        self.is_cut |= bytes.len() > room;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut seen = Vec::new();
        let mut lines = Lines::default();
        let mut on_line = |line: &[u8]| seen.push(line.to_vec());
        for piece in pieces {
            lines.take(piece, &mut on_line);
        }
        lines.end(&mut on_line);
        seen
    }

    #[test]
    fn lines_do_not_depend_on_the_pieces() {
        let text = b"one\ntwo\r\n\nthree \xff\nlast";
        let whole = lines_of(&[text]);
        let want: [&[u8]; 4] = [b"one", b"two", b"three \xff", b"last"];
        assert_eq!(whole, want);
        let single: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(lines_of(&single), whole);
        assert!(lines_of(&[b""]).is_empty());
    }

    #[test]
    fn of_a_line_without_an_end_the_beginning_is_kept() {
        let zeros = vec![b'0'; LONGEST];
        let seen = lines_of(&[&zeros, &zeros, b"@nix {}\nnext\n"]);
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0].len(), LONGEST);
        assert_eq!(seen[1], b"next");
    }
}
