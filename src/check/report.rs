//! Where a rule puts what it finds.

use std::sync::Arc;

use super::{Finding, Fix, Place, Related, Rule};
use crate::edit::Edit;
use crate::plan::Change;
use crate::source::SourceFile;

/// The findings of one rule.
#[derive(Debug)]
pub struct Report {
    rule: &'static Rule,
    pub(super) findings: Vec<Finding>,
}

impl Report {
    pub fn new(rule: &'static Rule) -> Report {
        Report {
            rule,
            findings: Vec::new(),
        }
    }

    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Something is wrong at `place`. `message`: one sentence without a full stop, which names what stands there.
    pub fn add(&mut self, place: Place, message: impl Into<String>) -> Added<'_> {
        self.findings.push(Finding {
            rule: self.rule,
            place,
            message: message.into(),
            help: None,
            related: Vec::new(),
            fix: None,
        });
        let rule = self.rule;
        Added {
            rule,
            finding: self.findings.last_mut(),
        }
    }
}

/// A finding that was just added, for what not every finding has.
pub struct Added<'r> {
    rule: &'static Rule,
    finding: Option<&'r mut Finding>,
}

impl Added<'_> {
    /// What to do, in one sentence without a full stop.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        if let Some(finding) = &mut self.finding {
            finding.help = Some(help.into());
        }
        self
    }

    pub fn related(mut self, place: Place, message: impl Into<String>) -> Self {
        if let Some(finding) = &mut self.finding {
            let message = message.into();
            finding.related.push(Related { place, message });
        }
        self
    }

    /// The edit of `file` that puts it right: `old` becomes `new`. Several are made together.
    pub fn fix(mut self, file: &Arc<SourceFile>, old: &str, new: &str, edit: Edit) -> Self {
        if let Some(finding) = &mut self.finding {
            let change = Change::new(self.rule.name, file, self.rule.code, old, new, edit);
            let fix = finding.fix.get_or_insert(Fix {
                changes: Vec::new(),
            });
            fix.changes.push(change);
        }
        self
    }
}
