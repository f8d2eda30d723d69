//! [`Browser`]: a client with cookies that follows redirects and submits forms.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, Request};
use http_body_util::Full;
use serde_json::Value;
use url::Url;

use super::page::PageForm;
use super::watch::Watch;
use super::wire::{Connections, Lost};

const MOST_REDIRECTS: usize = 20;
const AGENT: &str = "Mozilla/5.0 (soak test)";

/// The reason why a step was not completed.
#[derive(Debug)]
pub(super) enum Stop {
    /// A request has no response. The [`Watch`] has judged it.
    Lost(Lost),
    /// A response is not the expected one.
    Unexpected(String),
}

impl From<url::ParseError> for Stop {
    fn from(error: url::ParseError) -> Self {
        Self::Unexpected(error.to_string())
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(lost) => write!(f, "{lost}"),
            Self::Unexpected(text) => f.write_str(text),
        }
    }
}

/// A response, with the URL of its request.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) url: Url,
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) body: String,
}

impl Answer {
    /// Returns a [`Stop::Unexpected`] with the expected and the found response.
    pub(super) fn unexpected(&self, expected: &str) -> Stop {
        let at = format!("{}{}", self.url.origin().ascii_serialization(), self.url.path());
        let heading = self
            .body
            .split("<h1")
            .nth(1)
            .and_then(|rest| rest.split("</h1>").next());
        let alert = self
            .body
            .split("role=\"alert\"")
            .nth(1)
            .and_then(|rest| rest.split("</div>").next());
        let said: String = [heading, alert].into_iter().flatten().collect();
        let said: String = said.chars().take(400).collect();
        let location = self
            .location
            .as_deref()
            .map(|to| to.split('?').next().unwrap_or_default().to_owned());
        Stop::Unexpected(format!(
            "expected {expected}, found {} {location:?} at {at}: {said:?}",
            self.status
        ))
    }

    pub(super) fn is_at(&self, origin: &str, path: &str) -> bool {
        self.url.origin().ascii_serialization() == origin && self.url.path() == path
    }
}

/// The kind of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Page,
    Script,
}

/// Cookies by host and name.
pub(super) type Jar = BTreeMap<(String, String), String>;

#[derive(Debug)]
pub(super) struct Browser {
    connections: Connections,
    pub(super) jar: Jar,
    pub(super) born: Instant,
}

impl Browser {
    pub(super) fn new() -> Self {
        Self::with(Jar::new())
    }

    pub(super) fn with(jar: Jar) -> Self {
        Self {
            connections: Connections::default(),
            jar,
            born: Instant::now(),
        }
    }

    /// Opens a page and follows redirects.
    pub(super) async fn open(&mut self, watch: &Watch, url: &str) -> Result<Answer, Stop> {
        let url = Url::parse(url)?;
        let first = self
            .ask(watch, Method::GET, url, Kind::Page, None, HeaderMap::new())
            .await?;
        self.follow(watch, first).await
    }

    /// Sends a request of a script, such as `fetch`.
    pub(super) async fn script(&mut self, watch: &Watch, url: &str) -> Result<Answer, Stop> {
        let url = Url::parse(url)?;
        self.ask(watch, Method::GET, url, Kind::Script, None, HeaderMap::new())
            .await
    }

    /// Submits a form of `page`, and returns the response itself.
    pub(super) async fn submit(&mut self, watch: &Watch, page: &Answer, form: &PageForm) -> Result<Answer, Stop> {
        let url = page.url.join(&form.action)?;
        let _writing = watch.write();
        self.ask(
            watch,
            Method::POST,
            url,
            Kind::Page,
            Some(form.body()),
            HeaderMap::new(),
        )
        .await
    }

    /// Follows the redirects from `answer` on.
    pub(super) async fn follow(&mut self, watch: &Watch, mut answer: Answer) -> Result<Answer, Stop> {
        for _ in 0..MOST_REDIRECTS {
            let Some(location) = answer.location.as_deref() else {
                return Ok(answer);
            };
            let next = answer.url.join(location)?;
            if watch.places.program(&next).is_none() {
                // The watch has recorded the redirect. Nothing is sent to another host.
                return Err(answer.unexpected("a redirect to a program"));
            }
            answer = self
                .ask(watch, Method::GET, next, Kind::Page, None, HeaderMap::new())
                .await?;
        }
        Err(answer.unexpected("the end of the redirects"))
    }

