//! What becomes of each instruction: none is dropped without a word.

use super::read::Step;

/// What becomes of an instruction, or of a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The spec says it; where.
    Spec(String),
    /// The image has it, or needs it not; why.
    Covered(String),
    /// A person has to decide.
    Decide {
        why: String,
        suggestions: Vec<String>,
    },
}

/// A part of a Dockerfile and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// 1-based.
    pub line: usize,
    /// The number of the instruction.
    pub step: usize,
    /// As it is written: the instruction, or a command of it.
    pub text: String,
    pub fate: Fate,
}

/// All entries.
#[derive(Debug)]
pub struct Ledger<'s> {
    steps: &'s [Step],
    entries: Vec<Entry>,
}

impl<'s> Ledger<'s> {
    pub fn new(steps: &'s [Step]) -> Ledger<'s> {
        Ledger {
            steps,
            entries: Vec::new(),
        }
    }

    pub fn spec(&mut self, step: usize, what: impl Into<String>) {
        self.whole(step, Fate::Spec(what.into()));
    }

    pub fn covered(&mut self, step: usize, why: impl Into<String>) {
        self.whole(step, Fate::Covered(why.into()));
    }

    pub fn decide(&mut self, step: usize, why: impl Into<String>, suggestions: &[&str]) {
        self.whole(step, decide(why, suggestions));
    }

    fn whole(&mut self, step: usize, fate: Fate) {
        let (line, text) = self
            .steps
            .get(step)
            .map_or((1, String::new()), |step| (step.line, step.text.clone()));
        self.add(step, line, text, fate);
    }

    /// For the command `text` at `line` of an instruction.
    pub fn part(&mut self, step: usize, line: usize, text: &str, fate: Fate) {
        self.add(step, line, brief(text), fate);
    }

    fn add(&mut self, step: usize, line: usize, text: String, fate: Fate) {
        let entry = Entry {
            line,
            step,
            text,
            fate,
        };
        if !self.entries.contains(&entry) {
            self.entries.push(entry);
        }
    }

    pub fn has(&self, step: usize) -> bool {
        self.entries.iter().any(|entry| entry.step == step)
    }

    pub fn has_part(&self, step: usize, text: &str) -> bool {
        let text = brief(text);
        let mut entries = self.entries.iter();
        entries.any(|entry| entry.step == step && entry.text == text)
    }

    /// All entries, in the order of the text. An instruction without one is left to a person.
    pub fn close(mut self) -> Vec<Entry> {
        for step in 0..self.steps.len() {
            if !self.has(step) {
                self.decide(step, "nothing is known of this instruction", &[]);
            }
        }
        self.entries.sort_by_key(|entry| (entry.step, entry.line));
        self.entries
    }
}

/// Something to decide.
pub fn decide(why: impl Into<String>, suggestions: &[&str]) -> Fate {
    Fate::Decide {
        why: why.into(),
        suggestions: suggestions.iter().map(|text| (*text).to_owned()).collect(),
    }
}

/// A command on one line.
fn brief(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.chars().count() {
        0..=120 => text,
        _ => text.chars().take(119).chain(['…']).collect(),
    }
}
