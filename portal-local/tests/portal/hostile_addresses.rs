//! Return URLs that users must not be redirected to, on every page that takes one and at the handshake.

use hyper::Method;
use url::{Url, form_urlencoded};

use crate::browser::{Answer, Browser, unescape};
use crate::world::{PASSWORD, World, identify, sign_up};

const ADA: &str = "ada+clerk_test@example.com";
const HOSTILE: [&str; 22] = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example\\",
    "https:evil.example",
    "HTTPS://EVIL.EXAMPLE",
    "javascript:alert(document.domain)//evil",
    "JaVaScRiPt:alert(1)",
    "\tjavascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "http://localhost:3000@evil.example/",
    "http://ada:secret@localhost:3000/",
    "http://localhost:3000//evil.example/",
    "http://localhost.evil.example/",
    "http://127.0.0.1.evil.example/",
    "http://evil.example#@localhost:3000/",
    "http://localhost:3000/\u{0}evil",
    "http://localhost:3000/%00evil",
];
const PARAMETERS: [&str; 5] = [
    "redirect_url",
    "sign_in_force_redirect_url",
    "sign_in_fallback_redirect_url",
    "sign_up_force_redirect_url",
    "sign_up_fallback_redirect_url",
];

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The same address in every parameter that a page reads.
fn everywhere(address: &str) -> String {
    let value = encoded(address);
    PARAMETERS.map(|name| format!("{name}={value}")).join("&")
}

/// Every link, form and redirect of an answer leads to the portal or to this machine.
fn leads_nowhere(world: &World, answer: &Answer, what: &str) {
    assert!(answer.status < 500, "{what}: {} {}", answer.status, answer.body);
    let base = Url::parse(world.portal.origin()).unwrap();
    let own = |text: &str| {
        // What an authenticator app opens leads to no site.
        if text.starts_with("otpauth://totp/Acme:") {
            return;
        }
        let url = base.join(&unescape(text)).unwrap();
        assert!(matches!(url.scheme(), "http"), "{what}: {text}");
        assert!(
            matches!(url.host_str(), Some("127.0.0.1" | "localhost")),
            "{what}: {text}"
        );
        assert!(
            url.username().is_empty() && !url.path().starts_with("//"),
            "{what}: {text}"
        );
    };
    own(answer.location());
    for attribute in ["href=\"", "action=\"", "src=\""] {
        for rest in answer.body.split(attribute).skip(1) {
            own(rest.split('"').next().unwrap());
        }
    }
    let policy = answer.header("content-security-policy");
    assert!(!policy.to_lowercase().contains("evil"), "{what}: {policy}");
    assert!(!answer.body.contains("<script>alert"), "{what}");
}

async fn open(world: &World, browser: &mut Browser, pages: &[&str]) {
    for page in pages {
        for hostile in HOSTILE {
            let path = format!("{page}?{}", everywhere(hostile));
            let answer = browser.get(&path).await;
            leads_nowhere(world, &answer, &format!("{page} {hostile:?}"));
        }
    }
}

#[tokio::test]
async fn signed_out_page_has_no_link_to_a_hostile_address() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.get("/sign-in").await;
    let pages = [
        "/sign-in",
        "/sign-in/factor-one",
        "/sign-in/factor-two",
        "/sign-in/reset-password",
        "/sign-in/choose",
        "/sign-in/create",
        "/sign-in/tasks",
        "/sign-in/tasks/choose-organization",
        "/sign-in/tasks/reset-password",
        "/sign-in/tasks/setup-mfa",
        "/sign-up",
        "/sign-up/verify-email-address",
        "/sign-up/continue",
        "/waitlist",
        "/user",
        "/organization",
        "/create-organization",
        "/sign-out",
        "/unauthorized-sign-in",
        "/default-redirect",
    ];
    open(&world, &mut browser, &pages).await;
    for name in ["__clerk_redirect_url", "__clerk_satellite_url"] {
        for hostile in HOSTILE {
            let answer = browser.get(&format!("/sign-in?{name}={}", encoded(hostile))).await;
            leads_nowhere(&world, &answer, &format!("{name} {hostile:?}"));
        }
    }
}

