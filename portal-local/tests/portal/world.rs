//! A portal on a free port with a clock that only the test moves.

use std::time::Duration;

use portal_local::{LocalPortal, LocalPortalBuilder};
use portal_sdk::clock::{Clock as _, UnixTime};
use portal_sdk::testing::TestClock;

use crate::application::Application;
use crate::browser::{Answer, Browser};

pub(crate) const START_SECS: i64 = 1_800_000_000;
pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const APP: &str = "http://localhost:3000";
pub(crate) const DASHBOARD: &str = "redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fdashboard";

/// The clock of a portal.
#[derive(Clone)]
pub(crate) struct PortalClock(TestClock);

impl PortalClock {
    pub(crate) fn new() -> Self {
        Self(TestClock::at(UnixTime::from_secs(START_SECS)))
    }

    pub(crate) fn forward_secs(&self, secs: u64) {
        self.0.advance(Duration::from_secs(secs));
    }

    pub(crate) fn now_secs(&self) -> i64 {
        self.0.now().as_secs()
    }

    pub(crate) fn builder(&self) -> LocalPortalBuilder {
        LocalPortal::builder().application_name("Acme").clock(self.0.clone())
    }
}

pub(crate) struct World {
    pub(crate) portal: LocalPortal,
    pub(crate) clock: PortalClock,
}

impl World {
    pub(crate) async fn start() -> Self {
        let clock = PortalClock::new();
        let portal = clock.builder().start().await.unwrap();
        Self { portal, clock }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.portal.origin())
    }

    pub(crate) fn application(&self) -> Application {
        Application::new(&self.portal)
    }

    /// A browser that has just signed up as `address`, a test address.
    pub(crate) async fn signed_up(&self, address: &str) -> Browser {
        let mut browser = self.browser();
        let answer = sign_up(&mut browser, address, DASHBOARD).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        browser
    }
}

/// A browser signed in as a user whom the application created.
pub(crate) async fn signed_in(world: &World, address: &str) -> Browser {
    let mut browser = world.browser();
    identify(&mut browser, address, DASHBOARD).await;
    assert_eq!(browser.submit(&[("password", PASSWORD)]).await.status, 303);
    browser
}

/// Signs a test address up, to the end.
pub(crate) async fn sign_up(browser: &mut Browser, address: &str, query: &str) -> Answer {
    browser.get(&format!("/sign-up?{query}")).await;
    let fields = [
        ("emailAddress", address),
        ("password", PASSWORD),
        ("firstName", "Ada"),
        ("lastName", "Lovelace"),
    ];
    let answer = browser.submit(&fields).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    browser.follow(&answer).await;
    browser.submit(&[("code", "424242")]).await
}

/// Brings a browser to the password step.
pub(crate) async fn identify(browser: &mut Browser, address: &str, query: &str) -> Answer {
    browser.get(&format!("/sign-in?{query}")).await;
    let answer = browser.submit(&[("identifier", address)]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    browser.follow(&answer).await
}
