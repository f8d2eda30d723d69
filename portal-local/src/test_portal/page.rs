//! [`TestPage`]: a page that a test's browser shows.

use std::fmt;

use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{Method, Response, StatusCode};
use url::Url;

use super::browser::TestBrowser;
use super::controls::Form;
use super::document::{Document, Link};
use super::form::TestForm;
use super::navigation::{Navigation, navigate, redacted};
use super::pick::pick;
use super::referrer::{Initiator, Policy};
use crate::excerpt::excerpt;

const HTML: &str = "text/html";

/// A page that a [`TestBrowser`] shows, or the response to its request.
///
/// ```
/// use portal_local::{LocalPortal, SeedUser, TestPortal};
///
/// let jane = SeedUser::new("jane@example.com").password("correct horse battery");
/// let portal = TestPortal::start(LocalPortal::builder().user(jane));
///
/// let page = portal.browser().visit(&format!("{}/sign-in", portal.origin()));
/// let page = page.form("Continue").fill("Email address", "jane@example.com").submit();
/// let page = page.form("Continue").fill("Password", "wrong horse").submit();
/// page.assert_status(422).assert_text("That password isn't correct");
///
/// assert!(page.url().contains("/sign-in/factor-one"));
/// assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
/// assert!(page.body().contains("<h1") && !page.text().contains("<h1"));
/// ```
#[derive(Clone)]
pub struct TestPage {
    browser: TestBrowser,
    url: Url,
    response: Response<String>,
    document: Document,
}

