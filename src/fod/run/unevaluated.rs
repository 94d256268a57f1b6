//! Targets that Nix cannot evaluate.

use crate::fod::target::Target;
use crate::nix::EvalFailure;
use crate::source::{Position, RelPath};
use crate::work_copy::WorkCopy;

/// A target that Nix cannot evaluate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unevaluated {
    pub target: Target,
    /// What Nix says, of the user's files.
    pub message: String,
    /// Where, if that is in one of them.
    pub at: Option<(RelPath, Position)>,
}

impl Unevaluated {
    /// What Nix says of the copy, said of the workspace.
    pub(super) fn of(copy: &WorkCopy, target: Target, failure: EvalFailure) -> Unevaluated {
        let whole = copy.root().display().to_string();
        let root = format!("{whole}/");
        let at = failure.position.and_then(|at| {
            let path = RelPath::new(at.file.strip_prefix(&root)?)?;
            let place = Position {
                line: usize::try_from(at.line).ok()?,
                column: usize::try_from(at.column).ok()?,
            };
            Some((path, place))
        });
        Unevaluated {
            target,
            message: failure.message.replace(&root, "").replace(&whole, "."),
            at,
        }
    }

    /// Why nothing is known of a literal that the target may have.
    pub fn reason(&self) -> String {
        let said = self.message.lines().next().unwrap_or_default();
        let target = &self.target;
        format!("`{target}`, which may have it, cannot be evaluated: {said}")
    }

    /// Whether it may have what stands in `file`.
    pub fn is_over(&self, file: &RelPath) -> bool {
        file.is_within(&self.target.entry().parent())
    }
}
