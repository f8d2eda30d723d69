//! Keys in memory answer at once, fetches run beside them, and a fetch outlives the request that started it. The clock
//! stands still until a test moves it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Waker};
use std::time::Duration;

use http::Request;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::HttpBackend;
use portal_sdk::clock::{Clock as _, UnixTime};
use portal_sdk::instance::Instance;
use portal_sdk::state::Outcome;
use portal_sdk::testing::FakeBackend;
use tokio::sync::Semaphore;

use crate::common::tokens::{KEY_ID, foreign_key, header, instance_key, jwks};
use crate::common::{LIVE_KEY, clock, down, now};
use crate::key_cache::{HOUR, MINUTE, SECOND, World, is, key_set, outcome_of, request_at};
use crate::log::{Lines, set_default};
use crate::server::{Reply, Server, json};

/// Requests that are given up at their first await.
async fn give_up(world: &World, key_ids: impl IntoIterator<Item = String>) {
    for key_id in key_ids {
        let request = world.request(foreign_key(), &key_id);
        let mut asking = Box::pin(world.authenticator.authenticate(&request));
        let mut cx = Context::from_waker(Waker::noop());
        let _ = asking.as_mut().poll(&mut cx);
        drop(asking);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn keys_in_memory_answer_while_the_backend_api_hangs() {
    let answers = Arc::new(Semaphore::new(1));
    let permits = answers.clone();
    let server = Server::start(move |_| {
        let permits = permits.clone();
        async move {
            permits.acquire().await.unwrap().forget();
            json(200, &key_set(&[(instance_key(), KEY_ID)]))
        }
    })
    .await;
    let clock = clock();
    let instance = server.live_instance();
    let authenticator = Authenticator::builder(instance.clone())
        .backend(HttpBackend::new(&instance))
        .clock(clock.clone())
        .build();
    let request = |minutes: i64| request_at(instance_key(), KEY_ID, now().as_secs() + minutes * 60);
    let first = authenticator.authenticate(&request(0)).await;
    assert_eq!(outcome_of(&first.state), "signed-in");

    // The next answers never come, and no caller waits for them.
    for minutes in [5, 6, 60, 24 * 60] {
        clock.set(UnixTime::from_millis(now().as_millis() + minutes * MINUTE));
        let at_once = authenticator
            .try_authenticate(&request(minutes))
            .expect("nothing is awaited");
        assert_eq!(outcome_of(&at_once.state), "signed-in", "{minutes}");
        let at_once = authenticator.authenticate(&request(minutes)).await;
        assert_eq!(outcome_of(&at_once.state), "signed-in", "{minutes}");
    }
    while server.count() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.count(), 2, "one fetch is under way");
    // Beyond the stated limit keys are too old to answer.
    clock.set(UnixTime::from_millis(now().as_millis() + 24 * HOUR + 5 * MINUTE));
    assert!(authenticator.try_authenticate(&request(24 * 60 + 5)).is_none());
}

#[tokio::test]
async fn abandoned_requests_with_random_key_ids_cause_one_fetch_per_interval() {
    let world = World::new().await;
    assert_eq!(world.ask_as_usual().await, is("signed-in", 1));
    give_up(&world, (0..60).map(|n| format!("ins_random_{n}"))).await;
    // The started fetch completes although no caller waits for it.
    while world.server.count() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.ask(foreign_key(), "ins_another").await, is("too soon", 2));
    world.wait(10 * SECOND);
    give_up(&world, (60..120).map(|n| format!("ins_random_{n}"))).await;
    assert_eq!(world.ask(foreign_key(), "ins_yet_another").await, is("too soon", 3));
    assert_eq!(world.ask_as_usual().await, is("signed-in", 3));
}

