//! [`Flow`]: one transaction for a user or an administrator, and [`Flows`], which runs such transactions.

use std::ops::Deref;
use std::sync::Arc;

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use crate::clock::SkewedClock;
use crate::slow_work::SlowWork;
use crate::store::outbox::{self, NewMail};
use crate::store::{DevBrowser, Failure, Settings, Store, StoreError, settings};

/// The application that users sign in to.
#[derive(Debug)]
pub(crate) struct Application {
    pub(crate) name: String,
    /// Scheme, host and port of the portal.
    pub(crate) origin: String,
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
    pub(crate) connection: &'a Connection,
    /// The time of everything that happens in it.
    pub(crate) now: UnixTime,
    pub(crate) settings: &'a Arc<Settings>,
    pub(crate) application: &'a Application,
}

impl<'a> Flow<'a> {
    /// Writes a mail into the outbox. Nothing is ever sent.
    pub(super) fn send_mail(&self, mail: NewMail<'_>) -> Result<(), StoreError> {
        Ok(outbox::insert(self.connection, mail, self.now)?)
    }

    /// Returns the same flow in `browser`.
    pub(crate) fn in_browser(&self, browser: &'a DevBrowser) -> BrowserFlow<'a> {
        BrowserFlow { flow: *self, browser }
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
    pub(crate) fn new(store: Store, clock: Arc<SkewedClock>, application: Application) -> Self {
        Self {
            store,
            clock,
            slow_work: Arc::default(),
            application: Arc::new(application),
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
        let (now, application) = (self.now(), Arc::clone(&self.application));
        let run = self.store.attempt(move |connection| {
            work(&Flow {
                connection,
                now,
                settings: &Arc::new(settings::read(connection)?),
                application: &application,
            })
        });
        run.await
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
    pub(crate) async fn blocking<T, F>(&self, work: F) -> Result<T, StoreError>
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
        let (now, application) = (self.now(), Arc::clone(&self.application));
        let (browser, settings) = (self.browser.clone(), Arc::clone(&self.settings));
        let run = self.store.attempt(move |connection| {
            let flow = Flow {
                connection,
                now,
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
