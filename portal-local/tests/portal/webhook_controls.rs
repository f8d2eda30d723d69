//! `/__local/webhooks`: the page and the JSON API of webhooks.

use hyper::Method;
use serde_json::json;

use crate::browser::Browser;
use crate::organizations::user;
use crate::receiver::Receiver;
use crate::world::{PortalClock, World};

const ADA: &str = "ada@example.com";
const PAGE: &str = "/__local/webhooks";

async fn world(receiver: &Receiver) -> World {
    let clock = PortalClock::new();
    let portal = clock.builder().webhook(receiver.url()).start().await.unwrap();
    World { portal, clock }
}

async fn delivered(receiver: &Receiver) -> World {
    let world = world(receiver).await;
    user(&world.application(), ADA).await;
    world.portal.webhook_delivered("user.created").await.unwrap();
    world
}

#[tokio::test]
async fn page_lists_deliveries_and_sends_one_again() {
    let receiver = Receiver::start().await;
    let world = world(&receiver).await;
    let mut browser = world.browser();
    let index = browser.get("/").await;
    assert!(index.body.contains("<a href=\"/__local/webhooks\">Webhooks</a>"));
    let page = browser.get(PAGE).await;
    assert!(page.says("There are no webhooks yet.") && page.body.contains(&receiver.url()));
    assert!(!page.body.contains("<script"), "works without script");

    user(&world.application(), ADA).await;
    let first = world.portal.webhook_delivered("user.created").await.unwrap();
    let page = browser.get(PAGE).await;
    for part in [
        "user.created",
        &first.subject_id,
        "Delivered after 1 attempt · status 204",
        "data-status=\"delivered\"",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let path = page.after("<h2><a href=\"").unwrap();
    let one = browser.get(path).await;
    assert!(
        one.body.contains(&first.id) && one.body.contains("ada@example.com"),
        "{}",
        one.body
    );
    let number = path.rsplit('/').next().unwrap();
    let answer = browser.submit(&[("number", number)]).await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/__local/webhooks?notice=sent")
    );
    let page = browser.follow(&answer).await;
    assert!(page.body.contains("role=\"status\"") && page.says("is being sent again"));
    let received = receiver.wait_for(2).await;
    assert_eq!(received[0].id(), received[1].id());
    let again = world.portal.webhook_delivered("user.created").await.unwrap();
    assert_eq!(again.attempts, 2);

    let answer = browser.submit(&[("number", "999")]).await;
    assert!(
        browser
            .follow(&answer)
            .await
            .says("This webhook doesn't exist anymore.")
    );
    for path in ["/__local/webhooks/999", "/__local/webhooks/x", "/__local/webhooks/%ff"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn other_site_can_neither_read_nor_send() {
    let receiver = Receiver::start().await;
    let world = delivered(&receiver).await;
    let mut browser = world.browser();
    browser.get(PAGE).await;
    let token = browser.form_token();
    let fields = [("form_token", token.as_str()), ("number", "1")];
    let cross = [("sec-fetch-site", "cross-site")];
    let answer = browser.post(PAGE, &fields, &cross).await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    let without_proof = browser.post(PAGE, &[("number", "1")], &[]).await;
    assert_eq!(without_proof.status, 403);
    for path in [PAGE, "/__local/webhooks/1", "/__local/webhooks.json"] {
        let answer = browser.send(Method::GET, path, &cross, String::new()).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(!answer.body.contains(ADA), "{path}");
    }
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn json_controls_list_and_send() {
    let receiver = Receiver::start().await;
    let world = delivered(&receiver).await;
    let application = world.application();
    let list = application.get("/__local/webhooks.json").await.json();
    let one = &list[0];
    assert_eq!(
        (&one["type"], &one["status"]),
        (&json!("user.created"), &json!("delivered"))
    );
    assert_eq!((&one["attempts"], &one["response_status"]), (&json!(1), &json!(204)));
    assert_eq!(one["body"], receiver.received()[0].json());
    assert_eq!(one["id"], receiver.received()[0].id());
    let send = async |body: serde_json::Value| application.post("/__local/webhooks/send", &body).await;
    assert_eq!(send(json!({ "number": one["number"] })).await.status, 200);
    receiver.wait_for(2).await;
    assert_eq!(send(json!({ "number": 999 })).await.status, 404);
    assert_eq!(send(json!({ "number": "1" })).await.status, 400);
    let form = Browser::new(world.portal.origin())
        .post("/__local/webhooks/send", &[("number", "1")], &[])
        .await;
    assert_eq!(form.status, 403);
}

#[tokio::test]
async fn url_of_an_earlier_start_is_not_sent_to() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("portal.sqlite");
    let receiver = Receiver::start().await;
    let clock = PortalClock::new();
    let builder = || clock.builder().database_file(&file);
    let portal = builder().webhook(receiver.url()).start().await.unwrap();
    let world = World {
        portal,
        clock: clock.clone(),
    };
    user(&world.application(), ADA).await;
    world.portal.webhook_delivered("user.created").await.unwrap();
    world.portal.shut_down().await;
    let world = World {
        portal: builder().start().await.unwrap(),
        clock: clock.clone(),
    };
    let mut browser = world.browser();
    let page = browser.get(PAGE).await;
    assert!(
        page.body.contains("user.created") && !page.body.contains("<button"),
        "{}",
        page.body
    );
    let answer = world
        .application()
        .post("/__local/webhooks/send", &json!({ "number": 1 }))
        .await;
    assert_eq!(
        (answer.status, &answer.json()["errors"][0]["code"]),
        (422, &json!("webhook_url_unknown"))
    );
    assert_eq!(receiver.received().len(), 1);
}
