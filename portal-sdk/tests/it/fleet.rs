//! Facts that the authenticators of a fleet learn from each other, besides the end of leases.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Request;
use http::request::Parts;
use portal_sdk::authenticator::{Authenticator, AuthenticatorBuilder};
use portal_sdk::clock::{Clock as _, UnixTime};
use portal_sdk::fleet::{Fleet, FleetEvent, FleetHealth, FleetMember, InProcessFleet, SessionEndReason};
use portal_sdk::instance::Instance;
use portal_sdk::key::KeySet;
use portal_sdk::testing::{FakeBackend, TestClock, TestInstance, TestKey};
use proptest::prelude::*;
use serde_json::json;
use tokio::task::yield_now;

use crate::common::tokens::{foreign_key, instance_key, session_token};
use crate::common::{LIVE_KEY, clock};

const ISSUER: &str = "https://clerk.example.com";

/// A fleet that records events, and through which the test sends them.
#[derive(Clone, Debug, Default)]
struct Wire {
    told: Arc<Mutex<Vec<FleetEvent>>>,
    members: Arc<Mutex<Vec<FleetMember>>>,
}

impl Wire {
    fn told(&self) -> Vec<FleetEvent> {
        std::mem::take(&mut self.told.lock().unwrap())
    }

    fn send(&self, events: &[FleetEvent]) {
        let members = self.members.lock().unwrap().clone();
        for member in members {
            assert!(!member.is_gone());
            member.hear(events);
        }
    }
}

impl Fleet for Wire {
    fn tell(&self, event: &FleetEvent) {
        self.told.lock().unwrap().push(event.clone());
    }

    fn join(&self, member: FleetMember) {
        self.members.lock().unwrap().push(member);
    }
}

fn is_signed_in(authenticator: &Authenticator<FakeBackend>, parts: &Parts) -> bool {
    let authenticated = authenticator.try_authenticate(parts).expect("nothing is fetched");
    authenticated.state.claims().is_some()
}

fn page(clerk: &TestInstance, user: &str, session: &str) -> Parts {
    let session = clerk.signed_in(user).session_id(session);
    session.get("/").body(()).unwrap().into_parts().0
}

fn member_of(wire: &Wire, clerk: &TestInstance) -> Authenticator<FakeBackend> {
    Authenticator::builder(clerk.instance().clone())
        .backend(clerk.backend().clone())
        .clock(clerk.clock().clone())
        .fleet(wire.clone())
        .build()
}

fn ended(id: &str, until: UnixTime) -> FleetEvent {
    FleetEvent::SessionEnded {
        id: id.into(),
        reason: SessionEndReason::Revoked,
        until,
    }
}

/// Returns the time that an event of this moment has, with the lifetime of Clerk's tokens.
fn end_of_tokens(clerk: &TestInstance) -> UnixTime {
    let end = clerk.clock().now() + Duration::from_secs(60) + clerk.instance().clock_skew() * 2;
    UnixTime::from_secs((end.as_millis() + 9_999) / 10_000 * 10)
}

#[tokio::test]
async fn each_end_is_told_once_and_heard_events_are_not_repeated() {
    let (clerk, wire) = (TestInstance::new(), Wire::default());
    let authenticator = member_of(&wire, &clerk);
    let until = end_of_tokens(&clerk);
    let _headers = authenticator.sign_out(&page(&clerk, "user_1", "sess_1")).await.unwrap();
    authenticator.session_ended(&"sess_2".into(), SessionEndReason::Revoked);
    authenticator.user_deleted(&"user_2".into());
    let signed_out = FleetEvent::SessionEnded {
        id: "sess_1".into(),
        reason: SessionEndReason::SignedOut,
        until,
    };
    let deleted = FleetEvent::UserDeleted {
        id: "user_2".into(),
        until,
    };
    let events = wire.told();
    assert_eq!(events, [signed_out, ended("sess_2", until), deleted]);
    wire.send(&events);
    assert_eq!(wire.told(), []);
}

#[tokio::test]
async fn end_that_is_repeated_at_will_is_told_once_in_ten_seconds() {
    let (clerk, wire) = (TestInstance::new(), Wire::default());
    let authenticator = member_of(&wire, &clerk);
    let page = page(&clerk, "user_1", "sess_1");
    for _ in 0..1_000 {
        let _headers = authenticator.sign_out(&page).await.unwrap();
        authenticator.session_ended(&"sess_1".into(), SessionEndReason::SignedOut);
        authenticator.user_deleted(&"user_2".into());
        clerk.clock().advance(Duration::from_millis(20));
    }
    let told = wire.told();
    assert!((4..=6).contains(&told.len()), "{}", told.len());
    // The last ones suffice for a token that was issued with the last repetition.
    let until = clerk.clock().now() - Duration::from_millis(20) + Duration::from_secs(60);
    assert!(
        told[told.len() - 2..].iter().all(|event| event.until() >= Some(until)),
        "{told:?}"
    );
}

