//! The parser of patterns: literal text and parameters.

use std::iter::Peekable;
use std::str::CharIndices;

use super::expression;

/// Characters that end a segment.
const DELIMITERS: &str = "/#?";
/// Characters that belong to the parameter after them, so that both are optional or repeated together.
const PREFIXES: &str = "./";

pub(super) enum Token {
    Text(String),
    Parameter(Parameter),
}

/// A variable part of a pattern, with the text around it that is optional or repeated together with it.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    /// Empty for an unnamed parameter.
    pub(super) name: String,
    pub(super) prefix: String,
    pub(super) suffix: String,
    /// The regular expression that it matches, or `None` for a group of text.
    pub(super) expression: Option<String>,
    /// The preceding text in lower case, which the value must not contain; empty if there is no such rule.
    pub(super) excludes: String,
    pub(super) modifier: Modifier,
}

impl Parameter {
    /// The text between two repetitions.
    pub(super) fn between(&self) -> String {
        format!("{}{}", self.suffix, self.prefix)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Modifier {
    One,
    Optional,
    ZeroOrMore,
    OneOrMore,
}

impl Modifier {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::One => "",
            Self::Optional => "?",
            Self::ZeroOrMore => "*",
            Self::OneOrMore => "+",
        }
    }

    pub(super) fn is_required(self) -> bool {
        matches!(self, Self::One | Self::OneOrMore)
    }

    pub(super) fn repeats(self) -> bool {
        matches!(self, Self::ZeroOrMore | Self::OneOrMore)
    }
}

/// Parses `pattern`, or returns its error.
pub(super) fn parse(pattern: &str) -> Result<Vec<Token>, String> {
    let mut lexemes = lex(pattern)?.into_iter().peekable();
    let mut tokens = Vec::new();
    let mut text = String::new();
    while let Some(lexeme) = lexemes.next() {
        match lexeme {
            Lexeme::Char(c) => match prefix(c, &mut lexemes) {
                Some(parameter) => {
                    flush(&mut text, &mut tokens);
                    tokens.push(simple(parameter, c.to_string(), &tokens, &mut lexemes)?);
                }
                None => text.push(c),
            },
            Lexeme::Escaped(c) => text.push(c),
            Lexeme::Name(_) | Lexeme::Expression(_) => {
                flush(&mut text, &mut tokens);
                tokens.push(simple(lexeme, String::new(), &tokens, &mut lexemes)?);
            }
            Lexeme::Open => {
                flush(&mut text, &mut tokens);
                tokens.push(group(&tokens, &mut lexemes)?);
            }
            Lexeme::Close => return Err("a \"}\" closes nothing".to_owned()),
            Lexeme::Modifier(modifier) => {
                return Err(format!("a {:?} follows no parameter or group", modifier.as_str()));
            }
        }
    }
    flush(&mut text, &mut tokens);
    check_exclusions(&tokens)?;
    Ok(tokens)
}

/// Rejects parameters whose excluded text has several characters if more than one part of a path could match them.
///
/// The choice between those parts would depend on the excluded text, which only look-ahead can express.
fn check_exclusions(tokens: &[Token]) -> Result<(), String> {
    let is_delimiter = |c: char| DELIMITERS.contains(c);
    for (index, token) in tokens.iter().enumerate() {
        let Token::Parameter(parameter) = token else {
            continue;
        };
        let starts_fixed = match index.checked_sub(1).and_then(|before| tokens.get(before)) {
            None => true,
            Some(Token::Text(text)) => text.contains(is_delimiter),
            Some(Token::Parameter(_)) => false,
        };
        let ends_fixed = match tokens.get(index + 1) {
            None => true,
            Some(Token::Text(text)) => text.starts_with(is_delimiter),
            Some(Token::Parameter(next)) => next.modifier == Modifier::One && next.prefix.starts_with(is_delimiter),
        };
        let is_certain = starts_fixed && ends_fixed && parameter.suffix.is_empty() && !parameter.modifier.repeats();
        if !parameter.excludes.is_empty() && !is_certain {
            let (name, text) = (&parameter.name, &parameter.excludes);
            return Err(format!(
                "the parameter {name:?} after the text {text:?} needs look-ahead"
            ));
        }
    }
    Ok(())
}

type Lexemes = Peekable<std::vec::IntoIter<Lexeme>>;

enum Lexeme {
    Char(char),
    Escaped(char),
    Name(String),
    Expression(String),
    Modifier(Modifier),
    Open,
    Close,
}

fn lex(pattern: &str) -> Result<Vec<Lexeme>, String> {
    let mut lexemes = Vec::new();
    let mut rest = pattern.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        lexemes.push(match c {
            '?' => Lexeme::Modifier(Modifier::Optional),
            '*' => Lexeme::Modifier(Modifier::ZeroOrMore),
            '+' => Lexeme::Modifier(Modifier::OneOrMore),
            '{' => Lexeme::Open,
            '}' => Lexeme::Close,
            '\\' => Lexeme::Escaped(rest.next().ok_or("nothing is escaped by the \\ at its end")?.1),
            ':' => Lexeme::Name(name(&mut rest)?),
            '(' => Lexeme::Expression(expression_text(&pattern[at + 1..], &mut rest)?),
            other => Lexeme::Char(other),
        });
    }
    Ok(lexemes)
}

fn name(rest: &mut Peekable<CharIndices<'_>>) -> Result<String, String> {
    let mut name = String::new();
    while let Some((_, c)) = rest.next_if(|(_, c)| c.is_ascii_alphanumeric() || *c == '_') {
        name.push(c);
    }
    if name.is_empty() {
        return Err("a \":\" is not followed by a name".to_owned());
    }
    Ok(name)
}

