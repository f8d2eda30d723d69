//! [`TestBrowser`]: the user's browser in a test.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::http::header::{COOKIE, ORIGIN, SET_COOKIE, USER_AGENT};
use axum::http::{HeaderValue, Method, Request, Response};
use http_body::Body as HttpBody;
use portal_sdk::clock::UnixTime;
use tower_service::Service;
use url::{ParseError, Url};

use super::TestPortal;
use super::cookies::{Jar, Sending};
use super::navigation::{BROWSER, Navigation, fetch_metadata, navigate, redacted};
use super::page::TestPage;
use super::site::{Relation, is_trustworthy};
use super::wire::{Applications, BoxError};

/// A browser that visits the portal and an application, follows redirects, fills in forms, and keeps cookies.
///
/// It runs no scripts, follows no `<meta>` refresh, uploads no files and caches nothing. Its methods block, so that they
/// work in `#[test]` and in `#[tokio::test]`. Cookies expire by the portal's [`clock`](crate::LocalPortalBuilder::clock),
/// without its skew. Clones are windows of one browser: they share the cookies.
///
/// ```
/// use axum::Router;
/// use axum::response::Html;
/// use axum::routing::{get, post};
/// use portal_local::TestPortal;
///
/// let form = "<form method='post' action='/greet'><label>Name <input name='name'></label><button>Greet</button></form>";
/// let app = Router::new()
///     .route("/", get(async move || Html(form)))
///     .route("/greet", post(async |body: String| body));
///
/// let portal = TestPortal::new();
/// let browser = portal.browser().with_application("http://localhost:3000", app);
/// let answer = browser.visit("/").form("Greet").fill("Name", "Jane").submit();
/// answer.assert_url("/greet").assert_text("name=Jane");
/// ```
///
/// # Panics
///
/// Each method panics if it fails, and so fails the test. The message has the expectation, the finding and the remedy, and
/// URLs without their secrets.
#[derive(Clone)]
pub struct TestBrowser {
    portal: Arc<TestPortal>,
    applications: Applications,
    cookies: Arc<Mutex<Jar>>,
}

#[expect(
    clippy::must_use_candidate,
    reason = "a visit has an effect; a test may ignore its page"
)]
impl TestBrowser {
    pub(super) fn new(portal: TestPortal) -> Self {
        Self {
            portal: Arc::new(portal),
            applications: Applications::default(),
            cookies: Arc::default(),
        }
    }

    /// Adds an application in this process: requests for `origin` go to `service`, without a network.
    ///
    /// An axum `Router` with all its layers is such a service. It runs on the portal's runtime, whatever runtime the test
    /// has, and its panics fail the test. `origin` is scheme, host and port, such as `http://localhost:3000`; nothing
    /// needs to listen there. The portal sends users back to this machine's origins, and to those that
    /// [`redirect_origin`](crate::LocalPortalBuilder::redirect_origin) names. URLs without a host are relative to the
    /// first application.
    ///
    /// To reach an application that listens on this machine, visit its whole URL instead. Serve it on another thread,
    /// because the test's own thread waits for the response.
    ///
    /// ```
    /// use axum::Router;
    /// use axum::routing::get;
    /// use portal_local::TestPortal;
    ///
    /// let app = Router::new().route("/", get(async || "Hello"));
    /// let browser = TestPortal::new().browser().with_application("http://localhost:3000", app);
    /// browser.visit("http://localhost:3000/").assert_text("Hello");
    /// browser.visit("/").assert_url("http://localhost:3000/");
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if `origin` is not an `http` or `https` origin.
    #[must_use]
    #[track_caller]
    pub fn with_application<S, B>(mut self, origin: &str, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        B: HttpBody + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let is_origin = |url: &Url| {
            matches!(url.scheme(), "http" | "https")
                && url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none()
        };
        let Some(url) = Url::parse(origin).ok().filter(is_origin) else {
            panic!("expected the application's origin, such as `http://localhost:3000`, found {origin:?}");
        };
        self.applications.add(url, service);
        self
    }

    /// Opens a URL, as if the user typed it, and follows redirects.
    ///
    /// ```
    /// let portal = portal_local::TestPortal::new();
    /// let page = portal.browser().visit(&format!("{}/sign-in", portal.origin()));
    /// assert_eq!(page.status(), 200);
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if `url` is invalid, if no server answers within thirty seconds, and after twenty redirects.
    #[track_caller]
    pub fn visit(&self, url: &str) -> TestPage {
        let navigation = Navigation {
            method: Method::GET,
            url: self.resolve(url),
            form: None,
            from: None,
        };
        navigate(self, navigation)
    }

    /// Signs this user in at the portal without password and code, and returns the application's page at `url`.
    ///
    /// `user` is an address or a user ID. The user opens a
    /// [sign-in link](TestPortal::sign_in_link_for), presses its button, and is sent to `url` with a session.
    ///
    /// ```
    /// # use axum::Router;
    /// # use axum::routing::get;
    /// use portal_local::{LocalPortal, SeedUser, TestPortal};
    ///
    /// # let app = Router::new().route("/dashboard", get(async || "Hello"));
    /// let portal = TestPortal::start(LocalPortal::builder().user(SeedUser::new("jane@example.com")));
    /// let browser = portal.browser().with_application("http://localhost:3000", app);
    /// browser.sign_in_as("jane@example.com", "/dashboard").assert_text("Hello");
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the portal does not know the user, refuses the sign-in, or asks for something else first, such as an
    /// organization.
    #[track_caller]
    pub fn sign_in_as(&self, user: &str, url: &str) -> TestPage {
        let target = self.resolve(url);
        let mut link = self.resolve(&self.portal.sign_in_link_for(user));
        link.query_pairs_mut().append_pair("redirect_url", target.as_str());
        let question = self.visit(link.as_str());
        if question.status() != 200 {
            panic!(
                "expected the portal's page that signs {user:?} in, found {}: {:?}",
                question.status(),
                question.excerpt()
            );
        }
        let page = question.press("Continue");
        let is_at_portal = page.shown_at().origin() == self.resolve(self.portal.origin()).origin();
        if is_at_portal && target.origin() != page.shown_at().origin() {
            panic!(
                "expected {user:?} to end signed in at {}, found the portal's page {}: {:?}; visit \
                 `sign_in_link_for` instead, and fill in that page in the test",
                redacted(&target),
                redacted(page.shown_at()),
                page.excerpt()
            );
        }
        page
    }

