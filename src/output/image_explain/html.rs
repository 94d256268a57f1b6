//! `image explain` as one HTML page that needs nothing else: style, script and drawing are in it.
//!
//! Names out of an image are written by whoever made it: all are escaped, and the page allows no script but its own,
//! by hash.

use handlebars::Handlebars;
use serde::Serialize;

use super::size::{Size, size};
use super::treemap::{Area, AreaKind, HEIGHT, WIDTH, areas};
use super::words::{
    because, carries, changed, fate, holds, in_vain, new_in, pushed, right, said_of, short, shown,
    too_many,
};
use crate::hash::{Algo, Hasher, Spelling};
use crate::image::explain::{Against, Explanation, Layer, StorePath};

const PAGE: &str = include_str!("../../../templates/image/explain.html.hbs");
const STYLE: &str = include_str!("../../../templates/image/explain.css");
const SCRIPT: &str = include_str!("../../../templates/image/explain.js");
/// How many rows a table has at most.
const ROWS: usize = 2000;

/// The template and what is put into it do not fit: a fault of cotter.
#[derive(Debug, thiserror::Error)]
#[error("the page cannot be made: {0}")]
pub struct RenderError(#[from] handlebars::RenderError);

#[derive(Serialize)]
struct Page {
    title: String,
    subtitle: String,
    style: &'static str,
    style_hash: String,
    script: &'static str,
    script_hash: String,
    facts: Vec<Fact>,
    warnings: Vec<String>,
    width: f64,
    height: f64,
    areas: Vec<DrawnArea>,
    layers: Vec<LayerRow>,
    paths: Vec<PathRow>,
    more_paths: Option<String>,
    files: Vec<FileRow>,
    privileged: Vec<PrivilegedRow>,
    waste: String,
    wasted: Vec<WastedRow>,
    against: Option<Comparison>,
}

#[derive(Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
struct DrawnArea {
    class: String,
    layer: usize,
    title: String,
    label: String,
    x: String,
    y: String,
    w: String,
    h: String,
    is_named: bool,
}

#[derive(Serialize)]
struct LayerRow {
    number: usize,
    size: String,
    stored: String,
    state: &'static str,
    diff_id: String,
    short: String,
    holds: String,
    said: Option<String>,
}

#[derive(Serialize)]
struct PathRow {
    size: String,
    layers: String,
    name: String,
    path: String,
    why: String,
}

#[derive(Serialize)]
struct FileRow {
    size: String,
    layer: usize,
    path: String,
}

#[derive(Serialize)]
struct PrivilegedRow {
    right: &'static str,
    layer: usize,
    path: String,
}

#[derive(Serialize)]
struct WastedRow {
    size: String,
    fate: String,
    path: String,
}

#[derive(Serialize)]
struct Comparison {
    older: String,
    summary: String,
    heavy: Vec<String>,
    causes: Vec<CauseRow>,
    changes: Vec<ChangeRow>,
}

#[derive(Serialize)]
struct CauseRow {
    layer: usize,
    words: String,
}

#[derive(Serialize)]
struct ChangeRow {
    name: String,
    words: String,
}

/// The page.
pub fn explanation_html(explanation: &Explanation) -> Result<String, RenderError> {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    Ok(handlebars.render_template(PAGE, &page(explanation))?)
}

fn page(explanation: &Explanation) -> Page {
    let image = &explanation.image;
    let paths = &explanation.store_paths;
    let left_out = paths.len().saturating_sub(ROWS);
    Page {
        title: shown(image.names.first().unwrap_or(&image.source)),
        subtitle: format!("{}, {}", shown(&image.platform), image.kind.name()),
        style: STYLE,
        style_hash: source_hash(STYLE),
        script: SCRIPT,
        script_hash: source_hash(SCRIPT),
        facts: facts(explanation),
        warnings: too_many(image).into_iter().collect(),
        width: WIDTH,
        height: HEIGHT,
        areas: areas(explanation)
            .into_iter()
            .map(|area| drawn(area, explanation))
            .collect(),
        layers: explanation.layers.iter().map(layer_row).collect(),
        paths: paths.iter().take(ROWS).map(path_row).collect(),
        more_paths: (left_out > 0)
            .then(|| format!("and {left_out} more, which `--format json` shows")),
        files: explanation
            .files
            .iter()
            .map(|file| FileRow {
                size: Size(file.size).to_string(),
                layer: file.layer,
                path: file.path.clone(),
            })
            .collect(),
        privileged: explanation
            .privileged
            .iter()
            .map(|file| PrivilegedRow {
                right: right(file.privilege),
                layer: file.layer,
                path: file.path.clone(),
            })
            .collect(),
        waste: in_vain(&explanation.waste),
        wasted: explanation
            .waste
            .biggest
            .iter()
            .map(|file| WastedRow {
                size: Size(file.size).to_string(),
                fate: fate(file),
                path: file.path.clone(),
            })
            .collect(),
        against: explanation.against.as_ref().map(comparison),
    }
}

fn facts(explanation: &Explanation) -> Vec<Fact> {
    let image = &explanation.image;
    let mut facts = Vec::new();
    let mut fact = |name: &'static str, value: String| {
        if !value.is_empty() {
            facts.push(Fact { name, value });
        }
    };
    fact("size", size(image.size));
    if image.stored != image.size {
        fact("as stored", size(image.stored));
    }
    fact(
        "layers",
        format!("{} of {} at most", image.layers, image.most_layers),
    );
    fact("store paths", explanation.store_paths.len().to_string());
    if let Some(against) = &explanation.against {
        fact("layers to push", against.pushed.len().to_string());
    }
    if explanation.waste.size > 0 {
        fact("carried in vain", Size(explanation.waste.size).to_string());
    }
    let words = [&image.entrypoint[..], &image.cmd[..]].concat();
    fact("runs", shown(&words.join(" ")));
    fact("as user", shown(&image.user));
    fact(
        "config",
        image
            .config_digest
            .as_deref()
            .map(short)
            .unwrap_or_default(),
    );
    fact(
        "manifest",
        image
            .manifest_digest
            .as_deref()
            .map(short)
            .unwrap_or_default(),
    );
    facts
}

