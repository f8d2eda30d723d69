//! A small application with guarded parts, beside a local portal. Both run on one clock that a test can move.

mod pages;
mod sites;

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::Router;
use portal_axum::portal_sdk::backend::HttpBackend;
use portal_axum::portal_sdk::testing::TestClock;
use portal_axum::{AuthenticateLayer, Authenticator, FrontendApiProxy, Instance, InstanceBuilder};
use portal_local::{LocalPortal, LocalPortalBuilder, RequestRecord};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::pages::{Notes, router, scripts};
pub use self::pages::{datastar_is_there, scripts_are_installed};
pub use self::sites::{framing_site, linking_sites, other_site};
use self::sites::{origin, serve_at};
use crate::backend_api::BackendApi;
use crate::browser::Browser;
use crate::tokens;

/// The application and its portal.
#[derive(Debug)]
pub struct Shop {
    /// The application's origin, `http://localhost:…`.
    pub app: String,
    /// The portal.
    pub portal: LocalPortal,
    /// The clock of both.
    pub clock: TestClock,
    /// The folder of the portal's data; `None` for in memory.
    folder: Option<TempDir>,
    notes: Notes,
    server: JoinHandle<()>,
}

/// Keys that an application is given, the publishable one first.
pub type Keys = (String, String);

impl Shop {
    /// Opens a shop whose portal has no users.
    ///
    /// # Panics
    ///
    /// If it cannot be opened.
    pub async fn open() -> Self {
        Self::with(|builder| builder).await
    }

    /// Opens a shop with other settings than the portal's.
    ///
    /// # Panics
    ///
    /// If it cannot be opened.
    pub async fn with(change: impl FnOnce(InstanceBuilder) -> InstanceBuilder) -> Self {
        Self::staged(|portal| portal, change).await
    }

    /// Opens a shop with another configuration of the portal too.
    ///
    /// # Panics
    ///
    /// If it cannot be opened.
    pub async fn staged(
        stage: impl FnOnce(LocalPortalBuilder) -> LocalPortalBuilder,
        change: impl FnOnce(InstanceBuilder) -> InstanceBuilder,
    ) -> Self {
        Self::with_keys(stage, keys, change).await
    }

    /// Opens a shop with other keys than its portal's.
    ///
    /// # Panics
    ///
    /// If it cannot be opened.
    pub async fn with_keys(
        stage: impl FnOnce(LocalPortalBuilder) -> LocalPortalBuilder,
        keys: impl FnOnce(&LocalPortal) -> Keys,
        change: impl FnOnce(InstanceBuilder) -> InstanceBuilder,
    ) -> Self {
        Self::assemble(stage, keys, |instance, _| change(instance), |router| router).await
    }

    /// Opens a shop with the users of `portal-local seed` behind a proxy. Its settings may depend on its own origin.
    ///
    /// # Panics
    ///
    /// If it cannot be opened.
    pub async fn behind(
        proxy: impl FnOnce(Router) -> Router,
        change: impl FnOnce(InstanceBuilder, &str) -> InstanceBuilder,
    ) -> Self {
        Self::assemble(LocalPortalBuilder::demo_data, keys, change, proxy).await
    }

    async fn assemble(
        stage: impl FnOnce(LocalPortalBuilder) -> LocalPortalBuilder,
        keys: impl FnOnce(&LocalPortal) -> Keys,
        change: impl FnOnce(InstanceBuilder, &str) -> InstanceBuilder,
        proxy: impl FnOnce(Router) -> Router,
    ) -> Self {
        let clock = TestClock::running();
        let portal = stage(portal(&clock)).start().await.expect("the portal starts");
        let notes = Notes::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let own = origin("localhost", &listener);
        let router = application(&clock, keys(&portal), &notes, |instance| change(instance, &own));
        let (app, server) = serve_at("localhost", listener, proxy(router));
        Self {
            app,
            portal,
            clock,
            folder: None,
            notes,
            server,
        }
    }

