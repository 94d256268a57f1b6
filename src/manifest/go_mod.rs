//! `go.mod`: what a module's program is called.

/// The last part of the module's name, without the major version: `example.org/server/v2` is called `server`.
pub fn program_name(text: &str) -> Option<String> {
    let name = text.lines().find_map(|line| {
        let name = line.trim().strip_prefix("module")?.trim();
        Some(name.split("//").next()?.trim().trim_matches('"'))
    })?;
    let mut parts = name.rsplit('/');
    let last = parts.next()?;
    let is_major = |part: &str| {
        part.strip_prefix('v')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let part = match is_major(last) {
        true => parts.next().unwrap_or(last),
        false => last,
    };
    (!part.is_empty()).then(|| part.to_owned())
}

#[cfg(test)]
mod tests {
    use super::program_name;

    #[test]
    fn names() {
        for (text, name) in [
            ("module example.org/server\n", Some("server")),
            ("// x\nmodule example.org/server/v2 // y\n", Some("server")),
            ("module \"example.org/a\"\n\ngo 1.24\n", Some("a")),
            ("module v2\n", Some("v2")),
            ("go 1.24\n", None),
        ] {
            assert_eq!(program_name(text).as_deref(), name, "{text}");
        }
    }
}
