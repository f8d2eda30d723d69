//! Clients that close their connection in the middle.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::random::Random;
use super::watch::{Places, Program};

const PATIENCE: Duration = Duration::from_secs(5);

/// Connects to one of the programs, and leaves.
pub(super) async fn once(places: &Places, random: &mut Random) {
    let Some(program) = random.pick(&Program::ALL).copied() else {
        return;
    };
    let origin = places.origin(program);
    let (_, port) = origin.rsplit_once(':').unwrap_or_default();
    let host = origin.trim_start_matches("http://");
    let path = match program {
        Program::Portal => "/sign-in",
        Program::Demo => "/dashboard",
        Program::Notes => "/notes",
    };
    let (text, reads) = match random.below(5) {
        0 => (String::new(), 0),
        1 => (format!("GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: te"), 0),
        2 => (
            format!("GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: text/html\r\n\r\n"),
            0,
        ),
        3 => (
            format!("GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: text/html\r\n\r\n"),
            1,
        ),
        _ => {
            let head = "content-type: application/x-www-form-urlencoded\r\ncontent-length: 4000";
            (
                format!("POST {path} HTTP/1.1\r\nhost: {host}\r\n{head}\r\n\r\nidentifier=a"),
                0,
            )
        }
    };
    let visit = async {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).await?;
        stream.write_all(text.as_bytes()).await?;
        let mut read = vec![0; reads];
        stream.read_exact(&mut read).await.map(drop)
    };
    // A server may close first; there is nothing to judge.
    let _ = timeout(PATIENCE, visit).await;
    sleep(Duration::from_millis(random.below(20))).await;
}
