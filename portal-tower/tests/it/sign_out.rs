//! `SignOut`, by its rules.

use portal_tower::SignOut;
use portal_tower::sdk::backend::BackendError;
use portal_tower::sdk::instance::InstanceBuilder;
use serde_json::json;
use tower::Layer as _;

use crate::common::clerk::{FakeClerk, answer, down};
use crate::common::{LIVE_SUFFIX, TEST_SUFFIX};
use crate::support::{
    AS_PAGE, Answer, LIVE_ISSUER, SIGNED_OUT, TEST_ISSUER, asking_layer, expired, layer_with, live, request, send,
    session, signed_in, test,
};

const HERE: &str = "POST http://localhost:3000/sign-out";

async fn sign_out(builder: InstanceBuilder, clerk: &FakeClerk, target: &str, cookies: &str) -> Answer {
    let service = layer_with(builder, clerk).layer(SignOut::new());
    let answer = send(service, request(target, &[("cookie", cookies), AS_PAGE])).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer
}

fn is_signed_out(answer: &Answer) {
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    let cookies = answer.all("set-cookie");
    for name in ["__session", "__refresh"]
        .map(|name| [name.to_owned(), format!("{name}_{TEST_SUFFIX}")])
        .concat()
    {
        let removal = format!("{name}=; Path=/; Max-Age=0; SameSite=Lax");
        assert!(
            cookies.contains(&removal.as_str()),
            "{removal} is not among {cookies:?}"
        );
    }
    for name in ["__client_uat".to_owned(), format!("__client_uat_{TEST_SUFFIX}")] {
        let zero = format!("{name}=0; Path=/;");
        assert!(
            cookies.iter().any(|cookie| cookie.starts_with(&zero)),
            "{zero} is not among {cookies:?}"
        );
    }
    assert!(
        cookies.iter().all(|cookie| !cookie.starts_with("__clerk_db_jwt")),
        "{cookies:?}"
    );
}

#[tokio::test]
async fn the_session_ends_at_clerk_and_in_the_browser() {
    let pending = session(TEST_ISSUER, &json!({ "sts": "pending" }));
    for cookies in [signed_in(TEST_ISSUER), pending, expired(TEST_ISSUER)] {
        let clerk = FakeClerk::new();
        is_signed_out(&sign_out(test(), &clerk, HERE, &cookies).await);
        assert_eq!(clerk.calls(), ["revoke sess_1"]);
    }
}

#[tokio::test]
async fn a_session_that_is_over_is_over() {
    for status in [404, 400] {
        let clerk = FakeClerk::new();
        clerk.set_revoke(Err(answer(status, Some("resource_not_found"))));
        is_signed_out(&sign_out(test(), &clerk, HERE, &signed_in(TEST_ISSUER)).await);
        assert_eq!(clerk.calls(), ["revoke sess_1"]);
    }
}

#[tokio::test]
async fn whoever_is_signed_out_stays_so() {
    let forged = "__session=abc; __client_uat=1; __clerk_db_jwt=dvb";
    for cookies in ["", SIGNED_OUT, forged] {
        let clerk = FakeClerk::new();
        is_signed_out(&sign_out(test(), &clerk, HERE, cookies).await);
        assert!(clerk.calls().is_empty());
    }
}

#[tokio::test]
async fn while_clerk_does_not_answer_nobody_is_told_to_be_signed_out() {
    let timeout = BackendError::Timeout(std::time::Duration::from_secs(5));
    for error in [
        down(),
        timeout,
        answer(500, None),
        answer(429, None),
        answer(401, Some("clerk_key_invalid")),
    ] {
        for cookies in [signed_in(TEST_ISSUER), expired(TEST_ISSUER)] {
            let clerk = FakeClerk::new();
            clerk.set_revoke(Err(error.clone()));
            let target = "POST http://localhost:3000/sign-out/%22%3E%3Cb%3E'x";
            let answer = sign_out(test(), &clerk, target, &cookies).await;
            assert_eq!(answer.status, 503, "{error}");
            assert!(answer.all("set-cookie").is_empty());
            assert_eq!(answer.header("retry-after"), Some("5"));
            assert!(answer.body.contains("you are still signed in"), "{}", answer.body);
            // The form that tries again posts here, and nothing in the address breaks out of it.
            let form = "<form method=\"post\" action=\"/sign-out/%22%3E%3Cb%3E&#39;x\">";
            assert!(answer.body.contains(form), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn who_cannot_be_told_may_be_signed_in() {
    let clerk = FakeClerk::new();
    clerk.set_jwks(Err(down()));
    let service = asking_layer(test(), &clerk).layer(SignOut::new());
    let answer = send(service, request(HERE, &[("cookie", &signed_in(TEST_ISSUER)), AS_PAGE])).await;
    assert_eq!(answer.status, 503);
    assert!(answer.all("set-cookie").is_empty());
}

#[tokio::test]
async fn a_link_does_not_sign_out() {
    let clerk = FakeClerk::new();
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        let target = format!("{method} http://localhost:3000/sign-out");
        let answer = sign_out(test(), &clerk, &target, &signed_in(TEST_ISSUER)).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
        assert!(answer.all("set-cookie").is_empty());
    }
    assert!(clerk.calls().is_empty());
}

#[tokio::test]
async fn cookies_are_removed_on_the_host_and_its_parents() {
    let clerk = FakeClerk::new();
    let answer = sign_out(
        live(),
        &clerk,
        "POST https://app.example.com/sign-out",
        &signed_in(LIVE_ISSUER),
    )
    .await;
    let suffixed = format!("__session_{LIVE_SUFFIX}");
    for domain in ["", "; Domain=app.example.com", "; Domain=example.com"] {
        for name in ["__session", suffixed.as_str()] {
            let removal = format!("{name}=; Path=/{domain}; Max-Age=0; SameSite=Lax; Secure");
            assert!(answer.all("set-cookie").contains(&removal.as_str()), "{removal}");
        }
    }
    assert!(
        !answer
            .all("set-cookie")
            .iter()
            .any(|cookie| cookie.contains("Domain=com;"))
    );
}

#[tokio::test]
async fn the_application_says_what_comes_next() {
    let service = layer_with(test(), &FakeClerk::new()).layer(SignOut::new().then("/bye"));
    let answer = send(service, request(HERE, &[("cookie", &signed_in(TEST_ISSUER))])).await;
    assert_eq!(answer.header("location"), Some("/bye"));
}

#[tokio::test]
async fn without_the_layer_it_is_a_mistake() {
    let answer = send(SignOut::new(), request(HERE, &[])).await;
    assert_eq!(answer.status, 500);
}
