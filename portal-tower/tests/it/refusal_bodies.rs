//! The bodies of refusals: the next step for each kind of caller, and the likely cause for developers.

use portal_tower::RequireAuthLayer;
use portal_tower::portal_sdk::authorization::{Reverification, Role, requirement_fn};
use portal_tower::portal_sdk::instance::InstanceBuilder;
use portal_tower::portal_sdk::testing::FakeBackend;
use serde_json::{Value, json};
use tower::ServiceBuilder;

use crate::support::{
    AS_PAGE, AS_SCRIPT, Answer, App, LIVE_ISSUER, SIGNED_OUT, TEST_ISSUER, asking_layer, down, layer, live, request,
    send, session, signed_in, test,
};

const HERE: &str = "http://localhost:3000/dashboard";
const PORTAL: &str = "https://foo-bar-13.accounts.dev";
const HTMX: (&str, &str) = ("hx-request", "true");
const HTMX_HISTORY: (&str, &str) = ("hx-history-restore-request", "true");
const DATASTAR: (&str, &str) = ("datastar-request", "true");
const NO_ACCESS: &str = "<p><strong>You don't have access to this page.</strong> If you need access, ask an \
                         administrator of your organization.</p>\n";

/// The guard of a page that no user may see.
fn closed() -> RequireAuthLayer {
    RequireAuthLayer::with(requirement_fn(|_| false))
}

fn admins() -> RequireAuthLayer {
    RequireAuthLayer::with(Role::new("org:admin"))
}

async fn ask(
    settings: InstanceBuilder,
    guard: RequireAuthLayer,
    target: &str,
    cookies: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let service = ServiceBuilder::new()
        .layer(layer(settings))
        .layer(guard)
        .service(App::default().service());
    let headers = [&[("cookie", cookies)], headers].concat();
    send(service, request(target, &headers)).await
}

/// The response while the keys are out of reach.
async fn ask_in_outage(settings: InstanceBuilder, target: &str, cookies: &str, caller: (&str, &str)) -> Answer {
    let clerk = FakeBackend::new();
    clerk.set_jwks(Err(down()));
    let service = ServiceBuilder::new()
        .layer(asking_layer(settings, &clerk))
        .layer(RequireAuthLayer::signed_in())
        .service(App::default().service());
    send(service, request(target, &[("cookie", cookies), caller])).await
}

#[tokio::test]
async fn history_that_htmx_restores_continues_to_sign_in() {
    let pending = session(TEST_ISSUER, &json!({ "sts": "pending" }));
    for cookies in [SIGNED_OUT, &pending] {
        let answer = ask(test(), RequireAuthLayer::signed_in(), HERE, cookies, &[HTMX_HISTORY]).await;
        let url = answer.header("hx-redirect").unwrap();
        assert!(
            answer.status == 200 && url.starts_with(&format!("{PORTAL}/sign-in")),
            "{url}"
        );
        let refresh = format!("content=\"0; url={}\"", url.replace('&', "&amp;"));
        assert!(answer.body.contains(&refresh), "{}", answer.body);
    }
}

#[tokio::test]
async fn refusal_that_sign_in_cannot_resolve_keeps_its_status_for_htmx() {
    let ada = signed_in(TEST_ISSUER);
    for caller in [HTMX, HTMX_HISTORY] {
        let unmet = ask(test(), closed(), HERE, &ada, &[caller]).await;
        assert_eq!((unmet.status, unmet.header("hx-redirect")), (403, None), "{caller:?}");
        let outage = ask_in_outage(test(), HERE, &ada, caller).await;
        assert_eq!((outage.status, outage.header("hx-redirect")), (503, None), "{caller:?}");
    }
}

#[tokio::test]
async fn fragment_has_the_sentence_and_no_cause() {
    let ada = signed_in(TEST_ISSUER);
    for caller in [HTMX, HTMX_HISTORY, DATASTAR] {
        let unmet = ask(test(), closed(), HERE, &ada, &[caller]).await;
        let outage = ask_in_outage(test(), HERE, &ada, caller).await;
        if caller == DATASTAR {
            let line = format!("data: elements {NO_ACCESS}");
            assert!(unmet.body.contains(&line), "{}", unmet.body);
        } else {
            assert_eq!(unmet.body, NO_ACCESS, "{caller:?}");
        }
        assert!(
            outage
                .body
                .contains("<strong>We couldn't reach the sign-in service.</strong>")
        );
        let has_cause = outage.body.contains("<dl>") || outage.body.contains("<details");
        assert!(!has_cause, "{caller:?}: {}", outage.body);
    }
}