#[tokio::test]
async fn signed_in_page_has_no_link_to_a_hostile_address() {
    let world = World::start().await;
    let mut browser = world.signed_up(ADA).await;
    browser.get("/create-organization").await;
    assert_eq!(browser.submit(&[("name", "Acme")]).await.status, 303);
    let pages = [
        "/sign-in",
        "/sign-in/choose",
        "/sign-up",
        "/user",
        "/user/security",
        "/user/security/authenticator",
        "/user/security/backup-codes",
        "/user/delete",
        "/user/verify",
        "/user/email-addresses",
        "/organization",
        "/organization/organization-members",
        "/organization/invitations",
        "/organization/roles",
        "/organization/leave",
        "/organization/delete",
        "/organization-list",
        "/create-organization",
        "/create-organization/invite",
        "/create-organization/finish",
        "/sign-out",
        "/default-redirect",
    ];
    open(&world, &mut browser, &pages).await;
}

#[tokio::test]
async fn flow_does_not_redirect_to_a_hostile_address() {
    let world = World::start().await;
    world.signed_up(ADA).await;
    for (n, hostile) in HOSTILE.into_iter().enumerate() {
        let query = everywhere(hostile);
        let mut browser = world.browser();
        let page = browser.get(&format!("/sign-in?{query}")).await;
        assert!(
            page.says("isn't allowed for this application"),
            "{hostile:?} is said: {}",
            page.body
        );
        identify(&mut browser, ADA, &query).await;
        let signed_in = browser.submit(&[("password", PASSWORD)]).await;
        assert_eq!(signed_in.status, 303, "{hostile:?}");
        leads_nowhere(&world, &signed_in, &format!("signed in, {hostile:?}"));

        browser.get(&format!("/create-organization?{query}")).await;
        let created = browser.submit(&[("name", &format!("Acme {n}"))]).await;
        leads_nowhere(&world, &created, &format!("created, {hostile:?}"));
        let finished = browser.get(&format!("/create-organization/finish?{query}")).await;
        leads_nowhere(&world, &finished, &format!("finished, {hostile:?}"));
        browser.get(&format!("/organization/delete?{query}")).await;
        let deleted = browser.submit(&[("confirmation", &format!("Acme {n}"))]).await;
        assert_eq!(deleted.status, 303, "{}", deleted.body);
        leads_nowhere(&world, &deleted, &format!("deleted, {hostile:?}"));
        browser.get(&format!("/sign-out?{query}")).await;
        let signed_out = browser.submit(&[]).await;
        assert_eq!(signed_out.status, 303, "{hostile:?}");
        leads_nowhere(&world, &signed_out, &format!("signed out, {hostile:?}"));
    }
    for (n, hostile) in HOSTILE.into_iter().enumerate().step_by(4) {
        let mut browser = world.browser();
        let address = format!("new{n}+clerk_test@example.com");
        let signed_up = sign_up(&mut browser, &address, &everywhere(hostile)).await;
        assert_eq!(signed_up.status, 303, "{hostile:?}");
        leads_nowhere(&world, &signed_up, &format!("signed up, {hostile:?}"));
    }
}

#[tokio::test]
async fn handshake_does_not_return_to_a_hostile_address() {
    let world = World::start().await;
    let mut browser = world.signed_up(ADA).await;
    for mount in ["", "/accounts.dev"] {
        for hostile in HOSTILE
            .into_iter()
            .chain(["", "/", "/dashboard", "nonsense", "ftp://localhost/"])
        {
            for (format, accept) in [("nonce", "application/json"), ("token", "text/html")] {
                let path = format!(
                    "{mount}/v1/client/handshake?format={format}&redirect_url={}",
                    encoded(hostile)
                );
                let answer = browser
                    .send(Method::GET, &path, &[("accept", accept)], String::new())
                    .await;
                assert_eq!((answer.status, answer.location()), (422, ""), "{hostile:?}");
                assert!(answer.header("content-type").starts_with(accept), "{hostile:?}");
                leads_nowhere(&world, &answer, hostile);
            }
        }
        let long = format!("http://localhost:3000/{}", "x".repeat(9_000));
        let path = format!("{mount}/v1/client/handshake?redirect_url={}", encoded(&long));
        assert_eq!(browser.get(&path).await.status, 422, "too long");
        let twice = format!(
            "{mount}/v1/client/handshake?redirect_url={}&redirect_url={}",
            encoded("http://localhost:3000/first"),
            encoded("https://evil.example/")
        );
        let answer = browser.get(&twice).await;
        assert!(
            answer.location().starts_with("http://localhost:3000/first?"),
            "the first counts"
        );
    }
}
