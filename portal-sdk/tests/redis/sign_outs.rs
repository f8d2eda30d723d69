//! Events between replicas, and those that Redis keeps.

use std::time::Duration;

use portal_sdk::clock::{Clock as _, SystemClock};
use portal_sdk::fleet::{Fleet as _, FleetEvent, RedisFleet, SessionEndReason};
use portal_sdk::instance::ConfigError;
use portal_sdk::lease::{Lease, LeaseEnd};
use portal_sdk::testing::TestInstance;
use tokio::runtime::{Builder, Runtime};

use crate::proxy::Proxy;
use crate::server::Redis;
use crate::{Replica, eventually};

const STORED: &str = "portal:clerk.example.com:stored";

#[test]
fn replicas_learn_the_ends_of_sessions_from_each_other() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let [one, two] = [(), ()].map(|()| Replica::connected_at(&redis.url(), &clerk));
    one.end("sess_1");
    assert!(!one.accepts("sess_1") && one.accepts("sess_2"));
    two.learns("sess_1");
    two.end("sess_2");
    one.learns("sess_2");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _headers = runtime.block_on(one.authenticator.sign_out(&one.page("sess_3")));
    two.learns("sess_3");
    assert!(two.accepts("sess_4"));
    two.authenticator.user_deleted(&"user_1".into());
    one.learns("sess_4");
}

#[test]
fn unlimited_timeout_does_not_overflow() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let [one, two] = [(), ()].map(|()| {
        let fleet = RedisFleet::builder(&redis.url(), clerk.instance()).timeout(Duration::MAX);
        Replica::of(fleet.build().unwrap(), &clerk)
    });
    one.wait_for_connection();
    two.wait_for_connection();
    one.end("sess_1");
    two.learns("sess_1");
}

#[test]
fn replica_that_starts_later_learns_the_stored_ends() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let one = Replica::connected_at(&redis.url(), &clerk);
    one.end("sess_1");
    one.end("sess_2");
    eventually("the ends are stored", || redis.run::<usize>(&["ZCARD", STORED]) == 2);
    let late = Replica::at(&redis.url(), &clerk);
    late.learns("sess_1");
    late.learns("sess_2");
    assert!(late.accepts("sess_3"));
}

#[test]
fn authenticator_that_joins_later_learns_the_stored_ends() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let fleet = RedisFleet::connect(&redis.url(), clerk.instance()).unwrap();
    let one = Replica::of(fleet.clone(), &clerk);
    one.wait_for_connection();
    one.end("sess_1");
    eventually("it is sent", || redis.run::<usize>(&["ZCARD", STORED]) == 1);
    let two = Replica::of(fleet, &clerk);
    two.learns("sess_1");
    assert_eq!(redis.connections(), 1, "they share a connection");
    two.end("sess_2");
    assert!(!one.accepts("sess_2"), "in one process it is known at once");
}

/// Returns a lease of the session at a replica, and the runtime of its task.
fn lease_at(replica: &Replica, session: &str) -> (Runtime, Lease) {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let lease = runtime.block_on(async {
        let page = replica.page(session);
        let state = replica.authenticator.authenticate(&page).await.state;
        replica.authenticator.lease(state.claims().expect("signed in"))
    });
    assert_eq!(lease.end(), None);
    (runtime, lease)
}

#[test]
fn lease_ends_with_a_sign_out_at_another_replica() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let [one, two] = [(), ()].map(|()| Replica::connected_at(&redis.url(), &clerk));
    let (runtime, lease) = lease_at(&two, "sess_1");
    one.end("sess_1");
    let end = runtime.block_on(lease.ended());
    assert_eq!(end, LeaseEnd::SessionEnded(SessionEndReason::Revoked));
}

#[test]
fn replica_that_was_away_learns_the_first_reason_of_a_stored_end() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let proxy = Proxy::to(redis.port());
    let one = RedisFleet::connect(&redis.url(), clerk.instance()).unwrap();
    let two = Replica::connected_at(&proxy.url(), &clerk);
    let (runtime, lease) = lease_at(&two, "sess_1");
    proxy.cut();
    eventually("the connection is lost", || !two.health().is_connected);
    // A sign-out, and more than ten seconds later the webhook about it.
    for (seconds, reason) in [(70, SessionEndReason::SignedOut), (85, SessionEndReason::Revoked)] {
        one.tell(&FleetEvent::SessionEnded {
            id: "sess_1".into(),
            reason,
            until: SystemClock.now() + Duration::from_secs(seconds),
        });
    }
    eventually("both are stored", || redis.run::<usize>(&["ZCARD", STORED]) == 2);
    proxy.forward();
    let end = runtime.block_on(lease.ended());
    assert_eq!(end, LeaseEnd::SessionEnded(SessionEndReason::SignedOut));
}

