//! How a journey ends: [`Shop::ends`] looks at everything that a person, an application and the portal can see of it.
//!
//! 1. The address bar carries no parameter of the protocol.
//! 2. The application shows the person and the organization.
//! 3. The browser's cookies, of the application's host and of the portal's, are those and no others.
//! 4. The portal's store has the session, or none for this browser.
//! 5. The portal's log and the browser's history: nothing failed, nothing was missing, no way was longer than it must
//!    be, and no other host was asked.

mod cookies;
mod requests;
mod store;

use self::cookies::Jars;
use crate::browser::{Browser, Visit};
use crate::shop::Shop;

/// Signing in from a protected page, by way of the portal and of the handshake, takes as many redirects.
const USUAL_REDIRECTS: usize = 5;

/// Three handshakes with nothing to show for it, and the application stops.
const REDIRECTS_OF_A_LOOP: usize = 9;
/// That, and then three times to the portal and back, before the page that explains. Chromium gives up after 20.
const REDIRECTS_OF_BOTH_LOOPS: usize = 19;

/// What a journey must end with.
#[must_use = "an expectation does nothing until `Shop::ends` is given it"]
#[derive(Clone, Debug)]
pub struct Expected {
    who: Who,
    organization: Option<String>,
    ended: Vec<(String, &'static str)>,
    handshakes: Option<usize>,
    refreshes: Option<usize>,
    most_redirects: usize,
    is_loop_stopped: bool,
    missing: Vec<String>,
}

/// Who is there, in the end.
#[derive(Clone, Debug)]
enum Who {
    /// Whoever has this address.
    SignedIn(String),
    Nobody,
    /// Whoever the portal knows; the application cannot find out.
    Unknown,
}

impl Expected {
    /// Whoever has this address is signed in, in no organization.
    pub fn signed_in(address: &str) -> Self {
        Self::new(Who::SignedIn(address.to_owned()))
    }

    /// Nobody is signed in.
    pub fn signed_out() -> Self {
        Self::new(Who::Nobody)
    }

    /// The application shows nobody and has no cookies, whoever the portal knows: its keys are wrong.
    pub fn redirect_loop() -> Self {
        Self::new(Who::Unknown)
            .loop_stopped()
            .redirects(REDIRECTS_OF_BOTH_LOOPS)
    }

    fn new(who: Who) -> Self {
        Self {
            who,
            organization: None,
            ended: Vec::new(),
            handshakes: None,
            refreshes: None,
            most_redirects: USUAL_REDIRECTS,
            is_loop_stopped: false,
            missing: Vec::new(),
        }
    }

    /// In the organization with this slug.
    pub fn organization(mut self, slug: &str) -> Self {
        self.organization = Some(slug.to_owned());
        self
    }

    /// This session is over, and why.
    pub fn ended(mut self, session: &str, status: &'static str) -> Self {
        self.ended.push((session.to_owned(), status));
        self
    }

    /// As many handshakes took place, all browsers together.
    pub fn handshakes(mut self, count: usize) -> Self {
        self.handshakes = Some(count);
        self
    }

    /// As many sessions were refreshed through the Backend API, all browsers together.
    pub fn refreshes(mut self, count: usize) -> Self {
        self.refreshes = Some(count);
        self
    }

    /// One address may lead through so many redirects and not more.
    pub fn redirects(mut self, most: usize) -> Self {
        self.most_redirects = most;
        self
    }

    /// A handshake loop was stopped a moment ago, so that the count of them is still there.
    pub fn loop_stopped(mut self) -> Self {
        self.is_loop_stopped = true;
        self.redirects(REDIRECTS_OF_A_LOOP)
    }

    /// The portal was asked for a path that starts so, and did not have it.
    pub fn missing(mut self, path: &str) -> Self {
        self.missing.push(path.to_owned());
        self
    }
}

/// What was found that should not be, all of it: one difference explains another.
#[derive(Debug, Default)]
struct Findings(Vec<String>);

impl Findings {
    fn expect(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.0.push(otherwise());
        }
    }
}

impl Shop {
    /// Ends a journey, and the browser that it was made with.
    ///
    /// # Panics
    ///
    /// If anything is not as `expected`. The message says everything that is not.
    pub async fn ends(&self, browser: Browser, expected: Expected) {
        let mut findings = Findings::default();
        let address = browser.address().await;
        findings.expect(!address.as_str().contains("__clerk"), || {
            format!("the address bar shows {address}")
        });

        browser.visit(&self.at("/")).await;
        let address = browser.address().await;
        findings.expect(address.as_str() == self.at("/"), || {
            format!("the address bar shows {address} after {}", self.at("/"))
        });
        let shown = (browser.read("user").await, browser.read("organization").await);
        // What follows asks the portal too, and that is no part of the journey.
        let (log, history) = (self.portal.request_log(), browser.history().await);
        requests::check(&log, &history, &expected, &mut findings);

        let jar = browser.jar().await;
        let suffix = self.portal.publishable_key().cookie_suffix();
        let was_sent = self.has_sent_to_portal(&history);
        let jars = Jars::of(&jar, suffix, expected.is_loop_stopped, was_sent);
        match &expected.who {
            Who::SignedIn(user) => store::check_signed_in(self, &jars, (user, &shown), &expected, &mut findings).await,
            Who::Nobody => store::check_signed_out(self, &jars, &shown, &mut findings).await,
            Who::Unknown => {
                store::check_shows_nobody(&shown, &mut findings);
                jars.check_unknown(&mut findings);
            }
        }
        store::check_ended(self, &expected.ended, &mut findings).await;
        browser.close().await;
        assert!(
            findings.0.is_empty(),
            "the journey does not end as expected:\n- {}\nexpected: {expected:?}\nshown: {shown:?}\ncookies:\n{}",
            findings.0.join("\n- "),
            jars.describe(),
        );
    }

    /// Whether the application has redirected a browser with this history to a page of the portal.
    fn has_sent_to_portal(&self, history: &[Visit]) -> bool {
        let is_of_portal = |visit: &Visit| visit.url.as_str().starts_with(self.portal.origin());
        let is_sent = |before: &Visit, next: &Visit| {
            next.is_redirected && !is_of_portal(before) && is_of_portal(next) && !next.url.path().starts_with("/v1/")
        };
        history.windows(2).any(|pair| is_sent(&pair[0], &pair[1]))
    }
}
