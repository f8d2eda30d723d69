//! Shortcodes: `{{ operand || operand }}` inside the strings of a template.

use serde_json::{Number, Value};

const OPEN: &str = "{{";
const CLOSE: &str = "}}";

/// A string of a template, in pieces.
pub(super) struct Text<'a>(Vec<Piece<'a>>);

enum Piece<'a> {
    Fixed(&'a str),
    Shortcode(Vec<Operand<'a>>),
}

enum Operand<'a> {
    /// Names separated by dots, at least two.
    Path(&'a str),
    Literal(Value),
}

impl<'a> Text<'a> {
    /// Returns `None` if a shortcode is malformed or not closed.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((fixed, after)) = rest.split_once(OPEN) {
            if !fixed.is_empty() {
                pieces.push(Piece::Fixed(fixed));
            }
            let end = find_unquoted(after, CLOSE)?;
            pieces.push(Piece::Shortcode(operands(&after[..end])?));
            rest = &after[end + CLOSE.len()..];
        }
        if !rest.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Fixed(rest));
        }
        Some(Self(pieces))
    }

    /// A shortcode alone yields its value. Inside other text it becomes text; a missing value becomes `null`.
    pub(super) fn render(&self, values: &Value) -> Value {
        match self.0.as_slice() {
            [Piece::Fixed(text)] => (*text).into(),
            [Piece::Shortcode(operands)] => evaluate(operands, values),
            pieces => {
                let texts = pieces.iter().map(|piece| match piece {
                    Piece::Fixed(text) => (*text).to_owned(),
                    Piece::Shortcode(operands) => match evaluate(operands, values) {
                        Value::String(text) => text,
                        other => other.to_string(),
                    },
                });
                // Clerk's guide renders `"{{user.last_name}} {{user.first_name}} "` as `Doe Maria`.
                texts.collect::<String>().trim().into()
            }
        }
    }
}

/// The first operand that is neither null nor false, else the last one.
fn evaluate(operands: &[Operand<'_>], values: &Value) -> Value {
    let found = operands.iter().map(|operand| match operand {
        Operand::Path(path) => look_up(path, values),
        Operand::Literal(value) => value.clone(),
    });
    let mut last = Value::Null;
    for value in found {
        last = value;
        if !matches!(last, Value::Null | Value::Bool(false)) {
            break;
        }
    }
    last
}

fn look_up(path: &str, values: &Value) -> Value {
    // `{{user}}` alone is not a shortcode of Clerk's.
    if !path.contains('.') {
        return Value::Null;
    }
    let found = path
        .split('.')
        .try_fold(values, |value, name| value.as_object()?.get(name));
    found.cloned().unwrap_or_default()
}

fn operands(mut expression: &str) -> Option<Vec<Operand<'_>>> {
    let mut operands = Vec::new();
    while let Some(end) = find_unquoted(expression, "||") {
        operands.push(operand(&expression[..end])?);
        expression = &expression[end + 2..];
    }
    operands.push(operand(expression)?);
    Some(operands)
}

fn operand(text: &str) -> Option<Operand<'_>> {
    let text = text.trim();
    if let Some(literal) = text.strip_prefix('\'') {
        let literal = literal.strip_suffix('\'').filter(|literal| !literal.contains('\''))?;
        return Some(Operand::Literal(literal.into()));
    }
    if let Ok(flag) = text.parse::<bool>() {
        return Some(Operand::Literal(flag.into()));
    }
    if let Ok(number) = text.parse::<Number>() {
        return Some(Operand::Literal(number.into()));
    }
    let is_plain = |c: char| !c.is_whitespace() && !matches!(c, '\'' | '"' | '{' | '}' | '|');
    let is_path = text
        .split('.')
        .all(|name| !name.is_empty() && name.chars().all(is_plain));
    is_path.then_some(Operand::Path(text))
}

/// Returns the start of `wanted` outside single quotes; `None` if it is missing or follows an open quote.
fn find_unquoted(text: &str, wanted: &str) -> Option<usize> {
    let mut is_quoted = false;
    for (position, c) in text.char_indices() {
        if c == '\'' {
            is_quoted = !is_quoted;
        } else if !is_quoted && text[position..].starts_with(wanted) {
            return Some(position);
        }
    }
    None
}
