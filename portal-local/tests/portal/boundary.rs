use hyper::Method;

use crate::world::{PASSWORD, World, identify};

const ADA: &str = "ada+clerk_test@example.com";

#[tokio::test]
async fn foreign_host_header_is_refused() {
    let world = World::start().await;
    let port = world.portal.origin().rsplit(':').next().unwrap().to_owned();
    let mut browser = world.browser();
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        (format!("LOCALHOST:{port}"), 200),
        (format!("[::1]:{port}"), 200),
        (format!("evil.example:{port}"), 400),
        ("127.0.0.1".to_owned(), 400),
        ("127.0.0.1:1".to_owned(), 400),
    ] {
        for path in ["/v1/health", "/__local/outbox"] {
            let answer = browser.send(Method::GET, path, &[("host", &host)], String::new()).await;
            assert_eq!(answer.status, status, "{host}");
            assert_eq!(answer.header("x-portal-local"), "1");
        }
    }
}

#[tokio::test]
async fn cross_site_form_is_refused() {
    let world = World::start().await;
    world.signed_up(ADA).await;
    let mut browser = world.browser();
    identify(&mut browser, ADA, "").await;
    let token = browser.form_token();
    let good = [("form_token", token.as_str()), ("password", PASSWORD)];
    let refused = async |fields: &[(&str, &str)], headers: &[(&str, &str)]| {
        let answer = browser.clone().post("/sign-in/factor-one", fields, headers).await;
        assert_eq!(answer.status, 403, "{fields:?} {headers:?}");
        assert!(answer.body.contains("This form has expired. Go back and try again."));
        assert!(answer.body.contains("href=\"/sign-in\""), "the way to start again");
    };
    refused(&[("password", PASSWORD)], &[]).await;
    refused(&[("form_token", "garbage"), ("password", PASSWORD)], &[]).await;
    refused(&good, &[("origin", "https://evil.example")]).await;
    refused(&good, &[("origin", "null")]).await;
    refused(&good, &[("origin", "http://localhost:3000")]).await;
    refused(&good, &[("sec-fetch-site", "cross-site")]).await;
    refused(&good, &[("sec-fetch-site", "same-site")]).await;

    let mut stranger = world.browser();
    stranger.get("/sign-in").await;
    let answer = stranger.post("/sign-in/factor-one", &good, &[]).await;
    assert_eq!(answer.status, 403, "another browser's proof");
    let answer = world.browser().post("/sign-in/factor-one", &good, &[]).await;
    assert_eq!(answer.status, 403, "a browser without cookies");

    let json = [("content-type", "application/json")];
    assert_eq!(
        browser.clone().post("/sign-in/factor-one", &good, &json).await.status,
        415
    );
    assert_eq!(
        browser.post("/sign-in/factor-one", &good, &[]).await.status,
        303,
        "and the good one passes"
    );
}

#[tokio::test]
async fn expired_form_leads_to_the_start_of_its_flow() {
    let world = World::start().await;
    let mut browser = world.signed_up(ADA).await;
    for (form, start) in [
        ("/sign-in/factor-one", "/sign-in"),
        ("/sign-in/tasks/setup-mfa", "/sign-in"),
        ("/sign-up/continue", "/sign-up"),
        ("/sign-out", "/sign-out"),
        (
            "/unauthorized-sign-in?__clerk_ticket=a",
            "/unauthorized-sign-in?__clerk_ticket=a",
        ),
        ("/waitlist", "/waitlist"),
        ("/user/email-addresses/remove", "/user"),
        ("/organization-list", "/organization-list"),
        ("/organization/invitations/revoke", "/organization"),
        ("/create-organization/invite", "/create-organization"),
    ] {
        let answer = browser.post(form, &[("form_token", "expired")], &[]).await;
        assert_eq!(answer.status, 403, "{form}");
        assert_eq!(answer.after("class=\"button\" href=\""), Some(start), "{form}");
    }
}

#[tokio::test]
async fn pages_have_security_headers() {
    let world = World::start().await;
    let mut browser = world.browser();
    let page = browser
        .get("/sign-in?redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fx")
        .await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert!(
        policy.contains("form-action 'self' ") && policy.contains(" http://localhost:3000;"),
        "{policy}"
    );
    assert_eq!(page.header("referrer-policy"), "strict-origin-when-cross-origin");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert!(page.body.contains("Local development portal – not Clerk"));
    assert!(page.body.contains("<html lang=\"en\">") && page.body.contains("<title>Sign in to Acme</title>"));
    assert_eq!(page.body.matches("<h1").count(), 1);
}

#[tokio::test]
async fn unknown_path_returns_a_404_page() {
    let world = World::start().await;
    let mut browser = world.browser();
    let missing = browser.get("/nothing").await;
    assert_eq!(missing.status, 404);
    assert!(missing.body.contains("Page not found"));
    assert_eq!(
        browser
            .send(Method::DELETE, "/sign-in", &[], String::new())
            .await
            .status,
        405
    );
    assert_eq!(browser.get("/user/sign-out").await.status, 405);
    for path in [
        "/",
        "/__local",
        "/__local/",
        "/__local/outbox",
        "/__local/webhooks",
        "/__local/portal.css",
        "/__local/icon.svg",
    ] {
        assert_eq!(browser.get(path).await.status, 200, "{path}");
    }
    let index = browser.get("/").await;
    for (name, value) in world.portal.environment() {
        assert!(index.body.contains(&format!("{name}={value}")), "{name}");
    }
}

