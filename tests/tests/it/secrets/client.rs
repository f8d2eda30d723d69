//! A small browser that remembers every secret it meets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE};
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::{Url, form_urlencoded};

use super::seen::Secrets;

/// The most time for one response. An event stream never ends.
const PATIENCE: Duration = Duration::from_secs(20);
const MAX_REDIRECTS: usize = 20;

pub(crate) struct Client {
    secrets: Arc<Secrets>,
    /// By host, because cookies ignore ports.
    jar: BTreeMap<String, BTreeMap<String, String>>,
}

/// A response, and the URL that it is for.
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) status: u16,
    location: Option<String>,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn new(secrets: &Arc<Secrets>) -> Self {
        Self {
            secrets: secrets.clone(),
            jar: BTreeMap::new(),
        }
    }

    /// Opens a page, and follows its redirects.
    pub(crate) async fn open(&mut self, url: &str) -> Page {
        let page = self.send(Method::GET, url, &[], String::new()).await;
        self.follow(page).await
    }

    /// Returns `true` if the browser has a session cookie for this URL, or the portal's own.
    pub(crate) fn has_session(&self, url: &Url) -> bool {
        let jar = url.host_str().and_then(|host| self.jar.get(host));
        jar.is_some_and(|jar| jar.contains_key("__session") || jar.len() == 1 && jar.contains_key("__clerk_db_jwt"))
    }

    async fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..MAX_REDIRECTS {
            let Some(location) = &page.location else { return page };
            let url = page.url.join(location).expect("a URL");
            page = self.send(Method::GET, url.as_str(), &[], String::new()).await;
        }
        panic!("{} redirects, the last one from {}", MAX_REDIRECTS, page.url.path());
    }

    /// Fills in the first form of a page of the portal, and follows the redirects.
    pub(crate) async fn submit(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let after = |start: &str| page.body.split_once(start)?.1.split('"').next().map(str::to_owned);
        let action = after("<form method=\"post\" action=\"").unwrap_or_else(|| panic!("no form: {}", page.body));
        let action = page
            .url
            .join(&action.replace("&#38;", "&").replace("&amp;", "&"))
            .expect("a URL");
        let token = after("name=\"form_token\" value=\"").unwrap_or_default();
        let mut all = vec![("form_token", token.as_str())];
        all.extend_from_slice(fields);
        let answer = self.post(action.as_str(), &all).await;
        self.follow(answer).await
    }

    /// Sends a form of a page of the same origin.
    pub(crate) async fn post(&mut self, url: &str, fields: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let headers = [
            ("sec-fetch-site", "same-origin"),
            (CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded"),
        ];
        self.send(Method::POST, url, &headers, body).await
    }

    /// Sends JSON, with a secret key or without one, and returns the response's.
    pub(crate) async fn json(&mut self, method: Method, url: &str, key: Option<&str>, body: &Value) -> Value {
        self.secrets.add_json(body);
        let authorization = key.map(|key| format!("Bearer {key}"));
        let mut headers = vec![(CONTENT_TYPE.as_str(), "application/json")];
        headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
        let page = self.send(method, url, &headers, body.to_string()).await;
        assert!(page.status < 300, "{} {}", page.status, page.body);
        let answer = serde_json::from_str(&page.body).unwrap_or_default();
        self.secrets.add_json(&answer);
        answer
    }

    /// Sends a request with these fields. A cookie among them replaces the jar's.
    pub(crate) async fn send(&mut self, method: Method, url: &str, fields: &[(&str, &str)], body: String) -> Page {
        self.secrets.add_url(url);
        let url = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        let host = url.host_str().expect("a host").to_owned();
        let port = url.port().expect("a port");
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = method;
        let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
        *request.uri_mut() = format!("{}{query}", url.path()).parse().expect("a path");
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::try_from(format!("{host}:{port}")).expect("a host"));
        headers.insert("sec-fetch-dest", HeaderValue::from_static("document"));
        headers.insert("accept", HeaderValue::from_static("text/html"));
        let kept = self.jar.entry(host.clone()).or_default();
        let cookies: Vec<String> = kept.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            headers.insert(COOKIE, HeaderValue::try_from(cookies.join("; ")).expect("cookies"));
        }
        for (name, value) in fields {
            let name = HeaderName::try_from(*name).expect("a name");
            headers.insert(name, HeaderValue::try_from(*value).expect("a value"));
        }
        let sent = timeout(PATIENCE, exchange(port, request)).await;
        let Some((parts, body)) = sent.expect("a response in time") else {
            // The portal closes the connection if a test asks for that fault.
            let (status, location, body) = (0, None, String::new());
            return Page {
                url,
                status,
                location,
                body,
            };
        };
        for set_cookie in parts.headers.get_all(SET_COOKIE) {
            let text = set_cookie.to_str().expect("ASCII");
            self.secrets.add_set_cookie(text);
            let (name, value) = text
                .split(';')
                .next()
                .and_then(|pair| pair.split_once('='))
                .expect("a cookie");
            let jar = self.jar.entry(host.clone()).or_default();
            match value {
                "" => jar.remove(name),
                value => jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        let location = parts
            .headers
            .get(LOCATION)
            .map(|value| value.to_str().expect("ASCII").to_owned());
        self.secrets.add_url(location.as_deref().unwrap_or_default());
        self.secrets.add_page(&body);
        Page {
            url,
            status: parts.status.as_u16(),
            location,
            body,
        }
    }
}

async fn exchange(port: u16, request: Request<Full<Bytes>>) -> Option<(http::response::Parts, String)> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let connection = tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await.ok()?.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    connection.abort();
    Some((parts, String::from_utf8_lossy(&body).into_owned()))
}
