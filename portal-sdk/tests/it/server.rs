//! A Backend API on loopback, written down to the bytes, because the tests need answers that no server library gives.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use portal_sdk::instance::{Instance, InstanceBuilder};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::common::{LIVE_KEY, TEST_KEY};

/// The server's reaction to a request.
pub(crate) enum Reply {
    /// Writes these bytes and waits for the next request.
    Bytes(Vec<u8>),
    /// Writes these bytes and then nothing more, the connection open.
    Hang(Vec<u8>),
    /// Closes the connection without a word.
    Close,
}

/// A request as it came in: the head with names in lower case, and the body.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// The number of its connection, from 0.
    pub(crate) connection: usize,
}

impl Recorded {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }
}

/// The server; it ends with this value.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Recorded>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Answers the `n`th request with `answer(n)`.
    pub(crate) async fn start<F, A>(answer: F) -> Self
    where
        F: Fn(usize) -> A + Send + Sync + 'static,
        A: Future<Output = Reply> + Send + 'static,
    {
        Self::listen(Arc::default(), answer).await
    }

    /// Answers by the request line.
    pub(crate) async fn by_line(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let requests: Arc<Mutex<Vec<Recorded>>> = Arc::default();
        let log = requests.clone();
        let answer = move |n: usize| {
            let line = log.lock().unwrap()[n].line.clone();
            std::future::ready(answer(&line))
        };
        Self::listen(requests, answer).await
    }

    async fn listen<F, A>(requests: Arc<Mutex<Vec<Recorded>>>, answer: F) -> Self
    where
        F: Fn(usize) -> A + Send + Sync + 'static,
        A: Future<Output = Reply> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (answer, log) = (Arc::new(answer), requests.clone());
        let task = tokio::spawn(async move {
            let mut connection = 0;
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, connection, log.clone(), answer.clone()));
                connection += 1;
            }
        });
        Self {
            address,
            requests,
            task,
        }
    }

    /// Answers every request alike.
    pub(crate) async fn always(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Self {
        Self::start(move |_| std::future::ready(reply())).await
    }

    /// Answers with these replies in turn; the last one stays.
    pub(crate) async fn replies(replies: impl IntoIterator<Item = fn() -> Reply>) -> Self {
        let replies: Vec<fn() -> Reply> = replies.into_iter().collect();
        Self::start(move |n| std::future::ready(replies[n.min(replies.len() - 1)]())).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A development instance whose Backend API this is.
    pub(crate) fn instance(&self) -> Instance {
        self.builder().build().unwrap()
    }

    pub(crate) fn builder(&self) -> InstanceBuilder {
        Instance::builder(TEST_KEY, "sk_test_x").api_url(self.url())
    }

    /// A production instance whose Backend API this is.
    pub(crate) fn live_instance(&self) -> Instance {
        Instance::builder(LIVE_KEY, "sk_live_x")
            .api_url(self.url())
            .build()
            .unwrap()
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    pub(crate) fn last(&self) -> Recorded {
        self.requests().pop().expect("a request came")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve<F, A>(mut stream: TcpStream, connection: usize, log: Arc<Mutex<Vec<Recorded>>>, answer: Arc<F>)
where
    F: Fn(usize) -> A,
    A: Future<Output = Reply>,
{
    while let Some(request) = read(&mut stream, connection).await {
        let n = {
            let mut log = log.lock().unwrap();
            log.push(request);
            log.len() - 1
        };
        match answer(n).await {
            // The client may have gone: that is what some tests are about.
            Reply::Bytes(bytes) => drop(stream.write_all(&bytes).await),
            Reply::Hang(bytes) => {
                drop(stream.write_all(&bytes).await);
                let mut rest = Vec::new();
                drop(stream.read_to_end(&mut rest).await);
                return;
            }
            Reply::Close => return,
        }
    }
}

/// One request; `None` when the connection ends.
async fn read(stream: &mut TcpStream, connection: usize) -> Option<Recorded> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    Some(Recorded {
        line,
        headers,
        body: String::from_utf8(body).unwrap(),
        connection,
    })
}

/// An answer of JSON.
pub(crate) fn json(status: u16, body: &str) -> Reply {
    answer(status, "Content-Type: application/json\r\n", body)
}

/// An answer with header lines of the test's own.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::Bytes(format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes())
}
