//! Patterns of paths, a subset of the npm package `path-to-regexp` 6: `/orgs/:slug/(.*)`.
//!
//! A pattern becomes one regular expression without look-around and back references, so that matching is linear in the
//! length of the path. A pattern that needs more is rejected.

mod expression;
mod syntax;

use std::borrow::Cow;

use memchr::memmem;
use percent_encoding::percent_decode_str;
use regex_lite::{Captures, Regex, RegexBuilder};

use crate::limits::MAX_PATTERN_BYTES;
use syntax::{Modifier, Parameter, Token};

/// A path, percent-encoded as in a URL.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path<'t> {
    pub(crate) text: &'t str,
    /// Compared with many patterns, and therefore computed once.
    pub(crate) lower_case: &'t str,
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) struct PathPattern {
    /// The text that every matching path contains, in order and in lower case. The first piece is at its start.
    required: Vec<Box<str>>,
    regex: Regex,
    /// In the order of capture groups.
    parameters: Vec<Parameter>,
}

impl PathPattern {
    /// Compiles `pattern`, or returns its error.
    pub(crate) fn compile(pattern: &str) -> Result<Self, String> {
        let mut source = String::from("^");
        let mut parameters = Vec::new();
        let tokens = syntax::parse(pattern)?;
        let required = required_text(&tokens);
        for token in tokens {
            match token {
                Token::Text(text) => source.push_str(&regex_lite::escape(&text)),
                Token::Parameter(parameter) => {
                    source.push_str(&parameter_source(&parameter)?);
                    if parameter.expression.is_some() {
                        parameters.push(parameter);
                    }
                }
            }
        }
        source.push_str("[/#?]?$");
        let regex = RegexBuilder::new(&source)
            .case_insensitive(true)
            .size_limit(MAX_PATTERN_BYTES)
            .build()
            .map_err(|error| format!("its regular expression does not compile: {error}"))?;
        Ok(Self {
            required,
            regex,
            parameters,
        })
    }

    /// Returns `true` if `path` matches.
    pub(crate) fn is_match(&self, path: Path<'_>) -> bool {
        self.captures(path).is_some()
    }

    fn captures<'t>(&self, path: Path<'t>) -> Option<Captures<'t>> {
        // Most patterns of a list do not match a path, and comparing text shows it sooner.
        if !self.could_match(path.lower_case) {
            return None;
        }
        let captures = self.regex.captures(path.text)?;
        let taken = |index: usize| captures.get(index + 1).map(|taken| taken.as_str().to_ascii_lowercase());
        let holds_excluded = self.parameters.iter().enumerate().any(|(index, parameter)| {
            let excluded = parameter.excludes.as_str();
            !excluded.is_empty() && taken(index).is_some_and(|taken| taken.contains(excluded))
        });
        (!holds_excluded).then_some(captures)
    }

    fn could_match(&self, path: &str) -> bool {
        let mut pieces = self.required.iter();
        let start = pieces.next().map_or("", |start| start);
        let Some(rest) = path.strip_prefix(start) else {
            return false;
        };
        pieces.try_fold(rest, |rest, piece| after_first(rest, piece)).is_some()
    }

    /// Returns the parameters of a match, percent-decoded once, or `None` if `path` does not match.
    pub(crate) fn parameters(&self, path: Path<'_>) -> Option<Vec<(&str, String)>> {
        let captures = self.captures(path)?;
        let named = self.parameters.iter().enumerate();
        Some(
            named
                .filter_map(|(index, parameter)| value(&captures, index, parameter))
                .collect(),
        )
    }
}

/// Returns the text that every matching path contains, one piece for each part between parameters.
fn required_text(tokens: &[Token]) -> Vec<Box<str>> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for token in tokens {
        match token {
            Token::Text(text) => piece.push_str(text),
            Token::Parameter(parameter) if parameter.modifier.is_required() => {
                piece.push_str(&parameter.prefix);
                pieces.push(std::mem::replace(&mut piece, parameter.suffix.clone()));
            }
            Token::Parameter(_) => pieces.push(std::mem::take(&mut piece)),
        }
    }
    pieces.push(piece);
    pieces
        .into_iter()
        .map(|piece| piece.to_ascii_lowercase().into())
        .collect()
}

