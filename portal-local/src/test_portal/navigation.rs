//! A visit, a link or a form, with the redirects that follow.

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderName, LOCATION, ORIGIN, REFERER, REFERRER_POLICY, USER_AGENT,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use url::Url;

use super::browser::TestBrowser;
use super::cookies::Sending;
use super::page::TestPage;
use super::referrer::Initiator;
use super::site::{Relation, is_trustworthy, without_credentials};
use crate::request_log::redacted_query;

/// The limit of browsers (<https://fetch.spec.whatwg.org/#http-redirect-fetch>).
const MOST_REDIRECTS: usize = 20;

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const HTML: HeaderValue = HeaderValue::from_static("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
const ENGLISH: HeaderValue = HeaderValue::from_static("en");
pub(super) const BROWSER: HeaderValue = HeaderValue::from_static("Mozilla/5.0 (compatible; TestBrowser)");

/// A request for a page.
#[derive(Clone)]
pub(super) struct Navigation {
    pub(super) method: Method,
    pub(super) url: Url,
    /// An encoded form.
    pub(super) form: Option<String>,
    /// `None` for a typed URL.
    pub(super) from: Option<Initiator>,
}

/// A navigation and the part of it that is done.
struct Journey {
    next: Navigation,
    site: Relation,
    /// A form was redirected by an origin that did not send it, so that its `Origin` is `null`.
    is_tainted: bool,
    /// The redirects so far, as lines.
    steps: Vec<String>,
}

/// Follows redirects and returns the page where they end.
#[track_caller]
pub(super) fn navigate(browser: &TestBrowser, navigation: Navigation) -> TestPage {
    let mut journey = Journey::new(navigation);
    loop {
        if !matches!(journey.next.url.scheme(), "http" | "https") {
            panic!(
                "expected an `http` or `https` URL, found {:?}; other programs open it, so that it ends a test of the \
                 browser{}",
                redacted(&journey.next.url),
                journey.so_far()
            );
        }
        let request = journey.request();
        let sending = journey.sending();
        let response = match browser.exchange(&journey.next.url, request, sending) {
            Ok(response) => response,
            Err(problem) => panic!(
                "expected an answer to {} {}, found: {problem}{}",
                journey.next.method,
                redacted(&journey.next.url),
                journey.so_far()
            ),
        };
        let Some(location) = location(&response) else {
            return TestPage::new(browser.clone(), journey.next.url, response);
        };
        if let Err(problem) = journey.redirect(&response, &location) {
            panic!("{problem}{}", journey.so_far());
        }
    }
}

impl Journey {
    fn new(next: Navigation) -> Self {
        Self {
            site: next
                .from
                .as_ref()
                .map_or(Relation::Typed, |from| Relation::between(&from.url, &next.url)),
            next,
            is_tainted: false,
            steps: Vec::new(),
        }
    }

    fn request(&self) -> Request<Body> {
        let Navigation {
            method,
            url,
            form,
            from,
        } = &self.next;
        let mut request = Request::new(form.clone().map_or_else(Body::empty, Body::from));
        *request.method_mut() = method.clone();
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HTML);
        headers.insert(ACCEPT_LANGUAGE, ENGLISH);
        headers.insert(USER_AGENT, BROWSER);
        if form.is_some() {
            headers.insert(CONTENT_TYPE, FORM);
        }
        if let Some(from) = from {
            insert(headers, REFERER, from.referrer(url));
            let origin = if self.is_tainted {
                "null".to_owned()
            } else {
                from.origin(url)
            };
            insert(headers, ORIGIN, (*method != Method::GET).then_some(origin));
        }
        if is_trustworthy(url) {
            fetch_metadata(headers, self.site, "navigate", "document");
            headers.insert("sec-fetch-user", HeaderValue::from_static("?1"));
        }
        request
    }

    /// The request's kind for `SameSite`.
    ///
    /// The page and the request's URL decide, not the redirects between them, as in Chrome and Firefox.
    fn sending(&self) -> Sending {
        let Some(from) = &self.next.from else {
            return Sending::SameSite;
        };
        match Relation::between(&from.url, &self.next.url) {
            Relation::CrossSite if self.next.method == Method::GET => Sending::CrossSiteNavigation,
            Relation::CrossSite => Sending::CrossSite,
            Relation::Typed | Relation::SameOrigin | Relation::SameSite => Sending::SameSite,
        }
    }

    /// Continues at `location`; the error is the beginning of the panic's message.
    fn redirect(&mut self, response: &Response<Bytes>, location: &str) -> Result<(), String> {
        let status = response.status();
        let Navigation {
            method,
            url,
            form,
            from,
        } = &mut self.next;
        self.steps
            .push(format!("{} {method} {}", status.as_u16(), redacted(url)));
        if self.steps.len() > MOST_REDIRECTS {
            return Err(format!(
                "expected at most {MOST_REDIRECTS} redirects, found a redirect loop; compare the application's keys, \
                 origin and clock with the portal's"
            ));
        }
        let mut target = url
            .join(location)
            .map_err(|error| format!("expected a URL in `Location`, found {location:?} ({error})"))?;
        if target.fragment().is_none() {
            target.set_fragment(url.fragment());
        }
        let is_post = *method == Method::POST;
        let drops_form = match status {
            StatusCode::SEE_OTHER => true,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => is_post,
            _ => false,
        };
        if drops_form {
            *method = Method::GET;
            *form = None;
        }
        if let Some(from) = from {
            self.is_tainted |= from.url.origin() != url.origin() && target.origin() != url.origin();
            self.site = self.site.max(Relation::between(&from.url, &target));
            let policy = response
                .headers()
                .get(REFERRER_POLICY)
                .and_then(|field| field.to_str().ok());
            from.policy = from.policy.or_of(policy.unwrap_or_default());
        }
        *url = target;
        Ok(())
    }

    fn so_far(&self) -> String {
        match self.steps.as_slice() {
            [] => String::new(),
            steps => format!("\nThe redirects before it:\n  {}", steps.join("\n  ")),
        }
    }
}

/// The target of a redirect. `None` for a page.
fn location(response: &Response<Bytes>) -> Option<String> {
    let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(LOCATION).filter(|_| is_redirect)?;
    Some(String::from_utf8_lossy(location.as_bytes()).into_owned())
}

/// Adds the fields with a request's origin and purpose (<https://www.w3.org/TR/fetch-metadata/>).
pub(super) fn fetch_metadata(headers: &mut HeaderMap, site: Relation, mode: &'static str, destination: &'static str) {
    for (name, value) in [
        ("sec-fetch-site", site.as_str()),
        ("sec-fetch-mode", mode),
        ("sec-fetch-dest", destination),
    ] {
        // Fields that a test gives to `send` take precedence.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: Option<String>) {
    if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.insert(name, value);
    }
}

/// The URL without the secrets in its query string, for messages.
pub(super) fn redacted(url: &Url) -> String {
    let url = without_credentials(url.clone());
    let Some(query) = url.query() else {
        return url.into();
    };
    let pairs = redacted_query(query).into_iter();
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
    let mut start = url.clone();
    start.set_query(None);
    start.set_fragment(None);
    format!("{start}?{}", pairs.join("&"))
}
