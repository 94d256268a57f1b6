//! The status of a NixBuild, with the fields that the operator writes, as YAML that `kubectl patch` takes.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::NixBuildError;
use super::build::Built;
use super::wanted::Wanted;
use crate::manifest::yaml_string;

/// How far a build has come.
#[derive(Clone, Debug)]
pub enum Outcome {
    Building,
    Succeeded(Built),
    /// And why.
    Failed(String),
}

impl Outcome {
    /// As the field `status` has it.
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Building => "Building",
            Outcome::Succeeded(_) => "Succeeded",
            Outcome::Failed(_) => "Failed",
        }
    }
}

/// The status of one build.
#[derive(Clone, Debug)]
pub struct Status<'a> {
    /// `None`: the manifest could not be read.
    pub wanted: Option<&'a Wanted>,
    pub outcome: &'a Outcome,
    /// The machine that builds.
    pub node: &'a str,
    pub at: SystemTime,
}

impl Status<'_> {
    /// The document.
    pub fn to_yaml(&self) -> String {
        let mut text = String::new();
        if let Some(wanted) = self.wanted {
            let mut field = |key: &str, value: &str| {
                if !value.is_empty() {
                    // Writing into a String cannot fail.
                    let _ = writeln!(text, "{key}: {}", yaml_string(value));
                }
            };
            field("apiVersion", &wanted.api_version);
            field("kind", &wanted.kind);
            if !wanted.name.is_empty() {
                let _ = writeln!(text, "metadata:\n  name: {}", yaml_string(&wanted.name));
            }
            if !wanted.name.is_empty() && !wanted.namespace.is_empty() {
                let _ = writeln!(text, "  namespace: {}", yaml_string(&wanted.namespace));
            }
        }
        text.push_str("status:\n");
        if let Some(wanted) = self.wanted {
            let _ = writeln!(text, "  buildJobName: {}", yaml_string(&job_name(wanted)));
        }
        let node = match self.outcome {
            Outcome::Succeeded(built) => &built.node,
            Outcome::Building | Outcome::Failed(_) => self.node,
        };
        let _ = writeln!(text, "  buildNode: {}", yaml_string(node));
        let at = timestamp(self.at);
        let mut conditions = String::new();
        let mut condition = |kind: &str, reason: &str, is_true: bool, message: &str| {
            let status = if is_true { "\"True\"" } else { "\"False\"" };
            let _ = write!(
                conditions,
                "    - lastTransitionTime: \"{at}\"\n      message: {}\n      reason: {reason}\n      status: {status}\n      type: {kind}\n",
                yaml_string(message)
            );
        };
        match self.outcome {
            Outcome::Building => {
                condition("Complete", "Building", false, "Building");
            }
            Outcome::Succeeded(built) => {
                condition(
                    "Success",
                    "ResultSuccess",
                    true,
                    "Build completed successfully",
                );
                let message = match &built.loaded_into {
                    Some(into) => format!("Image loaded into {into}"),
                    None => "Image built".to_owned(),
                };
                condition("Complete", "BuildFinished", true, &message);
            }
            Outcome::Failed(why) => {
                condition("Success", "ResultFailure", false, why);
                condition("Complete", "BuildFinished", true, "Build failed");
            }
        }
        let _ = write!(text, "  conditions:\n{conditions}");
        if let Outcome::Succeeded(built) = self.outcome {
            let _ = writeln!(text, "  imageDigest: {}", yaml_string(&built.digest));
            let _ = writeln!(text, "  imageSize: {}", built.size);
        }
        let _ = writeln!(text, "  status: {}", self.outcome.word());
        text
    }

    /// Writes it to `file`, whole or not at all.
    pub fn write(&self, file: &Path) -> Result<(), NixBuildError> {
        let failed = || NixBuildError::file(file, "write the status");
        let folder = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(failed())?;
        let mut new = tempfile::Builder::new()
            .prefix(".status")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(folder)
            .map_err(failed())?;
        new.write_all(self.to_yaml().as_bytes()).map_err(failed())?;
        new.persist(file).map_err(|error| failed()(error.error))?;
        Ok(())
    }
}

/// The same for the same build: its name, and digits of what is built.
fn job_name(wanted: &Wanted) -> String {
    let (url, package, system) = wanted.key();
    let digest = Sha256::digest(format!("{url}\n{package}\n{system}"));
    let digits = data_encoding::HEXLOWER.encode(digest.as_slice());
    let name = match wanted.name.as_str() {
        "" => "nixbuild",
        name => name,
    };
    format!("{name}-{}", digits.get(..10).unwrap_or(&digits))
}

/// RFC 3339, to the second, in UTC.
fn timestamp(at: SystemTime) -> String {
    let seconds = at
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The date so many days after 1970-01-01: years begin in March, so that the leap day is their last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::image::archive::Kind;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_756_629_241, "2025-08-31T08:34:01Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(timestamp(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn the_fields_are_those_of_the_operator() {
        let wanted = Wanted {
            api_version: "enbi.hrzn.ee/v1alpha1".into(),
            kind: "NixBuild".into(),
            name: "chog".into(),
            namespace: String::new(),
            flake_url:
                "git+https://git.example.org/chog?rev=f5d531177a7330e9b270c15cca5df0eb72b8684c"
                    .into(),
            image_tag: "registry.example.org/team/chog:1".into(),
            package: "chog.stream".into(),
            system: "aarch64-linux".into(),
        };
        let digest = format!("sha256:{}", "70".repeat(32));
        let outcome = Outcome::Succeeded(Built {
            image: wanted.image_tag.clone(),
            digest: digest.clone(),
            image_id: digest.clone(),
            size: 112_199_680,
            store_path: "/nix/store/x".into(),
            kind: Kind::StreamScript,
            loaded_into: Some("containerd (k8s.io)".into()),
            node: "cass".into(),
        });
        let at = UNIX_EPOCH + Duration::from_secs(1_756_629_241);
        let status = |outcome| Status {
            wanted: Some(&wanted),
            outcome,
            node: "cass",
            at,
        };
        let job = job_name(&wanted);
        let expected = format!(
            "apiVersion: enbi.hrzn.ee/v1alpha1\nkind: NixBuild\nmetadata:\n  name: chog\nstatus:\n  buildJobName: {job}\n  \
             buildNode: cass\n  conditions:\n    - lastTransitionTime: \"2025-08-31T08:34:01Z\"\n      \
             message: Build completed successfully\n      reason: ResultSuccess\n      status: \"True\"\n      type: Success\n    \
             - lastTransitionTime: \"2025-08-31T08:34:01Z\"\n      message: Image loaded into containerd (k8s.io)\n      \
             reason: BuildFinished\n      status: \"True\"\n      type: Complete\n  imageDigest: {digest}\n  \
             imageSize: 112199680\n  status: Succeeded\n"
        );
        assert_eq!(status(&outcome).to_yaml(), expected);
        let failed = Outcome::Failed("a: b\n\"c\" #d".into());
        let text = status(&failed).to_yaml();
        assert!(
            text.contains("message: \"a: b\\n\\\"c\\\" #d\"\n")
                && text.ends_with("  status: Failed\n"),
            "{text}"
        );
    }
}
