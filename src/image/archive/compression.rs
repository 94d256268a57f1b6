//! How archives and layers are compressed, told by their first bytes, and undoing it.

use std::fmt;
use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use flate2::bufread::MultiGzDecoder;
use serde::Serialize;

use super::input::Input;

/// The size of the pieces that another thread decompresses, and how many of them are on their way.
const PIECE: usize = 256 << 10;
const IN_FLIGHT: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// Of what begins with `bytes`.
    pub fn of(bytes: &[u8]) -> Compression {
        match bytes {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
            // A frame that decoders skip, as seekable archives begin with.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
            _ => Compression::None,
        }
    }

    /// What `input` is when decompressed, read in this thread.
    pub fn undo<'a>(self, input: impl Input + 'a) -> io::Result<Box<dyn Input + 'a>> {
        Ok(match self {
            Compression::None => Box::new(input),
            Compression::Gzip => Box::new(io::BufReader::with_capacity(
                PIECE,
                MultiGzDecoder::new(input),
            )),
            Compression::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(input)?;
                Box::new(io::BufReader::with_capacity(PIECE, decoder))
            }
        })
    }

    /// The same, decompressed in a thread of its own, so that reading and decompressing go on at once.
    pub fn undo_beside(
        self,
        input: impl Input + Send + 'static,
    ) -> io::Result<Box<dyn Input + 'static>> {
        if self == Compression::None {
            return Ok(Box::new(input));
        }
        let (sender, pieces) = sync_channel(IN_FLIGHT);
        let (give_back, used) = sync_channel(IN_FLIGHT);
        thread::Builder::new()
            .name("decompress".into())
            .spawn(move || {
                let pieces = match self {
                    Compression::None => return,
                    Compression::Gzip => forward(MultiGzDecoder::new(input), &sender, &used),
                    Compression::Zstd => zstd::stream::read::Decoder::with_buffer(input)
                        .and_then(|decoder| forward(decoder, &sender, &used)),
                };
                if let Err(error) = pieces {
                    // Whoever reads has gone, else.
                    let _ = sender.send(Err(error));
                }
            })?;
        Ok(Box::new(Pieces {
            pieces,
            give_back,
            current: Vec::new(),
            at: 0,
        }))
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::None => "uncompressed",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        })
    }
}

fn forward(
    mut from: impl Read,
    sender: &SyncSender<io::Result<Vec<u8>>>,
    used: &Receiver<Vec<u8>>,
) -> io::Result<()> {
    loop {
        let mut piece = used.try_recv().unwrap_or_default();
        piece.resize(PIECE, 0);
        let mut filled = 0;
        while let Some(rest) = piece.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match from.read(rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    piece.truncate(filled);
                    let _ = sender.send(Ok(piece));
                    return Err(error);
                }
            }
        }
        piece.truncate(filled);
        if filled == 0 || sender.send(Ok(piece)).is_err() {
            return Ok(());
        }
    }
}

/// What another thread decompresses.
struct Pieces {
    pieces: Receiver<io::Result<Vec<u8>>>,
    give_back: SyncSender<Vec<u8>>,
    current: Vec<u8>,
    at: usize,
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Pieces {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at >= self.current.len() {
            let Ok(piece) = self.pieces.recv() else {
                return Ok(&[]);
            };
            let used = std::mem::replace(&mut self.current, piece?);
            self.at = 0;
            let _ = self.give_back.try_send(used);
        }
        Ok(self.current.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.at = self.at.saturating_add(count).min(self.current.len());
    }
}

impl Input for Pieces {}
