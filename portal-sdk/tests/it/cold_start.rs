//! Starts without a Backend API: keys given as a value, keys in a file, and none at all. The clock stands still until a
//! test moves it.

use std::fs;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::Request;
use portal_sdk::authenticator::{Authenticator, AuthenticatorBuilder};
use portal_sdk::backend::{Backend, HttpBackend, KeyCachePolicy};
use portal_sdk::clock::Clock as _;
use portal_sdk::instance::Instance;
use portal_sdk::key::KeySet;
use portal_sdk::testing::{FakeBackend, TestClock};
use serde_json::{Value, json};

use crate::common::tokens::{KEY_ID, foreign_key, instance_key, jwks, jwks_answer};
use crate::common::{LIVE_KEY, TEST_KEY, clock, down, until};
use crate::key_cache::{outcome_of, request_at};
use crate::log::{Lines, set_default};
use crate::server::{Reply, Server};

fn builder<B: Backend>(backend: &B, clock: &TestClock) -> AuthenticatorBuilder<B> {
    let instance = Instance::builder(LIVE_KEY, "sk_live_x").build().unwrap();
    Authenticator::builder(instance)
        .backend(backend.clone())
        .clock(clock.clone())
}

/// A Backend API that is down.
fn unreachable() -> FakeBackend {
    let backend = FakeBackend::new();
    backend.set_jwks(Err(down()));
    backend
}

async fn ask<B: Backend>(authenticator: &Authenticator<B>, clock: &TestClock) -> String {
    let request = request_at(instance_key(), KEY_ID, clock.now().as_secs());
    outcome_of(&authenticator.authenticate(&request).await.state)
}

/// Waits until the fetches in the background are over.
async fn settle<B: Backend>(authenticator: &Authenticator<B>, fetches: u64) {
    while authenticator.health().keys.fetches_started < fetches {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn initial_keys_serve_at_once_until_a_fetch_replaces_them() {
    let (backend, clock) = (unreachable(), clock());
    let authenticator = builder(&backend, &clock).initial_keys(jwks()).build();
    assert!(backend.calls().is_empty(), "building fetches nothing");
    let request = request_at(instance_key(), KEY_ID, clock.now().as_secs());
    let state = authenticator
        .try_authenticate(&request)
        .expect("nothing is awaited")
        .state;
    assert_eq!(outcome_of(&state), "signed-in");
    settle(&authenticator, 1).await;
    assert_eq!(backend.calls(), ["jwks"]);
    let keys = authenticator.health().keys;
    assert_eq!((keys.usable, keys.failures, keys.fetches_failed), (1, 1, 1));
    assert!(keys.last_error.unwrap().contains("no connection"));

    backend.set_jwks(Ok(KeySet::from_json(&json!({ "keys": [foreign_key().jwk("ins_2")] }))));
    clock.advance(Duration::from_secs(1));
    assert_eq!(ask(&authenticator, &clock).await, "signed-in");
    settle(&authenticator, 2).await;
    assert_eq!(ask(&authenticator, &clock).await, "jwk-kid-mismatch");
    assert_eq!(authenticator.health().keys.last_error, None);
}

#[tokio::test]
async fn snapshot_on_disk_serves_after_a_restart_and_keeps_its_age() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let (backend, clock) = (FakeBackend::new(), clock());
    let first = builder(&backend, &clock).key_snapshot(&path).build();
    assert_eq!(ask(&first, &clock).await, "signed-in");
    while !path.exists() {
        tokio::task::yield_now().await;
    }
    let text = fs::read_to_string(&path).unwrap();
    let on_disk: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(on_disk["keys"], jwks_answer()["keys"]);
    assert_eq!(on_disk["portal_fetched_at"], clock.now().as_secs());
    assert_eq!(on_disk["portal_instance"], LIVE_KEY);
    assert_eq!(KeySet::from_file(&path).unwrap().to_json(), jwks().to_json());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "no temporary file is left"
    );

    // A restart during an outage.
    clock.advance(Duration::from_secs(24 * 3_600 + 299));
    let second = builder(&unreachable(), &clock).key_snapshot(&path).build();
    assert_eq!(second.health().keys.age, Some(Duration::from_secs(24 * 3_600 + 299)));
    assert_eq!(ask(&second, &clock).await, "signed-in");
    clock.advance(Duration::from_secs(1));
    let lines = Lines::default();
    let _guard = set_default(lines.clone());
    let third = builder(&unreachable(), &clock).key_snapshot(&path).build();
    assert_eq!(lines.with("too old").len(), 1, "{:?}", lines.all());
    assert_eq!(ask(&third, &clock).await, "out of reach");
}

