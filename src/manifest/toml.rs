//! TOML into the tree.

use std::sync::Arc;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::tree::{Kind, Node, Scalar};
use super::{Fault, MAX_DEPTH, Style};

pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let table = DeTable::parse(text)
        .map_err(|error| Fault::new(error.span().map_or(0, |span| span.start), error.message()))?;
    let span = table.span();
    Ok(Node {
        kind: mapping(text, table.get_ref(), 0)?,
        span,
        tag: None,
        anchored: false,
    })
}

fn mapping(text: &str, table: &DeTable<'_>, depth: usize) -> Result<Kind, Fault> {
    let mut pairs = table
        .iter()
        .map(|(key, value)| {
            let name = Node::scalar(Scalar {
                value: key.get_ref().to_string(),
                span: key.span(),
                style: style(text.get(key.span()).unwrap_or("")),
                in_flow: false,
            });
            Ok((name, node(text, value, depth + 1)?))
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    // The parser's table is sorted by name.
    pairs.sort_by_key(|(key, _)| key.span.start);
    Ok(Kind::Mapping(pairs))
}

fn node(text: &str, value: &Spanned<DeValue<'_>>, depth: usize) -> Result<Node, Fault> {
    let span = value.span();
    if depth > MAX_DEPTH {
        return Err(Fault::too_deep(span.start));
    }
    let token = text.get(span.clone()).unwrap_or("");
    let kind = match value.get_ref() {
        DeValue::Table(table) => mapping(text, table, depth)?,
        DeValue::Array(array) => Kind::Sequence(
            array
                .iter()
                .map(|item| node(text, item, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        DeValue::String(string) => Kind::Scalar(Arc::new(Scalar {
            value: string.to_string(),
            span: span.clone(),
            style: style(token),
            in_flow: false,
        })),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
            Kind::Scalar(Arc::new(Scalar {
                value: token.to_owned(),
                span: span.clone(),
                style: Style::Plain,
                in_flow: false,
            }))
        }
    };
    Ok(Node::bare(kind, span))
}

fn style(token: &str) -> Style {
    if token.starts_with("\"\"\"") {
        Style::MultilineDouble
    } else if token.starts_with("'''") {
        Style::MultilineSingle
    } else if token.starts_with('"') {
        Style::Double
    } else if token.starts_with('\'') {
        Style::Single
    } else {
        Style::Plain
    }
}