#[tokio::test]
async fn abandoned_requests_without_keys_in_memory_cause_one_fetch_per_interval() {
    let world = World::new().await;
    world.answer(503, "");
    give_up(&world, (0..60).map(|n| format!("ins_random_{n}"))).await;
    assert_eq!(world.ask_as_usual().await, is("out of reach", 1));
    world.answer(200, &key_set(&[(instance_key(), KEY_ID)]));
    world.wait(SECOND);
    give_up(&world, [KEY_ID.to_owned()]).await;
    assert_eq!(world.ask_as_usual().await, is("signed-in", 2));
}

#[tokio::test]
async fn clock_set_back_does_not_stop_key_fetching() {
    let world = World::new().await;
    assert_eq!(world.ask_as_usual().await, is("signed-in", 1));
    assert_eq!(world.ask(foreign_key(), "ins_2").await, is("jwk-kid-mismatch", 2));
    world.wait(-HOUR);
    // Keys are read again, and so are those for an unknown key id.
    world.answer(200, &key_set(&[(foreign_key(), "ins_3")]));
    assert_eq!(world.ask(foreign_key(), "ins_3").await, is("signed-in", 3));

    let world = World::new().await;
    world.answer(503, "");
    assert_eq!(world.ask_as_usual().await, is("out of reach", 1));
    world.wait(-HOUR);
    world.answer(200, &key_set(&[(instance_key(), KEY_ID)]));
    assert_eq!(world.ask_as_usual().await, is("signed-in", 2));
}

