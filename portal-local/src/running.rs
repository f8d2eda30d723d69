//! A portal that runs in another process, asked over HTTP.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::cli::Place;

/// More than any answer of a portal; another program may never end its own.
const MOST_ANSWER_BYTES: u64 = 1_024 * 1_024;
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
    #[error("what answers at {address} is not a local portal; choose another --port")]
    SomethingElse { address: SocketAddr },
    #[error("the portal at {address} refused: {answer}")]
    Refused { address: SocketAddr, answer: String },
    #[error("found the address {found}; expected a loopback address such as 127.0.0.1: choose another --address")]
    NotLoopback { found: IpAddr },
}

impl Running {
    pub(crate) fn at(place: &Place) -> Result<Self, RunningError> {
        let address = place.socket();
        if address.ip().is_loopback() {
            return Ok(Self { address });
        }
        Err(RunningError::NotLoopback { found: address.ip() })
    }

    pub(crate) fn get(&self, path: &str) -> Result<String, RunningError> {
        self.ask("GET", path)
    }

    pub(crate) fn post(&self, path: &str) -> Result<String, RunningError> {
        self.ask("POST", path)
    }

    fn ask(&self, method: &str, path: &str) -> Result<String, RunningError> {
        let address = self.address;
        let answer = self.exchange(method, path).map_err(|error| RunningError::NotThere {
            address,
            reason: error.to_string(),
        })?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        if !head.to_ascii_lowercase().contains("\r\nx-portal-local: 1") {
            return Err(RunningError::SomethingElse { address });
        }
        if head.split(' ').nth(1) != Some("200") {
            let answer = body.trim().to_owned();
            return Err(RunningError::Refused { address, answer });
        }
        Ok(body.to_owned())
    }

    /// HTTP/1.0, whose answers are neither chunked nor kept open.
    fn exchange(&self, method: &str, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n",
            self.address
        )?;
        let mut answer = Vec::new();
        stream.take(MOST_ANSWER_BYTES).read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}
