//! A test for every difference that `docs/differences.md` lists, named after it. Most replay the recorded cases that the
//! difference explains: Clerk's outcome stands beside ours in each of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use http::request::Parts;
use http::{Method, Request};
use portal_sdk::authenticator::Authenticator;
use portal_sdk::authorization::{self, Requirement as _, Role};
use portal_sdk::backend::Backend;
use portal_sdk::clock::UnixTime;
use portal_sdk::effect::{BackendError, HandshakePayload, RefreshedSession, SessionRefresh};
use portal_sdk::instance::{Instance, InstanceBuilder};
use portal_sdk::key::KeySet;
use portal_sdk::names::header::AUTH_MESSAGE;
use portal_sdk::portal::Portal;
use portal_sdk::secret::Secret;
use portal_sdk::state::{Outcome, RequestState};
use portal_sdk::testing::{TestClock, TestInstance};
use portal_tower::{Auth, Identity};
use serde_json::Value;
use url::Url;

use crate::vectors::file::VectorFile;
use crate::vectors::replay::{Verdict, replay};

/// Replays every recorded case that `gap` explains.
fn replay_all(gap: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let mut replayed = 0;
    for file in VectorFile::all() {
        for case in file.cases().filter(|case| case.gap.iter().any(|named| named == gap)) {
            replayed += 1;
            if let Verdict::Differs(how) = runtime.block_on(replay(&case)) {
                panic!("{}\n{how}", case.id);
            }
        }
    }
    assert!(replayed > 0, "no recorded case is explained by {gap}");
}

macro_rules! replayed {
    ($($name:ident => $gap:literal,)*) => {
        $(#[test] fn $name() { replay_all($gap) })*
    };
}

replayed! {
    g2_a_path_never_changes_the_origin => "G2",
    g3_a_token_part_is_a_json_object => "G3",
    g4_a_failed_nonce_look_up_signs_nobody_out => "G4",
    g5_keys_out_of_reach_are_not_a_sign_out => "G5",
    g6_each_call_is_made_once => "G6",
    g9_three_redirects_are_enough => "G9",
    g10_development_takes_handshakes_from_the_address => "G10",
    g11_production_takes_handshakes_from_cookies => "G11",
    g12_the_portal_is_known_behind_a_proxy => "G12",
    g13_only_session_cookies_hold_the_session => "G13",
    g14_what_sets_a_cookie_is_not_stored => "G14",
    g15_a_primary_answers_satellites_only => "G15",
    g16_an_audience_is_text => "G16",
    g17_a_meaningless_plain_session_counts_as_absent => "G17",
    g18_a_pem_key_is_parsed_at_start_up => "G18",
    g19_bodies_are_read_whatever_their_content_type => "G19",
    g20_no_patterns_match_nothing => "G20",
    g21_path_parameters_are_decoded_once => "G21",
    g22_malformed_permissions_grant_nothing => "G22",
    g23_a_refresh_sends_no_foreign_cookies => "G23",
    g24_bearer_in_any_case => "G24",
    g26_keys_of_one_environment => "G26",
    g30_client_uat_is_a_decimal => "G30",
    g31_a_renewal_out_of_reach_is_not_a_sign_out => "G31",
    g32_a_malformed_nonce_is_not_looked_up => "G32",
    g34_origins_in_settings_are_read_as_origins => "G34",
    g35_browser_without_cookies_is_not_redirected_for_ever => "G35",
    g36_redirects_count_per_organization => "G36",
    g37_renewed_session_follows_the_path_organization => "G37",
    g38_odd_forwarded_scheme_or_host_counts_as_absent => "G38",
    g39_padded_machine_token_is_refused => "G39",
    g40_repeated_parameter_can_name_the_active_organization => "G40",
    g41_weak_key_or_key_without_algorithm_is_bounded => "G41",
    g42_session_id_with_other_characters_is_not_sent => "G42",
    g44_unusable_cookie_is_skipped => "G44",
    g47_hopeless_token_causes_no_fetch => "G47",
    g48_token_of_another_issuer_is_refused => "G48",
}

const LIVE_KEY: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";

fn live() -> InstanceBuilder {
    Instance::builder(LIVE_KEY, "sk_live_x")
}

fn page(headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::get("/a")
        .header("host", "app.example.com")
        .header("sec-fetch-dest", "document");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).expect("a request").into_parts().0
}

async fn state(instance: Instance, parts: &Parts) -> RequestState {
    let backend = KeySets::default();
    Authenticator::builder(instance)
        .backend(backend)
        .clock(|| UnixTime::from_secs(1_800_000_000))
        .build()
        .authenticate(parts)
        .await
        .state
}

