//! The fetches of signing keys, seen from a Backend API on loopback. The clock stands still until a test moves it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Request;
use http::request::Parts;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::{HttpBackend, KeyCachePolicy};
use portal_sdk::clock::{Clock as _, UnixTime};
use portal_sdk::state::{Outcome, RequestState, UndecidedCause};
use portal_sdk::testing::{TestClock, TestKey};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::common::tokens::{KEY_ID, foreign_key, header, instance_key, session_claims};
use crate::common::{NOW_SECS, clock, now};
use crate::server::{Reply, Server, json as json_answer};

const ISSUER: &str = "https://clerk.example.com";
pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;

/// A Backend API whose answer to the request for keys can be changed, an application, and its clock.
pub(crate) struct World {
    pub(crate) server: Server,
    answer: Arc<Mutex<(u16, String)>>,
    clock: TestClock,
    pub(crate) authenticator: Authenticator<HttpBackend>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let answer = Arc::new(Mutex::new((200, key_set(&[(instance_key(), KEY_ID)]))));
        let answers = answer.clone();
        let server = Server::always(move || {
            let (status, body) = answers.lock().unwrap().clone();
            json_answer(status, &body)
        })
        .await;
        let clock = clock();
        let instance = server.live_instance();
        let backend = HttpBackend::new(&instance);
        let authenticator = Authenticator::builder(instance)
            .backend(backend)
            .clock(clock.clone())
            .key_cache(KeyCachePolicy::default().with_jitter(false))
            .build();
        Self {
            server,
            answer,
            clock,
            authenticator,
        }
    }

    pub(crate) fn answer(&self, status: u16, body: &str) {
        *self.answer.lock().unwrap() = (status, body.to_owned());
    }

    /// Moves the clock; tokens stay valid because each request gets a new one.
    pub(crate) fn wait(&self, millis: i64) {
        self.clock
            .set(UnixTime::from_millis(self.clock.now().as_millis() + millis));
    }

    /// Asks with a token of `key` that names `key_id`, and says what came of it and how often keys were fetched so far.
    pub(crate) async fn ask(&self, key: &TestKey, key_id: &str) -> (String, usize) {
        let outcome = self.authenticator.authenticate(&self.request(key, key_id)).await;
        (outcome_of(&outcome.state), self.server.count())
    }

    pub(crate) async fn ask_as_usual(&self) -> (String, usize) {
        self.ask(instance_key(), KEY_ID).await
    }

    /// A request with a token of `key` that names `key_id` and is valid now.
    pub(crate) fn request(&self, key: &TestKey, key_id: &str) -> Parts {
        request_at(key, key_id, self.clock.now().as_secs())
    }

    /// Asks as usual, which starts a fetch in the background, and waits until that fetch is over.
    async fn ask_and_let_fetch(&self) -> (String, usize) {
        let (outcome, before) = self.ask_as_usual().await;
        while self.server.count() == before {
            tokio::task::yield_now().await;
        }
        let after = self.server.count();
        // A request with an unknown key ID waits for a fetch in progress.
        self.ask(foreign_key(), "ins_waiting").await;
        (outcome, after)
    }
}

pub(crate) fn key_set(keys: &[(&TestKey, &str)]) -> String {
    let keys: Vec<Value> = keys.iter().map(|(key, key_id)| key.jwk(key_id)).collect();
    json!({ "keys": keys }).to_string()
}

/// A request with a token of `key` that is valid at `secs`; without a key id if that is empty.
pub(crate) fn request_at(key: &TestKey, key_id: &str, secs: i64) -> Parts {
    let mut claims = session_claims(ISSUER);
    for claim in ["iat", "nbf", "exp"] {
        claims[claim] = (claims[claim].as_i64().unwrap() - NOW_SECS + secs).into();
    }
    let token = key.sign(
        &header(&json!({ "kid": Some(key_id).filter(|key_id| !key_id.is_empty()) })),
        &claims,
    );
    let request = Request::get("https://app.example.com/").header("authorization", format!("Bearer {token}"));
    request.body(()).unwrap().into_parts().0
}