    /// Sends one request and keeps the cookies of the response.
    pub(super) async fn ask(
        &mut self,
        watch: &Watch,
        method: Method,
        url: Url,
        kind: Kind,
        body: Option<String>,
        more: HeaderMap,
    ) -> Result<Answer, Stop> {
        let asked = format!("{method} {}", url.path());
        let authority = url.authority().to_owned();
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let is_form = body.is_some();
        let mut request = Request::builder()
            .method(&method)
            .uri(target)
            .body(Full::new(Bytes::from(body.unwrap_or_default())))
            .map_err(|error| Stop::Unexpected(error.to_string()))?;
        let fields = request.headers_mut();
        fields.extend(more);
        self.describe(fields, &url, kind, is_form);
        let since = Instant::now();
        let response = match self.connections.send(&authority, request).await {
            Ok(response) => response,
            Err(lost) => {
                watch.saw_loss(&asked, &url, since, &lost);
                return Err(Stop::Lost(lost));
            }
        };
        let status = response.status().as_u16();
        let location = response
            .headers()
            .get(LOCATION)
            .filter(|_| response.status().is_redirection());
        let location = location.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        watch.saw_response(&asked, &url, since, status, location.as_deref());
        let host = url.host_str().unwrap_or_default();
        for field in response.headers().get_all(SET_COOKIE) {
            keep(&mut self.jar, host, &String::from_utf8_lossy(field.as_bytes()));
        }
        Ok(Answer {
            status,
            location,
            body: String::from_utf8_lossy(response.body()).into_owned(),
            url,
        })
    }

    fn describe(&self, fields: &mut HeaderMap, url: &Url, kind: Kind, is_form: bool) {
        let (accept, mode, destination) = match kind {
            Kind::Page => ("text/html", "navigate", "document"),
            Kind::Script => ("application/json", "cors", "empty"),
        };
        let is_typed = kind == Kind::Page && !is_form;
        for (name, value) in [
            ("accept", accept),
            ("sec-fetch-mode", mode),
            ("sec-fetch-dest", destination),
            ("sec-fetch-site", if is_typed { "none" } else { "same-origin" }),
            ("user-agent", AGENT),
        ] {
            fields.insert(name, HeaderValue::from_static(value));
        }
        if is_form {
            fields.insert(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            );
            if let Ok(origin) = HeaderValue::from_str(&url.origin().ascii_serialization()) {
                fields.insert(ORIGIN, origin);
            }
        }
        let host = url.host_str().unwrap_or_default();
        let cookies = self.jar.iter().filter(|((of, _), _)| of == host);
        let cookies: Vec<String> = cookies.map(|((_, name), value)| format!("{name}={value}")).collect();
        if let Ok(cookies) = HeaderValue::from_str(&cookies.join("; "))
            && !cookies.is_empty()
        {
            fields.insert(COOKIE, cookies);
        }
    }

    /// Returns the applications' session token that ends last.
    pub(super) fn token(&self) -> Option<TokenSight> {
        let tokens = self
            .jar
            .iter()
            .filter(|((host, name), _)| host == "localhost" && (name == "__session" || name.starts_with("__session_")));
        let tokens = tokens.filter_map(|(_, value)| TokenSight::of(value));
        tokens.max_by_key(|token| token.ends_at)
    }
}

/// Keeps or removes a cookie. Paths and domains are the same for all cookies here.
fn keep(jar: &mut Jar, host: &str, field: &str) {
    let mut parts = field.split(';').map(str::trim);
    let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
        return;
    };
    let is_over = parts.any(|attribute| {
        let attribute = attribute.to_ascii_lowercase();
        attribute == "max-age=0" || attribute.starts_with("max-age=-") || attribute.contains("1970")
    });
    let key = (host.to_owned(), name.to_owned());
    if is_over {
        jar.remove(&key);
    } else {
        jar.insert(key, value.to_owned());
    }
}

/// The end and the application of a session token, unverified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TokenSight {
    /// The claim `exp`.
    pub(super) ends_at: u64,
    /// The claim `azp`: only the application that a token was made for can renew it.
    pub(super) made_for: String,
}

impl TokenSight {
    pub(super) fn of(token: &str) -> Option<Self> {
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        let claims = serde_json::from_slice::<Value>(&payload).ok()?;
        Some(Self {
            ends_at: claims["exp"].as_u64()?,
            made_for: claims["azp"].as_str().unwrap_or_default().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_kept_until_they_are_removed() {
        let mut jar = Jar::new();
        keep(&mut jar, "localhost", "a=1=2; Path=/; HttpOnly");
        keep(&mut jar, "localhost", "b=2; Max-Age=60");
        keep(&mut jar, "127.0.0.1", "a=3");
        assert_eq!(
            jar.get(&("localhost".into(), "a".into())).map(String::as_str),
            Some("1=2")
        );
        keep(&mut jar, "localhost", "a=; Max-Age=0; Path=/");
        keep(&mut jar, "localhost", "b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(jar.len(), 1);
    }

    #[test]
    fn end_and_application_are_read_from_the_payload() {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"exp":1800000000,"azp":"http://localhost:1"}"#);
        let expected = TokenSight {
            ends_at: 1_800_000_000,
            made_for: "http://localhost:1".into(),
        };
        assert_eq!(TokenSight::of(&format!("x.{payload}.y")), Some(expected));
        assert_eq!(TokenSight::of("x.y"), None);
    }
}