fn drawn(area: Area, explanation: &Explanation) -> DrawnArea {
    let class = match area.kind {
        AreaKind::Layer => "layer",
        AreaKind::StorePath => "store-path",
        AreaKind::Others => "others",
        AreaKind::File => "file",
    };
    let layers = &explanation.layers;
    let layer = layers.iter().find(|layer| layer.number == area.layer);
    let state = match is_new(&area, explanation) {
        true => "pushed new",
        false => layer.map_or("", state),
    };
    let unit = |value: f64| format!("{value:.1}");
    DrawnArea {
        class: format!("{class} {state}").trim_end().to_owned(),
        layer: area.layer,
        title: format!("{}, {}", area.title, Size(area.size)),
        label: area.label,
        x: unit(area.rect.x),
        y: unit(area.rect.y),
        w: unit(area.rect.w),
        h: unit(area.rect.h),
        is_named: area.is_named,
    }
}

/// Whether it is for this that its layer would be pushed.
fn is_new(area: &Area, explanation: &Explanation) -> bool {
    let causes = explanation
        .against
        .iter()
        .flat_map(|against| &against.causes);
    let cause = causes.into_iter().find(|cause| cause.layer == area.layer);
    cause.is_some_and(|cause| match area.kind {
        AreaKind::StorePath => cause.store_paths.contains(&area.title),
        AreaKind::Others => !cause.files.is_empty(),
        AreaKind::Layer | AreaKind::File => false,
    })
}

fn state(layer: &Layer) -> &'static str {
    match layer.is_reused {
        Some(true) => "reused",
        Some(false) => "pushed",
        None => "",
    }
}

fn layer_row(layer: &Layer) -> LayerRow {
    LayerRow {
        number: layer.number,
        size: size(layer.size),
        stored: size(layer.stored),
        state: state(layer),
        diff_id: shown(&layer.diff_id),
        short: short(&layer.diff_id),
        holds: holds(layer),
        said: said_of(layer),
    }
}

fn path_row(path: &StorePath) -> PathRow {
    let layers: Vec<String> = path.layers.iter().map(usize::to_string).collect();
    PathRow {
        size: size(path.size),
        layers: layers.join(", "),
        name: shown(&path.name),
        path: path.path.clone(),
        why: because(path.why.as_ref()),
    }
}

fn comparison(against: &Against) -> Comparison {
    Comparison {
        older: shown(&against.older),
        summary: pushed(against),
        heavy: against.heavy.iter().map(carries).collect(),
        causes: against
            .causes
            .iter()
            .map(|cause| CauseRow {
                layer: cause.layer,
                words: new_in(cause),
            })
            .collect(),
        changes: against
            .store_paths
            .iter()
            .take(ROWS)
            .map(|change| ChangeRow {
                name: shown(&change.name),
                words: changed(change),
            })
            .collect(),
    }
}

/// As a content security policy names it.
fn source_hash(text: &str) -> String {
    let mut hasher = Hasher::new(Algo::Sha256);
    hasher.update(text.as_bytes());
    hasher.finish().spell(Spelling::Sri)
}
