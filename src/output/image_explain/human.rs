//! `image explain` as text for a terminal. Long lists are cut; JSON has all of them.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::size::{Size, size};
use super::words::{
    because, carries, changed, count, cut, fate, holds, in_vain, new_in, pushed, right, said_of,
    short, shown, too_many,
};
use crate::image::explain::{Against, Explanation, Layer};

/// How many rows of a list are shown.
const ROWS: usize = 20;
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();

pub fn explanation_human(sink: &mut impl Write, explanation: &Explanation) -> io::Result<()> {
    let mut sink = io::BufWriter::new(sink);
    summary(&mut sink, explanation)?;
    layers(&mut sink, explanation)?;
    store_paths(&mut sink, explanation)?;
    files(&mut sink, explanation)?;
    waste(&mut sink, explanation)?;
    if let Some(against) = &explanation.against {
        compared(&mut sink, against)?;
    }
    sink.flush()
}

fn summary(sink: &mut impl Write, explanation: &Explanation) -> io::Result<()> {
    let image = &explanation.image;
    let name = image.names.first().unwrap_or(&image.source);
    let platform = shown(&image.platform);
    writeln!(
        sink,
        "{BOLD}{}{BOLD:#}  {platform}  {}",
        shown(name),
        image.kind.name()
    )?;
    for (word, digest) in [
        ("config", &image.config_digest),
        ("manifest", &image.manifest_digest),
    ] {
        if let Some(digest) = digest {
            writeln!(sink, "  {word:9} {DIM}{}{DIM:#}", shown(digest))?;
        }
    }
    let words = [&image.entrypoint[..], &image.cmd[..]].concat();
    if !words.is_empty() {
        let words: Vec<String> = words.iter().map(|word| shown(word)).collect();
        writeln!(sink, "  {:9} {}", "runs", words.join(" "))?;
    }
    if !image.user.is_empty() {
        writeln!(sink, "  {:9} {}", "as user", shown(&image.user))?;
    }
    let layers = count(image.layers, "layer", "layers");
    write!(sink, "  {:9} {} in {layers}", "size", size(image.size))?;
    if image.stored != image.size
        && let Some(stored) = image.stored
    {
        write!(sink, ", {} as stored", Size(stored))?;
    }
    writeln!(sink)?;
    if image.verified {
        writeln!(
            sink,
            "  {:9} every layer has the digests that the image names",
            "verified"
        )?;
    }
    if let Some(warning) = too_many(image) {
        writeln!(sink, "  {YELLOW}{:9} {warning}{YELLOW:#}", "warning")?;
    }
    Ok(())
}

fn layers(sink: &mut impl Write, explanation: &Explanation) -> io::Result<()> {
    writeln!(sink, "\n{BOLD}Layers{BOLD:#}")?;
    let compared = explanation.against.is_some();
    for layer in &explanation.layers {
        let Layer {
            number, diff_id, ..
        } = layer;
        let state = match layer.is_reused {
            Some(true) => format!("{DIM}reused{DIM:#} "),
            Some(false) => format!("{GREEN}pushed{GREEN:#} "),
            None => String::new(),
        };
        let stored = match layer.compression {
            Some(_) if layer.stored != layer.size => format!("{:>10}", size(layer.stored)),
            _ => format!("{:>10}", ""),
        };
        writeln!(
            sink,
            "{number:>4} {:>10} {stored}  {DIM}{}{DIM:#}  {state}{}",
            size(layer.size),
            short(diff_id),
            holds(layer)
        )?;
        if let Some(said) = said_of(layer) {
            let indent = if compared { 48 } else { 41 };
            writeln!(sink, "{:indent$} {DIM}{said}{DIM:#}", "")?;
        }
    }
    Ok(())
}

fn store_paths(sink: &mut impl Write, explanation: &Explanation) -> io::Result<()> {
    let paths = &explanation.store_paths;
    if paths.is_empty() {
        return Ok(());
    }
    writeln!(sink, "\n{BOLD}Store paths, and why they are there{BOLD:#}")?;
    let names = paths.iter().take(ROWS).map(|path| shown(&path.name));
    let names: Vec<String> = names.map(|name| cut(&name, 40)).collect();
    let width = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    for (path, name) in paths.iter().zip(&names) {
        let layers: Vec<String> = path.layers.iter().map(usize::to_string).collect();
        let layers = layers.join(",");
        let why = because(path.why.as_ref());
        writeln!(
            sink,
            "  {:>10}  {BOLD}{name:width$}{BOLD:#}  {DIM}layer {layers:<3}{DIM:#} {why}",
            size(path.size)
        )?;
    }
    more(sink, paths.len())
}

fn files(sink: &mut impl Write, explanation: &Explanation) -> io::Result<()> {
    if !explanation.files.is_empty() {
        writeln!(sink, "\n{BOLD}Biggest files{BOLD:#}")?;
        for file in explanation.files.iter().take(ROWS / 2) {
            let (layer, path) = (file.layer, &file.path);
            let bytes = Size(file.size);
            writeln!(sink, "  {bytes:>10}  {DIM}layer {layer:<3}{DIM:#} {path}")?;
        }
    }
    let privileged = &explanation.privileged;
    if !privileged.is_empty() {
        writeln!(sink, "\n{BOLD}Files that run with more rights{BOLD:#}")?;
        for file in privileged.iter().take(ROWS) {
            let privilege = right(file.privilege);
            let (layer, path) = (file.layer, &file.path);
            writeln!(
                sink,
                "  {privilege:>10}  {DIM}layer {layer:<3}{DIM:#} {path}"
            )?;
        }
        more(sink, privileged.len())?;
    }
    Ok(())
}

fn waste(sink: &mut impl Write, explanation: &Explanation) -> io::Result<()> {
    let waste = &explanation.waste;
    if waste.files == 0 {
        return Ok(());
    }
    writeln!(sink, "\n{BOLD}Carried in vain{BOLD:#}: {}", in_vain(waste))?;
    for file in waste.biggest.iter().take(ROWS / 2) {
        let (bytes, fate, path) = (Size(file.size), fate(file), &file.path);
        writeln!(sink, "  {bytes:>10}  {DIM}layer {fate}{DIM:#} {path}")?;
    }
    Ok(())
}

fn compared(sink: &mut impl Write, against: &Against) -> io::Result<()> {
    writeln!(
        sink,
        "\n{BOLD}Against {}{BOLD:#}: {}",
        shown(&against.older),
        pushed(against)
    )?;
    for cause in &against.causes {
        writeln!(sink, "  layer {:<3} {}", cause.layer, new_in(cause))?;
    }
    if !against.store_paths.is_empty() {
        writeln!(sink, "\n{BOLD}Changed store paths{BOLD:#}")?;
        for change in against.store_paths.iter().take(ROWS) {
            writeln!(sink, "  {}: {}", shown(&change.name), changed(change))?;
        }
        more(sink, against.store_paths.len())?;
    }
    for heavy in &against.heavy {
        writeln!(sink, "\n{YELLOW}{}{YELLOW:#}", carries(heavy))?;
    }
    Ok(())
}

fn more(sink: &mut impl Write, all: usize) -> io::Result<()> {
    match all.saturating_sub(ROWS) {
        0 => Ok(()),
        more => writeln!(
            sink,
            "  {DIM}and {more} more, which `--format json` shows{DIM:#}"
        ),
    }
}