/// The expression between `(` and its `)`.
fn expression_text(after: &str, rest: &mut Peekable<CharIndices<'_>>) -> Result<String, String> {
    if after.starts_with('?') {
        return Err("an expression in parentheses starts with \"?\"".to_owned());
    }
    let mut text = String::new();
    let mut depth = 1;
    while let Some((_, c)) = rest.next() {
        match c {
            '\\' => {
                text.push(c);
                text.extend(rest.next().map(|(_, escaped)| escaped));
                continue;
            }
            ')' => depth -= 1,
            '(' if rest.peek().is_none_or(|(_, next)| *next != '?') => {
                return Err("a capturing group stands inside an expression; write (?:…)".to_owned());
            }
            '(' => depth += 1,
            _ => {}
        }
        if depth > 0 {
            text.push(c);
            continue;
        }
        if text.is_empty() {
            return Err("the expression in parentheses is empty".to_owned());
        }
        return Ok(text);
    }
    Err("a \"(\" is not closed".to_owned())
}

/// The parameter after `c`, if `c` is its prefix.
fn prefix(c: char, lexemes: &mut Lexemes) -> Option<Lexeme> {
    lexemes.next_if(|next| PREFIXES.contains(c) && matches!(next, Lexeme::Name(_) | Lexeme::Expression(_)))
}

/// `:name`, `:name(expression)` or `(expression)`, with the character before it as its prefix.
fn simple(first: Lexeme, prefix: String, before: &[Token], lexemes: &mut Lexemes) -> Result<Token, String> {
    let (name, expression) = match first {
        Lexeme::Name(name) => (name, next_expression(lexemes)),
        Lexeme::Expression(expression) => (String::new(), Some(expression)),
        _ => (String::new(), None),
    };
    let (expression, excludes) = match expression {
        Some(text) => (expression::translate(&text)?, String::new()),
        None => segment(&prefix, before)?,
    };
    Ok(Token::Parameter(Parameter {
        name,
        prefix,
        suffix: String::new(),
        expression: Some(expression),
        excludes,
        modifier: next_modifier(lexemes),
    }))
}

/// A group after its `{`, up to and including the `}`.
fn group(before: &[Token], lexemes: &mut Lexemes) -> Result<Token, String> {
    let prefix = next_text(lexemes);
    let name = match lexemes.next_if(|next| matches!(next, Lexeme::Name(_))) {
        Some(Lexeme::Name(name)) => name,
        _ => String::new(),
    };
    let (expression, excludes) = match next_expression(lexemes) {
        Some(text) => (Some(expression::translate(&text)?), String::new()),
        None if name.is_empty() => (None, String::new()),
        None => {
            let (expression, excludes) = segment(&prefix, before)?;
            (Some(expression), excludes)
        }
    };
    let suffix = next_text(lexemes);
    if !matches!(lexemes.next(), Some(Lexeme::Close)) {
        return Err("a \"{\" is not followed by text, at most one parameter, text and \"}\"".to_owned());
    }
    Ok(Token::Parameter(Parameter {
        name,
        prefix,
        suffix,
        expression,
        excludes,
        modifier: next_modifier(lexemes),
    }))
}

fn next_expression(lexemes: &mut Lexemes) -> Option<String> {
    match lexemes.next_if(|next| matches!(next, Lexeme::Expression(_)))? {
        Lexeme::Expression(text) => Some(text),
        _ => None,
    }
}

fn next_modifier(lexemes: &mut Lexemes) -> Modifier {
    match lexemes.next_if(|next| matches!(next, Lexeme::Modifier(_))) {
        Some(Lexeme::Modifier(modifier)) => modifier,
        _ => Modifier::One,
    }
}

fn next_text(lexemes: &mut Lexemes) -> String {
    let mut text = String::new();
    while let Some(Lexeme::Char(c) | Lexeme::Escaped(c)) =
        lexemes.next_if(|next| matches!(next, Lexeme::Char(_) | Lexeme::Escaped(_)))
    {
        text.push(c);
    }
    text
}

fn flush(text: &mut String, tokens: &mut Vec<Token>) {
    if !text.is_empty() {
        tokens.push(Token::Text(std::mem::take(text)));
    }
}

/// The default expression of a parameter, and the text that its value must not contain.
///
/// It matches the rest of the segment without the text before the parameter. Excluding one character is part of the
/// expression; excluding more would need look-ahead, so that the text is checked after the match.
fn segment(prefix: &str, before: &[Token]) -> Result<(String, String), String> {
    let text_before = match before.last() {
        _ if !prefix.is_empty() => prefix,
        Some(Token::Text(text)) => text,
        Some(Token::Parameter(parameter)) => {
            return Err(format!(
                "there is no text between {:?} and the next parameter",
                parameter.name
            ));
        }
        None => "",
    };
    let mut characters = text_before.chars();
    let (expression, excludes) = match (characters.next(), characters.next()) {
        _ if text_before.contains(|c| DELIMITERS.contains(c)) => ("[^/#?]+?".to_owned(), ""),
        (None, _) => ("[^/#?]+?".to_owned(), ""),
        (Some(only), None) => (format!("[^/#?{}]+?", regex_lite::escape(&only.to_string())), ""),
        _ => ("[^/#?]+?".to_owned(), text_before),
    };
    Ok((expression, excludes.to_ascii_lowercase()))
}
