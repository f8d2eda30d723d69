//! Redis that is down, restarts, hangs or refuses.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use portal_sdk::authenticator::Authenticator;
use portal_sdk::clock::{Clock as _, SystemClock};
use portal_sdk::fleet::{Fleet as _, FleetEvent, RedisFleet, SessionEndReason};
use portal_sdk::lease::{Lease, LeaseEnd};
use portal_sdk::testing::TestInstance;
use tokio::runtime::Runtime;

use crate::proxy::Proxy;
use crate::server::Redis;
use crate::{Replica, eventually, log};

const STORED: &str = "portal:clerk.example.com:stored";

#[test]
fn restart_without_data_keeps_known_ends_and_is_logged_once() {
    log::collect();
    let (mut redis, clerk) = (Redis::start(), TestInstance::new());
    let [one, two] = [(), ()].map(|()| Replica::connected_at(&redis.url(), &clerk));
    one.end("sess_1");
    two.learns("sess_1");
    redis.stop();
    eventually("both notice it", || {
        ![&one, &two].iter().any(|replica| replica.health().is_connected)
    });
    one.end("sess_2");
    assert!(!one.accepts("sess_2") && !two.accepts("sess_1") && two.accepts("sess_2"));
    assert_eq!((one.health().waiting, two.health().waiting), (1, 0));
    redis.resume();
    one.wait_for_connection();
    two.wait_for_connection();
    two.learns("sess_2");
    two.end("sess_3");
    one.learns("sess_3");
    assert!(
        !one.accepts("sess_1") && !two.accepts("sess_1"),
        "they keep what they knew"
    );
    let server = format!("127.0.0.1:{}", redis.port());
    let lines = |level, words| log::lines_with(&[&server, level, words]).len();
    // Of each replica.
    assert_eq!(lines("WARN", "Redis is out of reach"), 2);
    assert_eq!(lines("INFO", "Redis is back"), 2);
    assert_eq!(lines("WARN", ""), 2);
}

#[test]
fn replica_that_starts_without_redis_connects_later() {
    let (mut redis, clerk) = (Redis::start(), TestInstance::new());
    redis.stop();
    let one = Replica::at(&redis.url(), &clerk);
    one.end("sess_1");
    assert!(!one.accepts("sess_1") && one.accepts("sess_2"));
    assert!(!one.health().is_connected);
    redis.resume();
    Replica::at(&redis.url(), &clerk).learns("sess_1");
}

#[test]
fn requests_are_answered_while_redis_hangs_and_events_arrive_afterwards() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let proxy = Proxy::to(redis.port());
    let (one, two) = (
        Replica::impatient_at(&proxy.url(), &clerk),
        Replica::connected_at(&redis.url(), &clerk),
    );
    proxy.hang();
    // `accepts` fails if anything is awaited, and `end` does not return before it has told the fleet.
    one.end("sess_1");
    assert!(!one.accepts("sess_1") && one.accepts("sess_2"));
    two.end("sess_3");
    assert!(two.accepts("sess_1") && one.accepts("sess_3"));
    eventually("the hanging connection is noticed", || !one.health().is_connected);
    one.end("sess_4");
    assert_eq!(one.health().waiting, 2);
    proxy.forward();
    two.learns("sess_1");
    two.learns("sess_4");
    one.learns("sess_3");
}

#[test]
fn idle_connection_that_hangs_is_noticed() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let proxy = Proxy::to(redis.port());
    let one = Replica::impatient_at(&proxy.url(), &clerk);
    proxy.hang();
    eventually("the silence is noticed", || !one.health().is_connected);
    proxy.forward();
    one.wait_for_connection();
}

