//! Several requests on one connection, the first of which is refused before its body is read.

use std::fmt::Write as _;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::world::World;

/// The status of a request line and headers.
type Refused<'a> = (u16, &'a str, &'a [(&'a str, &'a str)]);

struct Connection {
    host: String,
    cookie: String,
    writer: OwnedWriteHalf,
    reader: BufReader<OwnedReadHalf>,
}

impl Connection {
    async fn open(world: &World) -> Self {
        let mut browser = world.browser();
        browser.get("/sign-in").await;
        let cookie = format!("__clerk_db_jwt={}", browser.cookies["__clerk_db_jwt"]);
        let host = world.portal.origin().strip_prefix("http://").unwrap().to_owned();
        let (reader, writer) = TcpStream::connect(&host).await.unwrap().into_split();
        let reader = BufReader::new(reader);
        Self {
            host,
            cookie,
            writer,
            reader,
        }
    }

    /// Sends all of a request before it reads the response, as most clients do; gives its status and head.
    async fn send(&mut self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
        let mut head = format!("{line} HTTP/1.1\r\ncookie: {}\r\n", self.cookie);
        if !headers.iter().any(|(name, _)| *name == "host") {
            write!(head, "host: {}\r\n", self.host).unwrap();
        }
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        let is_chunked = headers.iter().any(|(name, _)| *name == "transfer-encoding");
        if !is_chunked {
            write!(head, "content-length: {}\r\n", body.len()).unwrap();
        }
        head.push_str("\r\n");
        self.writer.write_all(head.as_bytes()).await.unwrap();
        if is_chunked {
            for chunk in body.chunks(64 * 1_024) {
                let size = format!("{:x}\r\n", chunk.len());
                self.writer.write_all(size.as_bytes()).await.unwrap();
                self.writer.write_all(chunk).await.unwrap();
                self.writer.write_all(b"\r\n").await.unwrap();
            }
            self.writer.write_all(b"0\r\n\r\n").await.unwrap();
        } else {
            self.writer.write_all(body).await.expect("the body is read");
        }
        self.response().await
    }

    async fn response(&mut self) -> (u16, String) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = self.reader.read_line(&mut head).await.unwrap();
            assert_ne!(read, 0, "the connection ended after {head:?}");
        }
        head.make_ascii_lowercase();
        let length = head
            .split("\r\ncontent-length: ")
            .nth(1)
            .map_or(0, |rest| rest.split("\r\n").next().unwrap().parse().unwrap());
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).await.unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head)
    }
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");
const WRONG_KEY: (&str, &str) = ("authorization", "Bearer sk_test_wrong");
const ELSEWHERE: (&str, &str) = ("origin", "https://evil.example");
const CHUNKED: (&str, &str) = ("transfer-encoding", "chunked");

#[tokio::test(flavor = "multi_thread")]
async fn refusal_before_the_body_leaves_the_connection_usable() {
    let world = World::start().await;
    let refused: [Refused<'_>; 12] = [
        (413, "POST /sign-in", &[FORM]),
        (413, "POST /sign-in", &[FORM, CHUNKED]),
        (403, "POST /sign-in", &[FORM, ELSEWHERE]),
        (415, "POST /sign-in", &[JSON]),
        (404, "POST /nothing", &[FORM]),
        (405, "DELETE /sign-in", &[]),
        (401, "POST /v1/users", &[JSON]),
        (401, "POST /v1/users", &[JSON, WRONG_KEY, CHUNKED]),
        (401, "PATCH /v1/users/user_1", &[JSON, WRONG_KEY]),
        (403, "POST /__local/seed", &[]),
        (403, "POST /__local/seed", &[JSON, ELSEWHERE]),
        (400, "POST /v1/users", &[JSON, ("host", "evil.example")]),
    ];
    // More than a socket's buffers hold, so that the rest is still on its way when the request is refused.
    let body = vec![b'x'; 8 * 1_024 * 1_024];
    for (status, line, headers) in refused {
        let mut connection = Connection::open(&world).await;
        for body in [&body[..], &body[..300_000]] {
            let (found, head) = connection.send(line, headers, body).await;
            assert_eq!(found, status, "{line} {headers:?}");
            assert!(!head.contains("\r\nconnection: close"), "{line} {headers:?}: {head}");
            let (found, _) = connection.send("GET /v1/health", &[], b"").await;
            assert_eq!(found, 200, "after {line} {headers:?}");
        }
    }
}

#[tokio::test]
async fn fault_on_demand_leaves_the_connection_usable() {
    let world = World::start().await;
    world.portal.fault(portal_local::Fault::status(503).on("/v1/users"));
    let mut connection = Connection::open(&world).await;
    let (status, _) = connection.send("POST /v1/users", &[JSON], &[b'x'; 500_000]).await;
    assert_eq!(status, 503);
    assert_eq!(connection.send("GET /v1/health", &[], b"").await.0, 200);
}
