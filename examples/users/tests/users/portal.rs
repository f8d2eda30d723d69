//! The whole way: a browser, a local portal, its webhooks over HTTP, and the table.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::http::Method;
use portal_axum::portal_sdk::backend::{ApiPath, BackendApi as _, HttpBackend};
use portal_axum::{Authenticator, Instance, UserId, WebhookReceiver};
use portal_example_users::{App, Database, UserRow, local_portal, router};
use portal_local::{SeedUser, TestPortal};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::databases::{TestDatabase, on_each_database};

const JANE: &str = "jane+clerk_test@example.com";
const PATIENCE: Duration = Duration::from_secs(20);

on_each_database! {
    row_follows_the_profile_in_the_portal
    row_follows_the_primary_address
    deleted_user_is_erased_and_signed_out
    webhook_of_an_outage_is_delivered_again
}

/// The application on a port, with a portal that sends webhooks to it.
struct Site {
    address: String,
    portal: TestPortal,
    /// Calls the Backend API, as an administrator's program does.
    clerk: Authenticator<HttpBackend>,
    database: Database,
    jane: UserId,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl Site {
    async fn start(database: &Arc<TestDatabase>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("tokio polls it");
        let port = listener.local_addr().expect("an address").port();
        let address = format!("http://localhost:{port}");
        let jane = SeedUser::new(JANE)
            .name("Jane", "Doe")
            .password("correct horse battery");
        let jane_id = UserId::from(jane.id().as_str());
        let portal = TestPortal::start(local_portal(&address).user(jane));

        let instance = Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose());
        let instance = instance.build().expect("genuine keys");
        // Not shared: each runtime drives the connections of its client.
        let [clerk, clerk_of_server] = [(); 2].map(|()| Authenticator::builder(instance.clone()).build());
        let secret = portal.local_portal().webhook_signing_secret().expose();
        let webhooks = WebhookReceiver::new(secret).expect("a genuine secret");
        let sent_webhooks = Some(format!("{}/__local/webhooks", portal.origin()));
        let (stop, stopped) = oneshot::channel::<()>();
        // On another thread, because the browser blocks this one.
        let serve = {
            let database = Arc::clone(database);
            async move {
                let app = App {
                    database: database.open().await,
                    sent_webhooks,
                };
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let server = axum::serve(listener, router(app, clerk_of_server, webhooks));
                let stopped = async { drop(stopped.await) };
                tokio::select! {
                    served = server => served.expect("the server serves"),
                    () = stopped => {}
                }
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let server = thread::spawn(move || runtime.block_on(serve));
        Self {
            address,
            portal,
            clerk,
            database: database.open().await,
            jane: jane_id,
            stop: Some(stop),
            server: Some(server),
        }
    }

    async fn call(&self, method: Method, path: ApiPath, body: Value) {
        let answer = self.clerk.backend().request_as::<Value>(method, path, body).await;
        answer.expect("the call succeeds");
    }

    fn path_of_jane(&self) -> ApiPath {
        ApiPath::new(["users", self.jane.as_str()])
    }

    async fn row(&self) -> UserRow {
        let found = self.database.find(&self.jane).await;
        found.expect("the query succeeds").expect("the row is there")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.server.take().map(JoinHandle::join);
        assert!(ended.is_none_or(|ended| ended.is_ok()) || thread::panicking());
    }
}

async fn row_follows_the_profile_in_the_portal(database: TestDatabase) {
    let site = Site::start(&Arc::new(database)).await;
    // Before the first sign-in.
    site.portal.webhook_delivered("user.created");
    let created = site.row().await;
    assert_eq!(
        (created.name.as_deref(), created.source.as_str()),
        (Some("Jane Doe"), "webhook")
    );

    let browser = site.portal.browser();
    let table = format!("{}/users", site.address);
    browser.sign_in_as(JANE, &table).assert_status(200).assert_text(JANE);
    assert_eq!(site.row().await.id, created.id);

    let account = browser.visit(&format!("{}/account", site.address));
    account
        .form("Save")
        .fill("First name", "Janet")
        .submit()
        .assert_status(200);
    site.portal.webhook_delivered("user.updated");
    browser.visit(&table).assert_text("Janet Doe");
    let row = site.row().await;
    assert_eq!(
        (row.id, row.name.as_deref(), row.source.as_str()),
        (created.id, Some("Janet Doe"), "webhook")
    );
    assert!(row.updated_at > created.updated_at);
}

async fn row_follows_the_primary_address(database: TestDatabase) {
    let site = Site::start(&Arc::new(database)).await;
    let address = json!({
        "user_id": site.jane.as_str(),
        "email_address": "new@example.com",
        "verified": true,
        "primary": true,
    });
    site.call(Method::POST, ApiPath::new(["email_addresses"]), address)
        .await;
    site.portal.webhook_delivered("user.updated");
    assert_eq!(site.row().await.email.as_deref(), Some("new@example.com"));
    site.portal
        .browser()
        .sign_in_as("new@example.com", &format!("{}/users", site.address))
        .assert_status(200);
    assert_eq!(site.row().await.email.as_deref(), Some("new@example.com"));
}

async fn deleted_user_is_erased_and_signed_out(database: TestDatabase) {
    let site = Site::start(&Arc::new(database)).await;
    let browser = site.portal.browser();
    let table = format!("{}/users", site.address);
    browser.sign_in_as(JANE, &table).assert_url(&table);

    site.call(Method::DELETE, site.path_of_jane(), json!({})).await;
    site.portal.webhook_delivered("user.deleted");
    let row = site.row().await;
    assert!(row.deleted_at.is_some());
    assert_eq!((row.email.as_deref(), row.name.as_deref()), (None, None));
    // The token has not expired.
    let page = browser.visit(&table);
    assert!(
        page.url().starts_with(site.portal.origin()),
        "expected the sign-in page, found {}",
        page.url()
    );
    assert_eq!(site.row().await, row);
}

async fn webhook_of_an_outage_is_delivered_again(database: TestDatabase) {
    let database = Arc::new(database);
    let site = Site::start(&database).await;
    site.portal.webhook_delivered("user.created");
    database.break_down().await;
    site.call(Method::PATCH, site.path_of_jane(), json!({ "first_name": "Janet" }))
        .await;
    let failed = async {
        loop {
            // Each turn reads the portal's database, so the other tasks get theirs.
            let sent = site.portal.run(|portal| async move { portal.webhooks().await });
            let sent = sent.expect("the webhooks are read");
            let is_failed = |status| status == Some(500);
            if sent.iter().any(|delivery| is_failed(delivery.response_status)) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, failed).await.expect("the first attempt fails");

    database.repair().await;
    assert_eq!(site.row().await.name.as_deref(), Some("Jane Doe"));
    site.portal.webhook_delivered("user.updated");
    assert_eq!(site.row().await.name.as_deref(), Some("Janet Doe"));
}
