//! Leases: a session with open connections, in paused time.

use std::time::Duration;

use http::Method;
use portal_sdk::authenticator::{Authenticator, AuthenticatorBuilder};
use portal_sdk::backend::ApiPath;
use portal_sdk::effect::BackendError;
use portal_sdk::fleet::{InProcessFleet, SessionEndReason};
use portal_sdk::lease::{Lease, LeaseEnd, LeasePolicy};
use portal_sdk::testing::{FakeBackend, TestInstance, TestSession};
use portal_sdk::token::SessionClaims;
use serde_json::json;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use crate::common::{down, error_answer, now};
use crate::log::{Lines, set_default};

const SIGNED_OUT: LeaseEnd = LeaseEnd::SessionEnded(SessionEndReason::SignedOut);

/// An instance whose tokens are half a second old, so that no look-up is due in the same moment as a test's timer.
pub(crate) fn instance() -> TestInstance {
    let clerk = TestInstance::new();
    clerk.clock().set(now() + Duration::from_millis(500));
    clerk
}

/// An authenticator without jitter, so that times are exact.
pub(crate) fn builder(clerk: &TestInstance) -> AuthenticatorBuilder<FakeBackend> {
    Authenticator::builder(clerk.instance().clone())
        .backend(clerk.backend().clone())
        .clock(clerk.clock().clone())
        .leases(LeasePolicy::default().with_jitter(false))
}

/// Authenticates a request of the session, as one with a new token does.
pub(crate) fn claims_at(authenticator: &Authenticator<FakeBackend>, session: &TestSession) -> SessionClaims {
    let (parts, ()) = session.get("/").body(()).unwrap().into_parts();
    let authenticated = authenticator.try_authenticate(&parts).expect("nothing is fetched");
    authenticated.state.claims().expect("signed in").clone()
}

fn lease(authenticator: &Authenticator<FakeBackend>, session: &TestSession) -> Lease {
    authenticator.lease(&claims_at(authenticator, session))
}

pub(crate) fn set_session(clerk: &TestInstance, id: &str, answer: Result<&str, BackendError>) {
    let answer = answer.map(|status| json!({ "status": status }));
    clerk
        .backend()
        .set_response(&Method::GET, &ApiPath::new(["sessions", id]), answer);
}

/// Lets timers of a task that was just spawned start at this moment.
pub(crate) async fn settle() {
    for _ in 0..8 {
        yield_now().await;
    }
}

/// Lets time pass for timers and for the clock.
pub(crate) async fn pass(clerk: &TestInstance, time: Duration) {
    settle().await;
    sleep(time).await;
    clerk.clock().advance(time);
    settle().await;
}

pub(crate) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) fn look_ups(clerk: &TestInstance) -> usize {
    let calls = clerk.backend().calls();
    calls.iter().filter(|call| call.starts_with("GET /sessions/")).count()
}

#[tokio::test(start_paused = true)]
async fn connections_of_a_session_share_one_look_up_a_minute() {
    let clerk = instance();
    let authenticator = builder(&clerk).build();
    let session = clerk.signed_in("user_1");
    let leases: Vec<_> = (0..100).map(|_| lease(&authenticator, &session)).collect();
    assert_eq!(authenticator.health().leases.sessions, 1);
    for minute in 1..=5 {
        pass(&clerk, secs(60)).await;
        assert_eq!(look_ups(&clerk), minute);
    }
    assert!(leases.iter().all(|lease| lease.end().is_none()));
    assert_eq!(authenticator.health().leases.look_ups, 5);
}

#[tokio::test(start_paused = true)]
async fn last_dropped_lease_stops_the_look_ups() {
    let clerk = instance();
    let authenticator = builder(&clerk).build();
    let session = clerk.signed_in("user_1");
    let (one, two) = (lease(&authenticator, &session), lease(&authenticator, &session));
    let (waits, three) = (one.ended(), one.clone());
    drop((one, three));
    drop(two);
    pass(&clerk, secs(60)).await;
    assert_eq!(look_ups(&clerk), 1, "a future keeps the lease");
    drop(waits);
    pass(&clerk, secs(600)).await;
    assert_eq!((look_ups(&clerk), authenticator.health().leases.sessions), (1, 0));
    let metrics = tokio::runtime::Handle::current().metrics();
    assert_eq!(metrics.num_alive_tasks(), 0, "no task is left");
    // Another lease is looked up again.
    let _again = lease(&authenticator, &session);
    pass(&clerk, secs(60)).await;
    assert_eq!(look_ups(&clerk), 2);
}

