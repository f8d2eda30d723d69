//! A check of the application's configuration that calls Clerk: [`Doctor`].
//!
//! | Check | Fails if |
//! |---|---|
//! | [key types](Check::KeyTypes) | never: [`Instance`] refuses a test key beside a live key |
//! | [Backend API](Check::BackendApi) | it is unreachable, or refuses the secret key |
//! | [signing keys](Check::SigningKeys) | the instance has no usable key, or `CLERK_JWT_KEY` is another key |
//! | [clock](Check::Clock) | this machine's clock and Clerk's differ by the accepted skew or more; warns from 5 seconds |
//! | [Frontend API](Check::FrontendApi) | it does not answer at the address that browsers use, as behind a proxy |
//! | [key pair](Check::KeyPair) | the secret key and the publishable key are of different instances |
//! | [page URLs](Check::PageUrls) | never; warns if they are read from the instance and cannot be |
//! | [pages](Check::Page) | a hosted page does not answer |
//! | [public origin](Check::PublicOrigin) | never; warns in production if `PORTAL_PUBLIC_ORIGIN` is unset |
//! | [cookies](Check::Cookies) | never; lists the names |
//!
//! A check that depends on a failed one is [not made](Status::NotChecked). A warning is not a failure.

mod apis;
mod clock;
mod names;
mod pages;
mod problem;
mod report;

use std::fmt;
use std::sync::Arc;

use url::Url;

pub use self::report::{Check, Finding, Report, Status};
use crate::backend::{HttpBackend, Probe};
use crate::clock::{Clock, SystemClock};
use crate::instance::{Instance, ProxyUrl, with_scheme};

/// Checks an instance's settings by calling Clerk.
///
/// Each call has the backend's time limit (5 seconds by default) and reads at most 1 MiB. There are at most seven calls
/// in a row; the pages are asked at the same time.
///
/// ```
/// use portal_sdk::backend::HttpBackend;
/// use portal_sdk::doctor::{Check, Doctor, Status};
/// use portal_sdk::instance::{Instance, PublishableKey, Setting};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A local portal that does not run.
/// let key = PublishableKey::development("http://127.0.0.1:1/accounts.dev")?;
/// let instance = Instance::builder(key.as_str(), "sk_test_example").build()?;
/// let backend = HttpBackend::new(&instance);
///
/// let report = Doctor::new(instance, backend).examine().await;
/// assert!(report.has_failed());
/// let api = report.findings().iter().find(|finding| finding.check() == Check::BackendApi).unwrap();
/// assert_eq!((api.status(), api.setting()), (Status::Fail, Some(Setting::ApiUrl)));
/// // One line for each check.
/// print!("{report}");
/// # Ok(())
/// # }
/// ```
///
/// # Security
///
/// A report names addresses, key IDs and variables. Of the two keys it has the type and the length only.
#[derive(Clone)]
pub struct Doctor {
    instance: Instance,
    backend: HttpBackend,
    clock: Arc<dyn Clock>,
}

impl Doctor {
    /// Creates a doctor for `instance`, whose `backend` makes the calls.
    #[must_use]
    pub fn new(instance: Instance, backend: HttpBackend) -> Self {
        Self {
            instance,
            backend,
            clock: Arc::new(SystemClock),
        }
    }

    /// Replaces the clock that is compared with Clerk's (default: the system's).
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes all checks and returns their findings.
    pub async fn examine(&self) -> Report {
        self.examine_each(|_| {}).await
    }

    /// Makes all checks like [`examine`](Self::examine) and calls `each` with every finding as it comes.
    ///
    /// ```no_run
    /// use portal_sdk::backend::HttpBackend;
    /// use portal_sdk::doctor::Doctor;
    /// use portal_sdk::instance::Instance;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let instance = Instance::from_env()?;
    /// let backend = HttpBackend::new(&instance);
    /// let report = Doctor::new(instance, backend).examine_each(|finding| println!("{finding}")).await;
    /// std::process::exit(i32::from(report.has_failed()));
    /// # }
    /// ```
    pub async fn examine_each(&self, mut each: impl FnMut(&Finding) + Send) -> Report {
        let mut report = Report::default();
        let mut add = |finding: Finding| {
            each(&finding);
            report.add(finding);
        };
        let instance = &self.instance;
        add(names::key_types(instance));

        let sent = self.clock.now();
        let with_secret_key = self.backend.probe_backend_api().await;
        let received = self.clock.now();
        add(self.backend_api(&with_secret_key));
        add(self.signing_keys(&with_secret_key));
        add(match (with_secret_key.date, with_secret_key.is_answered()) {
            (Some(date), _) => clock::clock(instance, date, sent, received),
            (None, true) => Finding::not_checked(Check::Clock, "the Backend API's answer has no time (Date)"),
            (None, false) => Finding::not_checked(Check::Clock, "the Backend API did not answer"),
        });

        let browsers = self.browsers_frontend_api();
        let published = match &browsers {
            Some(base) => Some(self.backend.probe_frontend_api(base).await),
            None => None,
        };
        add(self.frontend_api(browsers.as_deref(), published.as_ref()));
        // A proxy answers with the secret key of its application, so the publishable key's own host is preferred.
        let own = self.own_frontend_api();
        let from_own = match browsers.as_deref() == Some(&own) {
            true => None,
            false => Some(self.backend.probe_frontend_api(&own).await),
        };
        let from_own = from_own.as_ref().filter(|probe| probe.keys.is_ok());
        add(self.key_pair(&with_secret_key, from_own.or(published.as_ref())));

        let is_online = [Some(&with_secret_key), published.as_ref(), from_own]
            .into_iter()
            .flatten()
            .any(Probe::is_answered);
        for finding in self.pages(is_online).await {
            add(finding);
        }
        add(names::public_origin(instance));
        add(names::cookies(instance));
        report
    }

    /// The Frontend API's base URL for browsers; `None` for a proxy path without a public origin.
    fn browsers_frontend_api(&self) -> Option<String> {
        let origin = self.instance.public_origins().first().map(Url::as_str);
        let is_path = matches!(self.instance.proxy_url(), Some(ProxyUrl::Path(_)));
        (!is_path || origin.is_some()).then(|| {
            let origin = origin.unwrap_or_default().trim_end_matches('/');
            self.instance.frontend_api_base(origin)
        })
    }

    /// The base URL inside the publishable key.
    fn own_frontend_api(&self) -> String {
        let host = self.instance.publishable_key().frontend_api();
        with_scheme(host.as_str()).trim_end_matches('/').to_owned()
    }
}

impl fmt::Debug for Doctor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doctor")
            .field("instance", &self.instance)
            .field("backend", &self.backend)
            .finish_non_exhaustive()
    }
}