#[expect(
    clippy::must_use_candidate,
    reason = "steps and assertions have an effect; a test may ignore their page"
)]
impl TestPage {
    pub(super) fn new(browser: TestBrowser, url: Url, response: Response<Bytes>) -> Self {
        let response = response.map(|body| String::from_utf8_lossy(&body).into_owned());
        let content_type = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|field| field.to_str().ok());
        let is_html = |mime: &str| {
            mime.get(..HTML.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(HTML))
        };
        let document = match content_type.is_some_and(is_html) {
            true => Document::read(response.body()),
            false => Document {
                text: response.body().clone(),
                ..Document::default()
            },
        };
        Self {
            browser,
            url,
            response,
            document,
        }
    }

    /// The URL in the address bar, after all redirects.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The first value of a response's field; `None` if it is missing or not ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// The body as it was received, such as HTML or JSON.
    #[must_use]
    pub fn body(&self) -> &str {
        self.response.body()
    }

    /// The text of an HTML page as users read it, with white space collapsed. For other types, the body.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.document.text
    }

    /// Finds a form by the text of its button, its action or its ID.
    ///
    /// A button's whole text takes precedence, then an action or ID, then a part of a button's text.
    ///
    /// ```
    /// let portal = portal_local::TestPortal::new();
    /// let page = portal.browser().visit(&format!("{}/sign-in", portal.origin()));
    /// let page = page.form("Continue").fill("Email address", "joe@example.com").submit();
    /// page.assert_text("We couldn't find an account");
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if no form or several forms match; the message lists the page's forms.
    #[track_caller]
    pub fn form(&self, button_or_action: &str) -> TestForm<'_> {
        let (form, pressed) = self.find_form(button_or_action);
        TestForm::new(self, form, pressed)
    }

    /// Presses a button, with the form's fields as the page shows them.
    ///
    /// ```
    /// use portal_local::{LocalPortal, SeedUser, TestPortal};
    ///
    /// let portal = TestPortal::start(LocalPortal::builder().user(SeedUser::new("jane@example.com")));
    /// let page = portal.browser().visit(&portal.sign_in_link_for("jane@example.com"));
    /// page.press("Continue").assert_status(200);
    /// ```
    ///
    /// # Panics
    ///
    /// Panics as [`form`](Self::form) and [`submit`](TestForm::submit) do.
    #[track_caller]
    pub fn press(&self, button: &str) -> Self {
        self.form(button).submit()
    }

    /// Follows the link with this text.
    ///
    /// A link's whole text takes precedence over a part of it.
    ///
    /// ```
    /// let portal = portal_local::TestPortal::new();
    /// let page = portal.browser().visit(&format!("{}/sign-in", portal.origin()));
    /// page.follow_link("Sign up").assert_text("Create your account");
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if no link matches, or if the matching links have several URLs; the message lists the page's links.
    #[track_caller]
    pub fn follow_link(&self, text: &str) -> Self {
        let links = || self.document.links.iter().map(|link| (link, link.text.as_str()));
        let mut found = pick(links(), text).into_iter();
        let link = found.next();
        let is_one = |first: &&_| found.all(|other: &_| same_address(first, other));
        let Some(link) = link.filter(is_one) else {
            let texts: Vec<&str> = links().map(|(_, text)| text).collect();
            panic!(
                "expected one link {text:?} on {}, found the links {texts:?} and the text {:?}",
                redacted(&self.url),
                self.excerpt()
            );
        };
        let navigation = Navigation {
            method: Method::GET,
            url: self.address(&link.address),
            form: None,
            from: Some(self.initiator()),
        };
        self.go(navigation)
    }

    /// Asserts that the browser ended at this URL, which may be relative to the first application.
    ///
    /// Returns the page, for further assertions.
    ///
    /// # Panics
    ///
    /// Panics if the URL differs.
    #[track_caller]
    pub fn assert_url(&self, expected: &str) -> &Self {
        let expected = self.browser.resolve(expected);
        assert!(
            expected == self.url,
            "expected to end at {}, found {} with status {} and the text {:?}",
            redacted(&expected),
            redacted(&self.url),
            self.status(),
            self.excerpt()
        );
        self
    }

    /// Asserts the status of the response.
    ///
    /// Returns the page, for further assertions.
    ///
    /// # Panics
    ///
    /// Panics if the status differs.
    #[track_caller]
    pub fn assert_status(&self, expected: u16) -> &Self {
        assert!(
            self.status() == expected,
            "expected status {expected} of {}, found {} and the text {:?}",
            redacted(&self.url),
            self.status(),
            self.excerpt()
        );
        self
    }

    /// Asserts that the page's [`text`](Self::text) contains this one.
    ///
    /// Returns the page, for further assertions.
    ///
    /// # Panics
    ///
    /// Panics if the text is missing.
    #[track_caller]
    pub fn assert_text(&self, expected: &str) -> &Self {
        assert!(
            self.text().contains(expected),
            "expected the text {expected:?} on {}, found status {} and {:?}",
            redacted(&self.url),
            self.status(),
            self.text()
        );
        self
    }

    #[track_caller]
    fn find_form(&self, wanted: &str) -> (&Form, Option<usize>) {
        let forms = &self.document.forms;
        let buttons = forms
            .iter()
            .flat_map(|form| form.buttons().map(move |(index, text)| ((form, Some(index)), text)));
        let by_target = |form: &&Form| {
            let action = form.target.action.as_deref().unwrap_or_default();
            !wanted.is_empty() && (form.id == wanted || action == wanted || self.address(action).path() == wanted)
        };
        let is_whole = |(_, text): &(_, &str)| *text == wanted;
        let mut found: Vec<_> = buttons.clone().filter(is_whole).map(|(button, _)| button).collect();
        if found.is_empty() {
            let found_forms = forms.iter().filter(by_target);
            found = found_forms.map(|form| (form, form.default_button())).collect();
        }
        if found.is_empty() {
            found = pick(buttons, wanted);
        }
        match found.as_slice() {
            [found] => *found,
            _ => panic!(
                "expected one form with the button, action or ID {wanted:?} on {}, found {}; the page has status {} and \
                 the text {:?}",
                redacted(&self.url),
                self.described_forms(),
                self.status(),
                self.excerpt()
            ),
        }
    }

    fn described_forms(&self) -> String {
        let described = |form: &Form| {
            let texts: Vec<&str> = form.buttons().map(|(_, text)| text).collect();
            let action = form.target.action.as_deref().unwrap_or_default();
            format!("buttons {texts:?} of the form to {}", redacted(&self.address(action)))
        };
        let forms: Vec<String> = self.document.forms.iter().map(described).collect();
        if forms.is_empty() {
            "no forms".to_owned()
        } else {
            forms.join(", ")
        }
    }

    /// Resolves a URL of the page; an invalid one becomes the page's own.
    pub(super) fn address(&self, text: &str) -> Url {
        let base = self.document.base.as_deref().and_then(|base| self.url.join(base).ok());
        let base = base.as_ref().filter(|_| !text.is_empty()).unwrap_or(&self.url);
        base.join(text.trim()).unwrap_or_else(|_| self.url.clone())
    }

    pub(super) fn initiator(&self) -> Initiator {
        let policy = self.header(REFERRER_POLICY.as_str()).unwrap_or_default();
        Initiator {
            url: self.url.clone(),
            policy: Policy::default().or_of(policy),
        }
    }

    #[track_caller]
    pub(super) fn go(&self, navigation: Navigation) -> Self {
        navigate(&self.browser, navigation)
    }

    pub(super) fn shown_at(&self) -> &Url {
        &self.url
    }

    /// The beginning of the text, for messages.
    pub(super) fn excerpt(&self) -> String {
        excerpt(self.text())
    }
}

fn same_address(one: &Link, other: &Link) -> bool {
    one.address == other.address
}

impl fmt::Debug for TestPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestPage")
            .field("url", &redacted(&self.url))
            .field("status", &self.status())
            .field("text", &self.excerpt())
            .finish_non_exhaustive()
    }
}
