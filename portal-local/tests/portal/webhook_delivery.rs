//! Webhook delivery: signed, retried, and in order for each user and URL.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use portal_local::{LocalPortal, LocalPortalBuilder, SeedUser, StartError, TestPortal, WebhookDelivery, WebhookStatus};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::organizations::user;
use crate::receiver::{PATIENCE, Received, Receiver, Reply};
use crate::world::{PortalClock, World};

const ADA: &str = "ada@example.com";
const JOE: &str = "joe@example.com";

async fn world(urls: &[String]) -> World {
    let clock = PortalClock::new();
    let builder = urls.iter().fold(clock.builder(), LocalPortalBuilder::webhook);
    let portal = builder.start().await.unwrap();
    World { portal, clock }
}

/// The first delivery, once this number of attempts is recorded.
async fn tried(portal: &LocalPortal, attempts: u32) -> WebhookDelivery {
    // Each turn reads the database, so the others get theirs.
    let recorded = async {
        loop {
            let first = portal.webhooks().await.unwrap().pop().unwrap();
            if first.attempts >= attempts {
                return first;
            }
        }
    };
    timeout(PATIENCE, recorded).await.expect("the attempt is recorded")
}

/// A loopback address where nothing listens.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn message_has_its_fields_and_a_signature() {
    let receiver = Receiver::start().await;
    let world = world(&[receiver.url()]).await;
    user(&world.application(), ADA).await;
    let delivered = world.portal.webhook_delivered("user.created").await.unwrap();
    assert_eq!((delivered.status, delivered.attempts), (WebhookStatus::Delivered, 1));
    assert_eq!((delivered.response_status, &delivered.error), (Some(204), &None));
    assert_eq!(
        (delivered.next_attempt_at, delivered.url.clone()),
        (None, receiver.url())
    );
    let [message] = &receiver.received()[..] else {
        panic!("one message")
    };
    assert_eq!(
        (message.path.as_str(), message.id()),
        ("/hooks?from=portal", delivered.id.as_str())
    );
    assert!(message.id().starts_with("msg_"));
    assert_eq!(message.header("content-type"), "application/json");
    assert_eq!(message.header("svix-timestamp"), world.clock.now_secs().to_string());
    assert!(message.is_signed_by(&world.portal));
    assert!(message.header("user-agent").starts_with("portal-local/"));
    let other = LocalPortal::builder().start().await.unwrap();
    assert!(!message.is_signed_by(&other));
    assert_eq!(delivered.subject_id, message.json()["data"]["id"]);
    assert!(!format!("{delivered:?}").contains(ADA));
}

#[tokio::test]
async fn refused_message_is_sent_again_with_its_id_and_a_new_signature() {
    let status = Arc::new(AtomicU16::new(500));
    let now = Arc::clone(&status);
    let receiver = Receiver::replying(move |_| Reply::Status(now.load(Ordering::SeqCst))).await;
    let world = world(&[receiver.url()]).await;
    user(&world.application(), ADA).await;
    let delivery = tried(&world.portal, 1).await;
    assert_eq!(delivery.status, WebhookStatus::Pending);
    let error = delivery.error.unwrap();
    assert_eq!(error, "the response has status 500: the receiver's reason");
    let wait = delivery.next_attempt_at.unwrap().as_secs() - world.clock.now_secs();
    assert_eq!(wait, 1);

    status.store(200, Ordering::SeqCst);
    world.clock.forward_secs(1);
    let delivered = world.portal.webhook_delivered("user.created").await.unwrap();
    assert_eq!((delivered.attempts, delivered.error), (2, None));
    let received = receiver.received();
    assert_eq!(received[0].id(), received[1].id());
    assert_eq!(received[0].body, received[1].body);
    assert_ne!(
        received[0].header("svix-timestamp"),
        received[1].header("svix-timestamp")
    );
    assert!(received.iter().all(|message| message.is_signed_by(&world.portal)));
}