#[tokio::test]
async fn malformed_request_causes_no_server_error() {
    let world = World::start().await;
    let mut browser = world.browser();
    for cookie in [
        "__clerk_db_jwt=",
        "__clerk_db_jwt=a.b.c",
        "=",
        ";;;",
        "__session=x; __clerk_db_jwt=%00",
    ] {
        let answer = browser
            .send(Method::GET, "/sign-in", &[("cookie", cookie)], String::new())
            .await;
        assert_eq!(answer.status, 200, "{cookie}");
    }
    for path in [
        "/sign-in?%",
        "/sign-in?redirect_url=%FF%00",
        "/sign-in?=&&&=",
        "/v1/client/handshake?%ff=%ff",
    ] {
        assert!(browser.get(path).await.status < 500, "{path}");
    }
    browser.get("/sign-in").await;
    let token = browser.form_token();
    let long = "x".repeat(300_000);
    let answer = browser
        .post("/sign-in", &[("form_token", &token), ("identifier", &long)], &[])
        .await;
    assert_eq!(answer.status, 413);
    let answer = browser
        .post(
            "/sign-in",
            &[("form_token", &token), ("identifier", &long[..100_000])],
            &[],
        )
        .await;
    assert_eq!(answer.status, 422);
}

#[tokio::test]
async fn malformed_form_gets_an_error_page() {
    let world = World::start().await;
    let mut browser = world.signed_up(ADA).await;
    let pages = [
        "/sign-in",
        "/sign-up",
        "/user",
        "/user/security",
        "/user/delete",
        "/user/email-addresses",
        "/organization-list",
        "/create-organization",
        "/sign-out",
        "/sign-in/choose",
    ];
    for path in pages {
        browser.get("/user").await;
        let token = browser.form_token();
        let fields = [("form_token", token.as_str())];
        for mime in [
            "application/json",
            "text/plain",
            "multipart/form-data; boundary=x",
            "nonsense",
        ] {
            let answer = browser.clone().post(path, &fields, &[("content-type", mime)]).await;
            assert_eq!(answer.status, 415, "{path} {mime}");
            assert!(answer.body.contains("Start again"), "{path}");
        }
        let long = "x".repeat(300_000);
        let answer = browser
            .clone()
            .post(path, &[("form_token", &token), ("name", &long)], &[])
            .await;
        assert_eq!(answer.status, 413, "{path}");
        assert!(answer.body.contains("too long for this form"));
        let fields = [
            "identifier",
            "emailAddress",
            "firstName",
            "name",
            "slug",
            "password",
            "currentPassword",
            "confirmation",
            "organization_id",
            "invitation_id",
        ];
        let mut all: Vec<(&str, &str)> = vec![("form_token", &token)];
        all.extend(fields.iter().map(|name| (*name, &long[..20_000])));
        let answer = browser.clone().post(path, &all, &[]).await;
        assert!(answer.status < 500, "{path}: {}", answer.status);
        let answer = browser
            .clone()
            .post(
                path,
                &[
                    ("form_token", &token),
                    ("name", "\u{0}\u{1}\r\n\u{202e}"),
                    ("id", "\u{0}"),
                ],
                &[],
            )
            .await;
        assert!(answer.status < 500, "{path}: {}", answer.status);
        let cross = browser
            .clone()
            .post(path, &[("form_token", &token)], &[("origin", "https://evil.example")])
            .await;
        assert_eq!(cross.status, 403, "{path}");
    }
}

#[tokio::test]
async fn double_submit_creates_one_account() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    browser.get("/create-organization").await;
    let mut twin = browser.clone();
    let fields = [("name", "Acme"), ("slug", "")];
    let (first, second) = tokio::join!(browser.submit(&fields), twin.submit(&fields));
    assert_eq!((first.status, second.status), (303, 303));
    assert_eq!(application.get("/v1/organizations").await.json()["total_count"], 1);
    world.clock.forward_secs(6);
    browser.submit(&fields).await;
    assert_eq!(
        application.get("/v1/organizations").await.json()["total_count"],
        2,
        "later it is another wish"
    );

    let body = serde_json::json!({ "email_address": "new@example.com" });
    let link = application.post("/v1/invitations", &body).await.json()["url"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut new = world.browser();
    let answer = new.get(link.strip_prefix(world.portal.origin()).unwrap()).await;
    new.follow(&answer).await;
    let mut twin = new.clone();
    let fields = [("password", PASSWORD)];
    let (first, second) = tokio::join!(new.submit(&fields), twin.submit(&fields));
    assert_eq!(
        (first.status, second.status),
        (303, 303),
        "{} {}",
        first.body,
        second.body
    );
    assert_eq!(application.get("/v1/users/count").await.json()["total_count"], 2);
}

#[tokio::test]
async fn satellite_sync_returns_to_allowed_addresses_only() {
    let world = World::start().await;
    let mut browser = world.signed_up(ADA).await;
    for name in ["__clerk_redirect_url", "__clerk_satellite_url"] {
        let answer = browser
            .get(&format!(
                "/sign-in?{name}=http%3A%2F%2Flocalhost%3A4000%2Fx%3Fa%3D1%26__clerk_synced%3Dfalse"
            ))
            .await;
        let token = &browser.cookies["__clerk_db_jwt"];
        assert_eq!(
            answer.location(),
            format!("http://localhost:4000/x?a=1&__clerk_db_jwt={token}&__clerk_synced=true")
        );
        let hostile = world
            .browser()
            .get(&format!("/sign-in?{name}=https%3A%2F%2Fevil.example%2F"))
            .await;
        assert_eq!(hostile.status, 200);
    }
}
