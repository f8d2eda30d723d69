//! Forms as no browser sends them: control characters, broken encodings, thousands of fields, other sites.

use hyper::Method;

use crate::application::Application;
use crate::browser::{Answer, Browser};
use crate::world::{DASHBOARD, World};

const ADA: &str = "ada+clerk_test@example.com";

/// Every address that takes a form, signed in and signed out.
const FORMS: [&str; 41] = [
    "/sign-in",
    "/sign-in/sso",
    "/sign-in/factor-one",
    "/sign-in/factor-two",
    "/sign-in/reset-password",
    "/sign-in/choose",
    "/sign-in/tasks/choose-organization",
    "/sign-in/tasks/reset-password",
    "/sign-in/tasks/setup-mfa",
    "/sign-up",
    "/sign-up/sso",
    "/sign-up/verify-email-address",
    "/sign-up/continue",
    "/sign-out",
    "/waitlist",
    "/user",
    "/user/email-addresses",
    "/user/email-addresses/verify?id=%00",
    "/user/email-addresses/primary",
    "/user/email-addresses/remove",
    "/user/connected-accounts",
    "/user/connected-accounts/remove",
    "/user/security",
    "/user/security/authenticator",
    "/user/security/authenticator/remove",
    "/user/security/backup-codes",
    "/user/security/devices",
    "/user/verify",
    "/user/delete",
    "/user/sign-out",
    "/organization",
    "/organization/organization-members/role",
    "/organization/organization-members/remove",
    "/organization/invitations",
    "/organization/invitations/revoke",
    "/organization/leave",
    "/organization/delete",
    "/organization-list",
    "/create-organization",
    "/create-organization/invite",
    "/__local/sign-in-as",
];
/// Every field of any of them.
const FIELDS: [&str; 20] = [
    "identifier",
    "emailAddress",
    "emailAddresses",
    "password",
    "currentPassword",
    "code",
    "firstName",
    "lastName",
    "name",
    "slug",
    "role",
    "confirmation",
    "intent",
    "id",
    "user_id",
    "session_id",
    "organization_id",
    "invitation_id",
    "signOutOfOtherSessions",
    "isVerified",
];
/// Values, percent-encoded.
const VALUES: [&str; 14] = [
    "%00",
    "a%00b@example.com",
    "%01%02%1F%7F",
    "%0D%0ASet-Cookie:%20evil=1",
    "%E2%80%AE%E2%80%8B%EF%BB%BF",
    "%FF%FE",
    "%C0%AF",
    "%ED%A0%80",
    "%",
    "%zz",
    "%2",
    "%27%20OR%201=1%20--",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "%F0%9F%A6%80",
];

/// The state that invalid requests must not change.
async fn state(application: &Application) -> Vec<serde_json::Value> {
    let mut state = Vec::new();
    // What wrong passwords count to is meant to change.
    let mut user = application.get("/v1/users?query=ada").await.json()[0].clone();
    for name in [
        "verification_attempts_remaining",
        "locked",
        "lockout_expires_in_seconds",
    ] {
        user.as_object_mut().unwrap().remove(name);
    }
    state.push(user);
    for path in [
        "/v1/users/count",
        "/v1/organizations",
        "/v1/invitations",
        "/v1/waitlist_entries",
        "/v1/organizations/acme/memberships",
        "/v1/organizations/acme/invitations",
    ] {
        state.push(application.get(path).await.json());
    }
    state
}

/// A signed-in user with an organization.
async fn ada(world: &World) -> Browser {
    let mut browser = world.signed_up(ADA).await;
    browser.get("/create-organization").await;
    assert_eq!(browser.submit(&[("name", "Acme")]).await.status, 303);
    browser
}

fn is_clear(answer: &Answer, what: &str) {
    assert!(answer.status < 500, "{what}: {} {}", answer.status, answer.body);
    if answer.status == 303 {
        assert!(!answer.location().is_empty(), "{what}");
    } else {
        assert!(answer.body.contains("<h1"), "{what}: {}", answer.body);
    }
    assert_eq!(answer.header("evil"), "", "{what}");
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert!(
        cookies
            .iter()
            .all(|cookie| cookie.to_str().is_ok_and(|text| text.starts_with("__clerk_db_jwt"))),
        "{what}: {cookies:?}"
    );
    assert!(!answer.body.contains("<script>alert"), "{what}");
}

async fn post(browser: &Browser, path: &str, body: String) -> Answer {
    browser.clone().send(Method::POST, path, &[], body).await
}

#[tokio::test]
async fn malformed_form_field_gets_a_page() {
    let world = World::start().await;
    let mut stranger = world.browser();
    stranger.get("/sign-in").await;
    for value in VALUES {
        let token = stranger.form_token();
        let fields = FIELDS.map(|name| format!("{name}={value}")).join("&");
        for path in FORMS {
            let answer = post(&stranger, path, format!("form_token={token}&{fields}")).await;
            is_clear(&answer, &format!("{path} {value}"));
        }
    }
    assert_eq!(
        world.application().get("/v1/users/count").await.json()["total_count"],
        0
    );
}

