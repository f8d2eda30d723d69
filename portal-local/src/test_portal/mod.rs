//! [`TestPortal`]: a portal for an application's tests, on a thread of the test's process, and browsers that visit it.

mod browser;
mod controls;
mod cookie_date;
mod cookies;
mod document;
mod form;
mod host;
mod navigation;
mod page;
mod pick;
mod referrer;
mod site;
mod wire;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use portal_sdk::instance::PublishableKey;
use portal_sdk::secret::Secret;

use crate::config::LocalPortalBuilder;
use crate::portal::LocalPortal;
use crate::store::{StoreError, WebhookDelivery};

use self::host::Host;

pub use self::browser::TestBrowser;
pub use self::form::TestForm;
pub use self::page::TestPage;

/// A local portal for tests, on its own thread with its own runtime.
///
/// It can live in a `static` that all tests of a program share: no test's runtime ends it, and no paused clock stops it.
/// Its methods block, so that they work in `#[test]` and in `#[tokio::test]`, with `start_paused` too. They wait at most
/// thirty seconds. The thread ends when the portal and its browsers are dropped.
///
/// ```
/// use std::sync::LazyLock;
///
/// use portal_local::{LocalPortal, SeedUser, TestPortal};
///
/// static PORTAL: LazyLock<TestPortal> =
///     LazyLock::new(|| TestPortal::start(LocalPortal::builder().user(SeedUser::new("jane@example.com"))));
///
/// let link = PORTAL.sign_in_link_for("jane@example.com");
/// assert!(link.starts_with(PORTAL.origin()));
/// ```
///
/// # Panics
///
/// Each method panics if it fails, and so fails the test. The message has the expectation, the finding and the remedy.
pub struct TestPortal {
    host: Arc<Host>,
}

impl TestPortal {
    /// Starts a portal with the default settings and no users.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Self::start(LocalPortal::builder())
    }

    /// Starts the described portal. It listens when this returns.
    #[must_use]
    #[track_caller]
    pub fn start(builder: LocalPortalBuilder) -> Self {
        match Host::start(builder) {
            Ok(host) => Self { host: Arc::new(host) },
            Err(problem) => panic!("expected the test portal to start, found: {problem}"),
        }
    }

    /// Returns a new browser, without cookies.
    ///
    /// ```
    /// let portal = portal_local::TestPortal::new();
    /// let page = portal.browser().visit(&format!("{}/sign-in", portal.origin()));
    /// page.assert_text("Sign in to My Application");
    /// ```
    #[must_use]
    pub fn browser(&self) -> TestBrowser {
        let host = Arc::clone(&self.host);
        TestBrowser::new(Self { host })
    }

    /// Scheme, host and port, such as `http://127.0.0.1:8787`.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.host.portal().origin()
    }

    /// The key with the portal's address inside.
    #[must_use]
    pub fn publishable_key(&self) -> &PublishableKey {
        self.host.portal().publishable_key()
    }

    /// The Backend API key.
    #[must_use]
    pub fn secret_key(&self) -> &Secret {
        self.host.portal().secret_key()
    }

    /// The secret that signs webhooks, `whsec_…`; see [`LocalPortal::webhook_signing_secret`].
    #[must_use]
    pub fn webhook_signing_secret(&self) -> &Secret {
        self.host.portal().webhook_signing_secret()
    }

    /// The portal that runs, for faults, the clock and the request log.
    ///
    /// Call its `async` methods through [`run`](Self::run).
    pub fn local_portal(&self) -> &LocalPortal {
        self.host.portal()
    }

    /// Runs `work` on the portal's runtime and waits for its result.
    ///
    /// ```
    /// let portal = portal_local::TestPortal::new();
    /// let mails = portal.run(|portal| async move { portal.outbox().await });
    /// assert!(mails?.is_empty());
    /// # Ok::<(), portal_local::StoreError>(())
    /// ```
    #[track_caller]
    pub fn run<T, F>(&self, work: impl FnOnce(Arc<LocalPortal>) -> F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let portal = Arc::clone(self.host.portal());
        self.host.driver().run("the work on the portal's runtime", work(portal))
    }

    /// Returns a link that signs this user in once; see [`LocalPortal::sign_in_link_for`].
    #[must_use]
    #[track_caller]
    pub fn sign_in_link_for(&self, address_or_id: &str) -> String {
        let user = address_or_id.to_owned();
        let link = found(self.run(|portal| async move { portal.sign_in_link_for(&user).await }));
        link.unwrap_or_else(|| {
            panic!(
                "expected a user {address_or_id:?} of the portal, found none; add \
                 `.user(SeedUser::new({address_or_id:?}))` to its builder, or sign up first"
            )
        })
    }

    /// Returns the code that this user's authenticator app shows; see [`LocalPortal::totp_code_for`].
    #[must_use]
    #[track_caller]
    pub fn totp_code_for(&self, address_or_id: &str) -> String {
        let user = address_or_id.to_owned();
        let code = found(self.run(|portal| async move { portal.totp_code_for(&user).await }));
        code.unwrap_or_else(|| {
            panic!(
                "expected a user {address_or_id:?} with an authenticator app, found none; add a user with \
                 `SeedUser::totp_secret` to the portal's builder"
            )
        })
    }

    /// Waits until the events of this type are delivered. Returns the latest one; see
    /// [`LocalPortal::webhook_delivered`].
    #[expect(clippy::must_use_candidate, reason = "many tests only wait")]
    #[track_caller]
    pub fn webhook_delivered(&self, event_type: &str) -> WebhookDelivery {
        let wanted = event_type.to_owned();
        match self.run(|portal| async move { portal.webhook_delivered(&wanted).await }) {
            Ok(delivery) => delivery,
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns the code in the latest mail to this address.
    #[must_use]
    #[track_caller]
    pub fn mailed_code_for(&self, address: &str) -> String {
        let mails = found(self.run(|portal| async move { portal.outbox().await }));
        let to_address = |to: &str| to.eq_ignore_ascii_case(address);
        let code = mails
            .iter()
            .filter(|mail| to_address(&mail.to))
            .find_map(|mail| mail.code.clone());
        code.unwrap_or_else(|| {
            let recipients: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
            panic!(
                "expected a mail with a code to {address:?}, found mails to {recipients:?}; addresses with \
                 `+clerk_test` get no mail, their code is 424242"
            )
        })
    }
}

/// The result of a call, unless the portal's database failed.
#[track_caller]
fn found<T>(result: Result<T, StoreError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("expected an answer of the test portal's database, found: {error}"),
    }
}

impl Default for TestPortal {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TestPortal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestPortal")
            .field("origin", &self.origin())
            .finish_non_exhaustive()
    }
}