#[tokio::test(start_paused = true)]
async fn session_that_ended_at_clerk_ends_its_leases_with_the_reason() {
    use SessionEndReason::{Ended, Expired, NotFound, Revoked, SignedOut};
    let gone = || Err(error_answer(404, Some("resource_not_found")));
    for (answer, reason) in [
        (Ok("ended"), SignedOut),
        (Ok("removed"), SignedOut),
        (Ok("revoked"), Revoked),
        (Ok("expired"), Expired),
        (Ok("moved"), Ended),
        (gone(), NotFound),
    ] {
        let clerk = instance();
        let authenticator = builder(&clerk).build();
        let session = clerk.signed_in("user_1").session_id("sess_1");
        let lease = lease(&authenticator, &session);
        set_session(&clerk, "sess_1", answer.clone());
        assert_eq!(lease.ended().await, LeaseEnd::SessionEnded(reason), "{answer:?}");
        assert_eq!(lease.end(), Some(LeaseEnd::SessionEnded(reason)));
        assert_eq!((look_ups(&clerk), authenticator.health().leases.sessions), (1, 0));
        let (parts, ()) = session.get("/").body(()).unwrap().into_parts();
        let state = authenticator.try_authenticate(&parts).unwrap().state;
        // With another instance's secret key every session is unknown, so that 404 rejects no token.
        assert_eq!(state.claims().is_some(), reason == NotFound, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn live_session_keeps_its_leases() {
    let clerk = instance();
    let authenticator = builder(&clerk).build();
    let lease = lease(&authenticator, &clerk.signed_in("user_1").session_id("sess_1"));
    for status in ["active", "pending", "active"] {
        set_session(&clerk, "sess_1", Ok(status));
        assert!(timeout(secs(3_600), lease.ended()).await.is_err(), "{status}");
    }
    assert_eq!(look_ups(&clerk), 180);
}

#[tokio::test(start_paused = true)]
async fn failed_look_ups_end_the_lease_after_the_stated_age() {
    for error in [
        down(),
        BackendError::timeout(secs(5)),
        error_answer(500, None),
        error_answer(429, Some("too_many_requests")),
        // A page of a proxy.
        error_answer(404, None),
        // The secret key is wrong, which says nothing about the session.
        error_answer(401, Some("clerk_key_invalid")),
        error_answer(403, Some("forbidden")),
        error_answer(422, Some("form_param_invalid")),
    ] {
        let clerk = instance();
        let authenticator = builder(&clerk).build();
        let lease = lease(&authenticator, &clerk.signed_in("user_1").session_id("sess_1"));
        set_session(&clerk, "sess_1", Err(error.clone()));
        assert!(timeout(secs(599), lease.ended()).await.is_err(), "{error}");
        assert_eq!(
            timeout(secs(2), lease.ended()).await,
            Ok(LeaseEnd::Unconfirmed),
            "{error}"
        );
        assert_eq!(look_ups(&clerk), 5, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_of_two_outages_is_logged_once_although_no_look_up_succeeds_between() {
    let (clerk, lines) = (instance(), Lines::default());
    let _guard = set_default(lines.clone());
    let authenticator = builder(&clerk).build();
    set_session(&clerk, "sess_1", Err(down()));
    for outages in 1..=2 {
        let lease = lease(&authenticator, &clerk.signed_in("user_1").session_id("sess_1"));
        assert_eq!(timeout(secs(700), lease.ended()).await, Ok(LeaseEnd::Unconfirmed));
        assert_eq!(lines.with("cannot be looked up").len(), outages);
    }
}

#[tokio::test(start_paused = true)]
async fn outage_shorter_than_the_age_ends_no_lease() {
    let clerk = instance();
    let authenticator = builder(&clerk).build();
    let lease = lease(&authenticator, &clerk.signed_in("user_1").session_id("sess_1"));
    set_session(&clerk, "sess_1", Err(down()));
    assert!(timeout(secs(590), lease.ended()).await.is_err());
    set_session(&clerk, "sess_1", Ok("active"));
    assert!(timeout(secs(3_600), lease.ended()).await.is_err());
    set_session(&clerk, "sess_1", Ok("removed"));
    assert_eq!(lease.ended().await, SIGNED_OUT);
}

#[tokio::test(start_paused = true)]
async fn retry_after_pauses_the_look_ups_of_all_sessions() {
    let clerk = instance();
    let authenticator = builder(&clerk).build();
    let leases: Vec<_> = (0..50)
        .map(|n| {
            let id = format!("sess_{n}");
            let error = error_answer(429, Some("too_many_requests")).with_retry_after(secs(30));
            set_session(&clerk, &id, Err(error));
            lease(&authenticator, &clerk.signed_in("user_1").session_id(id))
        })
        .collect();
    pass(&clerk, secs(60)).await;
    // Those that were in progress when the first answer arrived.
    assert!(look_ups(&clerk) <= 16, "{}", look_ups(&clerk));
    assert!(leases.iter().all(|lease| lease.end().is_none()));
    // After the pause each session is looked up again.
    for n in 0..50 {
        set_session(&clerk, &format!("sess_{n}"), Ok("removed"));
    }
    pass(&clerk, secs(60)).await;
    assert!(leases.iter().all(|lease| lease.end() == Some(SIGNED_OUT)));
}

#[tokio::test(start_paused = true)]
async fn outage_of_look_ups_is_logged_once_and_so_is_its_end() {
    let lines = Lines::default();
    let _guard = set_default(lines.clone());
    let clerk = instance();
    let authenticator = builder(&clerk).build();
    set_session(&clerk, "sess_1", Err(down()));
    let lease = lease(&authenticator, &clerk.signed_in("user_1").session_id("sess_1"));
    pass(&clerk, secs(200)).await;
    assert_eq!(look_ups(&clerk), 2);
    let failing = lines.with("cannot be looked up");
    assert!(failing.len() == 1 && failing[0].starts_with("WARN"), "{failing:?}");
    assert!(failing[0].contains("max_age_secs=600"), "{failing:?}");
    set_session(&clerk, "sess_1", Ok("active"));
    pass(&clerk, secs(200)).await;
    let back = lines.with("can be looked up again");
    assert!(back.len() == 1 && back[0].starts_with("INFO"), "{back:?}");
    assert_eq!(lease.end(), None);
}

#[tokio::test(start_paused = true)]
async fn new_token_of_the_session_saves_the_look_up() {
    let clerk = instance();
    let authenticator = builder(&clerk).build();
    let session = clerk.signed_in("user_1");
    let lease = lease(&authenticator, &session);
    for _ in 0..10 {
        pass(&clerk, secs(50)).await;
        let _claims = claims_at(&authenticator, &session);
    }
    assert_eq!((look_ups(&clerk), lease.end()), (0, None));
    // A token of another session does not.
    pass(&clerk, secs(50)).await;
    let _claims = claims_at(&authenticator, &session.clone().session_id("sess_2"));
    pass(&clerk, secs(10)).await;
    assert_eq!(look_ups(&clerk), 1);
}

#[tokio::test(start_paused = true)]
async fn clock_that_is_set_ends_no_lease_and_keeps_none() {
    let clerk = instance();
    let authenticator = builder(&clerk).build();
    let session = clerk.signed_in("user_1").session_id("sess_1");
    let lease = lease(&authenticator, &session);
    let start = portal_sdk::clock::Clock::now(clerk.clock());
    for at in [start + secs(86_400), start - secs(86_400), start] {
        clerk.clock().set(at);
        assert!(timeout(secs(120), lease.ended()).await.is_err());
    }
    assert_eq!(look_ups(&clerk), 6);
    // A day ahead, and Clerk out of reach: the age is that of the last look-up.
    clerk.clock().set(start + secs(86_400));
    set_session(&clerk, "sess_1", Err(down()));
    assert!(timeout(secs(590), lease.ended()).await.is_err());
    assert_eq!(timeout(secs(20), lease.ended()).await, Ok(LeaseEnd::Unconfirmed));
}

#[tokio::test(start_paused = true)]
async fn clock_that_is_set_back_does_not_let_one_token_prove_life_twice() {
    let clerk = instance();
    let authenticator = builder(&clerk).build();
    let claims = claims_at(&authenticator, &clerk.signed_in("user_1").session_id("sess_1"));
    let lease = authenticator.lease(&claims);
    set_session(&clerk, "sess_1", Err(down()));
    let before = portal_sdk::clock::Clock::now(clerk.clock()) - secs(3_600);
    for _ in 0..6 {
        assert!(timeout(secs(99), lease.ended()).await.is_err());
        clerk.clock().set(before);
        drop(authenticator.lease(&claims));
    }
    assert_eq!(timeout(secs(10), lease.ended()).await, Ok(LeaseEnd::Unconfirmed));
}

#[tokio::test(start_paused = true)]
async fn lease_of_a_session_that_has_ended_ends_at_once() {
    let clerk = instance();
    let authenticator = builder(&clerk).build();
    let claims = claims_at(&authenticator, &clerk.signed_in("user_1").session_id("sess_1"));
    authenticator.session_ended(&"sess_1".into(), SessionEndReason::Revoked);
    let lease = authenticator.lease(&claims);
    assert_eq!(lease.end(), Some(LeaseEnd::SessionEnded(SessionEndReason::Revoked)));
    let other = claims_at(&authenticator, &clerk.signed_in("user_1").session_id("sess_2"));
    authenticator.user_deleted(&"user_1".into());
    assert_eq!(authenticator.lease(&other).end(), Some(LeaseEnd::UserDeleted));
    assert_eq!(authenticator.health().leases.sessions, 0);
}

#[tokio::test(start_paused = true)]
async fn old_claims_of_a_session_that_is_forgotten_are_looked_up_at_once() {
    let clerk = instance();
    let authenticator = builder(&clerk).build();
    let claims = claims_at(&authenticator, &clerk.signed_in("user_1").session_id("sess_1"));
    set_session(&clerk, "sess_1", Ok("revoked"));
    clerk.clock().advance(secs(3_600));
    let lease = authenticator.lease(&claims);
    let end = timeout(secs(1), lease.ended()).await;
    assert_eq!(end, Ok(LeaseEnd::SessionEnded(SessionEndReason::Revoked)));
}

#[tokio::test(start_paused = true)]
async fn expired_claims_are_looked_up_at_once_however_long_the_interval_is() {
    let clerk = instance();
    let policy = LeasePolicy::default().with_jitter(false).with_interval(secs(3_600));
    let authenticator = builder(&clerk).leases(policy).build();
    let claims = claims_at(&authenticator, &clerk.signed_in("user_1").session_id("sess_1"));
    authenticator.session_ended(&"sess_1".into(), SessionEndReason::Revoked);
    set_session(&clerk, "sess_1", Ok("revoked"));
    // The token has expired, so that the end is forgotten.
    clerk.clock().advance(secs(100));
    let end = timeout(secs(1), authenticator.lease(&claims).ended()).await;
    assert_eq!(end, Ok(LeaseEnd::SessionEnded(SessionEndReason::Revoked)));
}

#[tokio::test(start_paused = true)]
async fn claims_that_expire_now_are_looked_up_at_once() {
    let clerk = instance();
    let policy = LeasePolicy::default().with_jitter(false).with_interval(secs(3_600));
    let authenticator = builder(&clerk).leases(policy).build();
    let claims = claims_at(&authenticator, &clerk.signed_in("user_1").session_id("sess_1"));
    set_session(&clerk, "sess_1", Ok("removed"));
    clerk.clock().set(claims.expires_at().unwrap());
    let end = timeout(secs(1), authenticator.lease(&claims).ended()).await;
    assert_eq!(end, Ok(SIGNED_OUT));
}

#[tokio::test(start_paused = true)]
async fn events_of_the_fleet_end_leases_and_reject_tokens() {
    let clerk = instance();
    let fleet = InProcessFleet::new();
    let [one, two] = [(), ()].map(|()| builder(&clerk).fleet(fleet.clone()).build());
    let session = |n: u32| clerk.signed_in("user_1").session_id(format!("sess_{n}"));
    let leases: Vec<_> = (1..=3).map(|n| lease(&two, &session(n))).collect();

    let (parts, ()) = session(1).get("/").body(()).unwrap().into_parts();
    let _headers = one.sign_out(&parts).await.unwrap();
    assert_eq!(timeout(Duration::ZERO, leases[0].ended()).await, Ok(SIGNED_OUT));
    assert!(two.try_authenticate(&parts).unwrap().state.claims().is_none());
    assert!(leases[1].end().is_none());

    one.session_ended(&"sess_2".into(), SessionEndReason::Revoked);
    assert_eq!(leases[1].end(), Some(LeaseEnd::SessionEnded(SessionEndReason::Revoked)));
    assert!(leases[2].end().is_none());

    one.user_deleted(&"user_1".into());
    assert_eq!(leases[2].end(), Some(LeaseEnd::UserDeleted));
    let (parts, ()) = session(4).get("/").body(()).unwrap().into_parts();
    assert!(two.try_authenticate(&parts).unwrap().state.claims().is_none());
    assert_eq!(two.health().leases.sessions, 0);
}

#[tokio::test(start_paused = true)]
async fn look_up_that_finds_an_end_tells_the_fleet() {
    let clerk = instance();
    let fleet = InProcessFleet::new();
    let [one, two] = [(), ()].map(|()| builder(&clerk).fleet(fleet.clone()).build());
    let session = clerk.signed_in("user_1").session_id("sess_1");
    let first = lease(&one, &session);
    pass(&clerk, secs(30)).await;
    let second = lease(&two, &session);
    set_session(&clerk, "sess_1", Ok("removed"));
    assert_eq!((first.ended().await, second.ended().await), (SIGNED_OUT, SIGNED_OUT));
    assert_eq!(look_ups(&clerk), 1, "the second replica needs none");
}

#[tokio::test(start_paused = true)]
async fn token_without_a_session_ends_its_lease_when_it_expires() {
    let clerk = instance();
    let authenticator = builder(&clerk).build();
    let session = clerk.signed_in("user_1").claim("sid", json!(null));
    let (one, two) = (lease(&authenticator, &session), lease(&authenticator, &session));
    assert!(timeout(secs(59), one.ended()).await.is_err());
    let skew = clerk.instance().clock_skew();
    assert_eq!(timeout(skew + secs(2), one.ended()).await, Ok(LeaseEnd::Unconfirmed));
    assert_eq!((two.ended().await, look_ups(&clerk)), (LeaseEnd::Unconfirmed, 0));
    // The deletion of its user ends it sooner.
    let three = lease(&authenticator, &session);
    authenticator.user_deleted(&"user_1".into());
    assert_eq!(three.end(), Some(LeaseEnd::UserDeleted));
}

#[test]
fn lease_without_a_runtime_ends_unconfirmed() {
    let clerk = instance();
    let authenticator = builder(&clerk).build();
    let lease = lease(&authenticator, &clerk.signed_in("user_1"));
    assert_eq!(lease.end(), Some(LeaseEnd::Unconfirmed));
    assert_eq!(authenticator.health().leases.sessions, 0);
}

#[test]
fn lease_ends_with_its_runtime() {
    let clerk = instance();
    let authenticator = builder(&clerk).build();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let lease = runtime.block_on(async { lease(&authenticator, &clerk.signed_in("user_1")) });
    assert_eq!(lease.end(), None);
    drop(runtime);
    assert_eq!(lease.end(), Some(LeaseEnd::Unconfirmed));
}

#[tokio::test(start_paused = true)]
async fn burst_of_leases_and_sign_outs_leaves_no_entry() {
    let clerk = instance();
    let authenticator = builder(&clerk).build();
    // The same claims with other IDs would need 10,000 signatures; one session a user is enough for the table.
    let claims: Vec<_> = (0..200)
        .map(|n| {
            claims_at(
                &authenticator,
                &clerk
                    .signed_in(format!("user_{}", n % 7))
                    .session_id(format!("sess_{n}")),
            )
        })
        .collect();
    let leases: Vec<_> = (0..10_000).map(|n| authenticator.lease(&claims[n % 200])).collect();
    assert_eq!(authenticator.health().leases.sessions, 200);
    let waiting: Vec<_> = leases.iter().map(|lease| tokio::spawn(lease.ended())).collect();
    settle().await;
    for n in 0..10_000 {
        authenticator.session_ended(&format!("sess_{n}").into(), SessionEndReason::Revoked);
    }
    for end in waiting {
        assert_eq!(end.await.unwrap(), LeaseEnd::SessionEnded(SessionEndReason::Revoked));
    }
    assert_eq!(authenticator.health().leases.sessions, 0);
    drop(leases);
    settle().await;
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
    assert_eq!(look_ups(&clerk), 0);
}

#[test]
fn sign_out_while_a_lease_is_created_is_never_missed() {
    let clerk = instance();
    let authenticator = builder(&clerk).build();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_time()
        .worker_threads(1)
        .build()
        .unwrap();
    for n in 0..500 {
        let id = format!("sess_{n}");
        let claims = claims_at(&authenticator, &clerk.signed_in("user_1").session_id(id.as_str()));
        let barrier = std::sync::Barrier::new(2);
        let lease = std::thread::scope(|scope| {
            scope.spawn(|| {
                barrier.wait();
                authenticator.session_ended(&id.as_str().into(), SessionEndReason::SignedOut);
            });
            let _inside = runtime.enter();
            barrier.wait();
            authenticator.lease(&claims)
        });
        assert_eq!(lease.end(), Some(SIGNED_OUT), "{n}");
    }
}
