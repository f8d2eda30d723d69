//! [`World`]: the application without a server, as two replicas with one database.

use std::sync::LazyLock;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use portal_axum::portal_sdk::clock::{Clock as _, SystemClock, UnixTime};
use portal_axum::testing::{TestInstance, TestSession, TestWebhook};
use portal_axum::{UserId, WebhookReceiver};
use portal_example_users::{App, Database, UserRow, WEBHOOKS, router};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::databases::TestDatabase;

const MINUTE_MILLIS: i64 = 60_000;
/// The sign-up, an hour ago. Not a whole second, because tokens have seconds only.
static CREATED_AT: LazyLock<UnixTime> =
    LazyLock::new(|| UnixTime::from_millis((SystemClock.now().as_secs() - 3_600) * 1_000 + 250));

/// A user, as of a change. Version 0 is the sign-up; each later one is a minute after.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) id: String,
    pub(crate) number: i64,
    pub(crate) email: Option<String>,
}

impl Version {
    pub(crate) fn new(id: &str, number: i64) -> Self {
        Self {
            id: id.to_owned(),
            number,
            email: Some(format!("{id}.{number}@example.com")),
        }
    }

    pub(crate) fn with_email(mut self, email: Option<&str>) -> Self {
        self.email = email.map(str::to_owned);
        self
    }

    pub(crate) fn at(&self) -> UnixTime {
        UnixTime::from_millis(CREATED_AT.as_millis() + self.number * MINUTE_MILLIS)
    }

    pub(crate) fn name(&self) -> String {
        format!("Ada {}", self.number)
    }

    /// The event of this change.
    pub(crate) fn event(&self) -> TestWebhook {
        let kind = if self.number == 0 {
            "user.created"
        } else {
            "user.updated"
        };
        let address =
            |email| json!({ "id": "idn_1", "email_address": email, "verification": { "status": "verified" } });
        let data = json!({
            "id": self.id,
            "first_name": "Ada",
            "last_name": self.number.to_string(),
            "email_addresses": self.email.iter().map(address).collect::<Vec<Value>>(),
            "primary_email_address_id": self.email.as_ref().map(|_| "idn_1"),
            "created_at": CREATED_AT.as_millis(),
            "updated_at": self.at().as_millis(),
        });
        TestWebhook::new(kind, data).with_occurred_at(self.at())
    }

    /// The event of the deletion at this time.
    pub(crate) fn deleted(&self) -> TestWebhook {
        let data = json!({ "id": self.id, "object": "user", "deleted": true });
        TestWebhook::new("user.deleted", data).with_occurred_at(self.at())
    }

    /// The row that shows this version.
    pub(crate) fn row(&self, id: i64, source: &str) -> UserRow {
        UserRow {
            id,
            clerk_id: self.id.clone(),
            email: self.email.clone(),
            name: Some(self.name()),
            created_at: Some(*CREATED_AT),
            updated_at: self.at(),
            deleted_at: None,
            source: source.to_owned(),
        }
    }

    /// The row of a user who was deleted at this time.
    pub(crate) fn deleted_row(&self, id: i64) -> UserRow {
        UserRow {
            id,
            clerk_id: self.id.clone(),
            email: None,
            name: None,
            created_at: None,
            updated_at: self.at(),
            deleted_at: Some(self.at()),
            source: "webhook".to_owned(),
        }
    }
}

/// Two replicas with one database. One receives webhooks, the other one serves users and learns nothing from the first.
pub(crate) struct World {
    pub(crate) clerk: TestInstance,
    pub(crate) database: Database,
    receiver: Router,
    server: Router,
}

impl World {
    pub(crate) async fn new(database: &TestDatabase) -> Self {
        let database = database.open().await;
        let replica = |clerk: &TestInstance| {
            let app = App {
                database: database.clone(),
                sent_webhooks: None,
            };
            let webhooks = WebhookReceiver::new(TestWebhook::secret().expose()).expect("a genuine secret");
            router(app, clerk.authenticator(), webhooks)
        };
        let clerk = TestInstance::new();
        Self {
            receiver: replica(&TestInstance::new()),
            server: replica(&clerk),
            clerk,
            database,
        }
    }

    /// A session whose token carries this version.
    pub(crate) fn session(&self, version: &Version) -> TestSession {
        let session = self.clerk.signed_in(version.id.as_str());
        session
            .claim("email", version.email.clone())
            .claim("name", version.name())
            .claim("created_at", CREATED_AT.as_secs())
            .claim("updated_at", version.at().as_secs())
    }

    /// Requests the table with a token that carries this version.
    pub(crate) async fn sign_in(&self, version: &Version) -> StatusCode {
        self.visit(&self.session(version)).await.0
    }

    /// Requests the table. Returns the status and the page.
    pub(crate) async fn visit(&self, session: &TestSession) -> (StatusCode, String) {
        let request = session.get("/users").body(Body::empty()).expect("a valid request");
        let response = self.server.clone().oneshot(request).await.expect("a response");
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
        (status, String::from_utf8(body.to_vec()).expect("a page in UTF-8"))
    }

    /// Delivers an event. Returns the status of the response.
    pub(crate) async fn deliver(&self, event: &TestWebhook) -> StatusCode {
        let request: Request<String> = event.request(WEBHOOKS);
        let response = self.receiver.clone().oneshot(request.map(Body::from)).await;
        response.expect("a response").status()
    }

    pub(crate) async fn row(&self, id: &str) -> Option<UserRow> {
        self.database.find(&UserId::from(id)).await.expect("the query succeeds")
    }
}
