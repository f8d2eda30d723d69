//! Leases of signed-in users, and bodies that end with them.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use http::{Method, Request, Response};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use portal_tower::portal_sdk::fleet::SessionEndReason;
use portal_tower::portal_sdk::lease::{Lease, LeaseEnd};
use portal_tower::portal_sdk::testing::TestInstance;
use portal_tower::{Auth, AuthenticateLayer, LeasedBody, SignOut};
use tokio::sync::mpsc;
use tower::{Layer as _, ServiceExt as _, service_fn};

const SIGNED_OUT: LeaseEnd = LeaseEnd::SessionEnded(SessionEndReason::SignedOut);

fn lease(clerk: &TestInstance) -> Lease {
    let auth = Auth::from(clerk.signed_in("user_1").session_id("sess_1"));
    auth.signed_in().unwrap().lease()
}

fn end(clerk: &TestInstance) {
    clerk
        .authenticator()
        .session_ended(&"sess_1".into(), SessionEndReason::SignedOut);
}

/// A body whose frames the test sends.
fn channel() -> (
    mpsc::UnboundedSender<&'static str>,
    impl http_body::Body<Data = Bytes, Error = Infallible>,
) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let frames = stream::unfold(receiver, async |mut receiver: mpsc::UnboundedReceiver<&'static str>| {
        let frame = Frame::data(Bytes::from(receiver.recv().await?));
        Some((Ok::<_, Infallible>(frame), receiver))
    });
    (sender, StreamBody::new(frames))
}

async fn text(body: impl http_body::Body<Data = Bytes, Error = Infallible>) -> String {
    let bytes = body.collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.into()).unwrap()
}

#[tokio::test]
async fn sign_out_ends_the_leases_of_its_session_only() {
    let clerk = TestInstance::new();
    let taken: Arc<Mutex<Vec<Lease>>> = Arc::default();
    let stream = |request: Request<()>| {
        let lease = request.extensions().get::<Auth>().unwrap().signed_in().unwrap().lease();
        taken.lock().unwrap().push(lease);
        async { Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())) }
    };
    let layer = AuthenticateLayer::from_authenticator(clerk.authenticator());
    for id in ["sess_1", "sess_2"] {
        let request = clerk.signed_in("user_1").session_id(id).get("/").body(()).unwrap();
        let _response = layer.layer(service_fn(stream)).oneshot(request).await.unwrap();
    }
    let session = clerk.signed_in("user_1").session_id("sess_1");
    let request = session.request(Method::POST, "/sign-out").body(()).unwrap();
    let response = layer.layer(SignOut::new()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 303);
    let taken = taken.lock().unwrap();
    assert_eq!(
        (taken[0].ended().now_or_never(), taken[1].ended().now_or_never()),
        (Some(SIGNED_OUT), None)
    );
}

#[tokio::test]
async fn body_ends_with_the_lease_after_a_last_frame() {
    let clerk = TestInstance::new();
    let (sender, body) = channel();
    let mut body = Box::pin(LeasedBody::new(body, lease(&clerk)).with_last_frame(|end| end.to_sse().into()));
    assert!(!body.is_end_stream() && body.size_hint().upper().is_none() && body.size_hint().lower() == 0);
    sender.send("data: 1\n\n").unwrap();
    let frame = body.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "data: 1\n\n");
    assert!(body.frame().now_or_never().is_none());

    // A frame that is ready at the same time is not sent after the end.
    sender.send("data: 2\n\n").unwrap();
    end(&clerk);
    let frame = body.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "event: session-ended\ndata: signed-out\n\n");
    assert!(body.is_end_stream() && body.frame().await.is_none() && body.frame().await.is_none());
    assert!(sender.send("data: 3\n\n").is_err(), "the inner body is dropped");
}

#[tokio::test]
async fn waiting_body_is_woken_by_the_end_of_the_lease() {
    let clerk = TestInstance::new();
    let (sender, body) = channel();
    let reading = tokio::spawn(text(LeasedBody::new(body, lease(&clerk))));
    sender.send("hello").unwrap();
    tokio::task::yield_now().await;
    end(&clerk);
    assert_eq!(reading.await.unwrap(), "hello");
}

#[tokio::test]
async fn body_that_ends_first_has_no_last_frame() {
    let clerk = TestInstance::new();
    let body = LeasedBody::new(Full::from("whole"), lease(&clerk)).with_last_frame(|_| "cut".into());
    assert_eq!(text(body).await, "whole");
    let empty = LeasedBody::new(Empty::<Bytes>::new(), lease(&clerk)).with_last_frame(|_| "cut".into());
    assert!(empty.is_end_stream());
    assert_eq!(empty.size_hint().exact(), Some(0));
    assert_eq!(
        clerk.authenticator().health().leases.sessions,
        1,
        "the second body keeps a lease"
    );
    drop(empty);
    assert_eq!(clerk.authenticator().health().leases.sessions, 0);
}

#[tokio::test]
async fn body_that_is_always_ready_ends_with_the_lease() {
    let clerk = TestInstance::new();
    let frames = stream::repeat_with(|| Ok::<_, Infallible>(Frame::data(Bytes::from("x"))));
    let ending = clerk.clone();
    let frames = frames.enumerate().map(move |(n, frame)| {
        if n == 99 {
            end(&ending);
        }
        frame
    });
    let body = LeasedBody::new(StreamBody::new(frames), lease(&clerk));
    assert_eq!(text(body).await.len(), 100);
}