#[tokio::test]
async fn snapshot_of_another_instance_is_ignored_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let file = |name: &str, instance: Value| {
        let path = folder.path().join(name);
        let mut on_disk = json!({ "keys": [instance_key().jwk(KEY_ID)], "portal_fetched_at": clock.now().as_secs() });
        on_disk["portal_instance"] = instance;
        fs::write(&path, on_disk.to_string()).unwrap();
        path
    };
    for (name, instance, found) in [
        ("development.json", json!(TEST_KEY), TEST_KEY),
        ("none.json", Value::Null, "no instance"),
        ("number.json", json!(5), "no instance"),
        ("secret.json", json!("sk_live_x"), "no instance"),
    ] {
        let lines = Lines::default();
        let _guard = set_default(lines.clone());
        let path = file(name, instance);
        let authenticator = builder(&unreachable(), &clock).key_snapshot(&path).build();
        assert_eq!(authenticator.health().keys.usable, 0, "{name}");
        assert_eq!(ask(&authenticator, &clock).await, "out of reach", "{name}");
        let warning = lines.with("another instance").concat();
        for part in [path.to_str().unwrap(), LIVE_KEY, found] {
            assert!(warning.contains(part), "{warning}");
        }
        // The keys that the operator gave are used instead.
        let given = builder(&unreachable(), &clock).key_snapshot(&path).initial_keys(jwks());
        assert_eq!(ask(&given.build(), &clock).await, "signed-in", "{name}");
    }
    let path = file("own.json", json!(LIVE_KEY));
    let other_keys = KeySet::from_json(&json!({ "keys": [foreign_key().jwk("ins_2")] }));
    let authenticator = builder(&unreachable(), &clock)
        .key_snapshot(&path)
        .initial_keys(other_keys);
    assert_eq!(
        ask(&authenticator.build(), &clock).await,
        "signed-in",
        "the file comes first"
    );
}

#[tokio::test]
async fn unusable_snapshot_counts_as_absent_and_is_one_warning() {
    let folder = tempfile::tempdir().unwrap();
    let lines = Lines::default();
    let _guard = set_default(lines.clone());
    let texts = [
        "",
        "{",
        "[]",
        r#"{"keys":[]}"#,
        r#"{"keys":[{"kid":"ins_1","kty":"EC"}]}"#,
    ];
    for (index, text) in texts.into_iter().enumerate() {
        // Each its own file, because the fetch replaces it.
        let path = folder.path().join(format!("{index}.json"));
        fs::write(&path, text).unwrap();
        let clock = clock();
        let authenticator = builder(&FakeBackend::new(), &clock).key_snapshot(&path).build();
        assert_eq!(lines.with("is ignored").len(), index + 1, "{text}: {:?}", lines.all());
        assert_eq!(ask(&authenticator, &clock).await, "signed-in");
    }
    // A folder that does not exist.
    let clock = clock();
    let nowhere = builder(&FakeBackend::new(), &clock).key_snapshot(folder.path().join("no/jwks.json"));
    assert_eq!(ask(&nowhere.build(), &clock).await, "signed-in");
}

