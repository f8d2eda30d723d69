//! A real headless Chromium, driven over WebDriver.

mod commands;
mod driver;
mod jar;
mod keyboard;
mod network;
mod page;

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fantoccini::Client;
use fantoccini::error::CmdError;
use fantoccini::wd::WindowHandle;
use tempfile::TempDir;
use url::Url;

use self::commands::PerformanceLog;
use self::driver::Driver;
pub use self::jar::KeptCookie;
pub(crate) use self::network::longest_chain;
pub use self::network::{Visit, handshakes, statuses};

/// How long a page may take until it shows what is waited for. Only a failing test waits this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often to ask whether it shows it: asking all the time would take the machine from the browser.
const POLL: Duration = Duration::from_millis(15);

/// Whether pages may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripts {
    /// As most people browse.
    On,
    /// As some people do.
    Off,
}

/// A browser with an empty profile. It ends with this value; [`close`](Self::close) also looks at what it did.
pub struct Browser {
    client: Client,
    /// Everything that it has asked for and [`visits`](Self::visits) has seen.
    seen: Mutex<Vec<Visit>>,
    // The browser must have ended before its folder goes.
    _driver: Driver,
    _profile: TempDir,
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
        let driver = Driver::start().await;
        let profile = tempfile::tempdir().expect("a temporary folder");
        Self {
            client: driver.browser(&profile, scripts).await,
            seen: Mutex::default(),
            _driver: driver,
            _profile: profile,
        }
    }

    /// The id of the browser's main process.
    ///
    /// # Panics
    ///
    /// If the driver has not said it.
    #[must_use]
    pub fn process_id(&self) -> u64 {
        let id = self.client.capabilities().and_then(|found| found.get("goog:processID"));
        id.and_then(serde_json::Value::as_u64).expect("the driver says it")
    }

    /// Ends the browser.
    ///
    /// # Panics
    ///
    /// If it has asked any other host for anything, or does not end.
    pub async fn close(self) {
        self.visits().await;
        self.client.close().await.expect("the session ends");
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

    /// Waits until the address bar shows an address that starts so.
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
    /// If the browser is gone.
    pub async fn back(&self) {
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
        let opened = self.client.new_window(true).await.expect("the browser is there");
        self.go_to_tab(&Tab(opened.handle)).await;
        left
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

    /// Every page asked for since the last call, redirects included, in order.
    ///
    /// # Panics
    ///
    /// If any other host was asked for anything.
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

    /// Every page that was ever asked for.
    ///
    /// # Panics
    ///
    /// If any other host was asked for anything.
    pub async fn history(&self) -> Vec<Visit> {
        self.visits().await;
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until `holds`, and says whether it ever did.
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

/// Finds what is called so for tests.
fn named(name: &str) -> String {
    format!("[data-testid=\"{name}\"]")
}

/// The element went with its page. The driver has several words for that.
fn is_gone(error: &CmdError) -> bool {
    error.is_stale_element_reference()
        || error.is_no_such_element()
        || error.to_string().contains("does not belong to the document")
}
