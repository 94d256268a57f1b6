//! Findings as workflow commands of GitHub and Forgejo: annotations at the lines of a change.
//!
//! Source of the format and of its escapes: GitHub's documentation, "Workflow commands", and the runner's own code, which
//! undoes `%25`, `%0D` and `%0A` everywhere, and `%3A` and `%2C` in properties.

use std::io::{self, Write};

use crate::check::{Finding, Severity};

pub fn write(sink: &mut impl Write, findings: &[Finding]) -> io::Result<()> {
    for finding in findings {
        let command = match finding.rule.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = &finding.place;
        let file = property(place.file.as_str());
        write!(sink, "::{command} file={file},line={}", place.start.line)?;
        // Columns of a place of several lines are taken for an error.
        match place.start.line == place.end.line {
            true => {
                let (start, end) = (place.start.column, place.end.column);
                write!(sink, ",col={start},endColumn={end}")?;
            }
            false => write!(sink, ",endLine={}", place.end.line)?,
        }
        let title = format!("{} {}", finding.rule.code, finding.rule.name);
        let message = match &finding.help {
            Some(help) => format!("{}\nhelp: {help}", finding.message),
            None => finding.message.clone(),
        };
        writeln!(sink, ",title={}::{}", property(&title), data(&message))?;
    }
    Ok(())
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Place, Report, rules};
    use crate::source::{RelPath, SourceFile};

    #[test]
    fn nothing_in_a_finding_ends_the_command() {
        let path = RelPath::new("a:b,c%\n::error::d").unwrap();
        let file = SourceFile::from_text(path, "one\ntwo\n".to_owned());
        let mut report = Report::new(&rules::unreadable::RULE);
        report
            .add(Place::of(&file, 0..3), "100%\r\n::set-output name=x::y")
            .help("a, b: c");
        report.add(Place::of(&file, 0..5), "two lines");
        let mut out = Vec::new();
        write(&mut out, report.findings()).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "::error file=a%3Ab%2Cc%25%0A%3A%3Aerror%3A%3Ad,line=1,col=1,endColumn=4,title=C001 unreadable::\
             100%25%0D%0A::set-output name=x::y%0Ahelp: a, b: c\n\
             ::error file=a%3Ab%2Cc%25%0A%3A%3Aerror%3A%3Ad,line=1,endLine=2,title=C001 unreadable::two lines\n"
        );
    }
}
