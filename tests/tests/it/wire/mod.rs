//! Bytes on real connections, as hostile clients send them: to the demo, to its local portal, and to an application behind
//! the layers with the Frontend API proxy.

mod application;
mod bodies;
mod decisions;
mod framing;
mod http2;
mod mutations;
mod targets;
mod upstream;

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The bound of a wait. Reaching it means that the server hangs.
const BOUND: Duration = Duration::from_secs(30);

/// Waits for `future` at most [`BOUND`].
async fn soon<F: Future>(future: F) -> F::Output {
    timeout(BOUND, future).await.expect("it ends soon")
}

/// A response, final or interim.
#[derive(Debug)]
struct Answer {
    status: u16,
    /// The status line and the fields.
    head: String,
    body: String,
}

impl Answer {
    fn field(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.find_map(|(found, value)| found.eq_ignore_ascii_case(name).then_some(value))
    }
}

/// Connects to `host`, which is a host and a port of this machine.
async fn connect(host: &str) -> TcpStream {
    let (_, port) = host.rsplit_once(':').expect("a port");
    let port: u16 = port.parse().expect("a number");
    TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("the server listens")
}

/// Sends `bytes`, in which `HOST` is `host`, ends the client's side, and returns all responses.
///
/// Panics if the server keeps the connection open or sends bytes that do not belong to a response.
async fn exchange(host: &str, bytes: &str) -> Vec<Answer> {
    let mut stream = connect(host).await;
    let bytes = bytes.replace("HOST", host);
    let mut received = Vec::new();
    let exchanging = async {
        // A server that refuses a request may close the connection before it has read all.
        let _ = stream.write_all(bytes.as_bytes()).await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut received).await;
    };
    soon(exchanging).await;
    // Lengths count bytes, so each byte becomes a character of one.
    let ascii = |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { '?' };
    answers(&received.iter().map(ascii).collect::<String>())
}

/// The statuses of the responses to `bytes`.
async fn statuses(host: &str, bytes: &str) -> Vec<u16> {
    let answers = exchange(host, bytes).await;
    answers.iter().map(|answer| answer.status).collect()
}

/// The one response to `bytes`.
async fn answer(host: &str, bytes: &str) -> Answer {
    let mut answers = exchange(host, bytes).await;
    assert_eq!(answers.len(), 1, "{bytes}: {answers:#?}");
    answers.remove(0)
}

fn answers(received: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut rest = received;
    while !rest.is_empty() {
        assert!(rest.starts_with("HTTP/1."), "not a response: {rest:?}");
        let (head, after) = rest.split_once("\r\n\r\n").expect("a whole head");
        let mut answer = Answer {
            status: head[9..12].parse().expect("a status"),
            head: head.to_owned(),
            body: String::new(),
        };
        rest = match (answer.status, answer.field("content-length")) {
            (100..200 | 204 | 304, _) => after,
            _ if answer.field("transfer-encoding") == Some("chunked") => unchunked(&mut answer.body, after),
            // A response to HEAD has the length without the body.
            (_, Some(length)) => {
                let length: usize = length.parse().expect("a number");
                let (body, after) = after.split_at(length.min(after.len()));
                answer.body.push_str(body);
                after
            }
            (_, None) => {
                answer.body.push_str(after);
                ""
            }
        };
        answers.push(answer);
    }
    answers
}

/// Appends a chunked body to `body`, and returns the text after it.
fn unchunked<'r>(body: &mut String, mut rest: &'r str) -> &'r str {
    loop {
        let (size, chunk) = rest.split_once("\r\n").expect("the size of a chunk");
        let size = usize::from_str_radix(size, 16).expect("a hexadecimal number");
        body.push_str(&chunk[..size]);
        rest = chunk[size..].strip_prefix("\r\n").expect("the end of a chunk");
        if size == 0 {
            return rest;
        }
    }
}

#[test]
fn responses_are_read_one_by_one() {
    let received = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc\
        HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\nHTTP/1.0 400 Bad Request\r\n\r\nfg";
    let read = answers(received);
    let read: Vec<_> = read
        .iter()
        .map(|answer| (answer.status, answer.body.as_str()))
        .collect();
    assert_eq!(read, [(100, ""), (200, "abc"), (404, "de"), (400, "fg")]);
}
