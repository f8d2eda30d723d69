//! What holds for every request, however odd: tried with requests made at random out of the pieces that matter.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use http::header::LOCATION;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use portal_sdk::Instance;
use portal_sdk::backend::{BackendError, RefreshedSession};
use portal_sdk::decide::{Decision, Effect, Known, KnownKeys, MissingKey, decide};
use portal_sdk::request::AuthenticateContext;
use portal_sdk::state::{RequestState, UndecidedCause};
use portal_sdk::token::{KeySet, TokenError};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;
use serde_json::json;
use url::Url;

use crate::common::clerk::{answer, down, payload};
use crate::common::mint::{self, KEY_ID, foreign_key, instance_key};
use crate::common::{LIVE_KEY, LIVE_SUFFIX, NOW_SECS, TEST_KEY, TEST_SUFFIX, now};

const ISSUERS: [&str; 2] = ["https://clerk.example.com", "https://foo-bar-13.clerk.accounts.dev"];

/// Tokens that are genuine and valid now: with none but these may anybody be signed in. Development takes over expired
/// ones too when they arrive by a handshake, so the expired ones of today are among them.
static GENUINE: LazyLock<Vec<String>> = LazyLock::new(|| {
    let claims = [
        json!({}),
        json!({ "iat": NOW_SECS - 1 }),
        json!({ "sts": "pending", "sid": null }),
        json!({ "iat": NOW_SECS - 100, "exp": NOW_SECS - 40 }),
    ];
    let tokens = |issuer| {
        claims
            .iter()
            .map(move |claims| instance_key().session_token(issuer, claims))
    };
    ISSUERS.into_iter().flat_map(tokens).collect()
});

/// Tokens of the instance that are valid now and no session tokens. Nobody signs in by sending one. Only Clerk itself
/// could bring one in a handshake or a renewal, and what it brings there is not asked for its category.
static OTHER_KINDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let issuer = ISSUERS[0];
    let claims = mint::session_claims(issuer);
    vec![
        instance_key().sign(&mint::header(&json!({ "cat": "cl_B7d4PD222AAA" })), &claims),
        instance_key().session_token(issuer, &json!({ "sub": "mch_1" })),
        instance_key().sign(&json!({ "alg": "RS256", "cat": "x", "kid": KEY_ID }), &claims),
    ]
});

/// Tokens that look alike and are worth nothing.
static WORTHLESS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let issuer = ISSUERS[0];
    let claims = mint::session_claims(issuer);
    let genuine = &GENUINE[0];
    let parts: Vec<&str> = genuine.split('.').collect();
    let other = foreign_key().session_token(issuer, &json!({ "sub": "user_2" }));
    let other_parts: Vec<&str> = other.split('.').collect();
    let payload = json!({ "handshake": ["__session=x", format!("__session={genuine}\r\nX: 1"), 5] });
    vec![
        foreign_key().session_token(issuer, &json!({})),
        foreign_key().sign(&json!({ "alg": "none", "kid": KEY_ID }), &claims),
        instance_key().sign(&json!({ "alg": "HS256", "kid": KEY_ID }), &claims),
        foreign_key().sign(&json!({ "alg": "RS256", "kid": "ins_2" }), &claims),
        instance_key().session_token(issuer, &json!({ "exp": null })),
        instance_key().session_token(issuer, &json!({ "exp": NOW_SECS - 200_000 })),
        instance_key().session_token(issuer, &json!({ "nbf": NOW_SECS + 200_000 })),
        instance_key().sign(&mint::header(&json!({})), &payload),
        foreign_key().sign(
            &mint::header(&json!({})),
            &json!({ "handshake": [format!("__session={genuine}")] }),
        ),
        format!("{}.{}.{}", parts[0], other_parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], other_parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        "bnVsbA.bnVsbA.AA".to_owned(),
        "a.b.c".to_owned(),
    ]
});

/// Handshake tokens of the instance: they bring genuine session tokens, or worthless ones.
static HANDSHAKES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let tokens = GENUINE.iter().chain(OTHER_KINDS.iter()).chain(WORTHLESS.iter());
    let sign = |token: &String| {
        let directives = json!({ "handshake": [format!("__session={token}; Path=/"), "__client_uat=1"] });
        instance_key().sign(&mint::header(&json!({})), &directives)
    };
    tokens.map(sign).collect()
});

