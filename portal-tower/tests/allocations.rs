//! Allocations per request of `AuthenticateLayer`, over those of a service that inserts one extension into the request
//! and two fields into the response, which any such layer must.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::time::Duration;

use allocation_counter::measure;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{AUTHORIZATION, CACHE_CONTROL, COOKIE, HOST, VARY};
use http::{HeaderValue, Request, Response};
use http_body_util::Empty;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::clock::{Clock as _, UnixTime};
use portal_sdk::fleet::{Fleet as _, FleetEvent, InProcessFleet, SessionEndReason};
use portal_sdk::testing::TestInstance;
use portal_sdk::token::SessionClaims;
use portal_tower::AuthenticateLayer;
use tokio::runtime::{Builder, Handle};
use tokio::task::yield_now;
use tower::{Layer as _, Service, service_fn};

/// The number of counted equal requests, after one that fills the caches.
const REQUESTS: usize = 16;

type Page = Result<Response<Empty<Bytes>>, Infallible>;

fn page(_: Request<()>) -> Ready<Page> {
    ready(Ok(Response::new(Empty::new())))
}

fn baseline(mut request: Request<()>) -> Ready<Page> {
    request.extensions_mut().insert("value");
    let mut response = Response::new(Empty::new());
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private"));
    headers.insert(VARY, HeaderValue::from_static("Cookie"));
    ready(Ok(response))
}

/// Returns the allocations of `service` for one `request`.
fn allocations<S, B>(mut service: S, request: &Request<()>) -> u64
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
{
    let mut call = |request| {
        service
            .call(request)
            .now_or_never()
            .expect("nothing is fetched")
            .map(drop)
    };
    // Cloned outside of the count. It also lets the fields share their bytes, as those that a server parses do.
    let mut requests = vec![request.clone(); REQUESTS + 1].into_iter();
    let Ok(()) = requests.by_ref().take(1).try_for_each(&mut call);
    let counted = measure(|| {
        let Ok(()) = requests.by_ref().try_for_each(&mut call);
    });
    let total = usize::try_from(counted.count_total).expect("a small number");
    assert_eq!(total % REQUESTS, 0, "equal requests allocate differently");
    (total / REQUESTS) as u64
}

fn over_baseline(clerk: &TestInstance, request: &Request<()>) -> u64 {
    let authenticate = AuthenticateLayer::from_authenticator(clerk.authenticator());
    // A response that does not depend on the user gets none of the baseline's fields.
    allocations(authenticate.layer(service_fn(page)), request)
        .saturating_sub(allocations(service_fn(baseline), request))
}

#[test]
fn request_allocations_stay_within_their_budget() {
    let clerk = TestInstance::new();
    let session = clerk.signed_in("user_1");
    let get = || Request::get("/dashboard").header(HOST, "app.example.com");
    let bearer = format!("Bearer {}", session.token());
    for (kind, budget, request) in [
        ("signed out", 0, get().body(())),
        // The token was verified before.
        ("session cookie", 0, get().header(COOKIE, session.cookies()).body(())),
        ("bearer token", 0, get().header(AUTHORIZATION, bearer).body(())),
    ] {
        let found = over_baseline(&clerk, &request.unwrap());
        println!("{kind}: {found} allocations over the baseline");
        assert!(
            found <= budget,
            "{kind}: expected {budget} allocations over the baseline, found {found}"
        );
    }
}

#[tokio::test]
async fn leases_and_ended_sessions_add_no_allocations_to_a_request() {
    let clerk = TestInstance::new();
    let authenticator = clerk.authenticator();
    let session = clerk.signed_in("user_1");
    let get = || Request::get("/dashboard").header(HOST, "app.example.com");
    let request = get().header(COOKIE, session.cookies()).body(()).unwrap();
    let state = authenticator.authenticate(&request.clone().into_parts().0).await.state;
    let _lease = authenticator.lease(state.claims().expect("signed in"));
    authenticator.session_ended(&"sess_other".into(), SessionEndReason::Revoked);
    authenticator.user_deleted(&"user_other".into());
    assert_eq!(over_baseline(&clerk, &request), 0);
}

