//! Patterns of paths that name an organization or the personal account, as in `/orgs/:slug/(.*)`.
//!
//! The syntax is that of the npm package `path-to-regexp` 6. A pattern becomes one regular expression without look-around
//! and back references, so that no path takes longer than its length; a pattern that needs more is refused.

mod expression;
mod syntax;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use regex::bytes::{Captures, Regex, RegexBuilder};

use super::shown::{is_certainly_secret_key, shown};
use super::{ConfigError, Setting};
use syntax::{Modifier, Parameter, Token};

/// Which organization a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OrganizationTarget {
    Id(String),
    Slug(String),
    PersonalAccount,
}

/// The patterns of one instance.
#[derive(Clone, Debug, Default)]
pub(crate) struct OrganizationPatterns {
    organization: Vec<PathPattern>,
    personal_account: Vec<PathPattern>,
}

impl OrganizationPatterns {
    pub(super) fn compile(organization: &[String], personal_account: &[String]) -> Result<Self, ConfigError> {
        Ok(Self {
            organization: compile_all(Setting::OrganizationPatterns, organization)?,
            personal_account: compile_all(Setting::PersonalAccountPatterns, personal_account)?,
        })
    }

    /// What `path` names, percent-encoded as it stands in a URL. The first organization pattern that matches decides; if
    /// it has neither `id` nor `slug`, the personal account's patterns are tried.
    pub(crate) fn target(&self, path: &str) -> Option<OrganizationTarget> {
        let organization = self.organization.iter().find_map(|pattern| pattern.parameters(path));
        if let Some(parameters) = organization {
            let named = |name: &str| parameters.iter().rev().find(|(key, _)| *key == name);
            let value = |name| {
                named(name)
                    .map(|(_, value)| value.clone())
                    .filter(|value| !value.is_empty())
            };
            if let Some(id) = value("id") {
                return Some(OrganizationTarget::Id(id));
            }
            if let Some(slug) = value("slug") {
                return Some(OrganizationTarget::Slug(slug));
            }
        }
        let is_personal = self.personal_account.iter().any(|pattern| pattern.is_match(path));
        is_personal.then_some(OrganizationTarget::PersonalAccount)
    }
}

/// One compiled pattern.
#[derive(Clone, Debug)]
struct PathPattern {
    regex: Regex,
    /// By capture group.
    parameters: Vec<Parameter>,
}

impl PathPattern {
    fn compile(pattern: &str) -> Result<Self, String> {
        let mut source = String::from("^");
        let mut parameters = Vec::new();
        for token in syntax::parse(pattern)? {
            match token {
                Token::Text(text) => source.push_str(&regex::escape(&text)),
                Token::Parameter(parameter) => {
                    source.push_str(&parameter_source(&parameter)?);
                    if parameter.expression.is_some() {
                        parameters.push(parameter);
                    }
                }
            }
        }
        source.push_str("[/#?]?$");
        // Paths in URLs are ASCII, and so are the classes and the letter case of the original.
        let regex = RegexBuilder::new(&source)
            .unicode(false)
            .case_insensitive(true)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => "its repetitions make it too large".to_owned(),
                _ => "its regular expression does not compile".to_owned(),
            })?;
        Ok(Self { regex, parameters })
    }

    fn is_match(&self, path: &str) -> bool {
        self.captures(path).is_some()
    }

    fn captures<'t>(&self, path: &'t str) -> Option<Captures<'t>> {
        let captures = self.regex.captures(path.as_bytes())?;
        let taken = |index: usize| {
            captures
                .get(index + 1)
                .map(|taken| taken.as_bytes().to_ascii_lowercase())
        };
        let holds_excluded = self.parameters.iter().enumerate().any(|(index, parameter)| {
            let excluded = parameter.excludes.as_bytes();
            !excluded.is_empty()
                && taken(index).is_some_and(|taken| taken.windows(excluded.len()).any(|part| part == excluded))
        });
        (!holds_excluded).then_some(captures)
    }

    /// The parameters that took part in the match, decoded once; `None` without a match.
    fn parameters(&self, path: &str) -> Option<Vec<(&str, String)>> {
        let captures = self.captures(path)?;
        let named = self.parameters.iter().enumerate();
        Some(
            named
                .filter_map(|(index, parameter)| value(&captures, index, parameter))
                .collect(),
        )
    }
}

fn compile_all(setting: Setting, patterns: &[String]) -> Result<Vec<PathPattern>, ConfigError> {
    let compile = |pattern: &String| {
        let compiled = match is_certainly_secret_key(pattern) {
            true => Err("it is a secret key".to_owned()),
            false => PathPattern::compile(pattern),
        };
        compiled.map_err(|problem| ConfigError::Pattern {
            setting,
            pattern: shown(pattern),
            problem: problem.into(),
        })
    };
    patterns.iter().map(compile).collect()
}

fn value<'p>(captures: &Captures<'_>, index: usize, parameter: &'p Parameter) -> Option<(&'p str, String)> {
    let raw = std::str::from_utf8(captures.get(index + 1)?.as_bytes()).ok()?;
    if !parameter.modifier.repeats() {
        return Some((parameter.name.as_str(), decode(raw)));
    }
    // A repeated parameter is a list, which Clerk's SDK writes with commas. Split first: an encoded slash is no separator.
    let items: Vec<String> = raw.split(&parameter.between()).map(decode).collect();
    Some((parameter.name.as_str(), items.join(",")))
}

/// `raw` percent-decoded once if that gives UTF-8, else as it stands.
fn decode(raw: &str) -> String {
    let decoded = percent_decode_str(raw).decode_utf8();
    decoded.map_or_else(|_| raw.to_owned(), Cow::into_owned)
}

fn parameter_source(parameter: &Parameter) -> Result<String, String> {
    let modifier = parameter.modifier.as_str();
    let (prefix, suffix) = (regex::escape(&parameter.prefix), regex::escape(&parameter.suffix));
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

    fn target(organization: &[&str], personal: &[&str], path: &str) -> Option<OrganizationTarget> {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let patterns = OrganizationPatterns::compile(&texts(organization), &texts(personal)).unwrap();
        patterns.target(path)
    }

    fn slug(pattern: &str, path: &str) -> Option<String> {
        match target(&[pattern], &[], path) {
            Some(OrganizationTarget::Slug(slug)) => Some(slug),
            _ => None,
        }
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
    fn an_id_wins_and_the_personal_account_comes_last() {
        let id = |text: &str| Some(OrganizationTarget::Id(text.to_owned()));
        assert_eq!(target(&["/o/:slug/:id"], &[], "/o/acme/org_1"), id("org_1"));
        assert_eq!(target(&["/a/:id", "/a/:slug"], &[], "/a/x"), id("x"));
        let personal = Some(OrganizationTarget::PersonalAccount);
        assert_eq!(target(&["/o/:name"], &["/o/(.*)"], "/o/x"), personal);
        assert_eq!(target(&[], &["/me(.*)"], "/meow"), personal);
    }

    #[test]
    fn an_empty_list_matches_nothing() {
        assert_eq!(target(&[], &[], "/"), None);
    }

    #[test]
    fn what_cannot_be_compiled_is_refused_by_name() {
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
            ("/orgs/((?:a{1000}){1000})", "too large"),
        ] {
            let error = OrganizationPatterns::compile(&[pattern.to_owned()], &[])
                .unwrap_err()
                .to_string();
            assert!(error.contains(construct), "{pattern}: {error}");
            assert!(error.contains("organization_patterns"), "{error}");
        }
    }
}
