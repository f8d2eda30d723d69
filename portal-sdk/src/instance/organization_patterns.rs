//! [`OrganizationPatterns`]: patterns of paths that name an organization, such as `/orgs/:slug/(.*)`.

use std::borrow::Cow;

use super::redact::{holds_secret_key, redacted};
use super::{ConfigError, Setting};
use crate::limits::MAX_PATTERNS;
use crate::path_pattern::{Path, PathPattern};

/// The organization that a path names.
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

    /// Returns `true` if no path names an organization.
    pub(crate) fn is_empty(&self) -> bool {
        self.organization.is_empty() && self.personal_account.is_empty()
    }

    /// Returns the organization that `path` (percent-encoded, as in a URL) names.
    ///
    /// The first organization pattern that matches decides. If it has neither `id` nor `slug`, the personal account's
    /// patterns are tried.
    pub(crate) fn target(&self, path: &str) -> Option<OrganizationTarget> {
        let lower_case = match path.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(path.to_ascii_lowercase()),
            false => Cow::Borrowed(path),
        };
        let path = Path {
            text: path,
            lower_case: &lower_case,
        };
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

fn compile_all(setting: Setting, patterns: &[String]) -> Result<Vec<PathPattern>, ConfigError> {
    let compile = |(index, pattern): (usize, &String)| {
        let compiled = match holds_secret_key(pattern) {
            true => Err("it is a secret key".to_owned()),
            false if index >= MAX_PATTERNS => Err(format!("expected at most {MAX_PATTERNS} patterns")),
            false => PathPattern::compile(pattern),
        };
        compiled.map_err(|problem| ConfigError::Pattern {
            setting,
            pattern: redacted(pattern),
            problem,
        })
    };
    patterns.iter().enumerate().map(compile).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(organization: &[&str], personal: &[&str], path: &str) -> Option<OrganizationTarget> {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let patterns = OrganizationPatterns::compile(&texts(organization), &texts(personal)).unwrap();
        patterns.target(path)
    }

    #[test]
    fn id_precedes_slug_and_personal_account() {
        let id = |text: &str| Some(OrganizationTarget::Id(text.to_owned()));
        assert_eq!(target(&["/o/:slug/:id"], &[], "/o/acme/org_1"), id("org_1"));
        assert_eq!(target(&["/a/:id", "/a/:slug"], &[], "/a/x"), id("x"));
        let personal = Some(OrganizationTarget::PersonalAccount);
        assert_eq!(target(&["/o/:name"], &["/o/(.*)"], "/o/x"), personal);
        assert_eq!(target(&[], &["/me(.*)"], "/meow"), personal);
    }

    #[test]
    fn empty_list_matches_no_path() {
        assert_eq!(target(&[], &[], "/"), None);
    }

    #[test]
    fn patterns_beyond_the_limit_are_rejected() {
        let patterns = vec!["/orgs/:slug".to_owned(); MAX_PATTERNS + 1];
        assert!(OrganizationPatterns::compile(&patterns[1..], &patterns[1..]).is_ok());
        let error = OrganizationPatterns::compile(&patterns, &[]).unwrap_err().to_string();
        assert!(error.contains("at most 1000 patterns"), "{error}");
    }

    #[test]
    fn invalid_pattern_is_rejected_with_its_setting() {
        let error = OrganizationPatterns::compile(&["/orgs/*".to_owned()], &[]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("organization_patterns: pattern \"/orgs/*\": "),
            "{error}"
        );
        let error = OrganizationPatterns::compile(&[], &["/me/*".to_owned()]).unwrap_err();
        assert!(error.to_string().starts_with("personal_account_patterns: "), "{error}");
    }
}
