//! Cache headers of responses that depend on the user.

use http::header::{CACHE_CONTROL, Entry, VARY};
use http::{HeaderMap, HeaderValue};

/// The request fields that identify the user.
const IDENTIFYING: [&str; 2] = ["Cookie", "Authorization"];
/// `Vary` with their names alone.
const ON_USER: &str = "Cookie, Authorization";

/// Marks a response as private to one user (RFC 9111 sections 4.1 and 5.2.2.7).
///
/// Sets `Cache-Control: private` unless the handler set the field, and adds the identifying fields to `Vary`.
pub(crate) fn keep_to_one_user(headers: &mut HeaderMap) {
    // An inner guard has done it. Looking is faster than entering.
    let is_done = headers.get(VARY).is_some_and(|vary| *vary == ON_USER);
    if is_done && headers.contains_key(CACHE_CONTROL) {
        return;
    }
    let private = HeaderValue::from_static("private");
    headers.entry(CACHE_CONTROL).or_insert(private);
    vary_on_user(headers);
}

/// Forbids every cache to keep a response, including the browser's.
pub(crate) fn keep_nowhere(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// Adds the missing names to `Vary`, as one field, because some caches read only the first field.
fn vary_on_user(headers: &mut HeaderMap) {
    // Most responses have no such field.
    match headers.entry(VARY) {
        Entry::Vacant(field) => {
            field.insert(HeaderValue::from_static(ON_USER));
            return;
        }
        Entry::Occupied(field) if *field.get() == ON_USER => return,
        Entry::Occupied(_) => {}
    }
    let fields: Vec<&[u8]> = headers.get_all(VARY).iter().map(HeaderValue::as_bytes).collect();
    let listed = |name: &str| {
        let names = fields.iter().flat_map(|field| field.split(|byte| *byte == b','));
        let mut names = names.map(<[u8]>::trim_ascii);
        names.any(|listed| listed == b"*" || listed.eq_ignore_ascii_case(name.as_bytes()))
    };
    let missing: Vec<&str> = IDENTIFYING.into_iter().filter(|name| !listed(name)).collect();
    if missing.is_empty() {
        return;
    }
    let kept = fields.iter().copied().filter(|field| !field.trim_ascii().is_empty());
    let all: Vec<&[u8]> = kept.chain(missing.into_iter().map(str::as_bytes)).collect();
    if let Ok(value) = HeaderValue::from_bytes(&all.join(&b", "[..])) {
        headers.insert(VARY, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vary_is_merged_without_duplicates() {
        for (fields, expected) in [
            (vec![], vec!["Cookie, Authorization"]),
            (vec!["Accept-Encoding"], vec!["Accept-Encoding, Cookie, Authorization"]),
            (vec!["cookie"], vec!["cookie, Authorization"]),
            (vec!["AUTHORIZATION ,Cookie"], vec!["AUTHORIZATION ,Cookie"]),
            (
                vec!["Origin", "Accept, cookie"],
                vec!["Origin, Accept, cookie, Authorization"],
            ),
            (vec!["X-Cookie"], vec!["X-Cookie, Cookie, Authorization"]),
            (vec!["*"], vec!["*"]),
            (vec![""], vec!["Cookie, Authorization"]),
        ] {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append(VARY, HeaderValue::from_static(field));
            }
            vary_on_user(&mut headers);
            vary_on_user(&mut headers);
            let found: Vec<&str> = headers
                .get_all(VARY)
                .iter()
                .map(|value| value.to_str().unwrap())
                .collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn cache_control_of_the_handler_is_kept() {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
        keep_to_one_user(&mut headers);
        assert_eq!(headers[CACHE_CONTROL], "public, max-age=60");
        keep_nowhere(&mut headers);
        assert_eq!(headers[CACHE_CONTROL], "no-store");
    }
}