pub(crate) fn outcome_of(state: &RequestState) -> String {
    match &state.outcome {
        Outcome::SignedIn(_) => "signed-in".to_owned(),
        Outcome::Undecided(cause) => match cause {
            UndecidedCause::KeysOutOfReach(_) => "out of reach".to_owned(),
            UndecidedCause::KeyNotLookedUpYet => "too soon".to_owned(),
            other => other.to_string(),
        },
        _ => state.reason().unwrap().to_string(),
    }
}

pub(crate) fn is(outcome: &str, fetches: usize) -> (String, usize) {
    (outcome.to_owned(), fetches)
}

#[tokio::test]
async fn concurrent_requests_fetch_keys_once() {
    let gate = Arc::new(Semaphore::new(0));
    let server = Server::start({
        let gate = gate.clone();
        move |_| {
            let gate = gate.clone();
            async move {
                gate.acquire().await.unwrap().forget();
                json_answer(200, &key_set(&[(instance_key(), KEY_ID)]))
            }
        }
    })
    .await;
    let instance = server.live_instance();
    let backend = HttpBackend::new(&instance);
    let authenticator = Authenticator::builder(instance).backend(backend).clock(now).build();
    let started = Arc::new(AtomicUsize::new(0));
    let requests: Vec<_> = (0..100)
        .map(|_| {
            let (authenticator, started) = (authenticator.clone(), started.clone());
            tokio::spawn(async move {
                // On this runtime's one thread the task runs until it must wait, before another runs.
                started.fetch_add(1, Ordering::SeqCst);
                authenticator
                    .authenticate(&request_at(instance_key(), KEY_ID, NOW_SECS))
                    .await
            })
        })
        .collect();
    while started.load(Ordering::SeqCst) < 100 {
        tokio::task::yield_now().await;
    }
    gate.add_permits(100);
    for request in requests {
        assert_eq!(outcome_of(&request.await.unwrap().state), "signed-in");
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn concurrent_requests_share_a_failed_fetch() {
    let server = Server::always(|| Reply::Close).await;
    let instance = server.live_instance();
    let backend = HttpBackend::new(&instance);
    let authenticator = Authenticator::builder(instance).backend(backend).clock(now).build();
    let requests: Vec<_> = (0..100)
        .map(|_| {
            let authenticator = authenticator.clone();
            tokio::spawn(async move {
                authenticator
                    .authenticate(&request_at(instance_key(), KEY_ID, NOW_SECS))
                    .await
            })
        })
        .collect();
    for request in requests {
        assert_eq!(outcome_of(&request.await.unwrap().state), "out of reach");
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn keys_are_refreshed_ahead_of_the_end_of_their_lifetime() {
    let world = World::new().await;
    assert_eq!(world.ask_as_usual().await, is("signed-in", 1));
    world.wait(255 * SECOND - 1);
    assert_eq!(world.ask_as_usual().await, is("signed-in", 1));
    world.wait(1);
    assert_eq!(world.ask_and_let_fetch().await, is("signed-in", 2));
    world.wait(254 * SECOND);
    assert_eq!(world.ask_as_usual().await, is("signed-in", 2));
}

#[tokio::test]
async fn clock_set_back_makes_the_age_of_keys_unknown() {
    let world = World::new().await;
    assert_eq!(world.ask_as_usual().await, is("signed-in", 1));
    world.wait(-HOUR);
    assert_eq!(world.ask_and_let_fetch().await, is("signed-in", 2));
    assert_eq!(world.ask_as_usual().await, is("signed-in", 2));
}

#[tokio::test]
async fn stale_keys_serve_for_a_day_during_an_outage() {
    let world = World::new().await;
    assert_eq!(world.ask_as_usual().await, is("signed-in", 1));
    world.answer(503, "<h1>Down</h1>");
    world.wait(5 * MINUTE);
    assert_eq!(world.ask_and_let_fetch().await, is("signed-in", 2));
    // The next attempt waits for the back-off.
    world.wait(SECOND - 1);
    assert_eq!(world.ask_as_usual().await, is("signed-in", 2));
    // A key that is not among the old ones may be a new one.
    assert_eq!(world.ask(foreign_key(), "ins_2").await, is("out of reach", 2));
    world.wait(1);
    assert_eq!(world.ask_and_let_fetch().await, is("signed-in", 3));
    world.wait(2 * SECOND - 1);
    assert_eq!(world.ask_as_usual().await, is("signed-in", 3));
    // The last millisecond of the day, and the next.
    world.wait(24 * HOUR - 3 * SECOND);
    assert_eq!(world.ask_and_let_fetch().await, is("signed-in", 4));
    world.wait(1);
    assert_eq!(world.ask_as_usual().await, is("out of reach", 4));
    world.wait(5 * SECOND);
    assert_eq!(world.ask_as_usual().await, is("out of reach", 5));
    // And then all is well again.
    world.answer(200, &key_set(&[(instance_key(), KEY_ID)]));
    world.wait(5 * SECOND);
    assert_eq!(world.ask_as_usual().await, is("signed-in", 6));
}

#[tokio::test]
async fn outage_at_start_up_recovers() {
    let world = World::new().await;
    world.answer(500, "");
    assert_eq!(world.ask_as_usual().await, is("out of reach", 1));
    world.answer(200, &key_set(&[(instance_key(), KEY_ID)]));
    world.wait(SECOND - 1);
    assert_eq!(world.ask_as_usual().await, is("out of reach", 1));
    world.wait(1);
    assert_eq!(world.ask_as_usual().await, is("signed-in", 2));
}

#[tokio::test]
async fn refused_key_fetch_is_not_an_outage() {
    for (status, body, reason) in [
        (
            401,
            r#"{"errors":[{"code":"clerk_key_invalid"}]}"#,
            "secret-key-invalid",
        ),
        (
            401,
            r#"{"errors":[{"code":"something_else"}]}"#,
            "jwk-remote-failed-to-load",
        ),
        (404, r#"{"errors":[{"code":"not_found"}]}"#, "jwk-remote-failed-to-load"),
        (200, r#"{"keys":[]}"#, "jwk-remote-failed-to-load"),
    ] {
        let world = World::new().await;
        world.answer(status, body);
        assert_eq!(world.ask_as_usual().await, is(reason, 1), "{body}");
        assert_eq!(world.ask_as_usual().await, is(reason, 1), "{body}");
        world.wait(SECOND);
        assert_eq!(world.ask_as_usual().await, is(reason, 2), "{body}");
    }
}

#[tokio::test]
async fn unknown_key_ids_cause_one_fetch_in_ten_seconds() {
    let world = World::new().await;
    assert_eq!(world.ask_as_usual().await, is("signed-in", 1));
    assert_eq!(world.ask(foreign_key(), "ins_2").await, is("jwk-kid-mismatch", 2));
    // That one is known to be unknown; of another it cannot be told yet.
    assert_eq!(world.ask(foreign_key(), "ins_2").await, is("jwk-kid-mismatch", 2));
    assert_eq!(world.ask(foreign_key(), "ins_3").await, is("too soon", 2));
    assert_eq!(world.ask_as_usual().await, is("signed-in", 2));
    world.wait(10 * SECOND - 1);
    assert_eq!(world.ask(foreign_key(), "ins_3").await, is("too soon", 2));
    world.wait(1);
    assert_eq!(world.ask(foreign_key(), "ins_3").await, is("jwk-kid-mismatch", 3));
    assert_eq!(world.ask(foreign_key(), "ins_2").await, is("too soon", 3));
}

#[tokio::test]
async fn failed_fetch_for_an_unknown_key_waits_the_interval() {
    let world = World::new().await;
    assert_eq!(world.ask_as_usual().await, is("signed-in", 1));
    world.answer(500, "");
    assert_eq!(world.ask(foreign_key(), "ins_2").await, is("out of reach", 2));
    assert_eq!(world.ask(foreign_key(), "ins_3").await, is("out of reach", 2));
    assert_eq!(world.ask_as_usual().await, is("signed-in", 2));
    world.wait(10 * SECOND);
    assert_eq!(world.ask(foreign_key(), "ins_2").await, is("out of reach", 3));
}

#[tokio::test]
async fn rotated_key_is_found_and_the_old_one_dropped() {
    let world = World::new().await;
    assert_eq!(world.ask_as_usual().await, is("signed-in", 1));
    world.answer(200, &key_set(&[(foreign_key(), "ins_2")]));
    assert_eq!(world.ask(foreign_key(), "ins_2").await, is("signed-in", 2));
    // The fetch has shown that the old key is gone, so its tokens need no other one.
    assert_eq!(world.ask_as_usual().await, is("jwk-kid-mismatch", 2));
    assert_eq!(world.ask(foreign_key(), "ins_3").await, is("too soon", 2));
    world.wait(10 * SECOND);
    assert_eq!(world.ask_as_usual().await, is("jwk-kid-mismatch", 3));
    assert_eq!(world.ask(foreign_key(), "ins_2").await, is("signed-in", 3));
}

#[tokio::test]
async fn key_that_one_refresh_lacks_comes_back_with_its_next_token() {
    let world = World::new().await;
    assert_eq!(world.ask_as_usual().await, is("signed-in", 1));
    world.wait(5 * MINUTE);
    // One outdated response, as from a cache at Clerk, without the key with which Clerk signs.
    world.answer(200, &key_set(&[(foreign_key(), "ins_2")]));
    assert_eq!(world.ask_as_usual().await.0, "signed-in");
    while world.authenticator.health().keys.age != Some(Duration::ZERO) {
        tokio::task::yield_now().await;
    }
    world.answer(200, &key_set(&[(instance_key(), KEY_ID)]));
    assert_eq!(world.ask_as_usual().await, is("signed-in", 3));
}

#[tokio::test]
async fn key_cache_intervals_are_configurable() {
    let world = World::new().await;
    let policy = KeyCachePolicy::default()
        .with_lifetime(Duration::from_secs(1))
        .with_max_stale(Duration::ZERO)
        .with_min_refetch(Duration::ZERO);
    let instance = world.server.live_instance();
    let backend = HttpBackend::new(&instance);
    let world = World {
        authenticator: Authenticator::builder(instance)
            .backend(backend)
            .clock(world.clock.clone())
            .key_cache(policy)
            .build(),
        ..world
    };
    assert_eq!(world.ask_as_usual().await, is("signed-in", 1));
    assert_eq!(world.ask(foreign_key(), "ins_2").await, is("jwk-kid-mismatch", 2));
    assert_eq!(world.ask(foreign_key(), "ins_2").await, is("jwk-kid-mismatch", 3));
    world.wait(SECOND);
    world.answer(500, "");
    assert_eq!(world.ask_as_usual().await, is("out of reach", 4));
}

#[tokio::test]
async fn token_that_no_key_can_verify_causes_no_fetch() {
    let world = World::new().await;
    let tokens = [
        (
            json!({ "alg": "HS256", "kid": "ins_2" }),
            None,
            "token-invalid-algorithm",
        ),
        (json!({ "alg": "none", "kid": KEY_ID }), None, "token-invalid-algorithm"),
        (json!({ "typ": "at", "kid": "ins_2" }), None, "token-invalid"),
        // 255 and 1025 bytes.
        (json!({ "kid": "ins_2" }), Some(340), "token-invalid-signature"),
        (json!({ "kid": "ins_2" }), Some(1_367), "token-invalid-signature"),
    ];
    let ask = async |header_changes: &Value, signature: Option<usize>| {
        let token = instance_key().sign(&header(header_changes), &session_claims(ISSUER));
        let token = match (token.rsplit_once('.'), signature) {
            (Some((signed, _)), Some(length)) => format!("{signed}.{}", "A".repeat(length)),
            _ => token,
        };
        let request = Request::get("https://app.example.com/").header("authorization", format!("Bearer {token}"));
        let outcome = world
            .authenticator
            .authenticate(&request.body(()).unwrap().into_parts().0)
            .await;
        (outcome_of(&outcome.state), world.server.count())
    };
    for (header_changes, signature, reason) in &tokens {
        assert_eq!(ask(header_changes, *signature).await, is(reason, 0), "{header_changes}");
    }
    assert_eq!(world.ask_as_usual().await, is("signed-in", 1));
    for (header_changes, signature, reason) in &tokens {
        let reason = if header_changes["kid"] == KEY_ID {
            reason
        } else {
            "jwk-kid-mismatch"
        };
        assert_eq!(ask(header_changes, *signature).await, is(reason, 1), "{header_changes}");
    }
}