#[tokio::test]
async fn refusal_about_an_organization_links_to_the_choice() {
    let ada = signed_in(TEST_ISSUER);
    let in_beta = session(LIVE_ISSUER, &json!({ "org_id": "org_b", "org_slug": "beta" }));
    let own = ("sec-fetch-site", "same-origin");
    let in_acme = "POST https://app.example.com/orgs/acme";
    let mismatch = || live().organization_patterns(["/orgs/:slug"]);
    for caller in [AS_PAGE, AS_SCRIPT, HTMX, HTMX_HISTORY, DATASTAR] {
        for (answer, portal) in [
            (ask(test(), admins(), HERE, &ada, &[caller]).await, PORTAL),
            (
                ask(
                    mismatch(),
                    RequireAuthLayer::signed_in(),
                    in_acme,
                    &in_beta,
                    &[own, caller],
                )
                .await,
                "https://accounts.example.com",
            ),
        ] {
            let url = format!("{portal}/organization");
            if caller == AS_SCRIPT {
                let found = &answer.json()["error"]["organization_url"];
                assert!(found.as_str().is_some_and(|found| found.starts_with(&url)), "{found}");
            } else {
                let (link, text) = (format!("<a href=\"{url}"), ">Choose an organization</a>");
                let has_link = answer.body.contains(&link) && answer.body.contains(text);
                assert!(has_link, "{caller:?}: {}", answer.body);
            }
        }
        // No organization gives access here.
        let unmet = ask(test(), closed(), HERE, &ada, &[caller]).await;
        assert!(!unmet.body.contains("/organization"), "{caller:?}: {}", unmet.body);
    }
    let signed_out = ask(test(), admins(), HERE, SIGNED_OUT, &[AS_SCRIPT]).await;
    assert_eq!(signed_out.json()["error"]["organization_url"], Value::Null);
}

#[tokio::test]
async fn page_about_the_set_up_names_the_cause_to_developers_only() {
    let out_of_reach = "<dt>Likely cause</dt>\n<dd>The Backend API at https://api.clerk.com";
    let here = "https://app.example.com/dashboard";
    let ada = signed_in(TEST_ISSUER);
    let page = ask_in_outage(test(), HERE, &ada, AS_PAGE).await;
    assert!(page.status == 503 && page.body.contains(out_of_reach), "{}", page.body);
    assert!(page.body.contains("<summary>How this request was decided</summary>"));
    let live_ada = signed_in(LIVE_ISSUER);
    let debug = ask_in_outage(live().debug(true), here, &live_ada, AS_PAGE).await;
    assert!(debug.body.contains(out_of_reach), "{}", debug.body);

    // Without a cause there is nothing to say that the sentence does not say.
    let malformed = format!("{HERE}?__clerk_handshake=abc");
    let unknown = ask(
        test(),
        RequireAuthLayer::signed_in(),
        &malformed,
        SIGNED_OUT,
        &[AS_PAGE],
    )
    .await;
    assert!(unknown.status == 500 && unknown.body.contains("Sign-in isn&#39;t set up correctly"));
    for page in [unknown, ask_in_outage(live(), here, &live_ada, AS_PAGE).await] {
        assert!(
            !page.body.contains("<dl>") && !page.body.contains("<details"),
            "{}",
            page.body
        );
    }
}

#[tokio::test]
async fn user_who_must_verify_again_is_not_redirected_as_unmet() {
    let long_ago = session(TEST_ISSUER, &json!({ "fva": [600, 600] }));
    let guard = |requirement| RequireAuthLayer::with(requirement).with_unmet_redirect("/ask-for-access");
    let answer = ask(test(), guard(Reverification::STRICT), HERE, &long_ago, &[AS_PAGE]).await;
    assert_eq!((answer.status, answer.header("location")), (403, None));
    assert!(
        answer.body.contains("Please verify that it&#39;s you"),
        "{}",
        answer.body
    );
}