/// Returns what follows the first `text` in `path`.
fn after_first<'t>(path: &'t str, text: &str) -> Option<&'t str> {
    let at = memmem::find(path.as_bytes(), text.as_bytes())?;
    path.get(at + text.len()..)
}

fn value<'p>(captures: &Captures<'_>, index: usize, parameter: &'p Parameter) -> Option<(&'p str, String)> {
    let raw = captures.get(index + 1)?.as_str();
    if !parameter.modifier.repeats() {
        return Some((parameter.name.as_str(), decode(raw)));
    }
    // A repeated parameter is a list, which Clerk's SDK joins with commas. Split before decoding: an encoded slash is
    // not a separator.
    let items: Vec<String> = raw.split(&parameter.between()).map(decode).collect();
    Some((parameter.name.as_str(), items.join(",")))
}

/// `raw` percent-decoded once, or unchanged if the result is not UTF-8.
fn decode(raw: &str) -> String {
    let decoded = percent_decode_str(raw).decode_utf8();
    decoded.map_or_else(|_| raw.to_owned(), Cow::into_owned)
}

fn parameter_source(parameter: &Parameter) -> Result<String, String> {
    let modifier = parameter.modifier.as_str();
    let (prefix, suffix) = (
        regex_lite::escape(&parameter.prefix),
        regex_lite::escape(&parameter.suffix),
    );
    let Some(expression) = &parameter.expression else {
        return Ok(format!("(?:{prefix}{suffix}){modifier}"));
    };
    match (parameter.between().is_empty(), parameter.modifier) {
        (true, Modifier::ZeroOrMore | Modifier::OneOrMore) => {
            let name = &parameter.name;
            Err(format!("{name:?} cannot be repeated without text before or after it"))
        }
        (true, _) => Ok(format!("({expression}){modifier}")),
        (false, Modifier::One | Modifier::Optional) => Ok(format!("(?:{prefix}({expression}){suffix}){modifier}")),
        (false, repeated) => {
            let optional = if repeated == Modifier::ZeroOrMore { "?" } else { "" };
            let repetition = format!("(?:{suffix}{prefix}(?:{expression}))*");
            Ok(format!("(?:{prefix}((?:{expression}){repetition}){suffix}){optional}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug(pattern: &str, path: &str) -> Option<String> {
        let pattern = PathPattern::compile(pattern).unwrap();
        let lower_case = &path.to_ascii_lowercase();
        let parameters = pattern.parameters(Path { text: path, lower_case })?;
        let slug = parameters.into_iter().rev().find(|(name, _)| *name == "slug");
        slug.map(|(_, value)| value)
    }

    #[test]
    fn parameters_are_read_from_paths() {
        for (pattern, path, expected) in [
            ("/orgs/:slug", "/orgs/acme", Some("acme")),
            ("/orgs/:slug", "/orgs/acme/", Some("acme")),
            ("/orgs/:slug", "/ORGS/Acme", Some("Acme")),
            ("/orgs/:slug", "/orgs/acme/x", None),
            ("/orgs/:slug", "/orgs", None),
            ("/orgs/:slug", "//orgs/acme", None),
            ("/orgs/:slug/(.*)", "/orgs/acme", None),
            ("/orgs/:slug/(.*)", "/orgs/acme/", Some("acme")),
            ("/orgs/:slug/(.*)", "/orgs/acme/x/y", Some("acme")),
            ("/orgs/:slug(.*)", "/orgs/acme/x", Some("acme/x")),
            ("/orgs/:slug(\\d+)", "/orgs/42", Some("42")),
            ("/orgs/:slug(\\d+)", "/orgs/acme", None),
            ("/orgs/:slug([a-z]{2,4})", "/orgs/acme", Some("acme")),
            ("/orgs/:slug([a-z0-9-]{1,255})", "/orgs/acme", Some("acme")),
            ("/orgs/:slug-:rest", "/orgs/a-b", Some("a")),
            ("/:other-:slug", "/a-b-c", Some("c")),
            ("/:slug.html", "/acme.html", Some("acme")),
            ("/orgs/:slug*", "/orgs/a/b", Some("a,b")),
            ("/orgs/:slug+", "/orgs/a%2Fb", Some("a/b")),
            ("/orgs/:slug+", "/orgs/a%2Fb/c%20d", Some("a/b,c d")),
            ("/orgs/:slug+", "/orgs", None),
            ("/{o-}?x/:slug", "/o-x/acme", Some("acme")),
            ("/{o-:slug}", "/o-acme", Some("acme")),
            ("/{o-:slug}", "/o-aO-b", None),
            ("/:slug/:slug", "/a/b", Some("b")),
            ("/a.b/:slug", "/axb/acme", None),
            ("/orgs/{a-:slug}?", "/orgs/a-acme", Some("acme")),
            ("/orgs/{a-:slug}?", "/orgs/a-ba-c", None),
            ("orgs/:slug", "/orgs/acme", None),
            ("/orgs/:slug", "/orgs/a%20b", Some("a b")),
            ("/orgs/:slug", "/orgs/a%2520b", Some("a%20b")),
            ("/orgs/:slug", "/orgs/%ff", Some("%ff")),
        ] {
            assert_eq!(slug(pattern, path).as_deref(), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn work_of_a_pattern_is_bounded() {
        let choices = |count: usize| format!("/orgs/((?:a?){{{count}}}b)");
        let most = (1..100)
            .take_while(|n| PathPattern::compile(&choices(100 * n)).is_ok())
            .count()
            * 100;
        assert!((100..4_000).contains(&most), "{most} choices for each letter of a path");
        // About the longest path that servers accept.
        let path = &format!("/orgs/{}", "a".repeat(60_000));
        let pattern = PathPattern::compile(&choices(most)).unwrap();
        assert!(!pattern.is_match(Path {
            text: path,
            lower_case: path
        }));
    }

    #[test]
    fn unsupported_construct_is_rejected_by_name() {
        for (pattern, construct) in [
            ("/orgs/:", "name"),
            ("/orgs/*", "\"*\""),
            ("/orgs/{a", "}"),
            ("/orgs/a}", "\"}\""),
            ("/orgs/(a", "closed"),
            ("/orgs/()", "empty"),
            ("/orgs/(?x)", "starts with"),
            ("/orgs/(a(b))", "capturing"),
            ("/orgs/\\", "escaped"),
            ("/:a:b", "text between"),
            ("/{:slug}*", "repeated"),
            ("/:slug--:rest", "look-ahead"),
            ("/:name{ab:slug}", "look-ahead"),
            ("/{ab:slug}*", "look-ahead"),
            ("/{ab:slug}b", "look-ahead"),
            ("/orgs/:slug((?!new)[^/]+)", "look-ahead"),
            ("/orgs/:slug([^/]+(?=x))", "look-ahead"),
            ("/orgs/:slug([^/]+(?<!x))", "look-behind"),
            ("/orgs/:slug((?:a)\\1)", "back reference"),
            ("/orgs/:slug((?<n>a))", "named group"),
            ("/orgs/(a**)", "repetition"),
            ("/orgs/([)", "compile"),
            ("/orgs/((?:a{1000}){1000})", "size limit"),
            ("/orgs/((?:a?){1000}(?:b?){1000})", "size limit"),
        ] {
            let problem = PathPattern::compile(pattern).unwrap_err();
            assert!(problem.contains(construct), "{pattern}: {problem}");
        }
    }
}