fn instances() -> Vec<(&'static str, Instance)> {
    let live = || Instance::builder(LIVE_KEY, "sk_live_x");
    let test = || Instance::builder(TEST_KEY, "sk_test_x");
    [
        ("live", live()),
        ("test", test()),
        ("live with a PEM key", live().jwt_key(instance_key().pem())),
        ("live behind a proxy", live().proxy_url("https://proxy.example/__clerk")),
        ("live with a proxy path", live().proxy_url("/__clerk")),
        ("live satellite", live().satellite().domain("satellite.dev")),
        (
            "live satellite that asks",
            live().satellite().domain("satellite.dev").satellite_auto_sync(),
        ),
        ("test primary", test().satellite_origins(["https://satellite.example"])),
        (
            "test satellite",
            test()
                .satellite()
                .domain("satellite.dev")
                .sign_in_url("https://primary.example/sign-in")
                .satellite_auto_sync(),
        ),
    ]
    .map(|(name, builder)| (name, builder.build().unwrap()))
    .into()
}

/// Where a link could try to send somebody.
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

fn value() -> impl Strategy<Value = Vec<u8>> {
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

fn cookie_name() -> impl Strategy<Value = String> {
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
    fn request()(
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
            // What is no header value at all cannot arrive.
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                request = request.header(name, value);
            }
        }
        request.body(()).unwrap().into_parts().0
    }
}

fn failure() -> impl Strategy<Value = Arc<BackendError>> {
    let unreadable = BackendError::Unreadable {
        status: http::StatusCode::OK,
        problem: "x".into(),
    };
    let failures = [
        down(),
        answer(500, None),
        answer(404, Some("resource_not_found")),
        answer(401, Some("\r\n\u{e9}")),
        unreadable,
    ];
    select(failures.map(Arc::new).to_vec())
}

fn set_cookies() -> impl Strategy<Value = Vec<String>> {
    let cookie = (cookie_name(), value()).prop_map(|(name, value)| {
        format!(
            "{name}={}; Path=/",
            value.into_iter().map(char::from).collect::<String>()
        )
    });
    vec(cookie, 0..4)
}

/// What Clerk would answer, whatever is asked.
#[derive(Clone, Debug)]
struct Answers {
    has_keys: bool,
    keys: Result<(), MissingKey>,
    payload: Result<Vec<String>, Arc<BackendError>>,
    renewed: Result<Vec<String>, Arc<BackendError>>,
}

prop_compose! {
    fn answers()(
        has_keys in any::<bool>(),
        keys in prop_oneof![
            4 => Just(Ok(())),
            1 => Just(Err(MissingKey::TooSoon)),
            1 => Just(Err(MissingKey::Refused(TokenError::SecretKeyRefused))),
            1 => failure().prop_map(|error| Err(MissingKey::OutOfReach(error))),
        ],
        payload in prop_oneof![set_cookies().prop_map(Ok), failure().prop_map(Err)],
        renewed in prop_oneof![set_cookies().prop_map(Ok), failure().prop_map(Err)],
    ) -> Answers {
        Answers { has_keys, keys, payload, renewed }
    }
}

/// Decides with these answers. Every turn is taken twice: the same arguments must give the same answer.
fn run(instance: &Instance, parts: &Parts, answers: &Answers) -> (RequestState, Vec<&'static str>) {
    let cx = AuthenticateContext::new(parts, instance, now());
    let key_set = Arc::new(KeySet::from_jwks(&mint::jwks()));
    let mut known = Known {
        keys: KnownKeys::InMemory(answers.has_keys.then(|| key_set.clone())),
        ..Known::default()
    };
    let mut asked = Vec::new();
    loop {
        #[cfg(unix)]
        let before = crate::bounded::processor_time();
        let decision = decide(&cx, &known, now());
        #[cfg(unix)]
        assert!(
            crate::bounded::processor_time() - before < crate::bounded::BOUND,
            "{cx:?}"
        );
        let again = decide(&AuthenticateContext::new(parts, instance, now()), &known.clone(), now());
        assert_eq!(format!("{decision:?}"), format!("{again:?}"));
        let effect = match decision {
            Decision::Settled(state) => return (state, asked),
            Decision::Needs(effect) => effect,
        };
        let name = match effect {
            Effect::SigningKeys { .. } => {
                let (keys, missing) = match &answers.keys {
                    Ok(()) => (key_set.clone(), MissingKey::Unknown),
                    Err(missing) => (Arc::default(), missing.clone()),
                };
                known.keys = KnownKeys::Asked { keys, missing };
                "keys"
            }
            Effect::HandshakePayload(_) => {
                known.handshake = Some(answers.payload.clone().map(payload));
                "nonce"
            }
            Effect::RefreshSession(refresh) => {
                assert!(
                    refresh
                        .session_id
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
                );
                known.refresh = Some(answers.renewed.clone().map(|cookies| RefreshedSession { cookies }));
                "refresh"
            }
            other => panic!("an unknown effect: {other:?}"),
        };
        assert!(!asked.contains(&name), "{name} is asked for again after {asked:?}");
        asked.push(name);
    }
}

