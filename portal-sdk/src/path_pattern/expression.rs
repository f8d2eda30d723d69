//! Regular expressions inside patterns, from JavaScript's syntax to that of the `regex` crate.
//!
//! Only what means the same in both passes, so that no pattern quietly matches something else than it does at Clerk.

/// Rewrites `expression`; or which construct stands in the way.
pub(super) fn translate(expression: &str) -> Result<String, String> {
    let mut translated = String::new();
    let mut rest = expression;
    // Whether the last thing was a repetition, which cannot be repeated again.
    let mut is_repeated = false;
    while let Some(c) = rest.chars().next() {
        let (piece, length) = match c {
            '\\' => escape(rest)?,
            '[' => class(rest)?,
            '(' => group(rest)?,
            '{' => match counted(rest) {
                Some(length) => (rest[..length].to_owned(), length),
                None => ("\\{".to_owned(), 1),
            },
            ')' | '|' | '.' | '^' | '$' | '*' | '+' | '?' => (c.to_string(), 1),
            other => (regex::escape(&other.to_string()), other.len_utf8()),
        };
        let repeats = matches!(c, '*' | '+' | '?') || (c == '{' && length > 1);
        if repeats && is_repeated {
            return Err("a repetition is repeated".to_owned());
        }
        translated.push_str(&piece);
        rest = &rest[length..];
        if let Some(after) = rest.strip_prefix('?').filter(|_| repeats) {
            translated.push('?');
            rest = after;
        }
        is_repeated = repeats;
    }
    Ok(translated)
}

/// What an escape at the start of `rest` becomes, and how long it is.
fn escape(rest: &str) -> Result<(String, usize), String> {
    let Some(escaped) = rest[1..].chars().next() else {
        return Err("nothing is escaped by the \\ at the end of an expression".to_owned());
    };
    let length = 1 + escaped.len_utf8();
    match escaped {
        'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'b' | 'B' | 't' | 'n' | 'r' | 'f' | 'v' => {
            Ok((rest[..length].to_owned(), length))
        }
        '1'..='9' | 'k' => Err(format!("the back reference \\{escaped} needs more than linear time")),
        other if other.is_ascii_alphanumeric() => Err(format!("the escape \\{other} is not supported")),
        other => Ok((regex::escape(&other.to_string()), length)),
    }
}

/// A class such as `[^a-z/]` at the start of `rest`, with its length.
fn class(rest: &str) -> Result<(String, usize), String> {
    let mut translated = String::from("[");
    let mut at = 1;
    if rest[at..].starts_with('^') {
        translated.push('^');
        at += 1;
    }
    if rest[at..].starts_with(']') {
        return Err("an empty class is not supported".to_owned());
    }
    while let Some(c) = rest[at..].chars().next() {
        match c {
            ']' => {
                translated.push(']');
                return Ok((translated, at + 1));
            }
            '\\' => {
                let (piece, length) = escape(&rest[at..])?;
                if piece.eq_ignore_ascii_case("\\b") {
                    return Err("the escape \\b in a class is not supported".to_owned());
                }
                // Escaped here, a hyphen is no range.
                translated.push_str(&piece);
                at += length;
            }
            '-' => {
                if rest[at..].starts_with("--") {
                    return Err("two hyphens in a class are not supported".to_owned());
                }
                translated.push('-');
                at += 1;
            }
            other => {
                // `[`, `&` and `~` would begin set operations.
                translated.push_str(&regex::escape(&other.to_string()));
                at += other.len_utf8();
            }
        }
    }
    Err("the class does not compile: a \"[\" is not closed".to_owned())
}

/// The start of a group, which may only be `(?:`.
fn group(rest: &str) -> Result<(String, usize), String> {
    if rest.starts_with("(?:") {
        return Ok(("(?:".to_owned(), 3));
    }
    let construct = match rest.as_bytes() {
        [b'(', b'?', b'=' | b'!', ..] => "look-ahead needs more than linear time",
        [b'(', b'?', b'<', b'=' | b'!', ..] => "look-behind needs more than linear time",
        [b'(', b'?', b'<', ..] => "a named group is not supported",
        _ => "a group may only begin with \"(?:\"",
    };
    Err(construct.to_owned())
}

/// The length of `{2}`, `{2,}` or `{2,5}` at the start of `rest`; anything else is mere text.
fn counted(rest: &str) -> Option<usize> {
    let (inside, _) = rest[1..].split_once('}')?;
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (!least.is_empty() && is_number(least) && is_number(most)).then_some(inside.len() + 2)
}

#[cfg(test)]
mod tests {
    use super::translate;

    #[test]
    fn texts_and_classes_keep_their_meaning() {
        for (expression, translated) in [
            (".*", ".*"),
            ("a|b", "a|b"),
            ("[^/]+?", "[^/]+?"),
            ("[[&~]", r"[\[\&\~]"),
            (r"\d{2,}\/x", r"\d{2,}/x"),
            ("a{x}", r"a\{x\}"),
            (r"\<", "<"),
            ("(?:a#b)?", r"(?:a\#b)?"),
        ] {
            assert_eq!(translate(expression).as_deref(), Ok(translated), "{expression}");
        }
        for expression in ["[]", "a**", r"\p{L}", r"\A", "(?i:a)", "a{2}{3}", "[a--b]", r"[\b]"] {
            assert!(translate(expression).is_err(), "{expression}");
        }
    }
}
