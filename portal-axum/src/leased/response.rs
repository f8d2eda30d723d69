use std::fmt;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use portal_sdk::lease::{Lease, LeaseEnd};
use portal_tower::LeasedBody;

/// A streaming response that ends when the session's lease ends.
///
/// Takes any response, such as axum's `Sse`, a `Body::from_stream` or a download. An event stream gets a last event with the
/// reason: its name is [`LeaseEnd::EVENT_NAME`], its data [`LeaseEnd::as_str`]. Other streams end as if they were complete.
/// The field `Content-Length` is removed, because the body may end earlier.
///
/// ```
/// use std::convert::Infallible;
///
/// use axum::response::sse::{Event, Sse};
/// use futures_util::stream::{self, Stream};
/// use portal_axum::{Leased, SignedIn};
///
/// async fn events(user: SignedIn) -> Leased<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
///     // Your events in place of this one, which never comes.
///     let events = stream::pending();
///     Leased::new(Sse::new(events), user.lease())
/// }
/// # axum::Router::<()>::new().route("/events", axum::routing::get(events));
/// ```
///
/// In the page:
///
/// ```js
/// const events = new EventSource("/events");
/// events.addEventListener("session-ended", ({ data }) => {
///   // After `unconfirmed`, `EventSource` reconnects on its own. The new request is authenticated again.
///   if (data !== "unconfirmed") events.close();
/// });
/// ```
#[must_use = "a response does nothing unless it is returned"]
pub struct Leased<R> {
    response: R,
    lease: Lease,
}

impl<R> Leased<R> {
    /// Creates a response that ends with the lease of [`SignedIn::lease`](crate::SignedIn::lease).
    pub fn new(response: R, lease: Lease) -> Self {
        Self { response, lease }
    }
}

impl<R: IntoResponse> IntoResponse for Leased<R> {
    fn into_response(self) -> Response {
        let mut response = self.response.into_response();
        response.headers_mut().remove(CONTENT_LENGTH);
        let is_event_stream = is_event_stream(response.headers());
        response.map(|body| {
            let body = LeasedBody::new(body, self.lease);
            match is_event_stream {
                true => Body::new(body.with_last_frame(|end: LeaseEnd| end.to_sse().into())),
                false => Body::new(body),
            }
        })
    }
}

impl<R> fmt::Debug for Leased<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leased")
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media_type.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("text/event-stream"))
}
