//! A hash literal on its way through a run: what is known of it so far.

use crate::fetched::Fetched;
use crate::fod::fake;
use crate::fod::literal::Literal;
use crate::fod::lock::Entry;
use crate::fod::report::Strategy;
use crate::hash::Hash;

/// What a literal is to say in the work copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says<'s> {
    /// What it says in the user's file.
    Own,
    Hash(&'s Hash),
}

/// How far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It was not asked for, or is no hash of a derivation: it keeps what it says.
    Left,
    /// A fake stands for it until its hash is known.
    Open,
    Settled {
        hash: Hash,
        how: How,
    },
    Failed,
    Unreached {
        system: Option<String>,
    },
}

/// Where a settled hash comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// cotter.lock records it for the same recipe.
    Recorded(Strategy),
    Native,
    /// A build of this run.
    Built,
    /// Nix fetched it while it evaluated.
    Evaluated,
}

/// A literal and what is known of it.
pub struct Subject<'a> {
    pub literal: &'a Literal,
    pub fake: Hash,
    pub state: State,
    /// What cotter.lock has of it.
    pub recorded: Option<&'a Entry>,
    /// What is fetched, where that can be read off the text.
    pub fetched: Option<&'a Fetched>,
    /// Whether it turned out to be no hash of a derivation.
    pub was_taken_back: bool,
    /// Whether its fake has stood in the work copy.
    pub was_faked: bool,
    /// What cotter.lock is to record.
    pub record: Option<Entry>,
    /// The derivation to show, and the system that it is built on.
    pub drv: Option<String>,
    pub system: Option<String>,
    /// How its hash was last looked for.
    pub strategy: Option<Strategy>,
    /// What there is to say about it.
    pub reason: Option<String>,
    pub log: Vec<String>,
}

impl<'a> Subject<'a> {
    pub fn new(
        literal: &'a Literal,
        recorded: Option<&'a Entry>,
        fetched: Option<&'a Fetched>,
        is_asked_for: bool,
    ) -> Subject<'a> {
        Subject {
            literal,
            fake: fake(literal),
            state: match is_asked_for {
                true => State::Open,
                false => State::Left,
            },
            recorded,
            fetched,
            was_taken_back: false,
            was_faked: false,
            record: None,
            drv: None,
            system: None,
            strategy: None,
            reason: None,
            log: Vec::new(),
        }
    }

    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// The hash that it will have, as far as that is known.
    pub fn settled(&self) -> Option<&Hash> {
        match &self.state {
            State::Settled { hash, .. } => Some(hash),
            _ => None,
        }
    }

    pub fn says(&self) -> Says<'_> {
        match &self.state {
            State::Open => Says::Hash(&self.fake),
            State::Settled { hash, .. } => Says::Hash(hash),
            State::Left | State::Failed | State::Unreached { .. } => Says::Own,
        }
    }

    pub fn settle(&mut self, hash: Hash, how: How) {
        self.state = State::Settled { hash, how };
    }

    pub fn fail(&mut self, reason: impl Into<String>) {
        self.state = State::Failed;
        self.record = None;
        self.reason = Some(reason.into());
    }
}
