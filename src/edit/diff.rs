//! Two texts as a unified diff, in the form that `patch` and `git apply` take.

use similar::TextDiff;

/// `old` against `new` with three lines of context, headed `--- a/PATH`, `+++ b/PATH`. Empty when they are equal.
pub fn unified(path: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(3)
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn has_the_form_of_a_patch() {
        assert_eq!(unified("f", "a\nb\n", "a\nb\n"), "");
        assert_eq!(
            unified("d/f.nix", "a\nb\n", "a\nc"),
            "--- a/d/f.nix\n+++ b/d/f.nix\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n\\ No newline at end of file\n"
        );
    }
}
