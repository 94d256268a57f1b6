//! YAML into the tree. The parser (saphyr-parser) gives events whose spans count characters, begin at anchor and tag
//! and take in the comment after a quoted scalar; here they become byte ranges of exactly the value.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use super::tree::{Kind, Node, Scalar};
use super::{Fault, MAX_DEPTH, Style};

const TEMPLATE: &str =
    "templates are not read: point at what they are rendered to, or leave the file out";

/// The documents of a text. Linear in its size: aliases are not expanded.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, Fault> {
    let mut builder = Builder {
        text,
        cursor: Cursor {
            text,
            chars: 0,
            bytes: 0,
        },
        open: Vec::new(),
        anchors: HashMap::new(),
        documents: Vec::new(),
    };
    let mut parser: Parser<'_, StrInput<'_>> = Parser::new_from_str(text);
    loop {
        match parser.next_event() {
            None | Some(Ok((Event::StreamEnd, _))) => return Ok(builder.documents),
            Some(Ok((event, span))) => builder.take(event, span)?,
            Some(Err(error)) => {
                let offset = builder.cursor.byte(error.marker().index());
                let mut fault = Fault::new(offset, error.info());
                if text.contains("{{") {
                    fault.hint = Some(TEMPLATE);
                }
                return Err(fault);
            }
        }
    }
}

/// From characters to bytes. Events come nearly in order, so the way from one to the next is short.
struct Cursor<'a> {
    text: &'a str,
    chars: usize,
    bytes: usize,
}

impl Cursor<'_> {
    /// The offset of the character with this number; a number past the end means the end.
    fn byte(&mut self, chars: usize) -> usize {
        let bytes = self.text.as_bytes();
        let starts_char = |at: usize| bytes.get(at).is_none_or(|b| (b & 0xC0) != 0x80);
        while self.chars < chars && self.bytes < bytes.len() {
            self.bytes += 1;
            while !starts_char(self.bytes) {
                self.bytes += 1;
            }
            self.chars += 1;
        }
        while self.chars > chars {
            self.bytes -= 1;
            while !starts_char(self.bytes) {
                self.bytes -= 1;
            }
            self.chars -= 1;
        }
        self.bytes
    }
}

/// A mapping or sequence that is not closed yet.
struct Frame {
    start: usize,
    tag: Option<String>,
    anchor: usize,
    in_flow: bool,
    inside: Inside,
}

enum Inside {
    Sequence(Vec<Node>),
    Mapping {
        pairs: Vec<(Node, Node)>,
        key: Option<Node>,
        seen: HashSet<String>,
    },
}

