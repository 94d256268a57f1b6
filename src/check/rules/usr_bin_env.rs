//! C607: an entry script that asks for `/usr/bin/env` in an image that has none.

use crate::check::{Asks, Check, Doc, NixView, Place, Report, Rule, Severity};
use crate::image::{self, ImageCall};
use crate::source::{RelPath, SourceFile};
use crate::syntax::{
    Around, Element, Shape, Value, WrittenPiece, WrittenString, path_literals, written_strings,
};

pub static RULE: Rule = Rule {
    code: "C607",
    name: "usr-bin-env",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "A script that an image starts and that begins with `#!/usr/bin/env`, where nothing puts `/usr/bin/env` into \
               the image.",
        why: "An image that Nix makes holds what it is given and no distribution: `/usr/bin/env: No such file or directory`, \
              and the container ends as it starts.",
        bad: "entry = pkgs.writeScript \"entry\" ''\n  #!/usr/bin/env bash\n  exec ${pkgs.ntfy-sh}/bin/ntfy serve\n'';",
        good: "entry = pkgs.writeShellScript \"entry\" ''\n  exec ${pkgs.ntfy-sh}/bin/ntfy serve\n'';",
        fix: "Use `writeShellScript`, or name the interpreter by its path in the store: `#!${pkgs.runtimeShell}`, \
              `${pkgs.bun}/bin/bun`. Where a program inside wants it, put `dockerTools.usrBinEnv` into the image.",
    },
    checks: &[Check::Nix {
        words: image::WORDS,
        run,
    }],
};

const SHEBANG: &str = "#!/usr/bin/env";
const ENV: &str = "usr/bin/env";
/// Functions that write a text to the store as it is.
const WRITERS: [&str; 4] = [
    "writeScript",
    "writeScriptBin",
    "writeTextFile",
    "writeText",
];
/// A file that speaks of these rewrites first lines, as builds do where they end.
const PATCHING: [&str; 2] = ["patchShebangs", "mkDerivation"];
const HELP: &str =
    "name the interpreter by its path in the store, or put `dockerTools.usrBinEnv` into the image";

fn run(view: &NixView, report: &mut Report) {
    for image in image::images(view.library, view.file) {
        if !image.builder.makes_image() || may_have_env(view, &image) {
            continue;
        }
        let command = image
            .entrypoint(view.library)
            .filter(|command| !command.is_empty())
            .or_else(|| image.cmd(view.library));
        let Some(first) = command.and_then(|command| command.into_iter().next()) else {
            continue;
        };
        started(view, &first, report);
        for inner in first.interpolated(view.library) {
            started(view, &inner, report);
        }
        copied(view, &first, report);
    }
}

fn may_have_env(view: &NixView, image: &ImageCall) -> bool {
    let contents = image.contents(view.library);
    if contents.is_open || contents.has("usrBinEnv") {
        return true;
    }
    // Whoever speaks of it otherwise than in a first line may make it.
    let text = view.source().text();
    let all = text.matches(ENV).count();
    all > text.matches(SHEBANG).count()
}

/// A script that is written here, or a file of the workspace, which `element` leads to.
fn started(view: &NixView, element: &Element, report: &mut Report) {
    let file = element.file();
    if element.shape(view.library) == Shape::Path {
        if let Value::Path(path) = element.value(view.library)
            && let Some(path) = file.path().parent().join(path)
        {
            let place = Place::of(file.source(), element.range());
            script(view, &path, place, report);
        }
        return;
    }
    // Names lead to the call that writes it.
    let call = element.call(view.library);
    let (file, range) = match &call {
        Some(call) => (call.file(), call.range()),
        None => (file, element.range()),
    };
    let is_within = |start: usize| range.contains(&start);
    for string in written_strings(file) {
        let Some(WrittenPiece::Text { value, range }) = string.pieces.first() else {
            continue;
        };
        if value.starts_with(SHEBANG) && is_within(range.start) && is_written_out(&string) {
            let text = file.source().text();
            let written = text.get(range.clone()).unwrap_or_default();
            let start = range.start + written.find(SHEBANG).unwrap_or(0);
            let place = Place::of(file.source(), start..start + SHEBANG.len());
            report.add(place, message()).help(HELP);
        }
    }
}

fn is_written_out(string: &WrittenString) -> bool {
    string.around.iter().any(|around| match around {
        Around::Call(name) => WRITERS.contains(&name.as_str()),
        Around::Attr(_) => false,
    })
}

/// A file of the workspace that is copied to where the command starts it, by its name, and by nothing that rewrites it.
fn copied(view: &NixView, command: &Element, report: &mut Report) {
    let text = view.source().text();
    let may_patch = PATCHING.iter().any(|word| text.contains(word));
    let Some(path) = command.value(view.library).text().map(|text| text.value()) else {
        return;
    };
    if may_patch || !path.starts_with('/') || path.starts_with("/nix/") {
        return;
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    for (range, target) in path_literals(view.file) {
        if !name.is_empty() && target.file_name() == name {
            script(view, &target, view.place(range), report);
        }
    }
}

fn script(view: &NixView, path: &RelPath, named: Place, report: &mut Report) {
    let starts = |bytes: &[u8]| bytes.starts_with(SHEBANG.as_bytes());
    if let Ok(Some(file)) = view.subject.workspace.read_if(path, starts) {
        report
            .add(first_line(&file), message())
            .help(HELP)
            .related(named, "the image starts it");
    }
}

fn first_line(file: &SourceFile) -> Place {
    Place::of(file, 0..file.line_at(0).len())
}

fn message() -> &'static str {
    "the image starts this script, and has no /usr/bin/env"
}
