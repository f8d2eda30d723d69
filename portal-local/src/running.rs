//! A portal that runs in another process, asked over HTTP.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::cli::Place;

/// More than any answer of a portal; another program may never end its own.
const MOST_ANSWER_BYTES: usize = 1_024 * 1_024;
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Running {
    address: SocketAddr,
}

/// The reason why a running portal did not carry out a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunningError {
    #[error(
        "no portal answers at {address} ({reason}); start one with `portal-local serve`, or name a file with --database"
    )]
    NotThere { address: SocketAddr, reason: String },
    #[error("the server at {address} is not a local portal; choose another --port")]
    SomethingElse { address: SocketAddr },
    #[error("the portal at {address} refused: {answer}")]
    Refused { address: SocketAddr, answer: String },
    #[error("found the address {found}; expected a loopback address such as 127.0.0.1: choose another --address")]
    NotLoopback { found: IpAddr },
}

type Unanswered = Box<dyn std::error::Error + Send + Sync>;

impl Running {
    pub(crate) fn at(place: &Place) -> Result<Self, RunningError> {
        let address = place.socket();
        if address.ip().is_loopback() {
            return Ok(Self { address });
        }
        Err(RunningError::NotLoopback { found: address.ip() })
    }

    pub(crate) async fn get(&self, path: &str) -> Result<String, RunningError> {
        self.ask(Method::GET, path).await
    }

    pub(crate) async fn post(&self, path: &str) -> Result<String, RunningError> {
        self.ask(Method::POST, path).await
    }

    async fn ask(&self, method: Method, path: &str) -> Result<String, RunningError> {
        let address = self.address;
        let not_there = |reason: String| RunningError::NotThere { address, reason };
        let connecting = timeout(PATIENCE, TcpStream::connect(address)).await;
        let stream = connecting
            .map_err(|elapsed| not_there(elapsed.to_string()))?
            .map_err(|error| not_there(error.to_string()))?;
        let answering = timeout(PATIENCE, self.exchange(stream, method, path)).await;
        let answer = answering
            .map_err(|elapsed| not_there(elapsed.to_string()))?
            .map_err(|_| RunningError::SomethingElse { address })?;
        if answer.headers().get("x-portal-local").is_none_or(|value| value != "1") {
            return Err(RunningError::SomethingElse { address });
        }
        let is_done = answer.status() == StatusCode::OK;
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        match is_done {
            true => Ok(text),
            false => Err(RunningError::Refused {
                address,
                answer: text.trim().to_owned(),
            }),
        }
    }

    async fn exchange(&self, stream: TcpStream, method: Method, path: &str) -> Result<Response<Bytes>, Unanswered> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.address.to_string())
            .header(CONTENT_TYPE, "application/json")
            .body(Empty::<Bytes>::new())?;
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, MOST_ANSWER_BYTES).collect().await?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}