#[test]
fn events_of_a_cut_connection_arrive_afterwards() {
    log::collect();
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let proxy = Proxy::to(redis.port());
    let (one, two) = (
        Replica::connected_at(&proxy.url(), &clerk),
        Replica::connected_at(&redis.url(), &clerk),
    );
    proxy.cut();
    eventually("the cut is noticed", || !one.health().is_connected);
    one.end("sess_1");
    two.end("sess_2");
    assert!(two.accepts("sess_1") && one.accepts("sess_2"));
    proxy.forward();
    one.learns("sess_2");
    two.learns("sess_1");
    assert_eq!(log::lines_with(&[&proxy.server(), "WARN"]).len(), 1);
}

/// Tells a fleet of the end of a session, and waits until its tokens have expired.
fn end_long_ago(fleet: &RedisFleet, session: &str) {
    let until = SystemClock.now() + Duration::from_millis(200);
    fleet.tell(&FleetEvent::SessionEnded {
        id: session.into(),
        reason: SessionEndReason::Revoked,
        until,
    });
    eventually("its tokens have expired", || SystemClock.now() > until);
}

/// Takes a lease that only an event can end, because no time passes in its runtime.
fn lease(replica: &Replica, session: &str) -> (Runtime, Lease) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.unwrap();
    let lease = runtime.block_on(async {
        let state = replica.authenticator.authenticate(&replica.page(session)).await.state;
        replica.authenticator.lease(state.claims().expect("signed in"))
    });
    (runtime, lease)
}

fn is_revoked(lease: &Lease) -> bool {
    lease.end() == Some(LeaseEnd::SessionEnded(SessionEndReason::Revoked))
}

#[test]
fn connections_of_a_replica_that_was_away_end_although_the_tokens_have_expired() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let proxy = Proxy::to(redis.port());
    let away = Replica::impatient_at(&proxy.url(), &clerk);
    let (_runtime, lease) = lease(&away, "sess_1");
    let fleet = RedisFleet::connect(&redis.url(), clerk.instance()).unwrap();
    Replica::of(fleet.clone(), &clerk).wait_for_connection();
    proxy.hang();
    end_long_ago(&fleet, "sess_1");
    eventually("the hanging connection is noticed", || !away.health().is_connected);
    proxy.forward();
    eventually("the lease ends", || is_revoked(&lease));
}

#[test]
fn end_that_redis_lost_is_sent_again() {
    let (mut redis, clerk) = (Redis::start(), TestInstance::new());
    let proxy = Proxy::to(redis.port());
    let one = Replica::connected_at(&redis.url(), &clerk);
    let away = Replica::impatient_at(&proxy.url(), &clerk);
    proxy.cut();
    eventually("the cut is noticed", || !away.health().is_connected);
    one.end("sess_1");
    one.end("sess_2");
    eventually("both are stored", || redis.run::<usize>(&["ZCARD", STORED]) == 2);
    // As after a crash, or a failover to a server that is behind.
    redis.stop();
    redis.resume();
    proxy.forward();
    away.learns("sess_1");
    away.learns("sess_2");
    eventually("they are stored once", || redis.run::<usize>(&["ZCARD", STORED]) == 2);
}

#[test]
fn connections_of_others_end_after_a_long_outage_at_the_sign_out() {
    let (mut redis, clerk) = (Redis::start(), TestInstance::new());
    let other = Replica::connected_at(&redis.url(), &clerk);
    let (_runtime, lease) = lease(&other, "sess_1");
    redis.stop();
    let fleet = RedisFleet::connect(&redis.url(), clerk.instance()).unwrap();
    let _one = Replica::of(fleet.clone(), &clerk);
    end_long_ago(&fleet, "sess_1");
    redis.resume();
    eventually("the lease ends", || is_revoked(&lease));
}

