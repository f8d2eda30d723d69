//! Bodies that a response does not wait for.
//!
//! On a persistent connection, the next request follows the body of this one (RFC 9112 section 9.3). A refusal with an
//! unread body must therefore read and drop the rest, or send `Connection: close`. Otherwise the client's next,
//! unrelated request fails.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::{CONNECTION, EXPECT, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use tokio::time::Sleep;

/// The most bytes of a refused body that are read and dropped: 32 MiB.
const MOST_DROPPED_BYTES: u64 = 32 * 1_024 * 1_024;
/// The time limit of a body.
const PATIENCE: Duration = Duration::from_secs(30);

/// Leaves the connection in a state in which the next request on it is understood, or closes it.
pub(super) async fn settle(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let is_held_back = expects_continue(&parts.headers);
    let home = Home::default();
    let lent = Body::new(Lent {
        body: Some(body),
        home: home.clone(),
        is_begun: false,
        deadline: None,
    });
    let mut response = next.run(Request::from_parts(parts, lent)).await;
    match home.take() {
        Returned::Whole => return response,
        Returned::Rest { body, is_begun } => {
            // The client waits for permission to send: a final response without it is all that it needs.
            let is_sent = is_begun || !is_held_back;
            if is_sent && is_dropped(body).await {
                return response;
            }
        }
        Returned::TooSlow => *response.status_mut() = StatusCode::REQUEST_TIMEOUT,
        // The body is broken, or a task that outlives the response still has it.
        Returned::Nothing => {}
    }
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn expects_continue(headers: &HeaderMap) -> bool {
    headers
        .get(EXPECT)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// Reads the rest of `body`; returns `true` if it ended within the limits.
async fn is_dropped(mut body: Body) -> bool {
    if body.size_hint().lower() > MOST_DROPPED_BYTES {
        return false;
    }
    let mut dropped = 0;
    let dropping = std::future::poll_fn(|context| {
        loop {
            match std::task::ready!(Pin::new(&mut body).poll_frame(context)) {
                None => return Poll::Ready(true),
                Some(Err(_)) => return Poll::Ready(false),
                Some(Ok(frame)) => dropped += frame.data_ref().map_or(0, |data| data.len() as u64),
            }
            if dropped > MOST_DROPPED_BYTES {
                return Poll::Ready(false);
            }
        }
    });
    tokio::time::timeout(PATIENCE, dropping).await.unwrap_or(false)
}

/// The place to which a handler returns a lent body.
#[derive(Clone, Default)]
struct Home(Arc<Mutex<Returned>>);

#[derive(Default)]
enum Returned {
    #[default]
    Nothing,
    /// The body was read to its end.
    Whole,
    /// The body was not read to its end; `is_begun` if a part was read.
    Rest { body: Body, is_begun: bool },
    /// The body did not arrive in time.
    TooSlow,
}

impl Home {
    fn put(&self, returned: Returned) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = returned;
    }

    fn take(&self) -> Returned {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The body as the handler gets it.
struct Lent {
    /// `None` once it has ended or failed.
    body: Option<Body>,
    home: Home,
    is_begun: bool,
    /// Set when the body is waited for.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Lent {
    fn end(&mut self, returned: Returned) {
        self.body = None;
        self.home.put(returned);
    }
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = &mut *self;
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        this.is_begun = true;
        match Pin::new(&mut *body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                if body.is_end_stream() {
                    this.end(Returned::Whole);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.end(Returned::Nothing);
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => {
                this.end(Returned::Whole);
                Poll::Ready(None)
            }
            Poll::Pending => {
                let deadline = this
                    .deadline
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep(PATIENCE)));
                std::task::ready!(deadline.as_mut().poll(context));
                this.end(Returned::TooSlow);
                let error = io::Error::new(io::ErrorKind::TimedOut, "the request body did not arrive in time");
                Poll::Ready(Some(Err(error.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(body) = self.body.take() else { return };
        let returned = if body.is_end_stream() {
            Returned::Whole
        } else {
            Returned::Rest {
                body,
                is_begun: self.is_begun,
            }
        };
        self.home.put(returned);
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::middleware;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::server::connections::{self, Limits};

    async fn assert_refused_and_closed(mut stream: TcpStream) {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        assert!(
            answer.to_ascii_lowercase().contains("\r\nconnection: close\r\n"),
            "{answer}"
        );
    }

    /// A server that refuses every body unread.
    async fn connect() -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/", post(|| async { StatusCode::UNAUTHORIZED }))
            .layer(middleware::from_fn(settle));
        tokio::spawn(connections::serve(
            listener,
            router,
            Limits::default(),
            std::future::pending(),
        ));
        TcpStream::connect(address).await.unwrap()
    }

    #[tokio::test]
    async fn body_above_the_limit_closes_the_connection_after_the_response() {
        let mut stream = connect().await;
        let length = MOST_DROPPED_BYTES + 1;
        let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let chunk = vec![b'x'; 1 << 20];
        let mut left = usize::try_from(length).unwrap();
        while left > 0 {
            let now = left.min(chunk.len());
            stream
                .write_all(&chunk[..now])
                .await
                .expect("the rest is read, so nothing is reset");
            left -= now;
        }
        assert_refused_and_closed(stream).await;
    }

    /// A server that answers with the length of the body, or with 400 if it fails.
    async fn connect_to_reader() -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let read = async |body: Body| match axum::body::to_bytes(body, usize::MAX).await {
            Ok(bytes) => (StatusCode::OK, bytes.len().to_string()),
            Err(error) => (StatusCode::BAD_REQUEST, error.to_string()),
        };
        let router = Router::new().route("/", post(read)).layer(middleware::from_fn(settle));
        tokio::spawn(connections::serve(
            listener,
            router,
            Limits::default(),
            std::future::pending(),
        ));
        TcpStream::connect(address).await.unwrap()
    }

    /// The clock moves as soon as every task waits.
    #[tokio::test(start_paused = true)]
    async fn body_that_does_not_arrive_returns_408() {
        for begun in [
            "Content-Length: 9\r\n\r\n",
            "Content-Length: 9\r\n\r\nhalf",
            "Transfer-Encoding: chunked\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            "Content-Length: 9\r\nExpect: 100-continue\r\n\r\n",
        ] {
            let mut stream = connect_to_reader().await;
            let head = format!("POST / HTTP/1.1\r\nHost: x\r\n{begun}");
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            let answer = answer.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(&answer);
            assert!(answer.starts_with("HTTP/1.1 408 "), "{begun}: {answer}");
        }
    }

    /// The limit is for the whole body: single bytes, each in time, do not extend it.
    #[tokio::test(start_paused = true)]
    async fn body_that_arrives_byte_by_byte_returns_408() {
        let mut stream = connect_to_reader().await;
        let head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let (mut reader, mut writer) = stream.into_split();
        let drip = async {
            loop {
                // A slow client, in paused time: the test takes no longer for it.
                tokio::time::sleep(PATIENCE / 10).await;
                // Fails once the server has closed its side.
                let _ = writer.write_all(b"x").await;
            }
        };
        let mut answer = String::new();
        tokio::select! {
            read = reader.read_to_string(&mut answer) => { read.unwrap(); }
            () = drip => {}
        }
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }

    #[tokio::test]
    async fn refusal_before_100_continue_closes_the_connection() {
        let mut stream = connect().await;
        let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        assert_refused_and_closed(stream).await;
    }
}
