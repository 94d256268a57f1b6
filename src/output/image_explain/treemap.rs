//! The treemap of an image: layers, in them store paths, in them their biggest files; areas are sizes.

use streemap::Rect;

use crate::image::explain::{Explanation, FileSize, Layer, StorePath};

/// Of the drawing, in its own units.
pub const WIDTH: f64 = 1200.0;
pub const HEIGHT: f64 = 640.0;
/// The line above what a box holds, and what is left free around.
const TITLE: f64 = 18.0;
const MARGIN: f64 = 2.0;
/// What is smaller than this is not drawn.
const SMALLEST: f64 = 2.5;
/// A box is named, and shows what it holds, when there is room.
const NAMED: (f64, f64) = (36.0, 15.0);
const OPENED: (f64, f64) = (46.0, 38.0);

/// A rectangle of the drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    pub kind: AreaKind,
    pub label: String,
    /// In full, for whoever points at it.
    pub title: String,
    pub size: u64,
    pub layer: usize,
    pub rect: Rect<f64>,
    /// Whether there is room for the label.
    pub is_named: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AreaKind {
    Layer,
    StorePath,
    /// Files outside of store paths.
    Others,
    File,
}

/// What is to be drawn, with what it holds.
struct Node {
    kind: AreaKind,
    label: String,
    title: String,
    size: u64,
    layer: usize,
    children: Vec<Node>,
}

/// Each box before those in it.
pub fn areas(explanation: &Explanation) -> Vec<Area> {
    let layers = explanation
        .layers
        .iter()
        .map(|layer| node(explanation, layer));
    let mut areas = Vec::new();
    let whole = Rect {
        x: 0.0,
        y: 0.0,
        w: WIDTH,
        h: HEIGHT,
    };
    place(layers.collect(), whole, &mut areas);
    areas
}

fn node(explanation: &Explanation, layer: &Layer) -> Node {
    let number = layer.number;
    let paths = explanation.store_paths.iter();
    let paths = paths.filter(|path| path.layers.contains(&number));
    let mut children: Vec<Node> = paths.map(|path| store_path(path, number)).collect();
    if layer.other_files > 0 {
        children.push(Node {
            kind: AreaKind::Others,
            label: "other files".to_owned(),
            title: format!("files of layer {number} outside of store paths"),
            size: layer.other_size,
            layer: number,
            children: files(&layer.biggest_others, number, "/", layer.other_size),
        });
    }
    // The archive's own headers are no part of what it holds.
    let held = children.iter().map(|child| child.size).sum();
    Node {
        kind: AreaKind::Layer,
        label: format!("layer {number}"),
        title: format!("layer {number}"),
        size: if children.is_empty() {
            layer.size.unwrap_or(0)
        } else {
            held
        },
        layer: number,
        children,
    }
}

fn store_path(path: &StorePath, layer: usize) -> Node {
    let layers = path.layers.len().max(1) as u64;
    let size = path.size.unwrap_or(0) / layers;
    Node {
        kind: AreaKind::StorePath,
        label: path.name.clone(),
        title: path.path.clone(),
        size,
        layer,
        children: files(&path.biggest, layer, &path.path, size),
    }
}

/// The biggest files of `folder`, and all others as one.
fn files(files: &[FileSize], layer: usize, folder: &str, size: u64) -> Vec<Node> {
    let named: u64 = files.iter().map(|file| file.size).sum();
    let others = Node {
        kind: AreaKind::File,
        label: "more files".to_owned(),
        title: format!("more files of {folder}"),
        size: if files.is_empty() {
            0
        } else {
            size.saturating_sub(named)
        },
        layer,
        children: Vec::new(),
    };
    let files = files.iter().map(|file| Node {
        kind: AreaKind::File,
        label: file
            .path
            .strip_prefix(folder)
            .unwrap_or(&file.path)
            .trim_start_matches('/')
            .to_owned(),
        title: file.path.clone(),
        size: file.size,
        layer,
        children: Vec::new(),
    });
    files.chain([others]).collect()
}

/// Lays out `nodes` in `into`, each before those in it.
fn place(nodes: Vec<Node>, into: Rect<f64>, areas: &mut Vec<Area>) {
    let none = Rect {
        x: 0.0,
        y: 0.0,
        w: 0.0,
        h: 0.0,
    };
    let nodes = nodes.into_iter().filter(|node| node.size > 0);
    let mut items: Vec<(Node, Rect<f64>)> = nodes.map(|node| (node, none)).collect();
    items.sort_by_key(|(node, _)| std::cmp::Reverse(node.size));
    streemap::squarify(
        into,
        &mut items,
        |(node, _)| node.size as f64,
        |(_, own), rect| *own = rect,
    );
    for (node, rect) in items {
        if rect.w < SMALLEST || rect.h < SMALLEST {
            continue;
        }
        let is_opened = rect.w >= OPENED.0 && rect.h >= OPENED.1;
        areas.push(Area {
            kind: node.kind,
            label: node.label,
            title: node.title,
            size: node.size,
            layer: node.layer,
            is_named: rect.w >= NAMED.0 && rect.h >= NAMED.1,
            rect,
        });
        if is_opened && !node.children.is_empty() {
            let inner = Rect {
                x: rect.x + MARGIN,
                y: rect.y + TITLE,
                w: rect.w - 2.0 * MARGIN,
                h: rect.h - TITLE - MARGIN,
            };
            place(node.children, inner, areas);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(size: u64) -> Node {
        Node {
            kind: AreaKind::File,
            label: size.to_string(),
            title: String::new(),
            size,
            layer: 1,
            children: Vec::new(),
        }
    }

    #[test]
    fn areas_are_sizes_and_do_not_overlap() {
        let whole = Rect {
            x: 0.0,
            y: 0.0,
            w: 100.0,
            h: 60.0,
        };
        let mut areas = Vec::new();
        let nodes = [5, 30, 0, 10, 15, 20, 20].map(leaf).into();
        place(nodes, whole, &mut areas);
        assert_eq!(areas.len(), 6);
        for (at, area) in areas.iter().enumerate() {
            let Rect { x, y, w, h } = area.rect;
            assert!((w * h - area.size as f64 * 60.0).abs() < 1e-6, "{area:?}");
            assert!(x >= 0.0 && y >= 0.0 && x + w <= 100.0 + 1e-9 && y + h <= 60.0 + 1e-9);
            for other in &areas[at + 1..] {
                let overlaps = |a: f64, length: f64, b: f64, other: f64| {
                    a + 1e-9 < b + other && b + 1e-9 < a + length
                };
                let is_overlap = overlaps(x, w, other.rect.x, other.rect.w)
                    && overlaps(y, h, other.rect.y, other.rect.h);
                assert!(!is_overlap, "{area:?} {other:?}");
            }
        }
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let whole = Rect {
            x: 0.0,
            y: 0.0,
            w: 100.0,
            h: 60.0,
        };
        let mut areas = Vec::new();
        place(vec![leaf(0)], whole, &mut areas);
        place(Vec::new(), whole, &mut areas);
        assert_eq!(areas, []);
    }
}
