//! A small browser: it keeps cookies, remembers the page it is on, and never follows a redirect by itself.

use std::collections::BTreeMap;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, ORIGIN, SET_COOKIE};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use url::{Url, form_urlencoded};

pub(crate) type Http = Client<HttpConnector, Full<Bytes>>;

pub(crate) fn http() -> Http {
    Client::builder(TokioExecutor::new()).build_http()
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> &str {
        self.header("location")
    }

    /// A parameter of the address that this answer leads to.
    pub(crate) fn location_parameter(&self, wanted: &str) -> Option<String> {
        let url = Url::parse(self.location()).unwrap();
        let mut pairs = url.query_pairs();
        pairs
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.header("content-type"), "application/json", "{}", self.body);
        serde_json::from_str(&self.body).unwrap()
    }

    /// Returns `true` if the page contains `text`, written as users read it.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.body.replace("&#39;", "'").contains(text)
    }

    /// Clerk's code of the first error on a page.
    pub(crate) fn page_error(&self) -> &str {
        self.after("data-code=\"").unwrap_or("")
    }

    /// Returns the text between `start` and the next double quote.
    pub(crate) fn after(&self, start: &str) -> Option<&str> {
        self.body.split_once(start)?.1.split_once('"').map(|(text, _)| text)
    }
}

#[derive(Clone)]
pub(crate) struct Browser {
    http: Http,
    pub(crate) origin: String,
    pub(crate) cookies: BTreeMap<String, String>,
    /// The URL of the last page's form, and its proof.
    form: Option<(String, String)>,
}

impl Browser {
    pub(crate) fn new(origin: &str) -> Self {
        Self {
            http: http(),
            origin: origin.to_owned(),
            cookies: BTreeMap::new(),
            form: None,
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], String::new()).await
    }

    /// Opens what a redirect leads to, which must be the portal's own.
    pub(crate) async fn follow(&mut self, answer: &Answer) -> Answer {
        let location = answer.location().to_owned();
        self.get(location.strip_prefix(&self.origin.clone()).unwrap_or(&location))
            .await
    }

    /// Opens an address and presses the one button of the page that it leads to.
    pub(crate) async fn confirm(&mut self, path: &str) -> Answer {
        let mut answer = self.get(path).await;
        if answer.status == 303 {
            answer = self.follow(&answer).await;
        }
        match answer.status {
            200 => self.submit(&[]).await,
            _ => answer,
        }
    }

    /// Submits the form of the last page, as a browser would.
    pub(crate) async fn submit(&mut self, fields: &[(&str, &str)]) -> Answer {
        let (action, token) = self.form.clone().expect("a page with a form");
        let mut all = vec![("form_token", token.as_str())];
        all.extend_from_slice(fields);
        self.post(&action, &all, &[("sec-fetch-site", "same-origin")]).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.send(Method::POST, path, headers, body).await
    }

    /// The proof of the last page's form.
    pub(crate) fn form_token(&self) -> String {
        self.form.clone().expect("a page with a form").1
    }

    pub(crate) async fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.uri_mut() = format!("{}{path}", self.origin).parse().unwrap();
        let map = request.headers_mut();
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            map.insert(COOKIE, HeaderValue::from_str(&cookies.join("; ")).unwrap());
        }
        if method == Method::POST {
            map.insert(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            );
            map.insert(ORIGIN, HeaderValue::from_str(&self.origin).unwrap());
        }
        for (name, value) in headers {
            map.insert(
                HeaderName::try_from(*name).unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        *request.method_mut() = method;
        let answer = send(&self.http, request).await;
        self.keep_cookies(&answer);
        if answer.header("content-type").starts_with("text/html") {
            let action = answer.after("<form method=\"post\" action=\"");
            let token = answer.after("name=\"form_token\" value=\"");
            self.form = action
                .zip(token)
                .map(|(action, token)| (unescape(action), token.to_owned()));
        }
        answer
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for directive in answer.headers.get_all(SET_COOKIE) {
            let (pair, attributes) = directive.to_str().unwrap().split_once(';').unwrap();
            assert!(
                attributes.contains("SameSite=Lax") && attributes.contains("Path=/"),
                "{attributes}"
            );
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

pub(crate) async fn send(http: &Http, request: Request<Full<Bytes>>) -> Answer {
    let response = http.request(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

/// The only entity that an address in an attribute contains.
pub(crate) fn unescape(text: &str) -> String {
    text.replace("&#38;", "&").replace("&amp;", "&")
}