#[test]
fn events_that_arrive_together_late_and_repeatedly_are_taken_over() {
    let (clerk, wire) = (TestInstance::new(), Wire::default());
    let authenticator = member_of(&wire, &clerk);
    let now = clerk.clock().now();
    let pages: Vec<_> = (0..3).map(|n| page(&clerk, "user_1", &format!("sess_{n}"))).collect();
    let (late, soon) = (now - Duration::from_secs(1), now + Duration::from_secs(30));
    let events = [ended("sess_0", late), ended("sess_1", soon), ended("sess_1", soon)];
    wire.send(&events);
    wire.send(&events);
    let signed_in: Vec<_> = pages.iter().map(|page| is_signed_in(&authenticator, page)).collect();
    // The tokens of the first session have expired by the sender's account.
    assert_eq!(signed_in, [true, false, true]);
    clerk.clock().advance(Duration::from_secs(30));
    assert!(is_signed_in(&authenticator, &pages[1]), "it is forgotten");
}

#[test]
fn event_with_a_distant_time_is_kept_for_a_day() {
    let (clerk, wire) = (TestInstance::new(), Wire::default());
    let authenticator = member_of(&wire, &clerk);
    wire.send(&[ended("sess_1", UnixTime::from_millis(i64::MAX))]);
    assert!(!is_signed_in(&authenticator, &page(&clerk, "user_1", "sess_1")));
    clerk.clock().advance(Duration::from_secs(24 * 3_600 + 60));
    assert!(is_signed_in(&authenticator, &page(&clerk, "user_1", "sess_1")));
}

/// Returns a request with a token that is valid for an hour, as those of a JWT template can be.
fn page_with_long_token(clerk: &TestInstance) -> Parts {
    let long = clerk.signed_in("user_1").session_id("sess_1");
    let long = long.claim("exp", clerk.clock().now().as_secs() + 3_600);
    long.get("/").body(()).unwrap().into_parts().0
}

#[test]
fn session_whose_tokens_live_longer_is_remembered_longer() {
    let (clerk, wire) = (TestInstance::new(), Wire::default());
    let authenticator = member_of(&wire, &clerk);
    let long = page_with_long_token(&clerk);
    assert!(is_signed_in(&authenticator, &long));
    authenticator.session_ended(&"sess_1".into(), SessionEndReason::Revoked);
    clerk.clock().advance(Duration::from_secs(3_000));
    assert!(!is_signed_in(&authenticator, &long));
}

#[test]
fn longer_tokens_are_rejected_after_an_event_of_a_replica_that_saw_none() {
    let session: fn(UnixTime) -> FleetEvent = |until| ended("sess_1", until);
    let user: fn(UnixTime) -> FleetEvent = |until| FleetEvent::UserDeleted {
        id: "user_1".into(),
        until,
    };
    for event in [session, user] {
        let (clerk, wire) = (TestInstance::new(), Wire::default());
        let authenticator = member_of(&wire, &clerk);
        let long = page_with_long_token(&clerk);
        assert!(is_signed_in(&authenticator, &long));
        wire.send(&[event(clerk.clock().now() + Duration::from_secs(70))]);
        clerk.clock().advance(Duration::from_secs(3_000));
        assert!(!is_signed_in(&authenticator, &long));
    }
}

#[tokio::test]
async fn sign_out_with_a_short_token_rejects_the_longer_ones_of_its_session() {
    let (clerk, wire) = (TestInstance::new(), Wire::default());
    let authenticator = member_of(&wire, &clerk);
    let long = page_with_long_token(&clerk);
    assert!(is_signed_in(&authenticator, &long));
    let _headers = authenticator.sign_out(&page(&clerk, "user_1", "sess_1")).await.unwrap();
    clerk.clock().advance(Duration::from_secs(3_000));
    assert!(!is_signed_in(&authenticator, &long));
}

#[tokio::test]
async fn deleted_user_is_dropped_from_memory() {
    let (clerk, wire) = (TestInstance::new(), Wire::default());
    let authenticator = member_of(&wire, &clerk);
    let look_up = async || authenticator.user(&"user_1".into()).await.is_ok();
    assert!(look_up().await && look_up().await);
    assert_eq!(clerk.backend().calls(), ["user user_1"]);
    let until = clerk.clock().now() + Duration::from_secs(70);
    wire.send(&[FleetEvent::UserDeleted {
        id: "user_1".into(),
        until,
    }]);
    assert!(look_up().await);
    assert_eq!(clerk.backend().calls(), ["user user_1", "user user_1"]);
}

#[test]
fn state_of_the_fleet_is_that_of_its_connection() {
    #[derive(Debug)]
    struct Connected;

    impl Fleet for Connected {
        fn tell(&self, _: &FleetEvent) {}

        fn join(&self, _: FleetMember) {}

        fn health(&self) -> Option<FleetHealth> {
            let mut health = FleetHealth::default();
            (health.is_connected, health.waiting) = (true, 3);
            Some(health)
        }
    }

    let clerk = TestInstance::new();
    let builder = || Authenticator::builder(clerk.instance().clone()).backend(clerk.backend().clone());
    let found = builder().fleet(Arc::new(Connected)).build().health().fleet;
    assert_eq!(found, Connected.health());
    assert_eq!(builder().fleet(InProcessFleet::new()).build().health().fleet, None);
}

