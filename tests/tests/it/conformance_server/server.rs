//! The running server, and requests to it.

use http::header::{HOST, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use portal_tests::programs::Program;
use serde_json::Value;
use tokio::process::Command;

/// The conformance server in a separate process.
pub(crate) struct Server {
    program: Program,
    address: String,
    client: Client<HttpConnector, Empty<Bytes>>,
}

/// A response of the server.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Null unless it is JSON.
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("ASCII"))
    }

    pub(crate) fn cookies(&self) -> Vec<&str> {
        let cookies = self.headers.get_all(SET_COOKIE).iter();
        cookies.map(|value| value.to_str().expect("ASCII")).collect()
    }

    /// The answer's text in `error`.
    pub(crate) fn error(&self) -> &str {
        self.body["error"].as_str().expect("an error in words")
    }
}

impl Server {
    pub(crate) async fn start(api_url: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conformance-server"));
        command.env("PORT", "0").env("CLERK_API_URL", api_url);
        let mut program = Program::start(command);
        let address = program
            .line(|line| line.strip_prefix("listening on ").map(str::to_owned))
            .await;
        Self {
            program,
            address,
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// Ends it in order.
    pub(crate) async fn stop(self) {
        self.program.stop().await;
    }

    /// Asks for `target` with these header fields, in which a name may repeat.
    pub(crate) async fn get(&self, target: &str, fields: &[(&str, &[u8])]) -> Answer {
        let mut request = Request::builder()
            .method(Method::GET)
            .uri(format!("{}{target}", self.address))
            .body(Empty::new())
            .expect("a request");
        for (name, value) in fields {
            let name: HeaderName = name.parse().expect("a name");
            let value = HeaderValue::from_bytes(value).expect("a value");
            match name {
                HOST => drop(request.headers_mut().insert(name, value)),
                _ => drop(request.headers_mut().append(name, value)),
            }
        }
        let (parts, body) = self.client.request(request).await.expect("an answer").into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap_or_default(),
        }
    }
}