    /// Sends a request as a script of the application's page would, with the browser's cookies.
    ///
    /// The browser follows no redirect, and keeps the response's cookies. It adds `Cookie`, `Origin` (except to `GET` and
    /// `HEAD`), `Sec-Fetch-*` of the same origin, and `User-Agent`; fields of the request take precedence.
    ///
    /// ```
    /// # use axum::Router;
    /// # use axum::routing::post;
    /// use axum::http::Request;
    /// # fn main() -> Result<(), axum::http::Error> {
    /// # let app = Router::new().route("/api/notes", post(async |body: String| body));
    /// # let browser = portal_local::TestPortal::new().browser().with_application("http://localhost:3000", app);
    /// let request = Request::post("/api/notes")
    ///     .header("content-type", "application/json")
    ///     .body(r#"{"title": "Milk"}"#.to_owned())?;
    /// assert_eq!(browser.send(request).body(), r#"{"title": "Milk"}"#);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the URL is invalid, or if no server answers within thirty seconds.
    #[track_caller]
    pub fn send(&self, request: Request<String>) -> TestPage {
        let url = self.resolve(&request.uri().to_string());
        let method = request.method().clone();
        let mut request = request.map(Body::from);
        let headers = request.headers_mut();
        headers.entry(USER_AGENT).or_insert(BROWSER);
        let origin = HeaderValue::try_from(url.origin().ascii_serialization());
        if let (Ok(origin), false) = (origin, matches!(method, Method::GET | Method::HEAD)) {
            headers.entry(ORIGIN).or_insert(origin);
        }
        if is_trustworthy(&url) {
            fetch_metadata(headers, Relation::SameOrigin, "cors", "empty");
        }
        match self.exchange(&url, request, Sending::SameSite) {
            Ok(response) => TestPage::new(self.clone(), url, response),
            Err(problem) => panic!("expected an answer to {method} {}, found: {problem}", redacted(&url)),
        }
    }

    /// Returns the value of the cookie that a request for `url` carries; `None` if it carries no such cookie.
    ///
    /// `HttpOnly` cookies are included.
    ///
    /// ```
    /// let portal = portal_local::TestPortal::new();
    /// let browser = portal.browser();
    /// assert_eq!(browser.cookie(portal.origin(), "__clerk_db_jwt"), None);
    /// browser.visit(&format!("{}/sign-in", portal.origin()));
    /// assert!(browser.cookie(portal.origin(), "__clerk_db_jwt").is_some());
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if `url` is invalid.
    #[must_use]
    #[track_caller]
    pub fn cookie(&self, url: &str, name: &str) -> Option<String> {
        let url = self.resolve(url);
        self.with_cookies(|jar, now| jar.value(&url, name, now))
    }

    /// Sends one request and keeps the cookies of its response.
    #[track_caller]
    pub(super) fn exchange(
        &self,
        url: &Url,
        mut request: Request<Body>,
        sending: Sending,
    ) -> Result<Response<Bytes>, BoxError> {
        let cookies = self.with_cookies(|jar, now| jar.field(url, sending, now));
        if let Some(cookies) = cookies {
            request
                .headers_mut()
                .entry(COOKIE)
                .or_insert(HeaderValue::try_from(cookies)?);
        }
        let what = format!("{} {}", request.method(), redacted(url));
        let answer = self.applications.send(url, request);
        let response = self.portal.host.driver().run(&what, answer)?;
        self.with_cookies(|jar, now| {
            for directive in response.headers().get_all(SET_COOKIE) {
                jar.keep(url, &String::from_utf8_lossy(directive.as_bytes()), now);
            }
        });
        Ok(response)
    }

    fn with_cookies<T>(&self, work: impl FnOnce(&mut Jar, UnixTime) -> T) -> T {
        let now = self.portal.local_portal().app.clock.unskewed_now();
        work(&mut self.cookies.lock().unwrap_or_else(PoisonError::into_inner), now)
    }

    /// Reads a URL that may be relative to the first application.
    #[track_caller]
    pub(super) fn resolve(&self, url: &str) -> Url {
        let parsed = match (Url::parse(url), self.applications.first()) {
            (Err(ParseError::RelativeUrlWithoutBase), Some(application)) => application.join(url),
            (parsed, _) => parsed,
        };
        match parsed {
            Ok(url) if url.has_host() => url,
            Ok(_) => panic!("expected an `http` or `https` URL, found {url:?}"),
            Err(error) => panic!(
                "expected a URL, found {url:?} ({error}); add an application with `with_application` to visit paths of it"
            ),
        }
    }
}

impl fmt::Debug for TestBrowser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestBrowser")
            .field("portal", &self.portal)
            .field("applications", &self.applications)
            .finish_non_exhaustive()
    }
}
