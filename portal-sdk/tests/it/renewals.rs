//! Renewals and handshake payloads: shared results, time limits, and `Retry-After`. The clock stands still until a test
//! moves it.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use http::Request;
use http::request::Parts;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::{Backend, HttpBackend};
use portal_sdk::effect::{BackendError, RefreshedSession};
use portal_sdk::secret::Secret;
use portal_sdk::state::{AuthReason, Outcome, RequestState, UndecidedCause};
use portal_sdk::testing::{FakeBackend, TestClock};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::common::tokens::{instance_key, jwks, session_token};
use crate::common::{LIVE_SUFFIX, NOW_SECS, clock, down, error_answer};
use crate::server::{Reply, Server, json as json_answer};

const ISSUER: &str = "https://clerk.example.com";

/// A request with a token that expired, and a refresh token.
fn expired(refresh_token: &str) -> Parts {
    let token = session_token(
        instance_key(),
        ISSUER,
        &json!({ "iat": NOW_SECS - 100, "exp": NOW_SECS - 40 }),
    );
    cookies(&format!(
        "__session={token}; __client_uat=1; __refresh_{LIVE_SUFFIX}={refresh_token}"
    ))
}

fn cookies(cookies: &str) -> Parts {
    let request = Request::get("https://app.example.com/").header("cookie", cookies);
    request.body(()).unwrap().into_parts().0
}

fn renewed() -> RefreshedSession {
    let token = session_token(instance_key(), ISSUER, &json!({}));
    RefreshedSession::new([format!("__session={token}; Path=/")])
}

fn live<B: Backend>(backend: &B, clock: &TestClock) -> Authenticator<B> {
    // Far longer than any call that answers, however busy the machine is.
    limited(backend, clock, Duration::from_secs(60))
}

fn limited<B: Backend>(backend: &B, clock: &TestClock, max_wait: Duration) -> Authenticator<B> {
    let settings = portal_sdk::instance::Instance::builder(crate::common::LIVE_KEY, "sk_live_x");
    let settings = settings.jwt_key(instance_key().pem());
    Authenticator::builder(settings.build().unwrap())
        .backend(backend.clone())
        .clock(clock.clone())
        .max_wait(max_wait)
        .build()
}

fn is_out_of_reach(state: &RequestState) -> bool {
    use UndecidedCause::{HandshakeOutOfReach, RenewalOutOfReach};
    matches!(
        state.outcome,
        Outcome::Undecided(HandshakeOutOfReach(_) | RenewalOutOfReach(_))
    )
}

#[tokio::test]
async fn renewal_is_shared_for_ten_seconds_with_the_same_tokens() {
    let (backend, clock) = (FakeBackend::new(), clock());
    backend.set_jwks(Ok(jwks()));
    backend.set_refresh_session(Ok(renewed()));
    let authenticator = live(&backend, &clock);
    for (millis, token, calls) in [
        (0, "one", 1),
        (0, "one", 1),
        (9_999, "one", 1),
        (0, "two", 2),
        (1, "one", 3),
    ] {
        clock.advance(Duration::from_millis(millis));
        let state = authenticator.authenticate(&expired(token)).await.state;
        assert!(state.claims().is_some(), "{token} {state:?}");
        assert_eq!(backend.calls().len(), calls, "{token}");
    }
    let health = authenticator.health().renewals;
    assert_eq!((health.calls, health.shared_answers, health.in_flight), (3, 2, 0));
}

#[tokio::test]
async fn session_that_ends_during_its_renewal_is_signed_out() {
    let (backend, clock) = (FakeBackend::new(), clock());
    backend.set_refresh_session(Ok(renewed()));
    let authenticator = live(&backend, &clock);
    let token = Secret::new(session_token(instance_key(), ISSUER, &json!({})));
    let session = authenticator.genuine_session(&token).await.unwrap().unwrap();
    let request = expired("r");
    let end = async { authenticator.end_session(&session) };
    // Polled in this order: the renewal is under way when the session ends.
    let (authenticated, ()) = tokio::join!(biased; authenticator.authenticate(&request), end);
    assert_eq!(authenticated.state.reason(), Some(&AuthReason::SessionEnded));
}