#[tokio::test]
async fn clock_that_is_set_back_delays_no_delivery() {
    let is_up = Arc::new(AtomicBool::new(false));
    let now = Arc::clone(&is_up);
    let receiver = Receiver::replying(move |_| match now.load(Ordering::SeqCst) {
        true => Reply::Status(200),
        false => Reply::Status(500),
    })
    .await;
    let world = world(&[receiver.url()]).await;
    user(&world.application(), ADA).await;
    tried(&world.portal, 1).await;
    is_up.store(true, Ordering::SeqCst);
    world.portal.set_clock_skew_secs(-24 * 60 * 60);
    let delivered = world.portal.webhook_delivered("user.created").await.unwrap();
    assert_eq!(delivered.attempts, 2);
}

#[tokio::test]
async fn redirect_is_a_failure_and_not_followed() {
    let receiver = Receiver::replying(|_| Reply::Status(302)).await;
    let world = world(&[receiver.url()]).await;
    user(&world.application(), ADA).await;
    let delivery = tried(&world.portal, 1).await;
    assert_eq!(
        (delivery.status, delivery.response_status),
        (WebhookStatus::Pending, Some(302))
    );
    assert!(
        receiver
            .received()
            .iter()
            .all(|message| message.path == "/hooks?from=portal")
    );
}

#[tokio::test]
async fn delivery_fails_after_its_last_attempt_and_the_next_event_follows() {
    let receiver = Receiver::replying(|message| match message.event_type().as_str() {
        "user.created" => Reply::Status(503),
        _ => Reply::Status(200),
    })
    .await;
    let world = world(&[receiver.url()]).await;
    let application = world.application();
    let id = user(&application, ADA).await;
    application.delete(&format!("/v1/users/{id}")).await;
    for attempts in 1..=7 {
        tried(&world.portal, attempts).await;
        world.clock.forward_secs(300);
    }
    world.portal.webhook_delivered("user.deleted").await.unwrap();
    let failed = world.portal.webhooks().await.unwrap().remove(1);
    assert_eq!((failed.status, failed.attempts), (WebhookStatus::Failed, 8));
    assert_eq!((failed.next_attempt_at, receiver.received().len()), (None, 9));
    let error = world.portal.webhook_delivered("user.created").await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("expected a delivered user.created, found a failed delivery after 8 attempts"),
        "{text}"
    );
}

#[tokio::test]
async fn receiver_that_starts_later_gets_the_message() {
    let address = free_address();
    let world = world(&[format!("http://localhost:{}/hooks", address.port())]).await;
    user(&world.application(), ADA).await;
    let pending = tried(&world.portal, 1).await;
    assert!(pending.error.unwrap().starts_with("cannot connect: "));
    assert_eq!(
        (pending.status, pending.response_status),
        (WebhookStatus::Pending, None)
    );
    let receiver = Receiver::at(address, |_| Reply::Status(200)).await;
    world.clock.forward_secs(1);
    world.portal.webhook_delivered("user.created").await.unwrap();
    assert_eq!(
        receiver.received()[0].header("host"),
        format!("localhost:{}", address.port())
    );
}

#[tokio::test]
async fn slow_receiver_delays_neither_requests_nor_other_users() {
    let (release, held) = watch::channel(false);
    let receiver = Receiver::replying(move |message| match message.body.contains(ADA) {
        true => Reply::Held(held.clone()),
        false => Reply::Status(200),
    })
    .await;
    let world = world(&[receiver.url()]).await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    receiver.wait_for(1).await;
    let path = format!("/v1/users/{ada}");
    assert_eq!(
        application.patch(&path, &json!({ "first_name": "Ada" })).await.status,
        200
    );
    user(&application, JOE).await;
    let received = receiver.wait_for(2).await;
    assert!(received[1].body.contains(JOE), "{received:#?}");
    release.send(true).unwrap();
    let received = receiver.wait_for(3).await;
    assert_eq!(
        (received[0].event_type(), received[2].event_type()),
        ("user.created".into(), "user.updated".into())
    );
    world.portal.webhook_delivered("user.updated").await.unwrap();
}

