//! The end of a journey: [`Shop::ends`] checks the browser, the application and the portal.
//!
//! 1. The address bar has no protocol parameter.
//! 2. The application shows the expected user and organization.
//! 3. The browser has exactly the expected cookies of the application's and the portal's host.
//! 4. The portal's store has the session of a signed-in browser, and no session of a signed-out one.
//! 5. The portal's log and the browser's history have no failure, no unexpected 404, no chain of too many redirects,
//!    and no request to another host.

mod cookies;
mod requests;
mod store;

use self::cookies::Jars;
use crate::browser::{Browser, Visit};
use crate::shop::Shop;

/// The redirects of a sign-in from a protected page, through the portal and a handshake.
const USUAL_REDIRECTS: usize = 5;

/// The redirects of a handshake loop: the application stops it after three handshakes.
const REDIRECTS_OF_A_LOOP: usize = 9;
/// The redirects of a handshake loop and three more round trips to the portal.
///
/// Then the page that explains the loop follows. Chromium stops after 20 redirects.
const REDIRECTS_OF_BOTH_LOOPS: usize = 19;

/// The expected end of a journey.
#[must_use = "an expectation does nothing until it is passed to `Shop::ends`"]
#[derive(Clone, Debug)]
pub struct Expected {
    who: Who,
    organization: Option<String>,
    ended: Vec<(String, &'static str)>,
    handshakes: Option<usize>,
    refreshes: Option<usize>,
    most_redirects: usize,
    is_loop_stopped: bool,
}

/// The user at the end of a journey.
#[derive(Clone, Debug)]
enum Who {
    /// The user with this address is signed in.
    SignedIn(String),
    SignedOut,
    /// The application cannot tell whether the browser is signed in at the portal.
    Unknown,
}

impl Expected {
    /// The user with this address is signed in, without an active organization.
    pub fn signed_in(address: &str) -> Self {
        Self::new(Who::SignedIn(address.to_owned()))
    }

    /// The browser is signed out.
    pub fn signed_out() -> Self {
        Self::new(Who::SignedOut)
    }

    /// A redirect loop, because the application's keys are wrong.
    ///
    /// The application is signed out and has no cookies, whatever the portal's session is.
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
        }
    }

    /// Expects the active organization with this slug.
    pub fn organization(mut self, slug: &str) -> Self {
        self.organization = Some(slug.to_owned());
        self
    }

    /// Expects this session to have ended with `status`.
    pub fn ended(mut self, session: &str, status: &'static str) -> Self {
        self.ended.push((session.to_owned(), status));
        self
    }

    /// Expects this number of handshakes, of all browsers together.
    pub fn handshakes(mut self, count: usize) -> Self {
        self.handshakes = Some(count);
        self
    }

    /// Expects this number of refreshes through the Backend API, of all browsers together.
    pub fn refreshes(mut self, count: usize) -> Self {
        self.refreshes = Some(count);
        self
    }

    /// Sets the limit of redirects in one chain.
    pub fn redirects(mut self, most: usize) -> Self {
        self.most_redirects = most;
        self
    }

    /// Expects the counter cookie of a handshake loop that was stopped a moment ago.
    pub fn loop_stopped(mut self) -> Self {
        self.is_loop_stopped = true;
        self.redirects(REDIRECTS_OF_A_LOOP)
    }
}

/// All differences from the expected end.
// Collect all of them: one difference often explains another.
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
    /// Ends a journey and its browser.
    ///
    /// # Panics
    ///
    /// If anything differs from `expected`. The message lists all differences.
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
        // Read both first: the checks below send requests to the portal too.
        let (log, history) = (self.portal.request_log(), browser.history().await);
        requests::check(&log, &history, &expected, &mut findings);

        let jar = browser.jar();
        let suffix = self.portal.publishable_key().cookie_suffix();
        let was_sent = self.has_sent_to_portal(&history);
        let jars = Jars::of(&jar, suffix, expected.is_loop_stopped, was_sent);
        match &expected.who {
            Who::SignedIn(user) => store::check_signed_in(self, &jars, (user, &shown), &expected, &mut findings).await,
            Who::SignedOut => store::check_signed_out(self, &jars, &shown, &mut findings).await,
            Who::Unknown => {
                store::check_shows_signed_out(&shown, &mut findings);
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

    /// Returns `true` if the history has a redirect from the application to a portal page.
    fn has_sent_to_portal(&self, history: &[Visit]) -> bool {
        let is_of_portal = |visit: &Visit| visit.url.as_str().starts_with(self.portal.origin());
        let is_sent = |before: &Visit, next: &Visit| {
            next.is_redirected && !is_of_portal(before) && is_of_portal(next) && !next.url.path().starts_with("/v1/")
        };
        history.windows(2).any(|pair| is_sent(&pair[0], &pair[1]))
    }
}
