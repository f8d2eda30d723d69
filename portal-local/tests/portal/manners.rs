//! The pages' handling of unusual requests of browsers and applications.

use hyper::Method;
use url::{Url, form_urlencoded};

use crate::browser::{Browser, unescape};
use crate::world::{DASHBOARD, World, sign_up};

const ADA: &str = "ada+clerk_test@example.com";

async fn open_from(browser: &mut Browser, path: &str, headers: &[(&str, &str)]) -> u16 {
    browser.send(Method::GET, path, headers, String::new()).await.status
}

#[tokio::test]
async fn trailing_slash_redirects_to_the_page_without_it() {
    let world = World::start().await;
    let mut browser = world.browser();
    for path in [
        "/sign-in",
        "/sign-up",
        "/user",
        "/user/security",
        "/organization",
        "/__local/outbox",
        "/__local/webhooks",
    ] {
        for slashes in ["/", "///"] {
            let answer = browser.get(&format!("{path}{slashes}?{DASHBOARD}")).await;
            assert_eq!(
                (answer.status, answer.location()),
                (308, &*format!("{path}?{DASHBOARD}"))
            );
        }
        let bare = browser.get(&format!("{path}/")).await;
        assert_eq!((bare.status, bare.location()), (308, path));
    }
}

#[tokio::test]
async fn trailing_slash_redirects_within_the_origin() {
    let world = World::start().await;
    let mut browser = world.browser();
    for path in [
        "//evil.example/",
        "///evil.example//",
        "//",
        "/nothing//evil/",
        "/v1/nothing/",
    ] {
        let answer = browser.get(path).await;
        let location = Url::parse(&browser.origin).unwrap().join(answer.location()).unwrap();
        assert_eq!(location.origin().ascii_serialization(), browser.origin, "{path}");
        assert!(!answer.location().starts_with("//"), "{path}");
    }
}

#[tokio::test]
async fn control_pages_refuse_other_origins() {
    let world = World::start().await;
    let mut browser = world.browser();
    for path in [
        "/",
        "/__local",
        "/__local/",
        "/__local/outbox",
        "/__local/outbox.json",
        "/__local/webhooks",
        "/__local/webhooks.json",
    ] {
        for header in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "http://localhost:3000"),
            ("origin", "null"),
        ] {
            assert_eq!(open_from(&mut browser, path, &[header]).await, 403, "{path} {header:?}");
        }
        for header in [("sec-fetch-site", "none"), ("sec-fetch-site", "same-origin")] {
            assert_eq!(open_from(&mut browser, path, &[header]).await, 200, "{path} {header:?}");
        }
    }
}

#[tokio::test]
async fn non_ascii_cookie_hides_no_other_cookie() {
    let world = World::start().await;
    let mut browser = world.signed_up(ADA).await;
    let token = browser.cookies["__clerk_db_jwt"].clone();
    for cookie in [
        format!("name=José; __clerk_db_jwt={token}"),
        format!("__clerk_db_jwt={token}; é=日本"),
        format!("__clerk_db_jwt=é; __clerk_db_jwt={token}"),
    ] {
        assert_eq!(
            open_from(&mut browser, "/user", &[("cookie", &cookie)]).await,
            200,
            "{cookie}"
        );
    }
    let headers = [("user-agent", "José's Firefox/140.0 on Linux")];
    assert_eq!(open_from(&mut browser, "/user/security", &headers).await, 200);
    assert!(
        browser
            .get("/user/security")
            .await
            .body
            .contains("Firefox 140 on Linux")
    );
}

#[tokio::test]
async fn encoded_development_token_is_removed_from_the_address() {
    let world = World::start().await;
    let mut browser = world.browser();
    for name in ["__clerk_db%5Fjwt", "%5f_clerk_db_jwt", "__dev%5Fsession"] {
        let answer = browser.get(&format!("/sign-in?{name}=x&a=%20b")).await;
        assert_eq!((answer.status, answer.location()), (303, "/sign-in?a=%20b"), "{name}");
    }
}

#[tokio::test]
async fn redirect_url_beyond_8_kib_is_refused_with_its_length() {
    let world = World::start().await;
    let mut browser = world.browser();
    let start = "http://localhost:3000/?x=";
    let longest = format!("{start}{}", "a".repeat(8_192 - start.len()));
    let query = |address: &str| -> String {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("redirect_url", address)
            .finish()
    };
    let answer = sign_up(&mut browser, ADA, &query(&longest)).await;
    assert!(answer.location().starts_with(&longest), "{}", answer.location());
    let handshake = browser.get(&format!("/v1/client/handshake?{}", query(&longest))).await;
    assert_eq!(handshake.status, 307);

    let longer = query(&format!("{longest}a"));
    let page = browser.get(&format!("/user?{longer}")).await;
    assert!(page.body.contains("8193 bytes"), "{}", page.body);
    let page = world.browser().get(&format!("/sign-in?{longer}")).await;
    assert!(page.body.contains("8193 bytes"), "{}", page.body);
    let page = world
        .browser()
        .get(&format!("/sign-in?__clerk_satellite_url={}", &longer[13..]))
        .await;
    assert!(page.body.contains("8193 bytes"), "{}", page.body);
    let refused = browser.get(&format!("/v1/client/handshake?{longer}")).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("8193 bytes"), "{}", refused.body);
}

#[tokio::test]
async fn oversized_prefill_is_reported_on_the_page() {
    let world = World::start().await;
    let page = world
        .browser()
        .get(&format!("/sign-up?first_name={}", "a".repeat(9_000)))
        .await;
    assert!(page.body.contains("first_name is ignored"), "{}", page.body);
}

#[tokio::test]
async fn back_link_carries_the_development_token() {
    let world = World::start().await;
    let mut browser = world.signed_up(ADA).await;
    browser.get("/create-organization").await;
    browser.submit(&[("name", "Acme")]).await;
    let token = browser.cookies["__clerk_db_jwt"].clone();
    for path in [
        "/user",
        "/user/security",
        "/organization",
        "/organization/invitations",
        "/organization-list",
    ] {
        let page = browser.get(&format!("{path}?{DASHBOARD}")).await;
        let back = page
            .body
            .split("-back\"")
            .next()
            .unwrap()
            .rsplit("href=\"")
            .next()
            .unwrap();
        let back = Url::parse(&unescape(back.split('"').next().unwrap())).unwrap();
        let mut pairs = back.query_pairs();
        assert!(
            pairs.any(|(name, value)| name == "__clerk_db_jwt" && *value == token),
            "{path}: {back}"
        );
        assert_eq!(back.path(), "/dashboard", "{path}");
    }
}

#[tokio::test]
async fn form_policy_names_every_loopback_origin() {
    let world = World::start().await;
    let page = world.browser().get(&format!("/sign-in?{DASHBOARD}")).await;
    let policy = page.header("content-security-policy");
    for source in ["http://localhost:*", "http://127.0.0.1:*", "http://localhost:3000"] {
        assert!(policy.contains(&format!(" {source}")), "{policy}");
    }
}

#[tokio::test]
async fn request_log_truncates_a_long_request() {
    let world = World::start().await;
    let long = "x".repeat(30_000);
    world.browser().get(&format!("/v1/health?{long}={long}")).await;
    let log = world.portal.request_log();
    let record = log.last().unwrap();
    let kept: usize = record.query.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(kept < 9_000, "{kept}");
    assert!(record.query[0].0.ends_with('…'), "{record:?}");
}
