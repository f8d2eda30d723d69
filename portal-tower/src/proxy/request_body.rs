//! The body of a forwarded request, and the side that delays it.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Limited};
use pin_project_lite::pin_project;
use tokio::time::{Instant, timeout_at};

use super::ProxyError;
use super::body::{BoxError, TimeLimited};

/// A request body as the HTTP client takes it.
pub(super) type RequestBody = UnsyncBoxBody<Bytes, ClientBodyError>;

/// A failure of the client's body, not of the connection to Clerk.
#[derive(Debug, thiserror::Error)]
#[error("the request body failed")]
pub(super) struct ClientBodyError(#[source] BoxError);

/// Limits a request body to `max_bytes`, and each pause within it to `idle`.
pub(super) fn request_body<B>(body: B, max_bytes: usize, idle: Duration) -> (RequestBody, Progress)
where
    B: Body<Error: Into<BoxError>> + Send + 'static,
    B::Data: Send,
{
    let progress = Progress::new();
    let body = body.map_frame(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())));
    let body = ClientBody {
        body: TimeLimited::new(Limited::new(body, max_bytes), idle),
        progress: progress.clone(),
    };
    (body.boxed_unsync(), progress)
}

/// The progress of a request body, for the exchange that waits for the response.
#[derive(Clone, Debug)]
pub(super) struct Progress(Arc<Mutex<Wait>>);

/// The side that the exchange waits for, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wait {
    is_for_client: bool,
    since: Instant,
}

impl Progress {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Wait {
            is_for_client: false,
            since: Instant::now(),
        })))
    }

    fn wait(&self) -> Wait {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a frame or the end of the body. The next step is Clerk's.
    fn moved(&self) {
        self.set(false);
    }

    /// Records that Clerk is ready for more, but the client has sent nothing.
    fn waits_for_client(&self) {
        if !self.wait().is_for_client {
            self.set(true);
        }
    }

    fn set(&self, is_for_client: bool) {
        let since = Instant::now();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Wait { is_for_client, since };
    }

    /// Waits for `answer` while the client or Clerk makes progress.
    ///
    /// # Errors
    ///
    /// Returns [`ProxyError::Stalled`] if the client was idle for `limit`, or [`ProxyError::TooSlow`] if Clerk was.
    pub(super) async fn within<F: Future>(&self, limit: Duration, answer: F) -> Result<F::Output, ProxyError> {
        let mut answer = pin!(answer);
        loop {
            let wait = self.wait();
            if let Ok(answer) = timeout_at(wait.since + limit, answer.as_mut()).await {
                return Ok(answer);
            }
            if self.wait() == wait {
                return Err(match wait.is_for_client {
                    true => ProxyError::Stalled,
                    false => ProxyError::TooSlow,
                });
            }
        }
    }
}

pin_project! {
    struct ClientBody<B> {
        #[pin]
        body: B,
        progress: Progress,
    }
}

impl<B> Body for ClientBody<B>
where
    B: Body<Data = Bytes, Error = BoxError>,
{
    type Data = Bytes;
    type Error = ClientBodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ClientBodyError>>> {
        let this = self.project();
        let polled = this.body.poll_frame(cx);
        match polled {
            Poll::Ready(_) => this.progress.moved(),
            Poll::Pending => this.progress.waits_for_client(),
        }
        polled.map_err(ClientBodyError)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::future::join;
    use futures_util::stream::poll_fn;
    use http_body_util::StreamBody;
    use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
    use tokio::time::advance;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    type Client = UnboundedSender<Result<Frame<Bytes>, Infallible>>;

    /// A request body and the client that sends it.
    fn upload() -> (Client, RequestBody, Progress) {
        let (client, mut frames) = unbounded_channel();
        let frames = poll_fn(move |cx| frames.poll_recv(cx));
        let (body, progress) = request_body(StreamBody::new(frames), 1024, LIMIT);
        (client, body, progress)
    }

    fn send(client: &Client) {
        client.send(Ok(Frame::data(Bytes::from("x")))).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn upload_with_short_pauses_is_passed_on() {
        let (client, body, progress) = upload();
        let sending = async move {
            for _ in 0..5 {
                advance(LIMIT / 2).await;
                send(&client);
                // Let the reader run before time advances.
                tokio::task::yield_now().await;
            }
        };
        let (sent, ()) = join(progress.within(LIMIT, body.collect()), sending).await;
        assert_eq!(sent.unwrap().unwrap().to_bytes(), "xxxxx");
    }

    #[tokio::test(start_paused = true)]
    async fn pause_beyond_the_limit_fails_the_upload() {
        let (_client, body, _) = upload();
        let error = body.collect().await.unwrap_err();
        let source = std::error::Error::source(&error).unwrap();
        assert!(source.is::<tower_http::timeout::TimeoutError>(), "{source}");
    }

    #[tokio::test(start_paused = true)]
    async fn stalled_upload_is_a_client_error() {
        let (_client, mut body, progress) = upload();
        // A reader that ignores errors, so that only the exchange's own limit ends the wait.
        let reading = async {
            let _ = body.frame().await;
            std::future::pending::<()>().await;
        };
        let stalled = progress.within(LIMIT / 2, reading).await.unwrap_err();
        assert_eq!(stalled, ProxyError::Stalled);
    }

    #[tokio::test(start_paused = true)]
    async fn upstream_that_reads_nothing_times_out() {
        let (_client, _body, progress) = upload();
        let slow = progress.within(LIMIT, std::future::pending::<()>()).await.unwrap_err();
        assert_eq!(slow, ProxyError::TooSlow);
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_of_the_reader_do_not_count() {
        let (client, mut body, _) = upload();
        send(&client);
        body.frame().await.unwrap().unwrap();
        advance(LIMIT * 3).await;
        send(&client);
        body.frame().await.unwrap().unwrap();
    }
}
