//! [`Flow`]: one transaction for a user or an administrator, and [`Flows`], which runs such transactions.

use std::ops::Deref;
use std::sync::Arc;

use portal_sdk::clock::UnixTime;

use crate::clock::SkewedClock;
use crate::mint::Mint;
use crate::redirect::RedirectPolicy;
use crate::slow_work::SlowWork;
use crate::store::outbox::{self, NewMail};
use crate::store::{Db, DevBrowser, Failure, Result, Settings, Store, StoreError, settings};

/// The application that users sign in to, and what signs and sends on in its name.
pub(crate) struct Application {
    pub(crate) name: String,
    /// Scheme, host and port of the portal, as in the publishable key.
    pub(crate) origin: String,
    pub(crate) instance_id: String,
    pub(crate) mint: Mint,
    pub(crate) redirects: RedirectPolicy,
}

impl Application {
    /// Returns the link in a mail that redeems `ticket`.
    pub(crate) fn ticket_link(&self, ticket: &str) -> String {
        format!("{}/v1/tickets/accept?ticket={ticket}", self.origin)
    }

    /// Returns the link that signs a user in with `token`.
    pub(crate) fn sign_in_link(&self, token: &str) -> String {
        format!("{}/sign-in?__clerk_ticket={token}", self.origin)
    }
}

/// One transaction; its methods are the operations.
#[derive(Clone, Copy)]
pub(crate) struct Flow<'a> {
    pub(crate) db: Db<'a>,
    pub(crate) settings: &'a Arc<Settings>,
    pub(crate) application: &'a Application,
}

impl<'a> Flow<'a> {
    /// Writes a mail into the outbox. Nothing is ever sent.
    pub(super) fn send_mail(&self, mail: NewMail<'_>) -> Result<()> {
        outbox::insert(self.db, mail)
    }

    /// Returns the same flow in `browser`.
    pub(crate) fn in_browser(&self, browser: &'a DevBrowser) -> BrowserFlow<'a> {
        BrowserFlow { flow: *self, browser }
    }
}

impl<'a> Deref for Flow<'a> {
    type Target = Db<'a>;

    fn deref(&self) -> &Db<'a> {
        &self.db
    }
}

/// A [`Flow`] in a browser.
pub(crate) struct BrowserFlow<'a> {
    pub(crate) flow: Flow<'a>,
    pub(crate) browser: &'a DevBrowser,
}

impl<'a> Deref for BrowserFlow<'a> {
    type Target = Flow<'a>;

    fn deref(&self) -> &Flow<'a> {
        &self.flow
    }
}

/// Runs flows, and hashes passwords between them.
#[derive(Clone)]
pub(crate) struct Flows {
    store: Store,
    clock: Arc<SkewedClock>,
    slow_work: Arc<SlowWork>,
    application: Arc<Application>,
}

impl Flows {
    pub(crate) fn new(store: Store, clock: Arc<SkewedClock>, application: Arc<Application>) -> Self {
        Self {
            store,
            clock,
            slow_work: Arc::default(),
            application,
        }
    }

    pub(crate) fn application(&self) -> &Application {
        &self.application
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// Runs `work` in one transaction, with the settings as they are in it.
    ///
    /// # Errors
    ///
    /// Returns the error of `work`, which [says](Failure::is_recorded) what becomes of the transaction, or a
    /// [`StoreError`] if the database fails.
    pub(crate) async fn run<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        W: FnOnce(&Flow<'_>) -> Result<T, E> + Send + 'static,
    {
        let application = Arc::clone(&self.application);
        let run = self.store.transaction(self.now(), move |db| {
            work(&Flow {
                db,
                settings: &Arc::new(settings::read(db)?),
                application: &application,
            })
        });
        run.await
    }

    /// Runs `work` in one transaction, without the settings.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database fails.
    pub(crate) async fn transaction<T, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(Db<'_>) -> Result<T> + Send + 'static,
    {
        self.store.transaction(self.now(), work).await
    }

    /// Returns the flows of one browser. They use `settings`, which its request has read.
    pub(crate) fn of_browser(&self, browser: &DevBrowser, settings: &Arc<Settings>) -> BrowserFlows {
        BrowserFlows {
            flows: self.clone(),
            browser: browser.clone(),
            settings: Arc::clone(settings),
        }
    }

    /// Hashes or compares a password away from the async threads, a few at once.
    pub(crate) async fn blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let turn = self.slow_work.turn().await?;
        let work = move || {
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| StoreError::interrupted())
    }
}

/// Runs the flows of one browser.
pub(crate) struct BrowserFlows {
    flows: Flows,
    browser: DevBrowser,
    settings: Arc<Settings>,
}

impl BrowserFlows {
    /// Like [`Flows::run`], for the browser.
    ///
    /// # Errors
    ///
    /// Returns the error of `work`, or a [`StoreError`] if the database fails.
    pub(crate) async fn run<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        W: FnOnce(&BrowserFlow<'_>) -> Result<T, E> + Send + 'static,
    {
        let application = Arc::clone(&self.application);
        let (browser, settings) = (self.browser.clone(), Arc::clone(&self.settings));
        let run = self.store.transaction(self.now(), move |db| {
            let flow = Flow {
                db,
                settings: &settings,
                application: &application,
            };
            work(&flow.in_browser(&browser))
        });
        run.await
    }
}

impl Deref for BrowserFlows {
    type Target = Flows;

    fn deref(&self) -> &Flows {
        &self.flows
    }
}
