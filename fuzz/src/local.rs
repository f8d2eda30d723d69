//! Browsers of a local portal, which is in the same process.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use portal_local::{LocalPortal, SeedUser};
use portal_sdk::clock::UnixTime;
use portal_sdk::testing::TestClock;
use tokio::runtime::Runtime;

const USER: &str = "ada+clerk_test@example.com";
const START_SECS: i64 = 1_800_000_000;

/// One thread, so that the same input takes the same way.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts")
});

/// A response whose body has been read.
pub struct Response {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body, as text.
    pub body: String,
}

impl Response {
    /// The target of a redirect.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.headers.get(LOCATION)?.to_str().ok()
    }
}

/// A browser that keeps its cookies and follows no redirect.
pub struct Browser {
    portal: Arc<LocalPortal>,
    http: Client<HttpConnector, Full<Bytes>>,
    cookies: BTreeMap<String, String>,
    form_token: String,
}

impl Browser {
    /// Starts a portal and returns two of its browsers: one without a session, and one that is signed in.
    ///
    /// # Panics
    ///
    /// Panics if the portal does not start.
    #[must_use]
    pub fn two() -> (Self, Self) {
        let builder = LocalPortal::builder()
            .clock(TestClock::at(UnixTime::from_secs(START_SECS)))
            .user(SeedUser::new(USER).name("Ada", "Lovelace"));
        let portal = Arc::new(RUNTIME.block_on(builder.start()).expect("the portal starts"));
        let link = RUNTIME.block_on(portal.sign_in_link_for(USER));
        let link = link.expect("the database works").expect("the user exists");
        let (mut signed_out, mut signed_in) = (Self::new(&portal), Self::new(&portal));
        signed_out.open("/sign-in");
        let path = link.strip_prefix(portal.origin()).unwrap_or_default();
        // The link's page asks before it signs in.
        signed_in.open(path);
        let proof = format!("form_token={}", signed_in.form_token);
        let response = signed_in.post(path, proof.into_bytes()).expect("the link is valid");
        assert_eq!(response.status, 303, "the link signs in: {}", response.body);
        signed_in.open("/user");
        (signed_out, signed_in)
    }

    fn new(portal: &Arc<LocalPortal>) -> Self {
        Self {
            portal: Arc::clone(portal),
            http: Client::builder(TokioExecutor::new()).build_http(),
            cookies: BTreeMap::new(),
            form_token: String::new(),
        }
    }

    /// Opens a page and keeps the proof of its form.
    fn open(&mut self, path: &str) {
        let page = self.get(path).expect("the page has a valid path");
        let (_, rest) = page.body.split_once("name=\"form_token\" value=\"").unwrap_or_else(|| {
            panic!("{path} has no form: {} {}", page.status, page.body);
        });
        self.form_token = rest.split('"').next().unwrap_or_default().to_owned();
    }

    /// The proof that forms of this browser carry.
    #[must_use]
    pub fn form_token(&self) -> &str {
        &self.form_token
    }

    /// The portal's origin.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.portal.origin()
    }

    /// Requests a page. Returns `None` if no request can have this path.
    pub fn get(&mut self, path: &str) -> Option<Response> {
        self.send(Method::GET, path, Vec::new())
    }

    /// Sends a form. Returns `None` if no request can have this path.
    pub fn post(&mut self, path: &str, body: Vec<u8>) -> Option<Response> {
        self.send(Method::POST, path, body)
    }

    fn send(&mut self, method: Method, path: &str, body: Vec<u8>) -> Option<Response> {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.portal.origin()))
            .header(COOKIE, cookies.join("; "))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(body));
        // A path that starts with something else would change the host.
        let request = request.ok().filter(|_| path.starts_with('/'))?;
        let response = RUNTIME.block_on(async {
            let (head, body) = self
                .http
                .request(request)
                .await
                .expect("the portal answers")
                .into_parts();
            let body = body
                .collect()
                .await
                .expect("the portal sends the whole response")
                .to_bytes();
            (head, body)
        });
        let (head, body) = response;
        self.keep_cookies(&head.headers);
        Some(Response {
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for field in headers.get_all(SET_COOKIE) {
            let field = field.to_str().unwrap_or_default();
            let pair = field.split(';').next().and_then(|pair| pair.split_once('='));
            let Some((name, value)) = pair else { continue };
            match field.contains("Max-Age=0") || value.is_empty() {
                true => drop(self.cookies.remove(name)),
                false => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
    }
}
