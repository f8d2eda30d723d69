//! Patterns of paths that name an organization: any pattern and any path, and patterns with a path that fits.
#![no_main]

use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use http::{HeaderValue, Request, Uri};
use libfuzzer_sys::fuzz_target;
use portal_fuzz::instances::{live, now};
use portal_fuzz::{keys, tokens};
use portal_sdk::decide::{Decision, decide};
use portal_sdk::effect::Known;
use portal_sdk::instance::Instance;
use portal_sdk::request::AuthenticateContext;
use url::Url;

/// More time than any pattern of this length needs, in a build without optimization and on a busy machine.
const MOST_TIME: Duration = Duration::from_secs(5);
const MAX_BYTES: usize = 2_048;

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Text {
        pattern: &'a str,
        path: &'a str,
    },
    Fitting {
        pieces: Vec<Piece<'a>>,
        slug: &'a str,
        is_upper_case: bool,
        ends_with_slash: bool,
    },
}

/// One segment of a pattern.
#[derive(Arbitrary, Debug)]
enum Piece<'a> {
    Text(&'a str),
    Slug,
    Number(u32),
    Optional(&'a str, bool),
    Rest(&'a str),
}

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::Text { pattern, path } => {
            if pattern.len() + path.len() <= MAX_BYTES && path.starts_with('/') {
                let _ = named(pattern, path);
            }
        }
        Input::Fitting {
            pieces,
            slug,
            is_upper_case,
            ends_with_slash,
        } => {
            let Some((pattern, mut path, has_slug)) = fitting(&pieces, slug) else {
                return;
            };
            if pattern.len() + path.len() > MAX_BYTES {
                return;
            }
            if is_upper_case {
                path = path.to_ascii_uppercase();
            }
            if ends_with_slash {
                path.push('/');
            }
            let expected = has_slug.then(|| {
                if is_upper_case {
                    slug.to_ascii_uppercase()
                } else {
                    slug.to_owned()
                }
            });
            assert_eq!(named(&pattern, &path), expected, "{pattern} {path}");
        }
    }
});

/// A pattern, a path that fits it, and if it names an organization.
fn fitting(pieces: &[Piece<'_>], slug: &str) -> Option<(String, String, bool)> {
    let is_plain = |text: &str| {
        !text.is_empty()
            && !matches!(text, "." | "..")
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
    };
    let has_slug = pieces.iter().any(|piece| matches!(piece, Piece::Slug));
    if pieces.is_empty() || !is_plain(slug) {
        return None;
    }
    let (mut pattern, mut path) = (String::new(), String::new());
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) if is_plain(text) => {
                pattern.push_str(&format!("/{text}"));
                path.push_str(&format!("/{text}"));
            }
            Piece::Slug => {
                pattern.push_str("/:slug");
                path.push_str(&format!("/{slug}"));
            }
            Piece::Number(number) => {
                pattern.push_str(&format!("/:n{at}(\\d+)"));
                path.push_str(&format!("/{number}"));
            }
            // With a mark, so that no other piece can take its part of the path.
            Piece::Optional(text, is_present) if is_plain(text) => {
                pattern.push_str(&format!("{{/opt-{at}-{text}}}?"));
                if *is_present {
                    path.push_str(&format!("/opt-{at}-{text}"));
                }
            }
            Piece::Rest(text) if is_plain(text) && at + 1 == pieces.len() => {
                pattern.push_str("/(.*)");
                path.push_str(&format!("/{text}/{text}"));
            }
            _ => return None,
        }
    }
    let is_clear = !path.contains("/./") && !path.contains("/../") && path.starts_with('/');
    is_clear.then_some((pattern, path, has_slug))
}

/// The organization that the path names, as a handshake asks for it.
fn named(pattern: &str, path: &str) -> Option<String> {
    let uri = Uri::try_from(path).ok()?;
    let start = Instant::now();
    let builder = live().jwt_key(keys::instance().pem()).organization_patterns([pattern]);
    let instance = builder.build().ok()?;
    let organization = handshake(&instance, uri);
    assert!(
        start.elapsed() < MOST_TIME,
        "{pattern} and {path} took {:?}",
        start.elapsed()
    );
    organization
}

fn handshake(instance: &Instance, uri: Uri) -> Option<String> {
    let mut parts = Request::new(()).into_parts().0;
    parts.uri = uri;
    let cookies = format!("__session={}; __client_uat=1", tokens::GENUINE[0].text);
    for (name, value) in [
        ("host", "app.example.com"),
        ("sec-fetch-dest", "document"),
        ("cookie", &cookies),
    ] {
        parts
            .headers
            .insert(name, HeaderValue::from_str(value).expect("the value is ASCII"));
    }
    let cx = AuthenticateContext::new(&parts, instance, now());
    let Decision::Settled(state) = decide(&cx, &Known::default(), now()) else {
        panic!("nothing is to be fetched for a PEM key");
    };
    let location = state.headers.location()?.to_str().expect("a Location is ASCII");
    let url = Url::parse(location).expect("a Location is a URL");
    assert_eq!(url.host_str(), Some("clerk.example.com"));
    let organization = url.query_pairs().find(|(name, _)| name == "organization_id");
    Some(
        organization
            .expect("the session is valid, so that only the organization is missing")
            .1
            .into_owned(),
    )
}
