//! JSON into the tree. A YAML parser does not do: it refuses surrogate pairs (`😀`).

use std::collections::HashSet;
use std::sync::Arc;

use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::tree::{Kind, Node, Scalar};
use super::{Fault, MAX_DEPTH, Style};

/// RFC 8259, nothing more: no comments, no trailing commas.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT)
        .map_err(|error| Fault::new(error.range().start, error.kind().to_string()))?;
    match parsed.value {
        Some(value) => node(text, value, 0),
        None => Err(Fault::new(text.len(), "the file is empty")),
    }
}

fn node(text: &str, value: Value<'_>, depth: usize) -> Result<Node, Fault> {
    let range = value.range();
    let span = range.start..range.end;
    if depth > MAX_DEPTH {
        return Err(Fault::too_deep(span.start));
    }
    let kind = match value {
        Value::Object(object) => {
            let mut seen = HashSet::new();
            let mut pairs = Vec::with_capacity(object.properties.len());
            for property in object.properties {
                let (at, name) = match property.name {
                    ObjectPropName::String(lit) => (lit.range, lit.value.into_owned()),
                    ObjectPropName::Word(lit) => (lit.range, lit.value.to_owned()),
                };
                if !seen.insert(name.clone()) {
                    return Err(Fault::new(
                        at.start,
                        format!("the key `{name}` comes twice in one object"),
                    ));
                }
                let key = Node::scalar(Scalar {
                    value: name,
                    span: at.start..at.end,
                    style: Style::Double,
                    in_flow: false,
                });
                pairs.push((key, node(text, property.value, depth + 1)?));
            }
            Kind::Mapping(pairs)
        }
        Value::Array(array) => Kind::Sequence(
            array
                .elements
                .into_iter()
                .map(|element| node(text, element, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        Value::StringLit(lit) => Kind::Scalar(Arc::new(Scalar {
            value: lit.value.into_owned(),
            span: span.clone(),
            style: Style::Double,
            in_flow: false,
        })),
        Value::NumberLit(_) | Value::BooleanLit(_) | Value::NullKeyword(_) => {
            Kind::Scalar(Arc::new(Scalar {
                value: text.get(span.clone()).unwrap_or("").to_owned(),
                span: span.clone(),
                style: Style::Plain,
                in_flow: false,
            }))
        }
    };
    Ok(Node::bare(kind, span))
}
