//! Two systems in one spec: what is said of each, and what is so for one alone.

use super::draft::Draft;
use super::{Fate, Migration};
use crate::image::spec::{Cross, LinuxSystem, Source, Spec};

/// `FROM --platform=linux/amd64`: an image of that system.
pub fn only(draft: &mut Draft) {
    let line = draft.stages.line.clone();
    for stage in line.iter().filter_map(|at| draft.stages.all.get(*at)) {
        let system = match stage.platform.as_deref() {
            Some("linux/amd64" | "linux/x86_64" | "amd64") => LinuxSystem::X86_64,
            Some("linux/arm64" | "linux/arm64/v8" | "linux/aarch64" | "arm64") => {
                LinuxSystem::Aarch64
            }
            _ => continue,
        };
        // What the build is asked for is no choice of the file's.
        let is_literal = draft.is_literal_platform(stage.from);
        if is_literal {
            draft.systems.retain(|one| *one == system);
            draft.ledger.spec(stage.from, "systems");
        }
    }
    if let Source::Binary(binary) = &draft.spec.source
        && let Some(url) = binary.url.values().next()
        && ["amd64", "x86_64", "x64", "arm64", "aarch64"]
            .iter()
            .any(|arch| url.contains(arch))
    {
        let system = draft.system;
        draft.systems.retain(|one| *one == system);
    }
}

/// A script that Python runs on its own is not built: one machine makes it for both systems, as the interpreter of
/// nixpkgs is made for another system. What else is built for one is not known here.
pub fn cross(spec: &mut Spec) {
    let is_script = matches!(&spec.source, Source::Python(python) if python.packages.is_empty());
    if is_script && spec.contents.is_empty() && spec.systems.len() > 1 {
        spec.cross = Cross::PkgsCross;
    }
}

/// One migration of those for each system.
pub fn merged(mut first: Migration, second: Migration) -> Migration {
    let both = vec![LinuxSystem::X86_64, LinuxSystem::Aarch64];
    match (&mut first.spec.source, &second.spec.source) {
        (Source::Binary(binary), Source::Binary(other))
            if binary.pname == other.pname && binary.version == other.version =>
        {
            binary.url.extend(other.url.clone());
            let url = binary.url.values().next().cloned();
            if binary.url.values().all(|one| Some(one) == url.as_ref())
                && binary.url.len() == 2
                && first.spec.systems == both
            {
                return first;
            }
            first.spec.systems = binary.url.keys().copied().collect();
            return first;
        }
        (Source::Binary(_), _) => {
            first.spec.systems = vec![LinuxSystem::X86_64];
            return first;
        }
        (_, Source::Binary(_)) => {
            let mut second = second;
            second.spec.systems = vec![LinuxSystem::Aarch64];
            return second;
        }
        _ => {}
    }
    let is_same = {
        let mut other = second.spec.clone();
        other.systems.clone_from(&first.spec.systems);
        other == first.spec
    };
    if !is_same && first.spec.systems.len() > 1 {
        first.spec.systems = vec![LinuxSystem::X86_64];
        for entry in second.entries {
            if !first.entries.contains(&entry) && matches!(entry.fate, Fate::Decide { .. }) {
                first.entries.push(entry);
            }
        }
        first.entries.sort_by_key(|entry| (entry.step, entry.line));
    }
    first
}
