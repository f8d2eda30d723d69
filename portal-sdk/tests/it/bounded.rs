//! No request keeps the decision busy: each of these, as large as servers let them be, takes less than 50 ms of
//! processor time. What other programs do meanwhile does not count, so a busy machine changes nothing.
#![cfg(unix)]

use std::time::Duration;

use http::Request;
use http::request::Parts;
use portal_sdk::Instance;
use portal_sdk::decide::{Decision, Known, KnownKeys, MissingKey, decide};
use portal_sdk::request::{AuthenticateContext, RequestKind};
use portal_sdk::token::KeySet;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use crate::common::mint::{self, instance_key, jwks};
use crate::common::{LIVE_KEY, TEST_KEY, now};

pub(crate) const BOUND: Duration = Duration::from_millis(50);
/// About as much as an address may hold, and more than most servers take for a whole head.
const HEAD_BYTES: usize = 65_000;

pub(crate) fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

fn instances() -> Vec<Instance> {
    let patterns = ["/orgs/:slug", "/orgs/:slug/(.*)", "/(a+)/(b+)/:x*", "/(a|aa)+/:id"];
    let live = Instance::builder(LIVE_KEY, "sk_live_x").organization_patterns(patterns);
    let test = Instance::builder(TEST_KEY, "sk_test_x").organization_patterns(patterns);
    let satellite = Instance::builder(LIVE_KEY, "sk_live_x")
        .satellite()
        .domain("satellite.example");
    [live, test, satellite].map(|builder| builder.build().unwrap()).into()
}

fn decide_once(instance: &Instance, parts: &Parts) {
    let cx = AuthenticateContext::new(parts, instance, now());
    let keys = KnownKeys::Asked {
        keys: KeySet::from_jwks(&jwks()).into(),
        missing: MissingKey::Unknown,
    };
    let mut known = Known {
        keys,
        ..Known::default()
    };
    let _ = (RequestKind::of(parts), cx.is_cross_site());
    if let Decision::Needs(_) = decide(&cx, &known, now()) {
        known.handshake = Some(Ok(crate::common::clerk::payload(vec![
            "__session=x; Path=/".to_owned();
            1_000
        ])));
        known.refresh = Some(Err(crate::common::clerk::down().into()));
        let _ = decide(&cx, &known, now());
    }
}

/// `piece` again and again, as long as a head may be.
fn many(piece: &str) -> String {
    piece.repeat(HEAD_BYTES / piece.len())
}

#[test]
fn nothing_that_can_be_sent_takes_long() {
    let deep = format!("{}{}", "[".repeat(40_000), "]".repeat(40_000));
    let deep = instance_key().sign(&mint::header(&json!({})), &json!({ "deep": deep }));
    let nested = base64::Engine::encode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        "{\"a\":".repeat(9_000),
    );
    let unsigned = format!("{nested}.{nested}.{nested}");
    let wide: serde_json::Map<_, _> = (0..3_000).map(|n| (format!("claim{n}"), json!(n))).collect();
    let wide = instance_key().sign(&mint::header(&json!({})), &wide.into());
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
    let cookie = session(&instance_key().session_token("https://clerk.example.com", &json!({})));
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

    for instance in instances() {
        for (name, value, path) in &requests {
            let request = Request::get(path)
                .header("sec-fetch-dest", "document")
                .header(*name, value);
            let parts = request.body(()).unwrap().into_parts().0;
            let before = processor_time();
            decide_once(&instance, &parts);
            let took = processor_time() - before;
            let start = &value[..value.len().min(60)];
            assert!(
                took < BOUND,
                "{name}: {start}… {}: {took:?}",
                &path[..path.len().min(60)]
            );
        }
    }
}