#[test]
fn burst_of_sign_outs_reaches_every_replica() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let [one, two] = [(), ()].map(|()| Replica::connected_at(&redis.url(), &clerk));
    // More than a page of stored events.
    for n in 0..10_100 {
        one.end(&format!("sess_{n}"));
    }
    two.learns("sess_10099");
    for n in [0, 1, 4_999, 9_999, 10_000] {
        two.learns(&format!("sess_{n}"));
    }
    let late = Replica::at(&redis.url(), &clerk);
    for n in [0, 1, 4_999, 9_999, 10_000, 10_099] {
        late.learns(&format!("sess_{n}"));
    }
    assert_eq!((one.health().waiting, one.health().dropped), (0, 0));
    assert_eq!(redis.run::<usize>(&["ZCARD", STORED]), 10_100);
}

#[test]
fn stored_events_are_bounded_and_those_that_end_first_are_dropped() {
    const MOST: usize = 131_072;
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let one = Replica::connected_at(&redis.url(), &clerk);
    let end = (SystemClock.now() + Duration::from_secs(60)).as_millis();
    let members: Vec<_> = (0..MOST)
        .map(|n| ((end + i64::from(n > 0)).to_string(), n.to_string()))
        .collect();
    for page in members.chunks(1_000) {
        let pairs = page.iter().flat_map(|(score, member)| [score.as_str(), member]);
        redis.run::<()>(&["ZADD", STORED].into_iter().chain(pairs).collect::<Vec<_>>());
    }
    one.end("sess_1");
    eventually("the one that ends first is dropped", || {
        redis.run::<Option<f64>>(&["ZSCORE", STORED, "0"]).is_none()
    });
    assert_eq!(redis.run::<usize>(&["ZCARD", STORED]), MOST);
    assert!(redis.run::<Option<f64>>(&["ZSCORE", STORED, "1"]).is_some());
}

#[test]
fn stored_ends_expire() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let one = Replica::connected_at(&redis.url(), &clerk);
    let ago = |secs| (SystemClock.now() - Duration::from_secs(secs)).as_millis().to_string();
    redis.run::<()>(&["ZADD", STORED, &ago(3_601), "expired"]);
    redis.run::<()>(&["ZADD", STORED, &ago(3_540), "for a replica that is away"]);
    one.end("sess_1");
    eventually("the expired one is removed", || {
        redis.run::<Option<f64>>(&["ZSCORE", STORED, "expired"]).is_none()
    });
    assert_eq!(redis.run::<usize>(&["ZREM", STORED, "for a replica that is away"]), 1);
    eventually("the set expires", || redis.run::<i64>(&["PTTL", STORED]) > 0);
    assert!(redis.run::<i64>(&["TTL", STORED]) <= 25 * 3_600);
    let [(event, until)] =
        <[(String, f64); 1]>::try_from(redis.run::<Vec<(String, f64)>>(&["ZRANGE", STORED, "0", "-1", "WITHSCORES"]))
            .unwrap();
    assert!(
        event.contains("sess_1") && event.contains(&format!("{until}")),
        "{event} {until}"
    );
    assert_eq!(
        redis.run::<Vec<String>>(&["KEYS", "*"]),
        [STORED],
        "no other key is left"
    );
}

#[test]
fn fleets_with_different_prefixes_share_no_events() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let one = Replica::connected_at(&redis.url(), &clerk);
    let named = |prefix: &str| {
        RedisFleet::builder(&redis.url(), clerk.instance())
            .prefix(prefix)
            .build()
    };
    let two = Replica::of(named("shop:").unwrap(), &clerk);
    two.wait_for_connection();
    two.end("sess_1");
    eventually("it is stored", || redis.run::<usize>(&["ZCARD", "shop:stored"]) == 1);
    one.end("sess_2");
    eventually("it is stored", || redis.run::<usize>(&["ZCARD", STORED]) == 1);
    let late = Replica::of(named("shop:").unwrap(), &clerk);
    late.learns("sess_1");
    assert!(one.accepts("sess_1") && two.accepts("sess_2") && late.accepts("sess_2"));
    for prefix in ["", "with space", "\n", "é", &"x".repeat(201)] {
        assert!(matches!(named(prefix), Err(ConfigError::Invalid { .. })), "{prefix:?}");
    }
}

#[test]
fn dropped_fleet_sends_what_waits_and_disconnects() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let one = Replica::connected_at(&redis.url(), &clerk);
    for n in 0..1_000 {
        one.end(&format!("sess_{n}"));
    }
    drop(one);
    eventually("all are sent", || redis.run::<usize>(&["ZCARD", STORED]) == 1_000);
    eventually("the connection ends", || redis.connections() == 0);
}
