//! [`Excerpt`]: a client's text in a log line or a message.

use std::fmt::{self, Write as _};

/// The most characters of a client's text in a log line or a message.
pub const MAX_EXCERPT_CHARS: usize = 200;

/// A text that a client chose, for logs and messages: on one line, and at most [`MAX_EXCERPT_CHARS`] characters of it.
///
/// Control characters and other invisible ones are escaped. `…` marks a cut.
#[derive(Clone, Copy)]
pub struct Excerpt<'t>(pub &'t str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.chars();
        for c in rest.by_ref().take(MAX_EXCERPT_CHARS) {
            match c {
                // `escape_debug` would escape these too, although they cannot break a line.
                '"' | '\'' | '\\' => f.write_char(c)?,
                _ => c.escape_debug().try_for_each(|c| f.write_char(c))?,
            }
        }
        match rest.next() {
            Some(_) => f.write_char('…'),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_text_is_cut_and_stays_on_one_line() {
        for (text, expected) in [
            ("a \"b\" c\\d", "a \"b\" c\\d"),
            ("José", "José"),
            (
                "a\r\nb\u{1b}[31m\u{9b}2J\u{202e}",
                "a\\r\\nb\\u{1b}[31m\\u{9b}2J\\u{202e}",
            ),
        ] {
            assert_eq!(Excerpt(text).to_string(), expected);
        }
        assert_eq!(format!("{:?}", Some(Excerpt("a"))), "Some(\"a\")");
        let longest = "ä".repeat(MAX_EXCERPT_CHARS);
        assert_eq!(Excerpt(&longest).to_string(), longest);
        assert_eq!(Excerpt(&format!("{longest}b")).to_string(), format!("{longest}…"));
    }
}
