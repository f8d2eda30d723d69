//! Edits of query parameters, as by a browser's `URLSearchParams` (WHATWG URL section 6.2).
//!
//! Every edit serializes the whole query string again: spaces become `+`, and `~` is percent-encoded.

use url::Url;

use crate::names::query;

/// Sets the first parameter named `name` and removes the others of that name.
pub(crate) fn set_parameter(url: &mut Url, name: &str, value: &str) {
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut is_set = false;
    for (key, old) in url.query_pairs() {
        if key != name {
            pairs.push((key.into_owned(), old.into_owned()));
        } else if !std::mem::replace(&mut is_set, true) {
            pairs.push((name.to_owned(), value.to_owned()));
        }
    }
    if !is_set {
        pairs.push((name.to_owned(), value.to_owned()));
    }
    url.query_pairs_mut().clear().extend_pairs(pairs);
}

/// Returns `url` without the parameters in `names`, serialized again even if none was removed.
pub(crate) fn without_parameters(url: &Url, names: &[&str]) -> Url {
    without_matching(url, |name| names.contains(&name))
}

/// Removes Clerk's parameters from `url`, except an invitation's ticket, which the page needs.
///
/// A query string without any stays as it is.
#[must_use]
pub fn without_clerk_parameters(url: Url) -> Url {
    let is_clerks = |name: &str| {
        let is_own = name.starts_with("__clerk_") || matches!(name, query::LEGACY_DEV_BROWSER | query::COOKIE_CHECK);
        is_own && !matches!(name, "__clerk_ticket" | "__clerk_status")
    };
    match url.query_pairs().any(|(name, _)| is_clerks(&name)) {
        true => without_matching(&url, is_clerks),
        false => url,
    }
}

fn without_matching(url: &Url, is_removed: impl Fn(&str) -> bool) -> Url {
    let mut cleaned = url.clone();
    let kept: Vec<_> = url.query_pairs().filter(|(name, _)| !is_removed(name)).collect();
    if kept.is_empty() {
        cleaned.set_query(None);
    } else {
        cleaned.query_pairs_mut().clear().extend_pairs(kept);
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_is_set_in_place_and_its_duplicates_are_removed() {
        for (before, after) in [
            ("https://a.example/p", "https://a.example/p?n=1+%26"),
            ("https://a.example/p?n=0&b=~&n=2", "https://a.example/p?n=1+%26&b=%7E"),
            ("https://a.example/p?%6E=0#f", "https://a.example/p?n=1+%26#f"),
        ] {
            let mut url = Url::parse(before).unwrap();
            set_parameter(&mut url, "n", "1 &");
            assert_eq!(url.as_str(), after);
        }
    }

    #[test]
    fn removed_parameters_leave_no_empty_query() {
        for (before, after) in [
            ("https://a.example/p?n=0&%6E=1", "https://a.example/p"),
            ("https://a.example/p?n=0&b=c%20d", "https://a.example/p?b=c+d"),
        ] {
            assert_eq!(without_parameters(&Url::parse(before).unwrap(), &["n"]).as_str(), after);
        }
    }
}
