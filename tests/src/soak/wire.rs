//! Requests over persistent connections, without retries, because a request without a response must be counted.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The longest wait for a response.
const PATIENCE: Duration = Duration::from_secs(30);
/// Idle connections are left before the servers close them, which the demo does after 10 seconds.
const MOST_IDLE: Duration = Duration::from_secs(4);
const MOST_BODY_BYTES: usize = 8 * 1_024 * 1_024;

/// The reason why a request has no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// No server listens there.
    Refused,
    /// The connection broke.
    Broken(String),
    TimedOut,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("connection refused"),
            Self::Broken(reason) => write!(f, "connection broken: {reason}"),
            Self::TimedOut => write!(f, "no response within {} seconds", PATIENCE.as_secs()),
        }
    }
}

/// The connections of one client, one for each server.
#[derive(Debug, Default)]
pub(super) struct Connections(HashMap<String, Idle>);

#[derive(Debug)]
struct Idle {
    sender: SendRequest<Full<Bytes>>,
    since: Instant,
}

impl Connections {
    /// Sends a request to `authority`, which is `localhost` or `127.0.0.1` with a port.
    ///
    /// # Errors
    ///
    /// Returns [`Lost`] if no response arrives.
    pub(super) async fn send(
        &mut self,
        authority: &str,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, Lost> {
        let host = HeaderValue::from_str(authority).map_err(|error| Lost::Broken(error.to_string()))?;
        request.headers_mut().insert(HOST, host);
        let sent = async {
            let mut sender = self.sender(authority).await?;
            let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, MOST_BODY_BYTES).collect().await;
            let body = body.map_err(|error| Lost::Broken(error.to_string()))?.to_bytes();
            let since = Instant::now();
            self.0.insert(authority.to_owned(), Idle { sender, since });
            Ok(Response::from_parts(parts, body))
        };
        timeout(PATIENCE, sent).await.unwrap_or(Err(Lost::TimedOut))
    }

    /// Takes the connection to `authority`, so that one that fails is not used again.
    async fn sender(&mut self, authority: &str) -> Result<SendRequest<Full<Bytes>>, Lost> {
        if let Some(mut idle) = self.0.remove(authority)
            && idle.since.elapsed() < MOST_IDLE
            && idle.sender.ready().await.is_ok()
        {
            return Ok(idle.sender);
        }
        let port = authority.rsplit(':').next().unwrap_or_default();
        let stream = TcpStream::connect(format!("127.0.0.1:{port}"))
            .await
            .map_err(|_| Lost::Refused)?;
        let _ = stream.set_nodelay(true);
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(&error))?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

fn broken(error: &hyper::Error) -> Lost {
    Lost::Broken(error.to_string())
}