#[test]
fn dropped_authenticator_leaves_the_fleet() {
    let (clerk, wire) = (TestInstance::new(), Wire::default());
    let member = {
        let _authenticator = member_of(&wire, &clerk);
        wire.members.lock().unwrap().remove(0)
    };
    assert!(member.is_gone());
    member.hear(&[]);
}

/// Replicas that fetch their keys.
struct Replicas {
    backend: FakeBackend,
    clock: TestClock,
}

impl Replicas {
    fn builder(&self) -> AuthenticatorBuilder<FakeBackend> {
        let instance = Instance::builder(LIVE_KEY, "sk_live_x").build().unwrap();
        Authenticator::builder(instance)
            .backend(self.backend.clone())
            .clock(self.clock.clone())
    }

    fn jwks(&self) -> usize {
        self.backend.calls().iter().filter(|call| *call == "jwks").count()
    }

    /// Authenticates with a token of the instance's key, and lets a fetch in the background end.
    async fn visit(&self, authenticator: &Authenticator<FakeBackend>) -> bool {
        let now = self.clock.now().as_secs();
        let times = json!({ "iat": now - 5, "nbf": now - 5, "exp": now + 55 });
        let token = session_token(instance_key(), ISSUER, &times);
        let request = Request::get("https://app.example.com/").header("authorization", format!("Bearer {token}"));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let state = authenticator.authenticate(&parts).await.state;
        for _ in 0..8 {
            yield_now().await;
        }
        state.claims().is_some()
    }
}

fn other_keys() -> KeySet {
    KeySet::from_json(&json!({ "keys": [foreign_key().jwk("ins_other")] }))
}

fn key_removed() -> FleetEvent {
    FleetEvent::KeyRemoved {
        key_id: TestKey::ID.into(),
    }
}

#[tokio::test]
async fn removed_key_is_fetched_by_all_replicas_within_the_interval() {
    let replicas = Replicas {
        backend: FakeBackend::new(),
        clock: clock(),
    };
    let fleet = InProcessFleet::new();
    let [one, two] = [(), ()].map(|()| replicas.builder().fleet(fleet.clone()).build());
    assert!(replicas.visit(&one).await);
    replicas.clock.advance(Duration::from_secs(150));
    assert!(replicas.visit(&two).await);
    replicas.backend.set_jwks(Ok(other_keys()));
    // The keys of the first replica are old enough for a refresh, those of the second one are not.
    replicas.clock.advance(Duration::from_secs(140));
    assert!(replicas.visit(&one).await);
    assert_eq!(replicas.jwks(), 3);
    replicas.clock.advance(Duration::from_secs(10));
    assert!(replicas.visit(&two).await, "the key is used until the fetch ends");
    assert_eq!(replicas.jwks(), 4);
    assert!(!replicas.visit(&two).await, "the key is unknown");
}

#[tokio::test]
async fn removed_key_is_reported_once_and_receivers_do_not_repeat_it() {
    let replicas = Replicas {
        backend: FakeBackend::new(),
        clock: clock(),
    };
    let (wire, other) = (Wire::default(), Wire::default());
    let [one, two] = [&wire, &other].map(|fleet| replicas.builder().fleet(fleet.clone()).build());
    assert!(replicas.visit(&one).await && replicas.visit(&two).await);
    replicas.backend.set_jwks(Ok(other_keys()));
    other.send(&[key_removed()]);
    replicas.clock.advance(Duration::from_secs(290));
    let _states = (replicas.visit(&one).await, replicas.visit(&two).await);
    assert_eq!((wire.told(), other.told()), (vec![key_removed()], vec![]));
}

#[tokio::test]
async fn false_reports_of_removed_keys_cause_few_fetches() {
    let (replicas, wire) = (
        Replicas {
            backend: FakeBackend::new(),
            clock: clock(),
        },
        Wire::default(),
    );
    let authenticator = replicas.builder().fleet(wire.clone()).build();
    assert!(replicas.visit(&authenticator).await);
    for n in 0..1_000 {
        let invented = FleetEvent::KeyRemoved {
            key_id: format!("ins_{n}").into(),
        };
        wire.send(&[key_removed(), invented, key_removed()]);
        replicas.clock.advance(Duration::from_millis(290));
        assert!(replicas.visit(&authenticator).await);
    }
    // One because of the reports. They end with the lifetime of the keys, which is refreshed then anyway.
    assert!((2..=3).contains(&replicas.jwks()), "{}", replicas.jwks());
}

proptest! {
    #[test]
    fn event_of_any_id_and_time_survives_its_json(id in "\\PC{1,60}", until in any::<i64>()) {
        let until = UnixTime::from_millis(until);
        let event = ended(&id, until);
        prop_assert_eq!(FleetEvent::from_json(&event.to_json()), Some(event));
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC*", cut in 0_usize..90) {
        let _event = FleetEvent::from_json(&text);
        let json = ended("sess_1", UnixTime::from_secs(1)).to_json();
        let cut = cut.min(json.len() - 1);
        prop_assert_eq!(FleetEvent::from_json(&json[..cut]), None);
    }
}
