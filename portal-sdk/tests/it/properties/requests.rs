//! Requests at random, out of the pieces that matter.

use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::tokens::{GENUINE, HANDSHAKES, OTHER_KINDS, WORTHLESS};
use crate::common::{LIVE_SUFFIX, TEST_SUFFIX};

/// Redirect targets that a link could try.
const ADDRESSES: [&str; 7] = [
    "http://localhost:3001/x",
    "https://satellite.example/x",
    "https://evil.example/x",
    "//evil.example",
    "javascript:alert(1)",
    "https://localhost@evil.example",
    "http://127.0.0.1.evil.example/",
];

fn token() -> impl Strategy<Value = Vec<u8>> {
    let mutated = (select(&GENUINE[..]), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(token, at, byte)| {
        let mut bytes = token.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes
    });
    prop_oneof![
        4 => select(&GENUINE[..]).prop_map(String::into_bytes),
        4 => select(&WORTHLESS[..]).prop_map(String::into_bytes),
        1 => select(&OTHER_KINDS[..]).prop_map(String::into_bytes),
        2 => select(&HANDSHAKES[..]).prop_map(String::into_bytes),
        2 => mutated,
        2 => vec(any::<u8>(), 0..40),
    ]
}

pub(super) fn value() -> impl Strategy<Value = Vec<u8>> {
    let small = select(vec![
        "",
        "0",
        "1",
        "3",
        "-1",
        "99999999999",
        "n1",
        "dvb_1",
        "true",
        "false",
        "%",
        "%ff",
        "\"x\"",
    ]);
    prop_oneof![
        3 => token(),
        3 => small.prop_map(|text| text.as_bytes().to_vec()),
        1 => select(&ADDRESSES[..]).prop_map(|text| text.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..40),
    ]
}

pub(super) fn cookie_name() -> impl Strategy<Value = String> {
    let names = [
        "__session",
        "__client_uat",
        "__refresh",
        "__clerk_db_jwt",
        "__clerk_handshake",
        "__clerk_handshake_nonce",
        "__clerk_redirect_count",
    ];
    let suffixes = ["", "", "_", "_other"].map(str::to_owned).into_iter();
    let suffixes: Vec<String> = suffixes
        .chain([LIVE_SUFFIX, TEST_SUFFIX].map(|suffix| format!("_{suffix}")))
        .collect();
    (select(names.to_vec()), select(suffixes)).prop_map(|(name, suffix)| format!("{name}{suffix}"))
}

/// A cookie field of a few cookies, most often a session's pair among them.
fn cookies() -> impl Strategy<Value = Vec<u8>> {
    let session = (select(&GENUINE[..]), any::<bool>()).prop_map(|(token, can_be_renewed)| {
        let refresh = format!("__refresh_{LIVE_SUFFIX}=r; __refresh_{TEST_SUFFIX}=r; ");
        let refresh = if can_be_renewed { refresh } else { String::new() };
        format!("__session={token}; __client_uat=1; {refresh}").into_bytes()
    });
    let others = vec((cookie_name(), value()), 0..5).prop_map(|pairs| {
        pairs.into_iter().fold(Vec::new(), |mut field, (name, value)| {
            field.extend_from_slice(name.as_bytes());
            field.push(b'=');
            field.extend(value.into_iter().filter(|byte| *byte != b';'));
            field.extend_from_slice(b"; ");
            field
        })
    });
    (prop::option::of(session), others).prop_map(|(session, others)| [session.unwrap_or_default(), others].concat())
}

fn query() -> impl Strategy<Value = String> {
    let names = [
        "__clerk_db_jwt",
        "__clerk_handshake",
        "__clerk_handshake_nonce",
        "__clerk_synced",
        "__clerk_redirect_url",
        "__clerk_help",
        "a",
    ];
    let others = vec((select(names.to_vec()), value()), 0..4);
    let back = prop::option::weighted(0.2, select(&ADDRESSES[..]));
    (others, back).prop_map(|(pairs, back)| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(back) = back {
            query.append_pair("__clerk_redirect_url", back);
        }
        for (name, value) in pairs {
            query.append_pair(name, &value.into_iter().map(char::from).collect::<String>());
        }
        query.finish()
    })
}

fn header() -> impl Strategy<Value = (HeaderName, Vec<u8>)> {
    let names = [
        "authorization",
        "accept",
        "sec-fetch-dest",
        "origin",
        "referer",
        "x-forwarded-proto",
        "x-clerk-auth-status",
    ];
    let values = select(vec![
        "document",
        "iframe",
        "empty",
        "text/html",
        "https",
        "http",
        "null",
        "https://satellite.dev",
        "https://evil.example/",
        "https://primary.example",
        "Bearer",
        "Basic x",
    ]);
    let value = prop_oneof![
        3 => values.prop_map(|text| text.as_bytes().to_vec()),
        1 => token().prop_map(|token| [b"Bearer ".to_vec(), token].concat()),
        1 => vec(any::<u8>(), 0..40),
    ];
    (select(names.to_vec()).prop_map(HeaderName::from_static), value)
}

prop_compose! {
    pub(super) fn request()(
        method in select(vec![Method::GET, Method::GET, Method::GET, Method::HEAD, Method::POST, Method::OPTIONS]),
        path in prop_oneof![
            select(vec!["/", "/p", "//evil.example/x", "/\\evil.example", "/%2f%2fevil.example", "/a/../b", "/@evil.example"])
                .prop_map(str::to_owned),
            "/[!-~]{0,20}",
        ],
        query in query(),
        cookies in vec(cookies(), 0..3),
        headers in vec(header(), 0..4),
        is_document in any::<bool>(),
    ) -> Parts {
        let uri = http::Uri::try_from(format!("{path}?{query}")).unwrap_or_else(|_| format!("/?{query}").parse().unwrap());
        let mut request = Request::builder().method(method).uri(uri).header("host", "app.example.com");
        if is_document {
            request = request.header("sec-fetch-dest", "document");
        }
        let cookies = cookies.into_iter().map(|value| (http::header::COOKIE, value));
        for (name, value) in cookies.chain(headers) {
            // Other bytes cannot arrive in a header.
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                request = request.header(name, value);
            }
        }
        request.body(()).unwrap().into_parts().0
    }
}
