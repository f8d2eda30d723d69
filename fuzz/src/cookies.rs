//! A second, simple reader of cookies, to compare with the first one.

/// The pairs of several `Cookie` fields, in order.
#[must_use]
pub fn pairs<'f>(fields: &[&'f [u8]]) -> Vec<(&'f [u8], &'f [u8])> {
    let pieces = fields.iter().flat_map(|field| field.split(|byte| *byte == b';'));
    let pair = |piece: &'f [u8]| {
        let equals = piece.iter().position(|byte| *byte == b'=')?;
        Some((trim(&piece[..equals]), trim(&piece[equals + 1..])))
    };
    pieces.filter_map(pair).collect()
}

/// The first value of the cookie named `name`; `None` if it is missing or empty.
#[must_use]
pub fn first<'f>(pairs: &[(&'f [u8], &'f [u8])], name: &str) -> Option<String> {
    let (_, value) = pairs.iter().find(|(found, _)| *found == name.as_bytes())?;
    (!value.is_empty()).then(|| decoded(value))
}

fn trim(text: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = text.iter().position(|byte| !is_blank(byte)).unwrap_or(text.len());
    let end = text
        .iter()
        .rposition(|byte| !is_blank(byte))
        .map_or(start, |last| last + 1);
    &text[start..end]
}

/// Decodes as JavaScript's `decodeURIComponent` does, or returns the value as sent, in Latin-1.
fn decoded(value: &[u8]) -> String {
    let sent: String = value.iter().copied().map(char::from).collect();
    let mut bytes = Vec::new();
    let mut rest = sent.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let is_hex = |digits: &&str| digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let Some(byte) = digits
            .filter(is_hex)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
        else {
            return sent;
        };
        bytes.push(byte);
        rest = &after[2..];
    }
    String::from_utf8(bytes).unwrap_or(sent)
}