    /// Opens a shop whose portal has a database file and the users of `portal-local seed`.
    ///
    /// # Panics
    ///
    /// If it cannot be opened.
    pub async fn with_database() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let file = database(&folder);
        let shop = Self::staged(|portal| portal.demo_data().database_file(file), |instance| instance);
        Self {
            folder: Some(folder),
            ..shop.await
        }
    }

    /// Stops the portal and starts it again, at the same address and with the same data.
    ///
    /// # Panics
    ///
    /// If its data is in memory, or it cannot be started again.
    pub async fn restart_portal(self) -> Self {
        let file = self.database();
        let address = self.portal.origin().trim_start_matches("http://").parse::<SocketAddr>();
        let address = address.expect("the portal's origin holds its address");
        self.portal.shut_down().await;
        let again = portal(&self.clock).bind(address).database_file(file).start();
        Self {
            portal: again.await.expect("the portal starts again"),
            ..self
        }
    }

    fn database(&self) -> PathBuf {
        database(self.folder.as_ref().expect("the portal has a database file"))
    }

    /// The notes so far.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.notes.all()
    }

    /// The portal's Backend API, with its secret key.
    #[must_use]
    pub fn backend_api(&self) -> BackendApi {
        BackendApi::of(&self.portal)
    }

    /// Ends the browser's session, as an administrator does.
    ///
    /// # Panics
    ///
    /// If the browser is signed out.
    pub async fn end_session(&self, browser: &Browser) {
        let session = tokens::session_id(browser).await;
        let path = format!("/v1/sessions/{session}/revoke");
        let revoked = self.backend_api().post(&path, json!({})).await;
        assert_eq!(revoked["status"], "revoked");
    }

    /// The requests to the portal after the first `before`.
    #[must_use]
    pub fn asked_since(&self, before: usize) -> Vec<RequestRecord> {
        self.portal.request_log().split_off(before)
    }

    /// The number of requests to the portal.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.portal.request_log().len()
    }

    /// The link in the latest mail that has one.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn mailed_link(&self) -> String {
        let mails = self.portal.outbox().await.expect("there is an outbox");
        let link = mails.into_iter().find_map(|mail| mail.link);
        link.expect("a mail with a link")
    }

    /// An address of the application.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.app)
    }

    /// An address of the portal.
    #[must_use]
    pub fn portal_at(&self, path: &str) -> String {
        format!("{}{path}", self.portal.origin())
    }

    /// Stops both.
    pub async fn close(self) {
        self.server.abort();
        self.portal.shut_down().await;
    }
}

/// The keys of a portal.
#[must_use]
pub fn keys(portal: &LocalPortal) -> Keys {
    let secret_key = portal.secret_key().expose().to_owned();
    (portal.publishable_key().as_str().to_owned(), secret_key)
}

fn portal(clock: &TestClock) -> LocalPortalBuilder {
    LocalPortal::builder().application_name("Shop").clock(clock.clone())
}

fn database(folder: &TempDir) -> PathBuf {
    folder.path().join("portal.sqlite")
}

fn application(
    clock: &TestClock,
    (publishable_key, secret_key): Keys,
    notes: &Notes,
    change: impl FnOnce(InstanceBuilder) -> InstanceBuilder,
) -> Router {
    let builder = Instance::builder(publishable_key, secret_key)
        .organization_patterns(["/orgs/:slug", "/orgs/:slug/(.*)"])
        .personal_account_patterns(["/me"]);
    let instance = change(builder).build().expect("the settings are right");
    let backend = HttpBackend::new(&instance);
    let authenticator = Authenticator::builder(instance.clone())
        .backend(backend)
        .clock(clock.clone())
        .build();
    let authenticate = AuthenticateLayer::from_authenticator(authenticator);
    let router = router(notes.clone()).layer(authenticate).merge(scripts());
    if instance.proxy_url().is_none() {
        return router;
    }
    let proxy = FrontendApiProxy::new(&instance).expect("the settings are right");
    router.route_service("/__clerk/{*path}", proxy)
}
