//! The file of a form in `multipart/form-data` (RFC 7578), as official clients upload images.

/// The bytes of the part with this name; `None` if it is missing or the body is malformed.
pub(crate) fn file<'a>(content_type: &str, body: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let boundary = boundary(content_type)?;
    let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
    let opening = &delimiter[2..];
    // Text may stand before the first boundary (RFC 2046 section 5.1.1).
    let mut rest = match body.strip_prefix(opening) {
        Some(rest) => rest,
        None => &body[find(body, &delimiter)? + delimiter.len()..],
    };
    loop {
        // The last boundary ends with two hyphens, the others with a line end.
        let part = rest.strip_prefix(b"\r\n")?;
        let end = find(part, &delimiter)?;
        let (head, content) = split_part(&part[..end])?;
        if field_name(head).as_deref() == Some(name) {
            return Some(content);
        }
        rest = &part[end + delimiter.len()..];
    }
}

/// The parameter `boundary`, in quotes or not (RFC 2046 section 5.1.1: at most 70 characters).
fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then_some(value.trim())
    })?;
    let value = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
        .unwrap_or(value);
    (1..=70).contains(&value.len()).then_some(value)
}

/// The headers and the content of a part; there may be no headers.
fn split_part(part: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(content) = part.strip_prefix(b"\r\n") {
        return Some((b"", content));
    }
    let end = find(part, b"\r\n\r\n")?;
    Some((&part[..end], &part[end + 4..]))
}

/// The parameter `name` of `Content-Disposition`.
fn field_name(head: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    let disposition = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    disposition.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_name = name.trim().eq_ignore_ascii_case("name");
        is_name.then(|| value.trim().trim_matches('"').to_owned())
    })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    loop {
        let at = from + bytes[from..].iter().position(|byte| *byte == first)?;
        if bytes[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=x7";

    #[test]
    fn named_part_is_found_with_its_bytes() {
        let body =
            b"preamble\r\n--x7\r\nContent-Disposition: form-data; name=\"uploader_user_id\"\r\n\r\nuser_1\r\n--x7\r\n\
                     content-disposition: form-data; name=file; filename=\"a;b.png\"\r\nContent-Type: image/png\r\n\r\n\
                     \x89PNG\r\n\r\n--x\r\n--x7--\r\nepilogue";
        assert_eq!(file(TYPE, body, "file"), Some(&b"\x89PNG\r\n\r\n--x"[..]));
        assert_eq!(file(TYPE, body, "uploader_user_id"), Some(&b"user_1"[..]));
        assert_eq!(file(TYPE, body, "other"), None);
        let quoted = "Multipart/Form-Data; charset=utf-8; Boundary=\"x7\"";
        assert_eq!(file(quoted, body, "uploader_user_id"), Some(&b"user_1"[..]));
    }

    #[test]
    fn malformed_bodies_have_no_part() {
        let whole: &[u8] = b"--x7\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nbytes\r\n--x7--";
        assert_eq!(file(TYPE, whole, "file"), Some(&b"bytes"[..]));
        for end in 0..whole.len() - 4 {
            assert_eq!(file(TYPE, &whole[..end], "file"), None, "cut at {end}");
        }
        for kind in [
            "",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "text/plain; boundary=x7",
        ] {
            assert_eq!(file(kind, whole, "file"), None, "{kind}");
        }
    }
}
