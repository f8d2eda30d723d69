//! A shortened excerpt of input, for error messages.

const MOST_CHARS: usize = 160;

/// The beginning of `text`.
pub(crate) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(excerpt("short"), "short");
        assert_eq!(excerpt(&"ä".repeat(MOST_CHARS)), "ä".repeat(MOST_CHARS));
        assert_eq!(excerpt(&"ä".repeat(1_000)), format!("{}…", "ä".repeat(MOST_CHARS)));
    }
}
