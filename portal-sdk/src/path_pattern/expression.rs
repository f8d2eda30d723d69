//! Regular expressions inside patterns, translated from JavaScript's syntax to the `regex-lite` crate's.
//!
//! Constructs with different meanings are rejected, so that a pattern matches the same paths as at Clerk.

/// Translates `expression`, or names the unsupported construct.
pub(super) fn translate(expression: &str) -> Result<String, String> {
    let mut translated = String::new();
    let mut rest = expression;
    // JavaScript rejects a repeated repetition; the `regex-lite` crate accepts it.
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
            other => (regex_lite::escape(&other.to_string()), other.len_utf8()),
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

/// Translates the escape at the start of `rest`; returns its length too.
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
        other => Ok((regex_lite::escape(&other.to_string()), length)),
    }
}

/// Translates the class at the start of `rest`, such as `[^a-z/]`; returns its length too.
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
                // An escaped hyphen never starts a range.
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
                // Unescaped, `[`, `&` and `~` start set operations in the `regex-lite` crate.
                translated.push_str(&regex_lite::escape(&other.to_string()));
                at += other.len_utf8();
            }
        }
    }
    Err("the class does not compile: a \"[\" is not closed".to_owned())
}

/// Translates the start of a group. Only `(?:` is supported.
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

/// The length of `{2}`, `{2,}` or `{2,5}` at the start of `rest`, or `None` for literal text.
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
    fn translated_expression_keeps_its_meaning() {
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
