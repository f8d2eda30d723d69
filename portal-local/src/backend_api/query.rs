//! The query of a call: filters, orders and pages. An invalid value is refused, with the name of its parameter.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use portal_sdk::clock::UnixTime;
use serde_json::json;
use url::form_urlencoded;

use super::request::Answer;
use crate::excerpt::excerpt;
use crate::json::ApiError;

/// Ten years.
const MOST_SECS: i64 = 315_360_000;
const USUAL_LIMIT: u32 = 10;
const MOST: u32 = 500;
/// The most values of one filter.
const MOST_VALUES: usize = 100;

/// The query of a call. A name may come several times, and with `[]` or not; here it is without.
pub(super) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let raw = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(raw.as_bytes()).map(|(name, value)| {
            let name = name.strip_suffix("[]").unwrap_or(&name);
            (name.to_owned(), value.into_owned())
        });
        Ok(Self(pairs.collect()))
    }
}

impl Query {
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(key, value)| key == name && !value.is_empty());
        pair.map(|(_, value)| value.as_str())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.values_of(name).next().is_some()
    }

    fn values_of(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .flat_map(|(_, value)| value.split(','))
            .filter(|value| !value.is_empty())
    }

    pub(super) fn values(&self, name: &'static str) -> Result<Vec<String>, ApiError> {
        let values: Vec<String> = self.values_of(name).map(str::to_owned).collect();
        if values.len() > MOST_VALUES {
            let found = values.len();
            return Err(invalid(
                name,
                format!("Found {found} values of {name}; expected at most {MOST_VALUES}."),
            ));
        }
        Ok(values)
    }

    /// Values out of a fixed set.
    pub(super) fn words(&self, name: &'static str, known: &[&'static str]) -> Result<Words, ApiError> {
        let values = self.values(name)?;
        match values.iter().find(|value| !known.contains(&value.as_str())) {
            Some(unknown) => Err(unexpected(name, unknown, &one_of(known))),
            None => Ok(Words(values)),
        }
    }

    /// Values to include, or to exclude if prefixed with `-`.
    pub(super) fn selected(&self, name: &'static str) -> Result<Selected, ApiError> {
        let mut selected = Selected::default();
        for value in self.values(name)? {
            match value.strip_prefix('-') {
                Some(unwanted) => selected.unwanted.push(unwanted.to_owned()),
                // An unencoded `+` arrives as a space.
                None => {
                    let wanted = value.strip_prefix(['+', ' ']).unwrap_or(&value);
                    selected.wanted.push(wanted.to_owned());
                }
            }
        }
        Ok(selected)
    }

    pub(super) fn flag(&self, name: &'static str) -> Result<bool, ApiError> {
        Ok(self.choice(name)?.unwrap_or_default())
    }

    /// Yes, no, or no matter.
    pub(super) fn choice(&self, name: &'static str) -> Result<Option<bool>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(unexpected(name, other, "true or false")),
        }
    }

    /// Between `<name>_after` and `<name>_before`, both in milliseconds and both outside.
    pub(super) fn span(&self, after: &'static str, before: &'static str) -> Result<Span, ApiError> {
        Ok(Span {
            after: self.millis(after)?,
            before: self.millis(before)?,
        })
    }

    pub(super) fn millis(&self, name: &'static str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.value(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(millis) => Ok(Some(millis)),
            Err(_) => Err(unexpected(name, text, "milliseconds since 1970")),
        }
    }

    /// `order_by`: one of `fields`. Without it, the latest first.
    pub(super) fn order(&self, fields: &[&'static str]) -> Result<Order, ApiError> {
        let text = self.value("order_by").unwrap_or("-created_at");
        let is_descending = text.starts_with('-');
        let field = text.strip_prefix(['+', '-', ' ']).unwrap_or(text);
        match fields.iter().find(|known| **known == field) {
            Some(field) => Ok(Order { field, is_descending }),
            None => {
                let expected = format!("{}, with + or - before it or nothing", one_of(fields));
                Err(unexpected("order_by", text, &expected))
            }
        }
    }

    /// `limit` and `offset`.
    pub(super) fn page(&self) -> Result<Page, ApiError> {
        Ok(Page {
            limit: self.number("limit", USUAL_LIMIT, 1, MOST)?,
            offset: self.number("offset", 0, 0, u32::MAX)?,
        })
    }

    fn number(&self, name: &'static str, usual: u32, least: u32, most: u32) -> Result<u32, ApiError> {
        let Some(text) = self.value(name) else {
            return Ok(usual);
        };
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| unexpected(name, text, &format!("a number between {least} and {most}")))
    }
}