#[tokio::test]
async fn malformed_entry_does_not_invalidate_the_key_set() {
    let good = instance_key().jwk(KEY_ID).to_string();
    let unusable = r#"{"kid":"ins_1","kty":"oct","k":"AQ"}"#;
    let mut spoilt = instance_key().jwk(KEY_ID);
    spoilt["x5c"] = "text".into();
    for keys in [
        format!(r#"{{"kid":5}},{good}"#),
        format!(r#"{good},{{"kid":5}}"#),
        format!(r#"null,[],"text",{{"x5c":"text"}},{good}"#),
        format!("{unusable},{good}"),
        format!("{good},{unusable}"),
        spoilt.to_string(),
    ] {
        let world = World::new().await;
        world.answer(200, &format!(r#"{{"keys":[{keys}]}}"#));
        assert_eq!(world.ask_as_usual().await, is("signed-in", 1), "{keys}");
    }
}

#[tokio::test]
async fn key_set_of_malformed_entries_is_an_outage() {
    let world = World::new().await;
    world.answer(200, r#"{"keys":[{"kid":5},null]}"#);
    assert_eq!(world.ask_as_usual().await, is("out of reach", 1));
}

#[tokio::test]
async fn failed_key_fetch_is_logged_with_its_call_and_effect() {
    let lines = Lines::default();
    let _guard = set_default(lines.clone());
    let world = World::new().await;
    world.answer(503, "");
    for _ in 0..3 {
        assert_eq!(world.ask_as_usual().await.0, "out of reach");
        world.wait(5 * SECOND);
    }
    assert_eq!(lines.with("none are in memory").len(), 1, "{:?}", lines.all());
    assert!(lines.with("stay in use").is_empty());
    let warnings = lines.with("WARN").concat();
    assert!(warnings.contains(&format!("{}/v1", world.server.url())), "{warnings}");
    let calls = lines.with(&format!("{}/v1/jwks", world.server.url()));
    assert_eq!(calls.len(), 3, "{:?}", lines.all());

    let lines = Lines::default();
    let _guard = set_default(lines.clone());
    let world = World::new().await;
    assert_eq!(world.ask_as_usual().await.0, "signed-in");
    world.answer(503, "");
    world.wait(10 * SECOND);
    assert_eq!(world.ask(foreign_key(), "ins_2").await.0, "out of reach");
    assert_eq!(lines.with("stay in use").len(), 1, "{:?}", lines.all());
}

#[tokio::test]
async fn log_line_of_a_fetch_is_written_without_a_lock() {
    let cell: Arc<OnceLock<Authenticator<FakeBackend>>> = Arc::default();
    let asking = cell.clone();
    // As a subscriber may. With a lock held it would never return.
    let lines = Lines::calling(move || drop(asking.get().map(Authenticator::health)));
    let _guard = set_default(lines.clone());
    let (backend, clock) = (FakeBackend::new(), clock());
    let instance = Instance::builder(LIVE_KEY, "sk_live_x").build().unwrap();
    let authenticator = Authenticator::builder(instance)
        .backend(backend.clone())
        .clock(clock.clone())
        .build();
    cell.set(authenticator.clone()).unwrap();
    let request = request_at(instance_key(), KEY_ID, now().as_secs());
    backend.set_jwks(Err(down()));
    assert_eq!(
        outcome_of(&authenticator.authenticate(&request).await.state),
        "out of reach"
    );
    backend.set_jwks(Ok(jwks()));
    clock.advance(Duration::from_secs(5));
    assert_eq!(
        outcome_of(&authenticator.authenticate(&request).await.state),
        "signed-in"
    );
    assert_eq!(
        lines.with("WARN message=signing keys cannot be fetched").len(),
        1,
        "{:?}",
        lines.all()
    );
    assert_eq!(lines.with("can be fetched again").len(), 1, "{:?}", lines.all());
}

#[tokio::test]
async fn clock_that_panics_after_a_fetch_ends_it_as_a_failure() {
    let (backend, clock, has_panicked) = (FakeBackend::new(), clock(), AtomicBool::new(false));
    let instance = Instance::builder(LIVE_KEY, "sk_live_x").build().unwrap();
    let (calls, time) = (backend.clone(), clock.clone());
    let authenticator = Authenticator::builder(instance)
        .backend(backend.clone())
        .clock(move || {
            let panics = !calls.calls().is_empty() && !has_panicked.swap(true, Ordering::SeqCst);
            assert!(!panics, "this panic is intended");
            time.now()
        })
        .build();
    let request = request_at(instance_key(), KEY_ID, now().as_secs());
    assert_eq!(
        outcome_of(&authenticator.authenticate(&request).await.state),
        "out of reach"
    );
    assert_eq!(authenticator.health().keys.failures, 1);
    clock.advance(Duration::from_secs(5));
    assert_eq!(
        outcome_of(&authenticator.authenticate(&request).await.state),
        "signed-in"
    );
}

#[tokio::test]
async fn closed_connection_is_logged_with_its_cause() {
    let lines = Lines::default();
    let _guard = set_default(lines.clone());
    let server = Server::always(|| Reply::Close).await;
    let instance = server.live_instance();
    let authenticator = Authenticator::builder(instance.clone())
        .backend(HttpBackend::new(&instance))
        .clock(now)
        .build();
    let request = request_at(instance_key(), KEY_ID, now().as_secs());
    let outcome = authenticator.authenticate(&request).await;
    assert_eq!(outcome_of(&outcome.state), "out of reach");
    let line = lines.with("WARN").concat();
    assert!(line.contains("connection to the Backend API failed: "), "{line}");
}

#[tokio::test]
async fn second_token_of_a_request_is_decided_by_the_keys_of_the_first() {
    let world = World::new().await;
    let directives = ["__session=eyJhIjoxfQ.eyJhIjoxfQ.AAAA; Path=/"];
    let handshake = instance_key().sign(
        &header(&serde_json::json!({})),
        &serde_json::json!({ "handshake": directives }),
    );
    let parts = Request::get("/")
        .header("host", "app.example.com")
        .header("cookie", format!("__clerk_handshake={handshake}"))
        .body(())
        .unwrap()
        .into_parts()
        .0;
    let outcome = world.authenticator.authenticate(&parts).await;
    assert!(
        matches!(outcome.state.outcome, Outcome::SignedOut(_)),
        "{:?}",
        outcome.state
    );
    assert_eq!(world.server.count(), 1);
}
