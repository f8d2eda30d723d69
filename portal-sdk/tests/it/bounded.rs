//! No request keeps the decision busy: a request of eight times the size costs about eight times the processor time.
//! Quadratic work would cost 64 times as much. Both sizes are measured in one run, so a slow machine changes nothing.
#![cfg(unix)]

use portal_sdk::instance::Satellite;
use std::time::Duration;

use http::Request;
use http::request::Parts;
use portal_sdk::decide::{Decision, decide};
use portal_sdk::effect::{Known, KnownKeys, MissingKey};
use portal_sdk::instance::Instance;
use portal_sdk::request::AuthenticateContext;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use crate::common::tokens::{header, instance_key, jwks, session_token};
use crate::common::{LIVE_KEY, TEST_KEY, down, handshake_payload, now};

/// About as much as an address may hold, and more than most servers take for a whole head.
const LARGE: usize = 64_000;
const TIMES: usize = 8;
/// Between linear and quadratic growth of [`TIMES`], with room for a cold cache.
const MOST_GROWTH: u32 = 24;
/// Below this a measurement is noise.
const LEAST: Duration = Duration::from_micros(500);

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

fn instances() -> Vec<Instance> {
    let patterns = ["/orgs/:slug", "/orgs/:slug/(.*)", "/(a+)/(b+)/:x*", "/(a|aa)+/:id"];
    let live = Instance::builder(LIVE_KEY, "sk_live_x").organization_patterns(patterns);
    let test = Instance::builder(TEST_KEY, "sk_test_x").organization_patterns(patterns);
    let satellite = Instance::builder(LIVE_KEY, "sk_live_x").satellite(Satellite::on_domain("satellite.example"));
    [live, test, satellite].map(|builder| builder.build().unwrap()).into()
}

fn decide_once(instance: &Instance, parts: &Parts) {
    let cx = AuthenticateContext::new(parts, instance, now());
    let keys = KnownKeys::Asked {
        keys: jwks().into(),
        missing: MissingKey::Unknown,
    };
    let mut known = Known {
        keys,
        ..Known::default()
    };
    let _ = cx.is_cross_site();
    if let Decision::Needs(_) = decide(&cx, &known, now()) {
        known.handshake = Some(Ok(handshake_payload(vec!["__session=x; Path=/".to_owned(); 1_000])));
        known.refresh = Some(Err(down()));
        let _ = decide(&cx, &known, now());
    }
}

/// The least of some runs: whatever else the processor did meanwhile only adds to one.
fn cost(instance: &Instance, parts: &Parts) -> Duration {
    (0..5)
        .map(|_| {
            let before = processor_time();
            decide_once(instance, parts);
            processor_time() - before
        })
        .min()
        .unwrap_or_default()
        .max(LEAST)
}

/// Requests whose odd part is about `bytes` long, always in the same order.
fn requests(bytes: usize) -> Vec<Parts> {
    let many = |piece: &str| piece.repeat(bytes / piece.len());
    let deep = format!("{}{}", many("[["), many("]]"));
    let deep = instance_key().sign(&header(&json!({})), &json!({ "deep": deep }));
    let nested = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, many("{\"a\":"));
    let unsigned = format!("{nested}.{nested}.{nested}");
    let wide: serde_json::Map<_, _> = (0..bytes / 20).map(|n| (format!("claim{n}"), json!(n))).collect();
    let wide = instance_key().sign(&header(&json!({})), &wide.into());
    let session = |token: &str| format!("__session={token}; __client_uat=1; __clerk_db_jwt=dvb");
    let cookies = [
        many("__session=a; "),
        many("__client_uat=1; __session_naoXFJnI=b; "),
        many("=;"),
        many("%25"),
        format!("__session={}", many("%41")),
        session(&many("a.")),
        session(&many("e30")),
        session(&deep),
        session(&unsigned),
        session(&wide),
        format!("__clerk_handshake={}", many("e30.")),
        format!("__clerk_handshake_nonce={}", many("n")),
    ];
    let mut requests: Vec<(&str, String, String)> = cookies.map(|cookies| ("cookie", cookies, "/".to_owned())).into();
    for name in [
        "authorization",
        "accept",
        "origin",
        "referer",
        "host",
        "x-forwarded-host",
        "x-forwarded-proto",
    ] {
        for piece in ["a", ",", "text/html;q=0.", "Bearer ", "https://a.", "%ff", "[", "xn--"] {
            requests.push((name, many(piece), "/".to_owned()));
        }
    }
    requests.push(("authorization", format!("Bearer {unsigned}"), "/".to_owned()));
    let cookie = session(&session_token(instance_key(), "https://clerk.example.com", &json!({})));
    for piece in [
        "/orgs",
        "/a",
        "a",
        "/aa/",
        "/%61",
        "//",
        "/..",
        "?__clerk_handshake=e30.e30.e30&",
        "?a=%20&",
    ] {
        requests.push(("cookie", cookie.clone(), format!("/{}", many(piece))));
    }
    let parts = |(name, value, path): (&str, String, String)| {
        let request = Request::get(path)
            .header("sec-fetch-dest", "document")
            .header(name, value);
        request.body(()).unwrap().into_parts().0
    };
    requests.into_iter().map(parts).collect()
}

#[test]
fn work_grows_linearly_with_the_request() {
    let (small, large) = (requests(LARGE / TIMES), requests(LARGE));
    for instance in instances() {
        for (small, large) in small.iter().zip(&large) {
            let (less, more) = (cost(&instance, small), cost(&instance, large));
            assert!(more < less * MOST_GROWTH, "{less:?} became {more:?}: {small:?}");
        }
    }
}