#[test]
fn wrong_password_is_logged_without_it() {
    log::collect();
    let (redis, clerk) = (Redis::start_with_password("correct"), TestInstance::new());
    let url = |password: &str| redis.url().replace("redis://", &format!("redis://:{password}@"));
    let fleet = RedisFleet::connect(&url("hunter2"), clerk.instance()).unwrap();
    assert!(!format!("{fleet:?}").contains("hunter2"));
    let one = Replica::of(fleet, &clerk);
    let server = format!("127.0.0.1:{}", redis.port());
    eventually("it is logged", || !log::lines_with(&[&server, "WARN"]).is_empty());
    let lines = log::lines_with(&[&server]);
    assert!(
        lines[0].contains("WRONGPASS") || lines[0].contains("wrong user or password"),
        "{lines:?}"
    );
    assert!(log::lines_with(&["hunter2"]).is_empty());
    assert!(one.accepts("sess_1") && !one.health().is_connected);
    let two = Replica::connected_at(&url("correct"), &clerk);
    two.end("sess_1");
    assert!(one.accepts("sess_1"));
}

#[test]
fn full_queue_drops_the_oldest_and_logs_one_warning() {
    log::collect();
    let (mut redis, clerk) = (Redis::start(), TestInstance::new());
    redis.stop();
    let fleet = RedisFleet::connect(&redis.url(), clerk.instance()).unwrap();
    let until = SystemClock.now() + Duration::from_secs(600);
    for n in 0..131_075 {
        fleet.tell(&FleetEvent::SessionEnded {
            id: format!("sess_{n}").into(),
            reason: SessionEndReason::Revoked,
            until,
        });
    }
    let one = Replica::of(fleet, &clerk);
    assert_eq!((one.health().waiting, one.health().dropped), (131_072, 3));
    let server = format!("127.0.0.1:{}", redis.port());
    assert_eq!(log::lines_with(&[&server, "WARN", "oldest are dropped"]).len(), 1);
    redis.resume();
    one.wait_for_connection();
    let two = Replica::connected_at(&redis.url(), &clerk);
    two.learns("sess_131074");
    two.learns("sess_3");
    assert!(two.accepts("sess_2"));
    eventually("it says what was lost", || {
        !log::lines_with(&[&server, "INFO", "Redis is back", "dropped=3"]).is_empty()
    });
}

#[test]
fn replica_whose_clock_panics_once_learns_later_ends() {
    log::collect();
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let one = Replica::connected_at(&redis.url(), &clerk);
    let panics = Arc::new(AtomicBool::new(false));
    let broken = panics.clone();
    let clock = move || {
        assert!(!broken.swap(false, Ordering::SeqCst), "a custom clock that panics");
        SystemClock.now()
    };
    let fleet = RedisFleet::connect(&redis.url(), clerk.instance()).unwrap();
    let authenticator = Authenticator::builder(clerk.instance().clone()).backend(clerk.backend().clone());
    let two = Replica::with(authenticator.clock(clock).fleet(fleet).build(), &clerk);
    two.wait_for_connection();
    panics.store(true, Ordering::SeqCst);
    one.end("sess_1");
    eventually("it panics while it hears the event", || !panics.load(Ordering::SeqCst));
    two.learns("sess_1");
    one.end("sess_2");
    two.learns("sess_2");
    let server = format!("127.0.0.1:{}", redis.port());
    assert_eq!(log::lines_with(&[&server, "ERROR", "panicked"]).len(), 1);
}

#[test]
fn connections_to_a_server_that_closes_them_are_spaced() {
    let (server, clerk) = (TcpListener::bind("127.0.0.1:0").unwrap(), TestInstance::new());
    let url = format!("redis://{}", server.local_addr().unwrap());
    // A long limit, so that only this server ends a connection.
    let fleet = RedisFleet::builder(&url, clerk.instance()).timeout(Duration::from_secs(60));
    let _one = Replica::of(fleet.build().unwrap(), &clerk);
    let accept = || drop(server.accept().unwrap());
    accept();
    let start = Instant::now();
    (0..4).for_each(|_| accept());
    // Pauses of at least a fifth of 0.25, 0.5, 1 and 2 seconds. A busy machine only makes them longer.
    assert!(start.elapsed() >= Duration::from_millis(700), "{:?}", start.elapsed());
}
