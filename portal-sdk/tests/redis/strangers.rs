//! Other clients of the same Redis.

use std::time::Duration;

use portal_sdk::clock::{Clock as _, SystemClock};
use portal_sdk::testing::TestInstance;

use crate::server::Redis;
use crate::{Replica, eventually, log};

const CHANNEL: &str = "portal:clerk.example.com:events";
const STORED: &str = "portal:clerk.example.com:stored";

#[test]
fn foreign_messages_are_ignored_and_not_logged() {
    log::collect();
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let one = Replica::connected_at(&redis.url(), &clerk);
    let far = i64::MAX;
    let end = |session: &str| format!(r#"{{"event":"session_ended","id":"{session}","until_ms":{far}}}"#);
    let huge = format!("{} {}", "x".repeat(1024 * 1024), end("sess_huge"));
    let long = end(&"sess_long".repeat(1_000));
    for message in [
        "",
        "marker-1",
        "{",
        "\0\r\n$5\r\n",
        "[[[[[[",
        r#"{"event":"marker-1"}"#,
        &huge,
        &long,
    ] {
        redis.run::<()>(&["PUBLISH", CHANNEL, message]);
        redis.run::<()>(&["PUBLISH", "portal:clerk.example.com:", message]);
        redis.run::<()>(&["ZADD", STORED, "+inf", message]);
    }
    redis.run::<()>(&["PUBLISH", CHANNEL, &format!("marker-1\n{}\nmarker-1", end("sess_1"))]);
    one.learns("sess_1");
    assert!(one.accepts("sess_huge") && one.health().is_connected);
    let late = Replica::connected_at(&redis.url(), &clerk);
    one.end("sess_2");
    late.learns("sess_2");
    assert!(late.accepts("sess_huge") && late.accepts("sess_1"));
    assert!(log::lines_with(&["marker-1"]).is_empty());
    assert!(log::lines_with(&[&format!("127.0.0.1:{}", redis.port()), "WARN"]).is_empty());
}

#[test]
fn entries_of_a_wrong_clock_do_not_displace_the_ends_of_sessions() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let in_two_days = (SystemClock.now() + Duration::from_secs(2 * 24 * 3_600)).as_millis();
    let fill = r#"for i = 1, 140000 do redis.call("ZADD", KEYS[1], ARGV[1], "entry " .. i) end"#;
    redis.run::<()>(&["EVAL", fill, "1", STORED, &in_two_days.to_string()]);
    let one = Replica::connected_at(&redis.url(), &clerk);
    one.end("sess_1");
    eventually("the others are removed", || redis.run::<usize>(&["ZCARD", STORED]) == 1);
    Replica::at(&redis.url(), &clerk).learns("sess_1");
}

#[test]
fn end_without_a_possible_id_does_not_take_others_with_it() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let two = Replica::connected_at(&redis.url(), &clerk);
    // Before its connection, so that all are in one message.
    let one = Replica::at(&redis.url(), &clerk);
    one.end(&"sess_long".repeat(50_000));
    one.end("");
    one.end("sess_1");
    two.learns("sess_1");
    eventually("it is stored alone", || redis.run::<usize>(&["ZCARD", STORED]) == 1);
}

#[test]
fn storm_of_messages_loses_no_stored_end() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let [one, two] = [(), ()].map(|()| Replica::connected_at(&redis.url(), &clerk));
    let storm = r#"for i = 1, 20000 do redis.call("PUBLISH", KEYS[1], "{}") end"#;
    redis.run::<()>(&["EVAL", storm, "1", CHANNEL]);
    one.end("sess_1");
    redis.run::<()>(&["EVAL", storm, "1", CHANNEL]);
    two.learns("sess_1");
}

#[test]
fn events_are_sent_although_they_cannot_be_stored() {
    log::collect();
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    redis.run::<()>(&["SET", STORED, "another value"]);
    let [one, two] = [(), ()].map(|()| Replica::connected_at(&redis.url(), &clerk));
    for n in 0..10 {
        let session = format!("sess_{n}");
        one.end(&session);
        two.learns(&session);
    }
    let server = format!("127.0.0.1:{}", redis.port());
    let lines = log::lines_with(&[&server, "WARN"]);
    assert_eq!(lines.len(), 2, "of each replica: {lines:?}");
    assert!(lines.iter().all(|line| line.contains("WRONGTYPE")), "{lines:?}");
    redis.run::<()>(&["DEL", STORED]);
    one.end("sess_10");
    eventually("it is stored", || redis.run::<usize>(&["ZCARD", STORED]) == 1);
}