#[tokio::test]
async fn g1_configured_origin_ignores_forwarded_headers() {
    let parts = page(&[("x-forwarded-host", "evil.example"), ("cookie", "__client_uat=1")]);
    let back = |state: RequestState| {
        let location = state
            .headers
            .location()
            .expect("a handshake")
            .to_str()
            .expect("text")
            .to_owned();
        let url = Url::parse(&location).expect("a URL");
        url.query_pairs()
            .find_map(|(name, value)| (name == "redirect_url").then(|| value.into_owned()))
    };
    let believed = back(state(live().build().expect("right"), &parts).await);
    assert_eq!(believed.as_deref(), Some("http://evil.example/a"));
    let named = live().public_origin("https://app.example.com").build().expect("right");
    assert_eq!(
        back(state(named, &parts).await).as_deref(),
        Some("https://app.example.com/a")
    );
}

#[tokio::test]
async fn g7_fetched_keys_replace_the_old_ones() {
    let clock = TestClock::at(UnixTime::from_secs(1_800_000_000));
    let keys = KeySets::default();
    let authenticator = Authenticator::builder(live().build().expect("right"))
        .backend(keys.clone())
        .clock(clock.clone())
        .build();
    // The signatures are zeros: whether the key is known shows in the reason.
    let reason = async |key_id: &str| {
        let token = forged_token(key_id);
        let parts = page(&[("authorization", &format!("Bearer {token}"))]);
        authenticator
            .authenticate(&parts)
            .await
            .state
            .reason()
            .map(ToString::to_string)
    };
    assert_eq!(reason("ins_0").await.as_deref(), Some("token-invalid-signature"));
    clock.advance(Duration::from_secs(600));
    assert_eq!(reason("ins_1").await.as_deref(), Some("token-invalid-signature"));
    assert_eq!(keys.fetches.load(Ordering::SeqCst), 2);
    assert_eq!(
        reason("ins_0").await.as_deref(),
        Some("jwk-kid-mismatch"),
        "the removed key still counts"
    );
}

#[tokio::test]
async fn g8_form_with_an_expired_token_asks_for_renewal() {
    let cookies = format!(
        "__session={}; __client_uat=1; __refresh_naoXFJnI=r",
        signing::expired_token()
    );
    let form = |headers: &[(&str, &str)]| {
        let mut parts = page(&[&[("cookie", cookies.as_str())], headers].concat());
        parts.method = Method::POST;
        parts
    };
    let (own, others) = (("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site"));
    for (builder, site, reason) in [
        // The backend of these tests renews nothing; that it was asked shows in the reason.
        (live(), own, "unexpected-sdk-error"),
        (live(), others, "non-eligible-non-get"),
        (live().refresh_on_get_only(true), own, "non-eligible-non-get"),
    ] {
        let instance = builder.jwt_key(signing::public_pem()).build().expect("right");
        let state = state(instance, &form(&[site])).await;
        let found = state.reason().map(ToString::to_string);
        assert_eq!(
            found,
            Some(format!("session-token-expired-refresh-{reason}")),
            "{site:?}"
        );
    }
}

#[tokio::test]
async fn g25_message_is_sent_in_debug_mode_only() {
    let parts = page(&[("authorization", "Bearer abc")]);
    for (builder, is_said) in [(live(), false), (live().debug(true), true)] {
        let state = state(builder.build().expect("right"), &parts).await;
        assert_eq!(state.headers.iter().any(|(name, _)| name == AUTH_MESSAGE), is_said);
    }
}

#[tokio::test]
async fn g27_requested_synchronization_is_for_satellites_only() {
    let builder = || live().satellite_origins(["https://satellite.example"]);
    for (builder, referer, is_asked) in [
        (builder(), "https://news.example/", true),
        (
            builder().sync_from_satellites_only(true),
            "https://news.example/",
            false,
        ),
        (
            builder().sync_from_satellites_only(true),
            "https://satellite.example/x",
            true,
        ),
    ] {
        let instance = builder.jwt_key(signing::public_pem()).build().expect("right");
        let token = signing::token();
        let parts = page(&[
            ("cookie", &format!("__session={token}; __client_uat=1799999990")),
            ("referer", referer),
        ]);
        let state = state(instance, &parts).await;
        assert_eq!(
            matches!(state.outcome, Outcome::Handshake(_)),
            is_asked,
            "{referer}: {state:?}"
        );
    }
}

#[tokio::test]
async fn g33_oversized_token_is_not_decoded() {
    let instance = live().jwt_key(signing::public_pem()).build().expect("right");
    let token = format!("{}.{}", signing::token(), "A".repeat(16 * 1024));
    let parts = page(&[("cookie", &format!("__session={token}; __client_uat=1799999990"))]);
    let reason = state(instance, &parts).await.reason().map(ToString::to_string);
    assert_eq!(reason.as_deref(), Some("token-invalid"));
}