struct Builder<'a> {
    text: &'a str,
    cursor: Cursor<'a>,
    open: Vec<Frame>,
    /// The anchors of the current document by the parser's number; `Some` for those on scalars.
    anchors: HashMap<usize, Option<Arc<Scalar>>>,
    documents: Vec<Node>,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let start = self.cursor.byte(span.start.index());
        let end = self.cursor.byte(span.end.index()).max(start);
        match event {
            Event::SequenceStart(anchor, tag) => self.begin(
                start..end,
                anchor,
                tag.as_deref(),
                Inside::Sequence(Vec::new()),
            ),
            Event::MappingStart(anchor, tag) => {
                let inside = Inside::Mapping {
                    pairs: Vec::new(),
                    key: None,
                    seen: HashSet::new(),
                };
                self.begin(start..end, anchor, tag.as_deref(), inside)
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(frame) => self.end(frame, end),
                None => Err(Fault::new(start, "closes what was never opened")),
            },
            Event::Scalar(value, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                let has_properties = anchor != 0 || tag.is_some();
                let span = token(
                    self.text,
                    start..end,
                    style,
                    has_properties,
                    value.is_empty(),
                );
                let scalar = Arc::new(Scalar {
                    value: value.into_owned(),
                    span: span.clone(),
                    style,
                    in_flow: self.in_flow(),
                });
                if anchor != 0 {
                    self.anchors.insert(anchor, Some(scalar.clone()));
                }
                self.place(Node {
                    kind: Kind::Scalar(scalar),
                    span,
                    tag: tag.as_deref().map(resolved),
                    anchored: anchor != 0,
                })
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(target) => {
                    let kind = Kind::Alias(target.clone());
                    self.place(Node {
                        kind,
                        span: start..end,
                        tag: None,
                        anchored: false,
                    })
                }
                None => Err(Fault::new(
                    start,
                    "an alias for an anchor that this document does not have",
                )),
            },
            Event::DocumentEnd => {
                // Anchors end with their document; the parser would go on resolving them.
                self.anchors.clear();
                Ok(())
            }
            Event::DocumentStart(_) | Event::StreamStart | Event::StreamEnd | Event::Nothing => {
                Ok(())
            }
        }
    }

    fn begin(
        &mut self,
        span: Range<usize>,
        anchor: usize,
        tag: Option<&Tag>,
        inside: Inside,
    ) -> Result<(), Fault> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Fault::too_deep(span.start));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, None);
        }
        let opens = match anchor != 0 || tag.is_some() {
            true => span.start + properties(self.text.get(span.start..).unwrap_or("")),
            false => span.start,
        };
        // A block collection without anchor and tag has an empty span.
        let in_flow = self.in_flow()
            || (!span.is_empty() && matches!(self.text.as_bytes().get(opens), Some(b'[' | b'{')));
        self.open.push(Frame {
            start: span.start,
            tag: tag.map(resolved),
            anchor,
            in_flow,
            inside,
        });
        Ok(())
    }

    fn in_flow(&self) -> bool {
        self.open.last().is_some_and(|frame| frame.in_flow)
    }

    fn end(&mut self, frame: Frame, end: usize) -> Result<(), Fault> {
        let kind = match frame.inside {
            Inside::Sequence(items) => Kind::Sequence(items),
            Inside::Mapping { pairs, .. } => Kind::Mapping(pairs),
        };
        self.place(Node {
            kind,
            span: frame.start..end,
            tag: frame.tag,
            anchored: frame.anchor != 0,
        })
    }

    fn place(&mut self, node: Node) -> Result<(), Fault> {
        match self.open.last_mut().map(|frame| &mut frame.inside) {
            None => self.documents.push(node),
            Some(Inside::Sequence(items)) => items.push(node),
            Some(Inside::Mapping { pairs, key, seen }) => match key.take() {
                Some(key) => pairs.push((key, node)),
                None => {
                    let start = node.span.start;
                    // YAML reads `{{ .Values.tag }}` as a mapping whose key is a mapping.
                    let is_template = matches!(node.kind, Kind::Mapping(_))
                        && self
                            .text
                            .get(..start + 1)
                            .is_some_and(|before| before.ends_with("{{"));
                    if is_template {
                        return Err(Fault {
                            hint: Some(TEMPLATE),
                            ..Fault::new(start, "a template, `{{ … }}`")
                        });
                    }
                    if let Some(name) = node.as_str()
                        && name != "<<"
                        && !seen.insert(name.to_owned())
                    {
                        return Err(Fault::new(
                            start,
                            format!("the key `{name}` comes twice in one mapping"),
                        ));
                    }
                    *key = Some(node);
                }
            },
        }
        Ok(())
    }
}

fn resolved(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

/// The bytes of a scalar's token inside the span that the parser gave.
fn token(
    text: &str,
    span: Range<usize>,
    style: Style,
    has_properties: bool,
    is_empty: bool,
) -> Range<usize> {
    let mut start = span.start;
    if has_properties && matches!(style, Style::Plain | Style::Single | Style::Double) {
        start += properties(text.get(span.clone()).unwrap_or(""));
    }
    let inside = text.get(start..span.end).unwrap_or("");
    let len = match style {
        Style::Plain if is_empty => 0,
        Style::Single => quoted(inside, b'\''),
        Style::Double => quoted(inside, b'"'),
        Style::Literal | Style::Folded => block(inside),
        _ => inside.trim_end().len(),
    };
    start..start + len
}

/// The length of the anchor, tag, blanks and comments that stand before a value.
fn properties(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or("");
        let len = match rest.as_bytes().first() {
            Some(b'&' | b'!') => rest.find([' ', '\t', '\r', '\n']).unwrap_or(rest.len()),
            Some(b'#') => rest.find(['\r', '\n']).unwrap_or(rest.len()),
            Some(b' ' | b'\t' | b'\r' | b'\n') => 1,
            _ => return at,
        };
        at += len;
    }
}

/// The length of a block's text without the blank lines that end it. Blanks that end its last line belong to it.
fn block(text: &str) -> usize {
    let mut kept = text;
    loop {
        kept = kept.trim_end_matches(['\n', '\r']);
        match kept.rsplit_once('\n') {
            Some((before, last)) if last.trim().is_empty() => kept = before,
            _ => return kept.len(),
        }
    }
}

/// The length of the quoted token that `text` begins with.
fn quoted(text: &str, quote: u8) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match *byte {
            b'\\' if quote == b'"' => at += 1,
            b'\'' if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') => at += 1,
            b if b == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}