#[tokio::test]
async fn refused_renewal_is_shared_for_ten_seconds_and_an_outage_for_one() {
    for (error, shared_secs) in [(error_answer(401, Some("session_not_found")), 10), (down(), 1)] {
        let (backend, clock) = (FakeBackend::new(), clock());
        backend.set_refresh_session(Err(error.clone()));
        let authenticator = live(&backend, &clock);
        for (after, calls) in [(0, 1), (0, 1), (shared_secs, 2)] {
            clock.advance(Duration::from_secs(after));
            let state = authenticator.authenticate(&expired("one")).await.state;
            assert_eq!(is_out_of_reach(&state), error.is_outage(), "{state:?}");
            assert_eq!(backend.calls().len(), calls, "{error}");
        }
    }
}

#[tokio::test]
async fn handshake_payload_is_never_kept() {
    let (backend, clock) = (FakeBackend::new(), clock());
    let authenticator = live(&backend, &clock);
    for _ in 0..2 {
        let _ = authenticator.authenticate(&cookies("__clerk_handshake_nonce=n1")).await;
    }
    assert_eq!(backend.calls().len(), 2);
    assert_eq!(authenticator.health().payloads.calls, 2);
}

#[tokio::test]
async fn hanging_call_is_undecided_after_the_limit_and_its_result_is_used_later() {
    let gate = Arc::new(Semaphore::new(0));
    let permits = gate.clone();
    let answer = json!({ "cookies": renewed().set_cookies }).to_string();
    let server = Server::start(move |_| {
        let (permits, answer) = (permits.clone(), answer.clone());
        async move {
            permits.acquire().await.unwrap().forget();
            json_answer(200, &answer)
        }
    })
    .await;
    let clock = clock();
    let backend = HttpBackend::new(&server.live_instance());
    let authenticator = limited(&backend, &clock, Duration::from_millis(20));
    let state = authenticator.authenticate(&expired("one")).await.state;
    assert!(is_out_of_reach(&state), "{state:?}");
    // Later requests do not wait at all.
    let request = expired("one");
    let mut at_once = Box::pin(authenticator.authenticate(&request));
    assert!(
        at_once
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    );
    gate.add_permits(1);
    while authenticator.health().renewals.in_flight > 0 {
        tokio::task::yield_now().await;
    }
    let state = authenticator.authenticate(&expired("one")).await.state;
    assert!(state.claims().is_some(), "{state:?}");
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn retry_after_pauses_that_kind_of_call_for_a_minute_at_most() {
    for (asked, pause) in [(7, 7), (3_600, 60)] {
        for status in [429, 503] {
            let (backend, clock) = (FakeBackend::new(), clock());
            let wait = Duration::from_secs(asked);
            backend.set_refresh_session(Err(error_answer(status, None).with_retry_after(wait)));
            let authenticator = live(&backend, &clock);
            for (millis, calls) in [(0, 1), (0, 1), (pause * 1_000 - 1, 1), (1, 2)] {
                clock.advance(Duration::from_millis(millis));
                // Another token each time, so that no result is shared.
                let token = format!("r{millis}{calls}");
                let state = authenticator.authenticate(&expired(&token)).await.state;
                assert!(is_out_of_reach(&state), "{state:?}");
                assert_eq!(backend.calls().len(), calls, "{asked} {status}");
            }
            // The other kind of call is still made.
            let _ = authenticator.authenticate(&cookies("__clerk_handshake_nonce=n1")).await;
            assert_eq!(backend.calls().len(), 3);
        }
    }
    // Other errors do not hold calls back.
    let (backend, clock) = (FakeBackend::new(), clock());
    backend.set_refresh_session(Err(BackendError::busy()));
    let authenticator = live(&backend, &clock);
    for calls in 1..3 {
        let _ = authenticator.authenticate(&expired("one")).await;
        assert_eq!(backend.calls().len(), calls);
    }
}

#[test]
fn authenticator_outlives_the_runtime_of_its_call() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let first = runtime();
    let server = first.block_on(Server::start(|_| std::future::pending::<Reply>()));
    let (clock, backend) = (clock(), FakeBackend::new());
    let hanging = live(&HttpBackend::new(&server.live_instance()), &clock);
    let request = expired("one");
    let mut waiting = Box::pin(hanging.authenticate(&request));
    let mut cx = Context::from_waker(Waker::noop());
    {
        let _inside = first.enter();
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
    }
    drop((server, first));
    let state = runtime().block_on(waiting).state;
    assert!(is_out_of_reach(&state), "{state:?}");

    // An authenticator without a runtime, used from two of them.
    backend.set_refresh_session(Ok(renewed()));
    let authenticator = live(&backend, &clock);
    for token in ["one", "two"] {
        let state = runtime().block_on(authenticator.authenticate(&expired(token))).state;
        assert!(state.claims().is_some(), "{state:?}");
    }
}