#[tokio::test]
async fn g43_service_worker_navigation_takes_part_in_handshakes() {
    for (mode, is_handshake) in [("navigate", true), ("cors", false)] {
        let request = Request::get("/a").header("host", "app.example.com");
        let request = request.header("sec-fetch-dest", "empty").header("sec-fetch-mode", mode);
        let request = request.header("cookie", "__client_uat=1799999990").body(());
        let parts = request.expect("a request").into_parts().0;
        let instance = live().jwt_key(signing::public_pem()).build().expect("right");
        let state = state(instance, &parts).await;
        assert_eq!(
            matches!(state.outcome, Outcome::Handshake(_)),
            is_handshake,
            "{mode}: {state:?}"
        );
    }
}

#[test]
fn g45_ended_session_is_signed_out_at_once() {
    let clerk = TestInstance::new();
    let authenticator = clerk.authenticator();
    let request = clerk.signed_in("user_1").claim("sid", "sess_1").get("/").body(());
    let parts = request.expect("a request").into_parts().0;
    let state = || authenticator.try_authenticate(&parts).expect("no fetch").state;
    let Outcome::SignedIn(user) = state().outcome else {
        panic!("{:?}", state());
    };
    let session = authenticator.genuine_session(user.claims.token()).now_or_never();
    let session = session
        .expect("no fetch")
        .expect("the key is known")
        .expect("a session");
    authenticator.end_session(&session);
    assert_eq!(
        state().reason().map(ToString::to_string).as_deref(),
        Some("session-ended")
    );
}

#[test]
fn g46_empty_user_id_is_signed_out() {
    let session = TestInstance::new().signed_in("").role("org:admin");
    let parts = session.get("/").body(()).expect("a request").into_parts().0;
    let authenticator = session.test_instance().authenticator();
    let state = authenticator.try_authenticate(&parts).expect("no fetch").state;
    let claims = state.claims().expect("signed in, as at Clerk");
    assert_eq!(Role::new("org:admin").verdict(claims), authorization::Verdict::Unmet);
    let auth = Auth::from(session);
    assert!(matches!(auth.identity(), Identity::SignedOut(_)), "{auth:?}");
}

#[test]
fn g28_tasks_and_create_are_path_segments() {
    let instance = live()
        .sign_in_url("https://id.example.com/sign-in/?a=1")
        .build()
        .expect("right");
    let portal = Portal::from(&instance);
    let url = |link: portal_sdk::portal::PortalLink<'_>| link.to_url().expect("a URL").to_string();
    assert_eq!(url(portal.sign_up()), "https://id.example.com/sign-in/create?a=1");
    assert_eq!(
        url(portal.sign_in().with_tasks(true)),
        "https://id.example.com/sign-in/tasks?a=1"
    );
}

/// A token whose signature has the right length and nothing else.
fn forged_token(key_id: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let header = format!(r#"{{"alg":"RS256","typ":"JWT","kid":"{key_id}"}}"#);
    format!(
        "{}.{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode("{}"),
        URL_SAFE_NO_PAD.encode([0; 256])
    )
}

/// A Backend API whose key set has a new key, and only that, at every fetch.
#[derive(Clone, Default)]
struct KeySets {
    fetches: Arc<AtomicUsize>,
}

impl Backend for KeySets {
    async fn jwks(&self) -> Result<KeySet, BackendError> {
        let fetch = self.fetches.fetch_add(1, Ordering::SeqCst);
        let mut key: Value = signing::jwk();
        key["kid"] = format!("ins_{fetch}").into();
        Ok(KeySet::from_json(&serde_json::json!({ "keys": [key] })))
    }

    async fn handshake_payload(&self, _: &Secret) -> Result<HandshakePayload, BackendError> {
        Ok(HandshakePayload::default())
    }

    async fn refresh_session(&self, _: &SessionRefresh) -> Result<RefreshedSession, BackendError> {
        Ok(RefreshedSession::default())
    }
}

/// Keys and tokens of the recorded cases.
mod signing {
    use serde_json::Value;

    use crate::vectors::file::VectorFile;

    fn fixture(name: &str) -> String {
        VectorFile::all()
            .into_iter()
            .find_map(|file| file.fixture(name))
            .unwrap_or_else(|| panic!("no recorded file has the fixture {name}"))
    }

    pub(super) fn public_pem() -> String {
        fixture("pem:main")
    }

    pub(super) fn token() -> String {
        fixture("token:live-valid")
    }

    pub(super) fn expired_token() -> String {
        fixture("token:live-expired")
    }

    pub(super) fn jwk() -> Value {
        let set: Value = serde_json::from_str(&fixture("jwks:main")).expect("JSON");
        set["keys"][0].clone()
    }
}
