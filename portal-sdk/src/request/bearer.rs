//! The session token of an `Authorization` header.

/// Returns the token in `value`: the word after `Bearer`, or the only word. Other schemes carry no session token.
///
/// The scheme is case-insensitive (RFC 9110 section 11.1). Spaces around the token and words after it are ignored. Only
/// a space ends a word, as at Clerk.
pub(super) fn token(value: &str) -> Option<&str> {
    let mut words = value.trim().split(' ').filter(|word| !word.is_empty());
    let first = words.next()?;
    match words.next() {
        None => Some(first),
        Some(token) if first.eq_ignore_ascii_case("Bearer") => Some(token),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn bearer_and_bare_tokens_are_read() {
        for (value, expected) in [
            ("", None),
            ("abc", Some("abc")),
            ("Bearer", Some("Bearer")),
            ("Bearer abc", Some("abc")),
            ("bearer   abc  ", Some("abc")),
            ("Bearer\tabc", Some("Bearer\tabc")),
            ("Bearer abc extra", Some("abc")),
            ("Basic abc", None),
        ] {
            assert_eq!(token(value), expected, "{value:?}");
        }
    }
}
