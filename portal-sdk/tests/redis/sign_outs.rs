//! Events between replicas, and those that Redis keeps.

use std::time::Duration;

use portal_sdk::clock::{Clock as _, SystemClock};
use portal_sdk::fleet::{RedisFleet, SessionEndReason};
use portal_sdk::instance::ConfigError;
use portal_sdk::lease::LeaseEnd;
use portal_sdk::testing::TestInstance;

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
fn unlimited_timeout_is_no_overflow() {
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

#[test]
fn lease_ends_with_a_sign_out_at_another_replica() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let [one, two] = [(), ()].map(|()| Replica::connected_at(&redis.url(), &clerk));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.unwrap();
    let lease = runtime.block_on(async {
        let page = two.page("sess_1");
        let state = two.authenticator.authenticate(&page).await.state;
        two.authenticator.lease(state.claims().expect("signed in"))
    });
    assert_eq!(lease.end(), None);
    one.end("sess_1");
    let end = runtime.block_on(lease.ended());
    assert_eq!(end, LeaseEnd::SessionEnded(SessionEndReason::Revoked));
}

#[test]
fn burst_of_sign_outs_reaches_every_replica() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let [one, two] = [(), ()].map(|()| Replica::connected_at(&redis.url(), &clerk));
    for n in 0..10_000 {
        one.end(&format!("sess_{n}"));
    }
    two.learns("sess_9999");
    for n in [0, 1, 4_999, 9_998] {
        two.learns(&format!("sess_{n}"));
    }
    let late = Replica::at(&redis.url(), &clerk);
    for n in [0, 1, 4_999, 9_998] {
        late.learns(&format!("sess_{n}"));
    }
    assert_eq!((one.health().waiting, one.health().dropped), (0, 0));
    assert_eq!(redis.run::<usize>(&["ZCARD", STORED]), 10_000);
    one.end("sess_10000");
    two.learns("sess_10000");
    assert_eq!(redis.run::<usize>(&["ZCARD", STORED]), 10_000, "the set is bounded");
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
fn fleets_with_different_names_do_not_meet() {
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
