//! Redaction of settings in error messages.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The length beyond which a value is cut.
const MAX_SHOWN_CHARS: usize = 200;
/// A run of this many characters without punctuation is treated as a key or a token.
const KEY_LENGTH: usize = 80;

/// Returns a setting's value for an error message.
///
/// A secret is replaced by its kind, user information in a URL by `…`, and a long string is cut.
pub(super) fn redacted(text: &str) -> String {
    if let Some(kind) = secret_kind(text) {
        return format!("[{kind}, not shown]");
    }
    let text = without_user_info(text);
    match text.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

/// Returns `true` if `text` starts like a secret key. Clerk's older keys have no `sk_`.
pub(super) fn is_secret_key(text: &str) -> bool {
    ["sk_", "test_", "live_"].iter().any(|prefix| begins_with(text, prefix))
}

/// Returns `true` if `text` starts with `prefix`, in any letter case, after quotes or white space.
fn begins_with(text: &str, prefix: &str) -> bool {
    let text = text.trim_matches(|c: char| !c.is_alphanumeric());
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Returns `true` if `text` contains a secret key.
///
/// The key may follow other text or an escaped `\n`, be percent-encoded, or be base64 after the prefix of a publishable
/// key.
pub(super) fn holds_secret_key(text: &str) -> bool {
    let spelled = percent_decoded(text).replace(['\n', '\r', '\t'], " ");
    let lower = ["\\n", "\\r", "\\t"]
        .iter()
        .fold(spelled.to_ascii_lowercase(), |text, escape| text.replace(escape, " "));
    lower.contains("sk_live_")
        || lower.contains("sk_test_")
        || holds_word(&lower, "sk_")
        || holds_word(&lower, "ak_")
        || encoded_after_prefix(text).is_some_and(|inner| holds_secret_key(&inner))
}

/// Percent-decodes `text`, also if it was encoded twice.
fn percent_decoded(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..2 {
        text = percent_encoding::percent_decode_str(&text)
            .decode_utf8_lossy()
            .into_owned();
    }
    text
}

/// Decodes the base64 after the prefix of a publishable key.
fn encoded_after_prefix(text: &str) -> Option<String> {
    let at = ["pk_live_", "pk_test_"]
        .iter()
        .find_map(|prefix| Some(text.find(prefix)? + prefix.len()))?;
    let is_base64 = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_');
    let encoded: String = text[at..].chars().take_while(is_base64).collect();
    let encoded = encoded.replace('-', "+").replace('_', "/");
    // Drop an incomplete last group; the rest is enough to recognize a key.
    let whole = &encoded[..encoded.len() / 4 * 4];
    let bytes = STANDARD.decode(whole).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn secret_kind(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    if is_secret_key(text) || holds_secret_key(text) {
        return Some("a secret key");
    }
    if lower.contains("private key") {
        return Some("a private key");
    }
    if holds_word(&lower, "whsec_") {
        return Some("a webhook secret");
    }
    if holds_word(&lower, "eyj") {
        return Some("a token");
    }
    let is_key = |run: &str| run.len() >= KEY_LENGTH && !run.starts_with("pk_");
    let mut runs = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-')));
    runs.any(is_key).then_some("a string as long as a key")
}

/// Returns `true` if `text` contains `word` at the start of a word.
fn holds_word(text: &str, word: &str) -> bool {
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(char::is_alphanumeric))
}

/// Replaces the user information of a URL by `…` (RFC 3986 section 3.2.1).
pub(crate) fn without_user_info(text: &str) -> Cow<'_, str> {
    let start = text.find("://").map_or(0, |at| at + "://".len());
    let end = text[start..]
        .find(['/', '?', '#', '\\'])
        .map_or(text.len(), |at| start + at);
    match text[start..end].rfind('@') {
        Some(at) => format!("{}…{}", &text[..start], &text[start + at..]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_in_a_value_is_redacted() {
        for text in [
            "sk_live_hunter2",
            " \"SK_TEST_hunter2\"\n",
            "'sk_hunter2'",
            "live_hunter2",
            "\\nsk_live_hunter2",
            "\\nak_hunter2",
            "ak_hunter2",
            "CLERK_SECRET_KEYsk_live_hunter2",
            "sk%5Flive_hunter2",
            "sk%255Flive_hunter2",
            "https://x.example/?u=https%3A%2F%2Fy%2Fsk_live_hunter2",
            "pk_live_sk_live_hunter2",
            "https://api.example.com/?key=sk_test_hunter2",
            "https://sk_live_hunter2@api.example.com",
            "https://user:hunter2@api.example.com/x",
            "user:hunter2@satellite.example",
            "-----BEGIN RSA PRIVATE KEY-----\nhunter2",
            "whsec_hunter2",
            "Bearer eyJhunter2.e30.x",
            &format!("MII{}hunter2", "A".repeat(80)),
        ] {
            assert!(
                !redacted(text).to_lowercase().contains("hunter2"),
                "{text:?}: {}",
                redacted(text)
            );
        }
    }

    #[test]
    fn ordinary_value_is_unchanged() {
        for text in [
            "localhost",
            "https://app.example.com/task_sk",
            "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk",
            "",
            "maybe",
            "https://desk_top.example",
        ] {
            assert_eq!(&*redacted(text), text);
        }
        assert_eq!(
            &*redacted("https://u:p@app.example.com/x"),
            "https://…@app.example.com/x"
        );
        assert_eq!(redacted(&"é ".repeat(300)).chars().count(), MAX_SHOWN_CHARS + 1);
    }
}