#[test]
fn key_file_errors_name_the_file_and_the_defect() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let error = |text: &str| {
        fs::write(&path, text).unwrap();
        KeySet::from_file(&path).unwrap_err().to_string()
    };
    for (text, defect) in [
        ("", "found an empty file"),
        ("x", "found text that is not JSON"),
        ("{}", "found JSON of another form"),
        (r#"{"keys":[]}"#, "found 0 other entries"),
        (r#"{"keys":[{"kid":"a"},{"kid":"b"}]}"#, "found 2 other entries"),
        (&" ".repeat(1024 * 1024 + 1), "found a larger file"),
    ] {
        let error = error(text);
        assert!(error.starts_with(path.to_str().unwrap()), "{error}");
        assert!(error.contains("expected") && error.ends_with(defect), "{error}");
    }
    let missing = KeySet::from_file(folder.path().join("missing.json")).unwrap_err();
    assert!(missing.to_string().contains("missing.json"));
}

#[tokio::test]
async fn hanging_start_is_undecided_after_the_limit_and_then_at_once() {
    let server = Server::start(|_| std::future::pending::<Reply>()).await;
    let (backend, clock) = (HttpBackend::new(&server.live_instance()), clock());
    let policy = KeyCachePolicy::default().with_max_wait(Duration::from_millis(10));
    let authenticator = builder(&backend, &clock).key_cache(policy).build();
    // A request without a token waits for nothing and fetches nothing.
    let anonymous = Request::get("https://app.example.com/")
        .body(())
        .unwrap()
        .into_parts()
        .0;
    assert!(authenticator.try_authenticate(&anonymous).is_some());
    assert_eq!(authenticator.health().keys.fetches_started, 0);

    assert_eq!(ask(&authenticator, &clock).await, "out of reach");
    for key_id in [KEY_ID, "ins_2"] {
        let request = request_at(instance_key(), key_id, clock.now().as_secs());
        let mut later = Box::pin(authenticator.authenticate(&request));
        let Poll::Ready(later) = later.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("a request waits for a fetch that takes too long");
        };
        assert_eq!(outcome_of(&later.state), "out of reach");
    }
    let started = || authenticator.health().keys.fetches_started;
    // The fetch is a separate task, which a busy machine may start after the limit.
    until("the fetch", || started() > 0).await;
    assert_eq!(started(), 1);
}

#[tokio::test]
async fn unknown_id_is_undecided_at_once_while_its_fetch_hangs() {
    let server = Server::start(|_| std::future::pending::<Reply>()).await;
    let (backend, clock) = (HttpBackend::new(&server.live_instance()), clock());
    let policy = KeyCachePolicy::default().with_max_wait(Duration::from_millis(10));
    let authenticator = builder(&backend, &clock).key_cache(policy).initial_keys(jwks()).build();
    let forged = |n: u32| request_at(foreign_key(), &format!("ins_random_{n}"), clock.now().as_secs());
    let first = authenticator.authenticate(&forged(0)).await;
    assert_eq!(outcome_of(&first.state), "too soon");
    for n in 1..1_000 {
        let later = authenticator.try_authenticate(&forged(n)).expect("nothing is awaited");
        assert_eq!(outcome_of(&later.state), "too soon");
    }
    let own = request_at(instance_key(), KEY_ID, clock.now().as_secs());
    let state = authenticator.try_authenticate(&own).expect("nothing is awaited").state;
    assert_eq!(outcome_of(&state), "signed-in");
    assert_eq!(authenticator.health().keys.fetches_started, 1);
}

#[test]
fn authenticator_without_a_runtime_fetches_by_itself() {
    let (backend, clock) = (FakeBackend::new(), clock());
    let authenticator = builder(&backend, &clock).build();
    let ask = || {
        let request = request_at(instance_key(), KEY_ID, clock.now().as_secs());
        let mut asking = Box::pin(authenticator.authenticate(&request));
        loop {
            if let Poll::Ready(ready) = asking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return outcome_of(&ready.state);
            }
        }
    };
    assert_eq!(ask(), "signed-in");
    clock.advance(Duration::from_secs(299));
    assert_eq!(ask(), "signed-in");
    assert_eq!(backend.calls().len(), 1);
    clock.advance(Duration::from_secs(1));
    assert_eq!(ask(), "signed-in");
    assert_eq!(backend.calls().len(), 2, "the request that finds old keys fetches");
}
