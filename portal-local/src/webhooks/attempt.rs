//! One attempt: a request to the receiver, and its response.

use std::io;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::target::Target;
use crate::excerpt::excerpt;

/// The most bytes of a response that are read.
const MOST_RESPONSE_BYTES: usize = 64 * 1_024;

/// A signed message.
pub(super) struct Message<'a> {
    pub(super) id: &'a str,
    pub(super) timestamp_secs: i64,
    pub(super) signature: String,
    pub(super) body: &'a str,
}

/// The result of an attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    /// `None` without a response.
    pub(super) status: Option<u16>,
    /// `None` if the receiver has accepted the message.
    pub(super) error: Option<String>,
}

impl Attempt {
    fn failed(error: String) -> Self {
        let error = Some(error);
        Self { status: None, error }
    }
}

type Unanswered = Box<dyn std::error::Error + Send + Sync>;

/// Sends a message once. Redirects are failures and not followed, as at Svix.
pub(super) async fn send(target: &Target, message: &Message<'_>, limit: std::time::Duration) -> Attempt {
    let deadline = Instant::now() + limit;
    let exchanged = timeout_at(deadline, async {
        let stream = connect(target)
            .await
            .map_err(|error| format!("cannot connect: {error}"))?;
        let answered = exchange(stream, target, message, deadline).await;
        answered.map_err(|error| format!("the connection failed: {error}"))
    });
    match exchanged.await {
        Ok(Ok(attempt)) => attempt,
        Ok(Err(error)) => Attempt::failed(error),
        Err(_) => Attempt::failed(format!("no response within {} ms", limit.as_millis())),
    }
}

async fn connect(target: &Target) -> io::Result<TcpStream> {
    TcpStream::connect(target.addresses()).await
}

async fn exchange(
    stream: TcpStream,
    target: &Target,
    message: &Message<'_>,
    deadline: Instant,
) -> Result<Attempt, Unanswered> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // The connection has to be driven beside the exchange. Dropping the sender ends it.
    let request = request(target, message)?;
    let exchange = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok::<_, Unanswered>(judged(head.status, body, deadline).await)
    };
    tokio::pin!(exchange);
    tokio::select! {
        answered = &mut exchange => answered,
        _ = connection => exchange.await,
    }
}

fn request(target: &Target, message: &Message<'_>) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    Request::post(target.path())
        .header(HOST, target.host())
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("portal-local/", env!("CARGO_PKG_VERSION")))
        .header("svix-id", message.id)
        .header("svix-timestamp", message.timestamp_secs)
        .header("svix-signature", &message.signature)
        .body(Full::new(Bytes::copy_from_slice(message.body.as_bytes())))
}

/// The result of a response: its status decides. The beginning of the body tells developers why a message is refused.
async fn judged(status: StatusCode, body: Incoming, deadline: Instant) -> Attempt {
    let code = status.as_u16();
    let error = match status.is_success() {
        true => None,
        false => {
            // A timer, because the status counts although the body may never end.
            let read = timeout_at(deadline, Limited::new(body, MOST_RESPONSE_BYTES).collect()).await;
            let read = read.ok().and_then(Result::ok);
            let text = read.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned());
            Some(match text.unwrap_or_default().trim() {
                "" => format!("the response has status {code}"),
                text => format!("the response has status {code}: {}", excerpt(text)),
            })
        }
    };
    let status = Some(code);
    Attempt { status, error }
}
