//! What names a moved revision elsewhere: NixBuild manifests and the service's version.

use super::item::{Item, Place, Shift, Step};
use super::{Bump, BumpError, Context, Remark};
use crate::manifest::service_versions::{self, ServiceVersion};
use crate::pin::{Role, tag};
use crate::source::{RelPath, SourceError};
use crate::spot::Spot;

/// NixBuilds at the old rev of a pin that moves go where it goes, rather than where their own URL leads; the image's
/// tag follows where it names the rev.
pub fn nixbuilds(context: &Context, items: &mut Vec<Item>) {
    let mut followed = Vec::new();
    for item in items.iter_mut() {
        let mut steps = Vec::new();
        for shift in item
            .shifts
            .iter()
            .filter(|shift| !is_nixbuild(context, shift.pin))
        {
            for (at, pin) in context.found.pins.iter().enumerate() {
                let (Role::NixBuild { .. }, Some(spot)) = (&pin.role, &pin.spot) else {
                    continue;
                };
                if spot.value == shift.old_rev && tag::is_hex(&shift.new_rev) {
                    steps.push(Step::at(at, "rev", spot, &shift.new_rev));
                    steps.extend(image_tag(context, at, shift));
                    followed.push(at);
                }
            }
        }
        item.steps.extend(steps);
    }
    // Its own item, made from what its URL says, is void.
    items.retain(|item| {
        !item
            .shifts
            .iter()
            .any(|shift| is_nixbuild(context, shift.pin) && followed.contains(&shift.pin))
    });
    for item in items.iter_mut() {
        let own: Vec<Step> = item
            .shifts
            .iter()
            .filter(|shift| is_nixbuild(context, shift.pin))
            .filter_map(|shift| image_tag(context, shift.pin, shift))
            .collect();
        item.steps.extend(own);
    }
}

fn is_nixbuild(context: &Context, pin: usize) -> bool {
    matches!(context.pin(pin).role, Role::NixBuild { .. })
}

/// The tag that said the old rev, whole or short, or the old version.
fn image_tag(context: &Context, at: usize, shift: &Shift) -> Option<Step> {
    let Role::NixBuild {
        image_tag: Some(spot),
    } = &context.pin(at).role
    else {
        return None;
    };
    Some(Step::at(at, "imageTag", spot, renamed(&spot.value, shift)?))
}

/// What `name` becomes when it says what `shift` moved.
fn renamed(name: &str, shift: &Shift) -> Option<String> {
    if let Some((old, new)) = &shift.version
        && name == old
    {
        return Some(new.clone());
    }
    let is_rev = name.len() >= 7 && shift.old_rev.starts_with(name) && tag::is_hex(name);
    is_rev
        .then(|| shift.new_rev.get(..name.len()).map(str::to_owned))
        .flatten()
}

/// The version written down in the file of services.
pub fn services(context: &Context, items: &mut [Item], bump: &mut Bump) -> Result<(), BumpError> {
    for item in items {
        let mut steps = Vec::new();
        for shift in &item.shifts {
            let pin = context.pin(shift.pin);
            let Some(service) = context
                .containers
                .config(&pin.name.container)
                .and_then(|c| c.service.as_ref())
            else {
                continue;
            };
            // Of a spork, the upstream rev is the service's version; a feature's is not.
            if matches!(&pin.role, Role::Spork(role) if role.feature.is_some()) {
                continue;
            }
            let Some(path) = RelPath::new(service.file.get_ref()) else {
                continue;
            };
            let file = context.workspace.read(&path).map_err(|error| {
                let message = error.to_string();
                match error {
                    SourceError::Io { .. } => {
                        BumpError::Config(context.config.error(service.file.span(), message))
                    }
                    other => other.into(),
                }
            })?;
            let message = match service_versions::find(&file, &service.name)? {
                ServiceVersion::Found(located) => match service_name(&located.value, shift) {
                    Some(new) => {
                        let spot = Spot::whole_scalar(&path, &located);
                        steps.push(Step {
                            pin: shift.pin,
                            field: "service".into(),
                            place: Place::Spot(spot),
                            new,
                        });
                        continue;
                    }
                    None if is_new(&located.value, shift) => continue,
                    None => {
                        let at = Some((path.clone(), file.position(located.span.start)));
                        let message = format!(
                            "`{}` is not the version that `{}` had, so it stays",
                            located.value, pin.name
                        );
                        bump.warnings.push(Remark { at, message });
                        continue;
                    }
                },
                ServiceVersion::NoService => format!("{path} names no service `{}`", service.name),
                ServiceVersion::NoVersion(_) => {
                    format!("{path} has no version for `{}`", service.name)
                }
                ServiceVersion::Ambiguous(_) => {
                    format!("{path} has several versions for `{}`", service.name)
                }
            };
            bump.warnings.push(Remark { at: None, message });
        }
        item.steps.extend(steps);
    }
    Ok(())
}

/// The version with what stands around it kept: a leading `v`, as tags have it.
fn service_name(value: &str, shift: &Shift) -> Option<String> {
    match value.strip_prefix('v') {
        Some(rest) => renamed(rest, shift)
            .map(|new| format!("v{new}"))
            .or_else(|| renamed(value, shift)),
        None => renamed(value, shift),
    }
}

fn is_new(value: &str, shift: &Shift) -> bool {
    let bare = value.strip_prefix('v').unwrap_or(value);
    shift.new_rev.starts_with(value)
        || shift
            .version
            .as_ref()
            .is_some_and(|(_, new)| new == bare || new == value)
}
