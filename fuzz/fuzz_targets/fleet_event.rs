//! Events of other replicas, as JSON, one per line.
#![no_main]

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::Request;
use http::header::COOKIE;
use http::request::Parts;
use libfuzzer_sys::fuzz_target;
use portal_fuzz::instances::{live, now};
use portal_fuzz::keys;
use portal_fuzz::tokens::GENUINE;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::fleet::{Fleet as _, FleetEvent, InProcessFleet};
use portal_sdk::testing::{FakeBackend, TestClock};

fuzz_target!(|input: &[u8]| {
    let lines = input
        .split(|byte| *byte == b'\n')
        .filter_map(|line| str::from_utf8(line).ok());
    let events: Vec<_> = lines.filter_map(FleetEvent::from_json).collect();
    for event in &events {
        event_survives_its_json(event);
    }

    let fleet = InProcessFleet::new();
    let authenticator = Authenticator::builder(live().jwt_key(keys::instance().pem()).build().expect("valid settings"))
        .backend(FakeBackend::new())
        .clock(TestClock::at(now()))
        .fleet(fleet.clone())
        .build();
    let page = page();
    assert!(is_signed_in(&authenticator, &page));
    for event in &events {
        fleet.tell(event);
    }
    let is_ended = events.iter().any(ends_the_session);
    assert_eq!(is_signed_in(&authenticator, &page), !is_ended, "{events:?}");
});

fn event_survives_its_json(event: &FleetEvent) {
    let json = event.to_json();
    assert!(!json.contains('\n') && json.len() < 2 * 1024, "{json}");
    assert_eq!(FleetEvent::from_json(&json).as_ref(), Some(event));
    let key = event.store_key();
    let (kind, id) = key.split_once(':').expect("kind and ID");
    assert!(["session", "user", "key"].contains(&kind));
    assert!((1..=256).contains(&id.len()));
}

/// Returns `true` for an event about the session of [`page`] whose time has not passed.
fn ends_the_session(event: &FleetEvent) -> bool {
    match event {
        FleetEvent::SessionEnded { id, until, .. } => *id == "sess_1" && *until > now(),
        FleetEvent::UserDeleted { id, until } => *id == "user_1" && *until > now(),
        _ => false,
    }
}

/// A request with a valid token.
fn page() -> Parts {
    let request = Request::get("https://app.example.com/")
        .header(COOKIE, format!("__session={}; __client_uat=1", GENUINE[0].text))
        .body(());
    request.expect("a valid request").into_parts().0
}

fn is_signed_in(authenticator: &Authenticator<FakeBackend>, page: &Parts) -> bool {
    let authenticated = pin!(authenticator.authenticate(page));
    match authenticated.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(authenticated) => authenticated.state.claims().is_some(),
        Poll::Pending => panic!("expected that nothing is awaited"),
    }
}
