//! A real headless Chromium, driven over WebDriver.

mod chromium;
mod commands;
mod driver;
mod jar;
mod keyboard;
mod network;
mod page;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fantoccini::Client;
use fantoccini::error::CmdError;
use fantoccini::wd::WindowHandle;
use url::Url;

use self::chromium::Chromium;
use self::commands::PerformanceLog;
use self::driver::Driver;
pub use self::jar::KeptCookie;
pub(crate) use self::network::longest_chain;
pub use self::network::{Visit, handshakes, statuses};

/// The time limit for an expected state of a page. Only a failing test waits this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// The polling interval. A busy loop would starve the browser.
const POLL: Duration = Duration::from_millis(15);

/// The browser's setting for scripts on pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripts {
    /// Pages can run scripts, the default of browsers.
    On,
    /// Pages cannot run scripts.
    Off,
}

/// Chromium's two programs that need no screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edition {
    /// The same engine in half the processor time. *Back* requests every page again.
    HeadlessShell,
    /// The browser that users have. *Back* can show a page as it was left.
    Chromium,
}

/// A browser with an empty profile.
///
/// [`close`](Self::close) checks its requests and keeps its process for the next one. Dropping it ends the process.
pub struct Browser {
    client: Client,
    /// All page requests that [`visits`](Self::visits) has returned.
    seen: Mutex<Vec<Visit>>,
    chromium: Mutex<Chromium>,
    _driver: Driver,
}

/// One of a browser's tabs.
#[derive(Clone, Debug)]
pub struct Tab(WindowHandle);

impl Browser {
    /// Starts `chromedriver` and a browser.
    ///
    /// # Panics
    ///
    /// If Chromium or its driver is missing; `./test.sh` installs them.
    pub async fn open() -> Self {
        Self::with(Scripts::On).await
    }

    /// [`open`](Self::open) with or without scripts.
    ///
    /// # Panics
    ///
    /// If Chromium or its driver is missing; `./test.sh` installs them.
    pub async fn with(scripts: Scripts) -> Self {
        Self::start(scripts, Edition::HeadlessShell).await
    }

    /// [`with`](Self::with) for journeys that go [`back`](Self::back), the round trip, and pictures.
    ///
    /// # Panics
    ///
    /// If Chromium or its driver is missing; `./test.sh` installs them.
    pub async fn in_chromium(scripts: Scripts) -> Self {
        Self::start(scripts, Edition::Chromium).await
    }

    async fn start(scripts: Scripts, edition: Edition) -> Self {
        let mut chromium = Chromium::borrow(scripts, edition);
        let tab = chromium.open_tab().expect("Chromium opens a tab");
        let driver = Driver::start().await;
        let client = driver.connect(&chromium).await;
        let browser = Self {
            client,
            seen: Mutex::default(),
            chromium: Mutex::new(chromium),
            _driver: driver,
        };
        browser.enter_tab(tab).await;
        browser
    }

    /// The ID of the browser's main process.
    #[must_use]
    pub fn process_id(&self) -> u64 {
        self.chromium().process_id
    }

    /// Ends the browser.
    ///
    /// # Panics
    ///
    /// If it sent a request to another host, or does not end.
    pub async fn close(self) {
        self.visits().await;
        self.client.close().await.expect("the session ends");
        let chromium = self.chromium.into_inner();
        chromium.unwrap_or_else(PoisonError::into_inner).give_back();
    }

    fn chromium(&self) -> MutexGuard<'_, Chromium> {
        self.chromium.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens an address and waits until its page has loaded, after all redirects.
    ///
    /// # Panics
    ///
    /// If it cannot be loaded.
    pub async fn visit(&self, url: &str) {
        self.client.goto(url).await.expect("the page loads");
    }

    /// The address in the address bar.
    ///
    /// # Panics
    ///
    /// If the browser is gone.
    pub async fn address(&self) -> Url {
        self.client.current_url().await.expect("the browser is there")
    }

    /// Waits until the address bar shows a URL with this prefix.
    ///
    /// # Panics
    ///
    /// If it never does.
    pub async fn arrives_at(&self, prefix: &str) -> Url {
        let arrived = async || self.address().await.as_str().starts_with(prefix);
        if !self.until(arrived).await {
            panic!("never arrived at {prefix}; the browser is at {}", self.describe().await);
        }
        self.address().await
    }

    /// Goes back to the page before.
    ///
    /// # Panics
    ///
    /// If it was not opened by [`in_chromium`](Self::in_chromium), or is gone.
    pub async fn back(&self) {
        let edition = self.chromium().edition;
        assert_eq!(edition, Edition::Chromium, "the headless shell keeps no page in memory");
        self.client.back().await.expect("the browser is there");
    }

    /// Loads the page again.
    ///
    /// # Panics
    ///
    /// If it cannot be loaded.
    pub async fn reload(&self) {
        self.client.refresh().await.expect("the page loads");
    }

    /// Opens another tab beside this one and goes there. Returns the one that was left.
    ///
    /// # Panics
    ///
    /// If the browser is gone.
    pub async fn open_tab(&self) -> Tab {
        let left = Tab(self.client.window().await.expect("the browser is there"));
        // The driver would open it outside the journey's context.
        let opened = self.chromium().open_tab().expect("Chromium opens a tab");
        self.enter_tab(opened).await;
        left
    }

    async fn enter_tab(&self, handle: String) {
        let handle = handle.try_into().expect("the handle of a tab");
        self.client
            .switch_to_window(handle)
            .await
            .expect("the browser is there");
    }

    /// Goes to another tab. Returns the one that was left.
    ///
    /// # Panics
    ///
    /// If the browser is gone.
    pub async fn go_to_tab(&self, tab: &Tab) -> Tab {
        let left = Tab(self.client.window().await.expect("the browser is there"));
        let switched = self.client.switch_to_window(tab.0.clone()).await;
        switched.expect("the browser is there");
        left
    }

    /// The page requests since the last call in order, redirects included.
    ///
    /// # Panics
    ///
    /// If the browser sent a request to another host.
    pub async fn visits(&self) -> Vec<Visit> {
        let log = self.client.issue_cmd(PerformanceLog).await;
        let messages = network::messages(&log.expect("the driver keeps a performance log"));
        let hosts = network::other_hosts(&messages);
        assert!(hosts.is_empty(), "other hosts were asked: {hosts:?}");
        let visits = network::page_requests(&messages);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.extend_from_slice(&visits);
        visits
    }

    /// All page requests of this browser.
    ///
    /// # Panics
    ///
    /// If the browser sent a request to another host.
    pub async fn history(&self) -> Vec<Visit> {
        self.visits().await;
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until `holds`. Returns `false` on timeout.
    async fn until(&self, holds: impl AsyncFn() -> bool) -> bool {
        let held = async {
            while !holds().await {
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::time::timeout(PATIENCE, held).await.is_ok()
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").finish_non_exhaustive()
    }
}

/// A query parameter of an address.
#[must_use]
pub fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

/// The selector of the element with this test ID.
fn named(name: &str) -> String {
    format!("[data-testid=\"{name}\"]")
}

/// Returns `true` if the element's page was replaced. The driver has several errors for that.
fn is_gone(error: &CmdError) -> bool {
    error.is_stale_element_reference()
        || error.is_no_such_element()
        || error.to_string().contains("does not belong to the document")
}
