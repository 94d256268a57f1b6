//! What does not hold, collected with the way to each value.

/// A step from a table or list to a value in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::image::spec) enum Step {
    Key(String),
    Index(usize),
}

/// Something that does not hold, and the way to the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::image::spec) struct Fault {
    pub path: Vec<Step>,
    pub message: String,
}

/// Collects faults below a place.
#[derive(Default)]
pub(super) struct Faults {
    here: Vec<Step>,
    found: Vec<Fault>,
}

impl Faults {
    pub fn into_found(self) -> Vec<Fault> {
        self.found
    }

    pub fn add(&mut self, message: impl Into<String>) {
        self.found.push(Fault {
            path: self.here.clone(),
            message: message.into(),
        });
    }

    /// Does `inside` for the value at `key`.
    pub fn at(&mut self, key: &str, inside: impl FnOnce(&mut Faults)) {
        self.step(Step::Key(key.to_owned()), inside);
    }

    pub fn step(&mut self, step: Step, inside: impl FnOnce(&mut Faults)) {
        self.here.push(step);
        inside(self);
        self.here.pop();
    }

    pub fn want(&mut self, key: &str, holds: bool, message: impl Into<String>) {
        if !holds {
            self.at(key, |faults| faults.add(message));
        }
    }

    pub fn want_option(
        &mut self,
        key: &str,
        value: Option<&str>,
        holds: fn(&str) -> bool,
        message: &str,
    ) {
        self.want(key, value.is_none_or(holds), message);
    }

    pub fn want_each(
        &mut self,
        key: &str,
        values: &[String],
        holds: fn(&str) -> bool,
        message: &str,
    ) {
        self.at(key, |faults| {
            for (index, value) in values.iter().enumerate() {
                if !holds(value) {
                    faults.step(Step::Index(index), |faults| faults.add(message));
                }
            }
        });
    }
}
