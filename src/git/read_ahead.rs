//! Blobs unpacked by a few threads while another one hashes those before them.
//!
//! Unpacking takes most of the time of a tree's hash and has no order; hashing has one.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::vec;

use super::Repo;

/// How many blobs in a row one thread reads before it is the next thread's turn.
const RUN: usize = 32;
/// What a thread reads before it hands over, and how many times it does so before it waits.
const PARCEL_BYTES: usize = 1 << 20;
const PARCELS: usize = 4;
/// What all threads together keep. A single blob may be larger.
const AHEAD_BYTES: usize = 64 << 20;
/// More threads than this only wait for the one that hashes.
const MOST_READERS: usize = 4;

/// A few blobs of one run. `None` stands for one that was not kept, or could not be read.
type Parcel = Vec<Option<Vec<u8>>>;

/// Hands out the contents of a list of blobs, in its order.
pub(super) struct ReadAhead<'scope> {
    queues: Vec<Receiver<Parcel>>,
    parcel: vec::IntoIter<Option<Vec<u8>>>,
    taken: usize,
    kept: &'scope AtomicUsize,
}

impl ReadAhead<'_> {
    /// Calls `consume` while threads read `blobs` of `repo`; small lists get no threads.
    ///
    /// Reader r of n has the runs r, r + n, ... and a bounded queue of its own. The reader of the blob that
    /// is wanted waits for nobody, so nothing can lock up; when `consume` ends early the queues are gone,
    /// and the readers with them.
    pub fn over<T>(
        repo: &Repo,
        blobs: &[gix::ObjectId],
        consume: impl FnOnce(&mut ReadAhead) -> T,
    ) -> T {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let readers = cores.min(MOST_READERS).min(blobs.len() / RUN);
        let kept = AtomicUsize::new(0);
        thread::scope(|scope| {
            let queues = (0..readers)
                .map(|reader| {
                    let (sender, queue) = sync_channel(PARCELS);
                    let runs = blobs.chunks(RUN).skip(reader).step_by(readers);
                    let kept = &kept;
                    scope.spawn(move || read(repo, runs, kept, &sender));
                    queue
                })
                .collect();
            consume(&mut ReadAhead {
                queues,
                parcel: Parcel::new().into_iter(),
                taken: 0,
                kept: &kept,
            })
        })
    }

    /// The next blob, or `None` when whoever asks has to read it, and meet its error, himself.
    pub fn next(&mut self) -> Option<Vec<u8>> {
        let run = self.taken / RUN;
        self.taken += 1;
        if self.parcel.len() == 0 {
            let queue = self.queues.get(run.checked_rem(self.queues.len())?)?;
            self.parcel = queue.recv().ok()?.into_iter();
        }
        let blob = self.parcel.next()??;
        self.kept.fetch_sub(blob.len(), Ordering::Relaxed);
        Some(blob)
    }
}

fn read<'a>(
    repo: &Repo,
    runs: impl Iterator<Item = &'a [gix::ObjectId]>,
    kept: &AtomicUsize,
    queue: &SyncSender<Parcel>,
) {
    let repo = repo.plain_objects();
    for run in runs {
        let mut parcel = Parcel::with_capacity(run.len());
        let mut bytes = 0;
        for id in run {
            let blob = repo.find_blob(*id).map(|mut blob| blob.take_data()).ok();
            parcel.push(blob.filter(|blob| {
                let others = kept.fetch_add(blob.len(), Ordering::Relaxed);
                let fits = others == 0 || others + blob.len() <= AHEAD_BYTES;
                if !fits {
                    kept.fetch_sub(blob.len(), Ordering::Relaxed);
                }
                bytes += blob.len();
                fits
            }));
            if bytes >= PARCEL_BYTES {
                bytes = 0;
                if queue.send(std::mem::take(&mut parcel)).is_err() {
                    return;
                }
            }
        }
        // A parcel never holds blobs of two runs: the next run is another reader's.
        if !parcel.is_empty() && queue.send(parcel).is_err() {
            return;
        }
    }
}
