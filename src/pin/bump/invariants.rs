//! What must hold for a spork before anything of it is written.

use super::spork::{Member, Spork};
use super::{Bump, BumpError, Context, Remark, Violation};
use crate::pin::held::Base;
use crate::pin::invariants::{Fault, Part, Stack};

/// The invariants that `spork` breaks, all of them, with the commits named.
pub fn check(
    context: &Context,
    spork: &Spork,
    bump: &mut Bump,
) -> Result<Vec<Violation>, BumpError> {
    let container = context
        .containers
        .config(&context.pin(spork.upstream.pin).name.container);
    let stack = Stack {
        place: &spork.place,
        repo: &spork.repo,
        refs: &spork.refs,
        container,
        upstream: part(context, &spork.upstream),
        features: spork
            .features
            .iter()
            .map(|member| part(context, member))
            .collect(),
    };
    let member = |fault: &Fault| {
        let feature = fault.feature.and_then(|at| spork.features.get(at));
        feature.unwrap_or(&spork.upstream)
    };
    let mut warn = |fault: &Fault| {
        let pin = context.pin(member(fault).pin);
        bump.warnings.push(Remark {
            at: context.place(pin),
            message: fault.message.clone(),
        });
    };
    let violation = |fault: Fault| Violation {
        at: context.place(context.pin(member(&fault).pin)),
        message: fault.message,
        hint: Some(fault.hint),
    };
    let mut found = Vec::new();
    for fault in stack.unheld()? {
        match member(&fault).is_selected {
            true => found.push(violation(fault)),
            // What was not asked for is no worse than it was.
            false => warn(&fault),
        }
    }
    for (base, fault) in stack.not_on_upstream()? {
        match base {
            Base::Same => warn(&fault),
            _ => found.push(violation(fault)),
        }
    }
    let main = container.map_or("main", |container| container.main_branch());
    let newer = stack.on_newer_upstream(main)?;
    match newer.as_slice() {
        [one] => warn(one),
        _ => found.extend(newer.into_iter().map(violation)),
    }
    // What does not descend from upstream has no base to be merged over.
    if found.is_empty() {
        let conflicts = stack.conflicts()?;
        found.extend(conflicts.into_iter().map(|(_, fault)| violation(fault)));
    }
    Ok(found)
}

fn part<'a>(context: &Context, member: &'a Member) -> Part<'a> {
    Part {
        name: member.name(),
        pin: context.pin(member.pin).name.to_string(),
        commit: member.commit,
        from: member.from.as_deref(),
    }
}