pub(super) fn seconds(name: &'static str, found: i64) -> Result<i64, ApiError> {
    if (1..=MOST_SECS).contains(&found) {
        return Ok(found);
    }
    Err(invalid(
        name,
        format!("Found {found} seconds; expected between 1 and {MOST_SECS}."),
    ))
}

fn one_of(words: &[&str]) -> String {
    format!("one of {}", words.join(", "))
}

fn unexpected(name: &'static str, found: &str, expected: &str) -> ApiError {
    invalid(name, format!("Found {name}={}; expected {expected}.", excerpt(found)))
}

/// A parameter has a value that it cannot have.
pub(super) fn invalid(name: &'static str, sentence: impl Into<String>) -> ApiError {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    ApiError::new(status, "form_param_value_invalid", format!("Invalid {name}"))
        .explain(sentence)
        .param(name)
}

/// The values that a filter admits.
pub(super) struct Words(Vec<String>);

impl Words {
    /// Returns `true` if the filter has no values, or this one.
    pub(super) fn admit(&self, found: &str) -> bool {
        self.is_empty() || self.0.iter().any(|word| word == found)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The values that a filter with `+` and `-` admits and excludes.
#[derive(Default)]
pub(super) struct Selected {
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

impl Selected {
    /// Returns `true` if the filter admits an item; `has` tells if the item has a value.
    pub(super) fn admits(&self, has: impl Fn(&str) -> bool) -> bool {
        let is_wanted = self.wanted.is_empty() || self.wanted.iter().any(|value| has(value));
        is_wanted && !self.unwanted.iter().any(|value| has(value))
    }
}

/// Moments that a filter lets through.
#[derive(Clone, Copy)]
pub(super) struct Span {
    after: Option<i64>,
    before: Option<i64>,
}

impl Span {
    /// Returns `true` if the moment is in the span; a missing moment never is.
    pub(super) fn admits(self, moment: Option<UnixTime>) -> bool {
        let millis = moment.map(UnixTime::as_millis);
        self.after
            .is_none_or(|after| millis.is_some_and(|millis| millis > after))
            && self
                .before
                .is_none_or(|before| millis.is_some_and(|millis| millis < before))
    }
}

/// The order of a list.
#[derive(Clone, Copy)]
pub(super) struct Order {
    pub(super) field: &'static str,
    is_descending: bool,
}

impl Order {
    /// Sorts `items`, which the store returns latest first. Of two with equal keys, the earlier one is the smaller.
    pub(super) fn sort<T>(self, items: &mut [T], key: impl Fn(&T, &str) -> SortKey) {
        items.reverse();
        items.sort_by_cached_key(|item| key(item, self.field));
        if self.is_descending {
            items.reverse();
        }
    }
}

/// The key that a list is sorted by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortKey {
    Nothing,
    Number(i64),
    /// In lower case.
    Text(String),
}

impl From<Option<UnixTime>> for SortKey {
    fn from(moment: Option<UnixTime>) -> Self {
        moment.map_or(Self::Nothing, |moment| Self::Number(moment.as_millis()))
    }
}

impl From<UnixTime> for SortKey {
    fn from(moment: UnixTime) -> Self {
        Some(moment).into()
    }
}

impl From<Option<&str>> for SortKey {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Self::Nothing, |text| Self::Text(text.to_lowercase()))
    }
}

/// The requested part of a list.
#[derive(Clone, Copy)]
pub(super) struct Page {
    limit: u32,
    pub(super) offset: u32,
}

impl Page {
    /// The items of this page, as `view` shows them.
    pub(super) fn of<T>(self, all: Vec<T>, view: impl FnMut(T) -> Answer) -> Answer {
        let page = all.into_iter().skip(self.offset as usize).take(self.limit as usize);
        page.map(view).collect()
    }

    /// The items of this page, with the number of all.
    pub(super) fn counted<T>(self, all: Vec<T>, view: impl FnMut(T) -> Answer) -> Answer {
        let total_count = all.len();
        Ok(json!({ "data": self.of(all, view)?, "total_count": total_count }))
    }

    /// The items of this page, with the number of all only for those who ask for pages.
    pub(super) fn listed<T>(self, all: Vec<T>, is_paginated: bool, view: impl FnMut(T) -> Answer) -> Answer {
        match is_paginated {
            true => self.counted(all, view),
            false => self.of(all, view),
        }
    }
}