#[tokio::test]
async fn malformed_form_field_changes_no_account() {
    let world = World::start().await;
    let browser = ada(&world).await;
    let application = world.application();
    let before = state(&application).await;
    for path in FORMS {
        // Signing out is done whatever the fields say, and names may be anything.
        let is_free = matches!(
            path,
            "/user" | "/organization" | "/create-organization" | "/sign-out" | "/user/sign-out" | "/sign-in/choose"
        );
        let mut browser = browser.clone();
        browser.get("/user").await;
        if is_free {
            continue;
        }
        let token = browser.form_token();
        for value in VALUES {
            let fields = FIELDS.map(|name| format!("{name}={value}")).join("&");
            let answer = post(&browser, path, format!("form_token={token}&{fields}")).await;
            is_clear(&answer, &format!("{path} {value}"));
        }
        assert_eq!(state(&application).await, before, "{path}");
    }
}

#[tokio::test]
async fn control_characters_are_removed_from_free_text() {
    let world = World::start().await;
    let mut browser = ada(&world).await;
    let application = world.application();
    for value in VALUES {
        browser.get("/user").await;
        let token = browser.form_token();
        let body = format!("form_token={token}&firstName={value}&lastName={value}");
        is_clear(&post(&browser, "/user", body).await, value);
        let body = format!("form_token={token}&name={value}&slug=acme");
        is_clear(&post(&browser, "/organization", body).await, value);
        let user = application.get("/v1/users").await.json()[0].clone();
        let organization = application.get("/v1/organizations/acme").await.json();
        for text in [&user["first_name"], &user["last_name"], &organization["name"]] {
            let text = text.as_str().unwrap_or_default();
            assert!(!text.contains(char::is_control), "{value}: {text:?}");
        }
        let page = browser.get("/organization").await;
        is_clear(&page, value);
    }
}

#[tokio::test]
async fn oversized_form_is_refused() {
    let world = World::start().await;
    let mut browser = ada(&world).await;
    browser.get("/user").await;
    let token = browser.form_token();
    let many = format!("form_token={token}&{}", "a=&".repeat(50_000));
    let same = format!("form_token={token}&{}", "name=x&firstName=y&".repeat(10_000));
    let late = format!("{}form_token={token}", "form_token=wrong&".repeat(1_000));
    for path in [
        "/user",
        "/organization",
        "/sign-in",
        "/sign-up",
        "/waitlist",
        "/create-organization/invite",
    ] {
        is_clear(&post(&browser, path, many.clone()).await, path);
        is_clear(&post(&browser, path, same.clone()).await, path);
        let refused = post(&browser, path, late.clone()).await;
        assert_eq!(refused.status, 403, "{path}: the first token counts");
        let addresses = "x@example.com%20".repeat(5_000);
        let body = format!("form_token={token}&emailAddresses={addresses}&role=org:member");
        is_clear(&post(&browser, path, body).await, path);
        assert_eq!(post(&browser, path, "=".repeat(300_000)).await.status, 413, "{path}");
    }
    is_clear(&post(&browser, "/user", same).await, "/user");
    let user = world.application().get("/v1/users").await.json()[0].clone();
    assert_eq!(user["first_name"], "y", "the first of many counts");
}

#[tokio::test]
async fn cross_site_form_is_refused_at_every_path() {
    let world = World::start().await;
    let mut browser = ada(&world).await;
    browser.get("/user").await;
    let token = browser.form_token();
    let application = world.application();
    let before = state(&application).await;
    for path in FORMS {
        for headers in [
            [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
            [("origin", "null"), ("sec-fetch-site", "cross-site")],
            [("origin", "http://localhost:3000"), ("sec-fetch-site", "same-site")],
            [("origin", &*browser.origin.clone()), ("sec-fetch-site", "cross-site")],
            [
                ("origin", &*browser.origin.replace("http:", "https:")),
                ("sec-fetch-site", "same-origin"),
            ],
        ] {
            let body =
                format!("form_token={token}&confirmation=Acme&name=Evil&firstName=Evil&emailAddress=evil@example.com");
            let answer = browser.clone().send(Method::POST, path, &headers, body).await;
            assert_eq!(answer.status, 403, "{path} {headers:?}");
        }
    }
    assert_eq!(state(&application).await, before);
    assert!(application.handshake(&mut browser).await.is_signed_in());
}

#[tokio::test]
async fn malformed_query_or_path_is_answered() {
    let world = World::start().await;
    let mut browser = ada(&world).await;
    for query in VALUES {
        for path in [
            "/sign-in",
            "/user",
            "/organization",
            "/user/email-addresses/verify",
            "/create-organization",
        ] {
            for name in [
                "redirect_url",
                "id",
                "email_address",
                "organization_id",
                "__clerk_ticket",
                "__clerk_db_jwt",
            ] {
                let answer = browser.clone().get(&format!("{path}?{name}={query}&{DASHBOARD}")).await;
                is_clear(&answer, &format!("{path} {name}={query}"));
            }
        }
    }
    for path in [
        "/%00",
        "/sign-in/%FF",
        "/__local/avatar/%FF.svg",
        "/__local/avatar/%00.svg",
    ] {
        let answer = browser.get(path).await;
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.status);
        assert!(answer.body.contains("<h1"), "{path}: {}", answer.body);
    }
}
