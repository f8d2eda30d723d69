//! Deliveries that end sessions: what the receiver tells an authenticator.

use portal_tower::WebhookReceiver;
use portal_tower::portal_sdk::clock::UnixTime;
use portal_tower::portal_sdk::fleet::SessionEndReason;
use portal_tower::portal_sdk::lease::LeaseEnd;
use portal_tower::portal_sdk::state::RequestState;
use portal_tower::portal_sdk::testing::{TestInstance, TestWebhook};
use serde_json::{Value, json};

use super::Notes;
use crate::support::send;

fn receiver(clerk: &TestInstance, now: UnixTime) -> WebhookReceiver {
    let receiver = WebhookReceiver::new(TestWebhook::secret().expose()).unwrap();
    receiver
        .with_clock(move || now)
        .with_authenticator(clerk.authenticator())
}

fn session(status: &str) -> Value {
    json!({ "id": "sess_1", "user_id": "user_1", "status": status })
}

/// Returns `true` if the session of `user_1` with this ID is signed in.
async fn is_signed_in(clerk: &TestInstance, id: &str) -> bool {
    state(clerk, id).await.claims().is_some()
}

async fn state(clerk: &TestInstance, id: &str) -> RequestState {
    let request = clerk.signed_in("user_1").session_id(id).get("/").body(()).unwrap();
    clerk.authenticator().authenticate(&request.into_parts().0).await.state
}

/// Sends one delivery while two sessions of one user have leases, and returns their ends.
async fn ends_after(event_type: &str, data: Value) -> [Option<LeaseEnd>; 2] {
    let clerk = TestInstance::new();
    let mut leases = Vec::new();
    for id in ["sess_1", "sess_2"] {
        leases.push(clerk.authenticator().lease(state(&clerk, id).await.claims().unwrap()));
    }
    let webhook = TestWebhook::new(event_type, data);
    let service = Notes::default().service(receiver(&clerk, webhook.sent_at()));
    assert_eq!(send(service, webhook.request("/webhooks/clerk")).await.status, 200);
    let mut ends = [None, None];
    for ((id, lease), end) in ["sess_1", "sess_2"].into_iter().zip(leases).zip(&mut ends) {
        *end = lease.end();
        assert_eq!(is_signed_in(&clerk, id).await, end.is_none(), "{event_type}: {id}");
    }
    ends
}

#[tokio::test]
async fn delivery_about_the_end_of_a_session_signs_it_out_at_once() {
    use SessionEndReason::{Ended, Expired, Revoked, SignedOut};
    for (event_type, status, reason) in [
        ("session.ended", "ended", SignedOut),
        ("session.ended", "expired", Expired),
        ("session.removed", "removed", SignedOut),
        ("session.revoked", "revoked", Revoked),
        // Data with an earlier status.
        ("session.ended", "active", SignedOut),
        ("session.removed", "", Ended),
        ("session.revoked", "active", Revoked),
    ] {
        let ends = ends_after(event_type, session(status)).await;
        assert_eq!(
            ends,
            [Some(LeaseEnd::SessionEnded(reason)), None],
            "{event_type} {status}"
        );
    }
}

#[tokio::test]
async fn delivery_about_a_deleted_user_signs_all_sessions_out() {
    let ends = ends_after("user.deleted", json!({ "id": "user_1", "deleted": true })).await;
    assert_eq!(ends, [Some(LeaseEnd::UserDeleted); 2]);
    let ends = ends_after("user.deleted", json!({ "id": "user_2", "deleted": true })).await;
    assert_eq!(ends, [None, None]);
}

#[tokio::test]
async fn delivery_about_a_living_session_signs_nothing_out() {
    for (event_type, data) in [
        ("session.created", session("active")),
        ("session.pending", session("pending")),
        ("user.updated", json!({ "id": "user_1" })),
        ("user.created", json!({ "id": "user_1" })),
        ("organization.deleted", json!({ "id": "user_1" })),
        ("session.revoked", json!({ "user_id": "user_1" })),
        ("session.closed", session("revoked")),
    ] {
        assert_eq!(ends_after(event_type, data).await, [None, None], "{event_type}");
    }
}

#[tokio::test]
async fn delivery_about_a_changed_user_drops_the_data_in_memory() {
    let clerk = TestInstance::new();
    let looked_up = async || {
        clerk.authenticator().user(&"user_1".into()).await.unwrap();
        clerk.backend().calls().len()
    };
    assert_eq!((looked_up().await, looked_up().await), (1, 1));
    let webhook = TestWebhook::new("user.updated", json!({ "id": "user_1" }));
    let service = Notes::default().service(receiver(&clerk, webhook.sent_at()));
    send(service, webhook.request("/webhooks/clerk")).await;
    assert_eq!(looked_up().await, 2);
}

#[tokio::test]
async fn forged_or_late_delivery_signs_nothing_out() {
    let clerk = TestInstance::new();
    let webhook = TestWebhook::new("session.revoked", session("revoked"));
    let mut forged = webhook.request("/webhooks/clerk");
    *forged.body_mut() = forged.body().replace("user_1", "user_2");
    let later = webhook.sent_at() + std::time::Duration::from_secs(301);
    for (request, now) in [(forged, webhook.sent_at()), (webhook.request("/webhooks/clerk"), later)] {
        let service = Notes::default().service(receiver(&clerk, now));
        assert_eq!(send(service, request).await.status, 400);
        assert!(is_signed_in(&clerk, "sess_1").await);
    }
}

/// The sessions have ended at Clerk, whatever the application's database says.
#[tokio::test]
async fn failing_handler_does_not_keep_a_session_signed_in() {
    let clerk = TestInstance::new();
    let notes = Notes::default();
    notes.fail_with(Some("the database is unreachable"));
    let webhook = TestWebhook::new("session.revoked", session("revoked"));
    let service = notes.service(receiver(&clerk, webhook.sent_at()));
    assert_eq!(send(service, webhook.request("/webhooks/clerk")).await.status, 500);
    let request = clerk
        .signed_in("user_1")
        .session_id("sess_1")
        .get("/")
        .body(())
        .unwrap();
    let state = clerk.authenticator().authenticate(&request.into_parts().0).await.state;
    assert!(state.claims().is_none());
}
