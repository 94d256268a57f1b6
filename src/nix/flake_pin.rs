//! An input locked at a revision that `flake.nix` does not name: the reference that names it, and the lock file
//! that goes on saying what `flake.nix` asks for.

use serde_json::Value;

use super::{FlakeLock, LockError, Source};

impl Source {
    /// This reference at exactly `rev`, as Nix takes it on its command line.
    ///
    /// `None` for a kind that has no revisions, or whose reference does not say where they are (`indirect`).
    pub fn flake_ref_at(&self, rev: &str) -> Option<String> {
        let mut query: Vec<(&str, String)> = Vec::new();
        let base = match self.kind.as_str() {
            "git" | "hg" => {
                if let Some(reference) = &self.reference {
                    query.push(("ref", reference.clone()));
                }
                query.push(("rev", rev.to_owned()));
                format!("{}+{}", self.kind, self.url.as_ref()?)
            }
            "github" | "gitlab" | "sourcehut" => {
                let (owner, repo) = (self.owner.as_ref()?, self.repo.as_ref()?);
                // A group within a group of GitLab: its slash is not one between owner and repository.
                format!("{}:{}/{repo}/{rev}", self.kind, owner.replace('/', "%2F"))
            }
            _ => return None,
        };
        for (name, value) in [("host", &self.host), ("dir", &self.dir)] {
            query.extend(value.clone().map(|value| (name, value)));
        }
        for (name, value) in &self.other {
            let value = match value {
                Value::Bool(on) => u8::from(*on).to_string(),
                Value::Number(number) => number.to_string(),
                Value::String(text) => text.clone(),
                _ => return None,
            };
            query.push((name, value));
        }
        let mut flake_ref = base;
        for (name, value) in query {
            flake_ref.push(if flake_ref.contains('?') { '&' } else { '?' });
            flake_ref.extend([name, "=", &percent_encoded(&value)]);
        }
        Some(flake_ref)
    }
}

fn percent_encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The lock file `after`, in which each of `inputs` has the `original` that it has in `before`. It is written as
/// Nix writes it: sorted, two spaces, a line ending at the end.
pub(super) fn restore_originals(
    before: &str,
    after: &str,
    inputs: &[&str],
) -> Result<String, LockError> {
    let (old, new) = (FlakeLock::parse(before)?, FlakeLock::parse(after)?);
    let old_value: Value = serde_json::from_str(before)?;
    let mut value: Value = serde_json::from_str(after)?;
    let mut is_changed = false;
    for input in inputs {
        let (Some(from), Some(to)) = (old.node_name(input), new.node_name(input)) else {
            continue;
        };
        let Some(wanted) = old_value["nodes"][from].get("original") else {
            continue;
        };
        if value["nodes"][to].get("original") != Some(wanted) {
            value["nodes"][to]["original"] = wanted.clone();
            is_changed = true;
        }
    }
    if !is_changed {
        return Ok(after.to_owned());
    }
    value.sort_all_objects();
    Ok(format!("{value:#}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(json: &str) -> Source {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn names_a_revision_of_every_kind_that_has_them() {
        for (json, flake_ref) in [
            (
                r#"{"type":"git","url":"file:///x"}"#,
                Some("git+file:///x?rev=abc"),
            ),
            (
                r#"{"type":"git","url":"ssh://git@h/x?a=b","ref":"feature/a+b","dir":"sub dir","submodules":true}"#,
                Some("git+ssh://git@h/x?a=b&ref=feature/a%2Bb&rev=abc&dir=sub%20dir&submodules=1"),
            ),
            (
                r#"{"type":"github","owner":"NixOS","repo":"nixpkgs","ref":"nixos-25.05"}"#,
                Some("github:NixOS/nixpkgs/abc"),
            ),
            (
                r#"{"type":"gitlab","owner":"a/b","repo":"c","host":"gitlab.example.org"}"#,
                Some("gitlab:a%2Fb/c/abc?host=gitlab.example.org"),
            ),
            (r#"{"type":"indirect","id":"nixpkgs"}"#, None),
            (r#"{"type":"path","path":"./x"}"#, None),
            (r#"{"type":"tarball","url":"https://h/x.tar.gz"}"#, None),
            (r#"{"type":"git"}"#, None),
        ] {
            assert_eq!(
                source(json).flake_ref_at("abc").as_deref(),
                flake_ref,
                "{json}"
            );
        }
    }

    #[test]
    fn restores_what_flake_nix_says_in_the_form_of_nix() {
        let lock = |original: &str| {
            format!(
                "{{\n  \"nodes\": {{\n    \"one\": {{\n      \"locked\": {{\n        \"lastModified\": 1,\n        \"type\": \"git\"\n      }},\n      \"original\": {original}\n    }},\n    \"root\": {{\n      \"inputs\": {{\n        \"follower\": [],\n        \"one\": \"one\"\n      }}\n    }}\n  }},\n  \"root\": \"root\",\n  \"version\": 7\n}}\n"
            )
        };
        let before = lock("{\n        \"type\": \"git\",\n        \"url\": \"file:///é\"\n      }");
        let after = lock(
            "{\n        \"rev\": \"abc\",\n        \"type\": \"git\",\n        \"url\": \"file:///é\"\n      }",
        );
        assert_eq!(
            restore_originals(&before, &after, &["one"]).unwrap(),
            before
        );
        assert_eq!(
            restore_originals(&before, &after, &["follower", "none"]).unwrap(),
            after
        );
    }
}