/// Origins that a redirect may lead to.
fn allowed_origins(instance: &Instance, parts: &Parts) -> HashSet<String> {
    let public_url = AuthenticateContext::new(parts, instance, now()).url().clone();
    // The host never comes from the path.
    assert_eq!(public_url.as_url().host_str(), Some("app.example.com"));
    let frontend_api = instance.frontend_api_base(public_url.origin());
    let others = [frontend_api.as_str()]
        .into_iter()
        .chain(instance.sign_in_url())
        .map(|url| Url::parse(url).unwrap().origin().ascii_serialization());
    let satellites = instance.satellite_origins().iter().map(ToString::to_string);
    others
        .chain(satellites)
        .chain([public_url.origin().to_owned()])
        .collect()
}

proptest! {
    #![proptest_config(Config { cases: 1_500, failure_persistence: None, ..Config::default() })]

    #[test]
    fn of_every_decision((name, instance) in select(instances()), parts in request(), answers in answers()) {
        let (state, asked) = run(&instance, &parts, &answers);
        prop_assert!(asked.len() <= 3);

        // Nothing signs in without a valid signature by the instance's key.
        if let RequestState::SignedIn(state) = &state {
            let token = state.token.expose();
            let is = |known: &[String]| known.iter().any(|known| known == token);
            let is_brought = || state.directives.iter().any(|(_, value)| value.to_str().is_ok_and(|value| value.contains(token)));
            prop_assert!(is(&GENUINE) || (is(&OTHER_KINDS) && is_brought()), "{name}: {token}");
        }

        // Nothing else than an outage, a bad handshake in development and a contradiction of settings is an error.
        if let RequestState::Undecided(state) = &state {
            match &state.cause {
                UndecidedCause::KeysOutOfReach(_) | UndecidedCause::KeyNotLookedUpYet => {
                    prop_assert!(asked.contains(&"keys") && answers.keys.is_err());
                }
                UndecidedCause::HandshakeToken(_) => prop_assert!(instance.is_development()),
                UndecidedCause::SatelliteSignInUrl => {
                    prop_assert!(instance.is_satellite() && parts.headers.contains_key("origin"));
                }
                other => prop_assert!(false, "{other}"),
            }
        }

        // Redirects stay where they belong, and are asked for by a GET unless they only clean the address.
        let mut headers = HeaderMap::new();
        state.directives().apply(&mut headers);
        if let Some(location) = headers.get(LOCATION) {
            let location = Url::parse(location.to_str().unwrap()).unwrap();
            let origin = location.origin().ascii_serialization();
            let is_loopback = matches!(location.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
            let is_allowed = allowed_origins(&instance, &parts).contains(&origin)
                || (is_loopback && instance.is_development());
            prop_assert!(is_allowed, "{name}: {location}");
            prop_assert!(parts.method == Method::GET || !matches!(state, RequestState::Handshake(_)));
        }
        prop_assert_eq!(matches!(state, RequestState::Handshake(_)) && !headers.contains_key(LOCATION), false);

        // Where a cookie is set, no cache may keep the answer.
        if headers.contains_key("set-cookie") {
            prop_assert_eq!(&headers["cache-control"], "no-store");
        }
    }

    #[test]
    fn of_every_header_value(name in select(vec![
        "host", "x-forwarded-host", "x-forwarded-proto", "authorization", "cookie", "accept", "origin", "referer",
        "sec-fetch-dest", "user-agent",
    ]), bytes in vec(any::<u8>(), 0..200), (_, instance) in select(instances()), answers in answers()) {
        let Ok(value) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
        let request = Request::get("/p").header("host", "app.example.com").header(name, value);
        let parts = request.body(()).unwrap().into_parts().0;
        let (state, _) = run(&instance, &parts, &answers);
        prop_assert!(state.claims().is_none());
        prop_assert!(!matches!(&state, RequestState::Undecided(state) if !instance.is_satellite() && !state.cause.is_temporary()));
    }
}

/// The random requests would be worth little if they never reached the interesting answers.
#[test]
fn the_requests_reach_every_kind_of_outcome() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let strategy = (select(instances()), request(), answers());
    let mut outcomes = HashSet::new();
    let mut effects = HashSet::new();
    for _ in 0..3_000 {
        let ((_, instance), parts, answers) = strategy.new_tree(&mut runner).unwrap().current();
        let (state, asked) = run(&instance, &parts, &answers);
        outcomes.insert(state.status().unwrap_or("undecided"));
        effects.extend(asked);
        if state.directives().location().is_some() {
            outcomes.insert("redirect");
        }
    }
    for outcome in ["signed-in", "signed-out", "handshake", "undecided", "redirect"] {
        assert!(outcomes.contains(outcome), "{outcome} was never reached");
    }
    assert_eq!(effects.len(), 3, "{effects:?}");
}
