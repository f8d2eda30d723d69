//! The texts of explanations: claims, times and errors.

use std::error::Error;

use serde_json::Value;

use crate::clock::UnixTime;

/// The most characters of a claim that are shown. Clients can send any.
const MAX_CLAIM_CHARS: usize = 100;

/// Returns an error with its sources, which none of our errors print themselves.
pub(super) fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}

/// Returns a text of the client, escaped and shortened.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().take(MAX_CLAIM_CHARS).collect();
    let ellipsis = if short.len() < text.len() { "…" } else { "" };
    format!("{}{ellipsis}", short.escape_debug())
}

/// Returns a claim of the client, escaped and shortened.
pub(super) fn shown_claim(claim: &Value) -> String {
    claim.as_str().map_or_else(|| shown(&claim.to_string()), shown)
}

#[expect(clippy::cast_possible_truncation, reason = "casts of floats saturate")]
pub(super) fn whole(secs: f64) -> i64 {
    secs as i64
}

/// Returns a time relative to `now`, such as `5 s ago` or `in 40 s`.
pub(super) fn moment(secs: i64, now: UnixTime) -> String {
    match now.as_secs().saturating_sub(secs) {
        age @ 0.. => format!("{age} s ago"),
        rest => format!("in {} s", rest.saturating_neg()),
    }
}