#[tokio::test]
async fn event_waits_for_the_earlier_ones_of_its_user() {
    let is_up = Arc::new(AtomicBool::new(false));
    let now = Arc::clone(&is_up);
    let receiver = Receiver::replying(
        move |message| match message.body.contains(ADA) && !now.load(Ordering::SeqCst) {
            true => Reply::Status(500),
            false => Reply::Status(200),
        },
    )
    .await;
    let world = world(&[receiver.url()]).await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    application
        .patch(&format!("/v1/users/{ada}"), &json!({ "first_name": "Ada" }))
        .await;
    user(&application, JOE).await;
    let of = |all: &[Received], address: &str| -> Vec<String> {
        let own = all.iter().filter(|message| message.body.contains(address));
        own.map(Received::event_type).collect()
    };
    let received = receiver
        .wait(|all| !of(all, JOE).is_empty() && !of(all, ADA).is_empty())
        .await;
    assert_eq!(of(&received, ADA), ["user.created"]);
    is_up.store(true, Ordering::SeqCst);
    tried(&world.portal, 1).await;
    world.clock.forward_secs(1);
    world.portal.webhook_delivered("user.updated").await.unwrap();
    assert_eq!(
        of(&receiver.received(), ADA),
        ["user.created", "user.created", "user.updated"]
    );
}

#[tokio::test]
async fn failing_url_does_not_delay_the_others() {
    let (bad, good) = (
        Receiver::replying(|_| Reply::Status(500)).await,
        Receiver::start().await,
    );
    let world = world(&[bad.url(), good.url(), good.url()]).await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    application.delete(&format!("/v1/users/{ada}")).await;
    let received = good.wait_for(2).await;
    bad.wait_for(1).await;
    assert_eq!(received[1].event_type(), "user.deleted");
    assert_eq!((bad.received().len(), good.received().len()), (1, 2));
    assert_eq!(bad.received()[0].id(), received[0].id(), "one message for both");
    assert_eq!(world.portal.webhooks().await.unwrap().len(), 4);
}

#[tokio::test]
async fn restarted_portal_delivers_the_rest_with_the_same_secret() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("portal.sqlite");
    let address = free_address();
    let url = format!("http://{address}/hooks");
    let clock = PortalClock::new();
    let start = async |urls: &[&str]| {
        let builder = clock.builder().database_file(&file);
        let builder = urls.iter().fold(builder, |builder, url| builder.webhook(*url));
        builder.start().await.unwrap()
    };
    let elsewhere = "http://127.0.0.1:1/";
    let portal = start(&[&url, elsewhere]).await;
    let secret = portal.webhook_signing_secret().expose().to_owned();
    let world = World {
        portal,
        clock: clock.clone(),
    };
    user(&world.application(), ADA).await;
    tried(&world.portal, 1).await;
    world.portal.shut_down().await;
    // A command without URLs leaves the deliveries as they are.
    let portal = start(&[]).await;
    assert_eq!(portal.webhooks().await.unwrap()[1].status, WebhookStatus::Pending);
    portal.shut_down().await;

    let receiver = Receiver::at(address, |_| Reply::Status(200)).await;
    clock.forward_secs(1);
    let portal = start(&[&url]).await;
    assert_eq!(portal.webhook_signing_secret().expose(), secret);
    let received = receiver.wait_for(1).await;
    assert!(received[0].is_signed_by(&portal));
    portal.webhook_delivered("user.created").await.unwrap_err();
    let given_up = portal.webhooks().await.unwrap().remove(0);
    assert_eq!(
        (given_up.url.as_str(), given_up.status),
        (elsewhere, WebhookStatus::Failed)
    );
    assert_eq!(
        given_up.error.as_deref(),
        Some("this portal was started without the URL")
    );
}

#[tokio::test]
async fn url_of_another_machine_is_refused_at_start() {
    for url in [
        "https://localhost:3000/",
        "http://example.com/hooks",
        "http://10.0.0.1/",
        "hooks",
    ] {
        let error = LocalPortal::builder().webhook(url).start().await.unwrap_err();
        assert!(matches!(error, StartError::WebhookUrl { .. }), "{error:?}");
        let text = error.to_string();
        assert!(
            text.contains(url) && text.contains("http://localhost:3000/webhooks"),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn test_portal_waits_for_a_delivery() {
    let receiver = Receiver::start().await;
    let portal = TestPortal::start(LocalPortal::builder().webhook(receiver.url()).user(SeedUser::new(ADA)));
    let delivered = portal.webhook_delivered("user.created");
    assert!(delivered.body.contains(ADA));
    assert_eq!(receiver.received().len(), 1);
}