#[test]
fn sign_out_copies_a_small_part_of_the_ended_sessions() {
    const OTHERS: usize = 100_000;
    let clerk = TestInstance::new();
    let authenticator = clerk.authenticator();
    let end = |n: usize| authenticator.session_ended(&format!("sess_{n:027}").into(), SessionEndReason::SignedOut);
    let all = measure(|| (0..OTHERS).for_each(end));
    println!("{OTHERS} ended sessions take {} bytes", all.bytes_current);
    assert!(all.bytes_current < 16 * 1024 * 1024, "{} bytes", all.bytes_current);
    let counted = measure(|| (OTHERS..OTHERS + 1_000).for_each(end));
    let (each, bytes) = (counted.count_total / 1_000, counted.bytes_total / 1_000);
    println!("a sign-out after {OTHERS} others: {each} allocations of {bytes} bytes");
    // A copy of the whole table has 100,000 entries of 32 bytes each.
    assert!(each < 20 && bytes < 32 * 1024, "{each} allocations, {bytes} bytes");
}

#[test]
fn known_and_expired_events_copy_no_ended_sessions() {
    let clerk = TestInstance::new();
    let fleet = InProcessFleet::new();
    let _authenticator = Authenticator::builder(clerk.instance().clone())
        .clock(clerk.clock().clone())
        .fleet(fleet.clone())
        .build();
    let now = clerk.clock().now();
    let events = |until: UnixTime| {
        let session = FleetEvent::SessionEnded {
            id: "sess_1".into(),
            reason: SessionEndReason::Revoked,
            until,
        };
        [
            session,
            FleetEvent::UserDeleted {
                id: "user_1".into(),
                until,
            },
        ]
    };
    let bytes = |until: UnixTime| {
        let counts = events(until).map(|event| measure(|| fleet.tell(&event)).bytes_total);
        counts.map(|bytes| bytes / 1024)
    };
    assert_eq!(bytes(now), [0, 0], "expired");
    // The lists of the parts of both tables.
    assert!(bytes(now + Duration::from_secs(60)).into_iter().all(|kib| kib >= 4));
    assert_eq!(bytes(now + Duration::from_secs(60)), [0, 0], "known");
    assert_eq!(bytes(now + Duration::from_secs(30)), [0, 0], "known for longer");
}

#[test]
fn dropped_leases_take_no_memory() {
    let clerk = TestInstance::new();
    let authenticator = clerk.authenticator();
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    let claims: Vec<_> = (0..1_000).map(|n| claims(&clerk, n)).collect();
    let lease_each = |claims: &[SessionClaims]| {
        runtime.block_on(async {
            for claims in claims {
                drop(authenticator.lease(claims));
            }
            // Their tasks end.
            while Handle::current().metrics().num_alive_tasks() > 0 {
                yield_now().await;
            }
        });
    };
    let (first, rest) = claims.split_at(10);
    lease_each(first);
    let kept = measure(|| lease_each(rest)).bytes_current;
    assert!(kept < 64 * 1024, "{kept} bytes");
}

/// Returns the claims of a signed-in request.
fn claims(clerk: &TestInstance, session: usize) -> SessionClaims {
    let session = clerk.signed_in("user_1").session_id(format!("sess_{session}"));
    let (parts, ()) = session.get("/").body(()).expect("a request").into_parts();
    let authenticated = clerk
        .authenticator()
        .try_authenticate(&parts)
        .expect("nothing is fetched");
    authenticated.state.claims().expect("signed in").clone()
}

#[tokio::test]
async fn lease_takes_a_kilobyte_for_each_session_and_nothing_for_each_connection() {
    const SESSIONS: usize = 100;
    let clerk = TestInstance::new();
    let authenticator = clerk.authenticator();
    let claims: Vec<_> = (0..SESSIONS).map(|n| claims(&clerk, n)).collect();
    let mut leases = Vec::with_capacity(SESSIONS);
    let sessions = measure(|| leases.extend(claims.iter().map(|claims| authenticator.lease(claims))));
    let mut more = Vec::with_capacity(SESSIONS);
    let connections = measure(|| more.extend(claims.iter().map(|claims| authenticator.lease(claims))));
    let bytes = sessions.bytes_current / 100;
    println!("a session with leases takes {bytes} bytes");
    assert!(bytes < 2 * 1024, "{bytes}");
    assert_eq!(connections.count_total, 0);
}