#[test]
fn user_who_may_not_publish_is_logged_once() {
    log::collect();
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let rules = [
        "on",
        ">secret",
        "resetchannels",
        &format!("&{CHANNEL}"),
        "+@all",
        "-publish",
        "allkeys",
    ];
    redis.run::<()>(&[&["ACL", "SETUSER", "portal"][..], &rules].concat());
    let one = Replica::connected_at(&format!("redis://portal:secret@127.0.0.1:{}", redis.port()), &clerk);
    one.end("sess_1");
    let refused = || {
        let info = redis.run::<String>(&["INFO", "commandstats"]);
        let publish = info.lines().find(|line| line.starts_with("cmdstat_publish:"));
        publish.is_some_and(|line| !line.contains("rejected_calls=0") && !line.contains("rejected_calls=1,"))
    };
    eventually("it is refused again after a pause", refused);
    assert!(!one.health().is_connected);
    let lines = log::lines_with(&[&format!("127.0.0.1:{}", redis.port())]);
    let warnings: Vec<_> = lines.iter().filter(|line| line.starts_with("WARN")).collect();
    assert!(warnings.len() == 1 && warnings[0].contains("NOPERM"), "{warnings:?}");
}

#[test]
fn user_without_a_password_is_the_one_of_the_connection() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    redis.run::<()>(&[
        "ACL",
        "SETUSER",
        "portal",
        "on",
        "nopass",
        "allchannels",
        "allkeys",
        "+@all",
    ]);
    let url = format!("redis://portal@127.0.0.1:{}", redis.port());
    let _one = Replica::connected_at(&url, &clerk);
    let clients = redis.run::<String>(&["CLIENT", "LIST"]);
    let subscribed: Vec<_> = clients.lines().filter(|line| line.contains(" sub=1 ")).collect();
    assert!(
        subscribed.len() == 1 && subscribed[0].contains(" user=portal "),
        "{clients}"
    );
}

#[test]
fn refusal_without_a_code_is_logged_with_what_is_expected() {
    log::collect();
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let server = format!("127.0.0.1:{}", redis.port());
    let is_logged = |expected| eventually(expected, || !log::lines_with(&[&server, "WARN", expected]).is_empty());
    let _database = Replica::at(&format!("{}/99", redis.url()), &clerk);
    is_logged("expected the number of a database, found one beyond the server's");
    let _one = Replica::connected_at(&redis.url(), &clerk);
    redis.run::<()>(&["CONFIG", "SET", "maxclients", "1"]);
    let _two = Replica::at(&redis.url(), &clerk);
    is_logged("expected a free connection, found too many clients");
}

#[test]
fn server_that_cannot_store_for_all_is_logged_with_what_is_expected() {
    log::collect();
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let one = Replica::connected_at(&redis.url(), &clerk);
    // Of a primary that is not there.
    redis.run::<()>(&["REPLICAOF", "127.0.0.1", "1"]);
    one.end("sess_1");
    let server = format!("127.0.0.1:{}", redis.port());
    let expected = "expected a primary, found a replica (READONLY)";
    eventually("it is logged", || {
        log::lines_with(&[&server, "WARN", expected]).len() == 1
    });
    redis.run::<()>(&["REPLICAOF", "NO", "ONE"]);
    eventually("it is stored", || redis.run::<usize>(&["ZCARD", STORED]) == 1);
}

#[test]
fn documented_access_rules_suffice() {
    let (redis, clerk) = (Redis::start(), TestInstance::new());
    let rules = "on >secret resetchannels &portal:clerk.example.com:events ~portal:clerk.example.com:stored +hello \
                 +select +ping +subscribe +publish +zadd +zremrangebyscore +zremrangebyrank +zrevrangebyscore +pexpire";
    let command: Vec<_> = ["ACL", "SETUSER", "portal"]
        .into_iter()
        .chain(rules.split(' '))
        .collect();
    redis.run::<()>(&command);
    let url = format!("redis://portal:secret@127.0.0.1:{}", redis.port());
    let [one, two] = [(), ()].map(|()| Replica::connected_at(&url, &clerk));
    one.end("sess_1");
    two.learns("sess_1");
    Replica::at(&url, &clerk).learns("sess_1");
}
