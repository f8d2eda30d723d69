//! The run of a program: sign-ins, sign-out, forged credentials, mistakes, and failures of its portal.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::client::Client;
use super::seen::Secrets;

/// Rounds of all hostile requests, at once.
const LOAD: usize = 3;

/// An application and its portal.
pub(crate) struct Site<'s> {
    pub(crate) app: &'s str,
    pub(crate) portal: &'s str,
    /// A page for signed-in users.
    pub(crate) page: &'s str,
}

/// Letters and digits that occur nowhere else.
pub(crate) fn random() -> String {
    let mut bytes = [0; 24];
    rustls::crypto::aws_lc_rs::default_provider()
        .secure_random
        .fill(&mut bytes)
        .expect("random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Base32, as secrets of authenticator apps are written.
fn random_base32() -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    random()
        .bytes()
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
        .take(32)
        .collect()
}

/// Requests with credentials of every kind, all of them invented. A real one may be another service's.
pub(crate) fn hostile_requests(secrets: &Secrets) -> Vec<(String, Vec<(&'static str, String)>)> {
    let invented = || {
        let text = random();
        secrets.add(&text);
        text
    };
    let token = |header: &str| format!("{header}.eyJzdWIiOiJ1c2VyXzEiLCJleHAiOjE4MDAwMDAwMDB9.{}", invented());
    let unsigned = || token("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0");
    let forged = || token("eyJhbGciOiJSUzI1NiIsImtpZCI6Imluc18xIiwidHlwIjoiSldUIn0");
    let mut requests: Vec<(String, Vec<(&'static str, String)>)> = Vec::new();
    for credential in [
        forged(),
        unsigned(),
        invented(),
        format!("mt_{}", invented()),
        format!("ak_{}", invented()),
        format!("oat_{}", invented()),
        format!("sk_test_{}", invented()),
    ] {
        for scheme in ["Bearer ", "Basic ", ""] {
            requests.push(("/".to_owned(), vec![("authorization", format!("{scheme}{credential}"))]));
        }
        for name in [
            "__session",
            "__clerk_handshake",
            "__clerk_handshake_nonce",
            "__clerk_db_jwt",
            "__portal_sign_out",
        ] {
            let cookies = format!(
                "{name}={credential}; __client_uat=1; __refresh={}; other={}",
                invented(),
                invented()
            );
            requests.push(("/".to_owned(), vec![("cookie", cookies)]));
            requests.push((format!("/?{name}={credential}&__clerk_ticket={}", invented()), vec![]));
        }
    }
    let long = "p".repeat(9_000);
    requests.push((format!("/{long}"), vec![("user-agent", long.clone())]));
    let referer = format!("http://other.example/?code={}", invented());
    requests.push((
        format!("/?code={}&state={}", invented(), invented()),
        vec![("referer", referer)],
    ));
    requests
}

/// Users of a portal, as its Backend API creates them.
struct Users {
    password: String,
    with_authenticator: String,
    without: String,
    /// Links that sign a user in, and one of an invitation.
    links: Vec<String>,
}

async fn create_users(client: &mut Client, site: &Site<'_>, secrets: &Secrets) -> Users {
    let environment = client
        .send(Method::GET, &format!("{}/__local/env", site.portal), &[], String::new())
        .await;
    let setting = |name: &str| environment.body.lines().find_map(|line| line.strip_prefix(name));
    let key = setting("CLERK_SECRET_KEY=").expect("a secret key");
    secrets.add(key);
    secrets.add(setting("CLERK_WEBHOOK_SIGNING_SECRET=").expect("a signing secret"));
    let (password, backup_code) = (random(), "0a1b2c3d".to_owned());
    secrets.add(&password);
    secrets.add(&backup_code);
    let mark = &random()[..8];
    let [with_authenticator, without] = ["a", "b"].map(|name| format!("{name}{mark}+clerk_test@example.com"));
    let at = |path: &str| format!("{}/v1/{path}", site.portal);
    let mut ids = Vec::new();
    for (address, second_factor) in [(&with_authenticator, true), (&without, false)] {
        let mut user = json!({ "email_address": [address], "password": password });
        if second_factor {
            user["totp_secret"] = random_base32().into();
            user["backup_codes"] = json!([backup_code]);
        }
        let user = client.json(Method::POST, &at("users"), Some(key), &user).await;
        ids.push(user["id"].as_str().expect("an ID").to_owned());
    }
    let ticket = client
        .json(
            Method::POST,
            &at("sign_in_tokens"),
            Some(key),
            &json!({ "user_id": ids[1] }),
        )
        .await;
    let actor = json!({ "user_id": ids[1], "actor": { "sub": ids[0] } });
    let actor = client.json(Method::POST, &at("actor_tokens"), Some(key), &actor).await;
    let invitation = json!({ "email_address": format!("c{mark}@example.com") });
    let invitation = client
        .json(Method::POST, &at("invitations"), Some(key), &invitation)
        .await;
    let session = client
        .json(Method::POST, &at("sessions"), Some(key), &json!({ "user_id": ids[1] }))
        .await;
    let tokens = format!("sessions/{}/tokens", session["id"].as_str().expect("an ID"));
    client.json(Method::POST, &at(&tokens), Some(key), &json!({})).await;
    let links = [ticket, actor, invitation];
    Users {
        password,
        with_authenticator,
        without,
        links: links
            .iter()
            .filter_map(|one| one["url"].as_str().map(str::to_owned))
            .collect(),
    }
}

/// Signs a user in at the portal, after a wrong password and a wrong code.
async fn sign_in(client: &mut Client, site: &Site<'_>, secrets: &Secrets, users: &Users, address: &str) {
    let protected = format!("{}{}", site.app, site.page);
    let mut page = client.open(&protected).await;
    if !page.url.path().starts_with("/sign-in") || !page.url.as_str().starts_with(site.portal) {
        let query: String = url::form_urlencoded::byte_serialize(protected.as_bytes()).collect();
        page = client
            .open(&format!("{}/sign-in?redirect_url={query}", site.portal))
            .await;
    }
    page = client.submit(&page, &[("identifier", address)]).await;
    let wrong = random();
    secrets.add(&wrong);
    page = client.submit(&page, &[("password", &wrong)]).await;
    page = client.submit(&page, &[("password", &users.password)]).await;
    if page.url.path().starts_with("/sign-in/factor-two") {
        page = client.submit(&page, &[("code", "000000")]).await;
        let body = json!({ "user": address });
        let code = client
            .json(
                Method::POST,
                &format!("{}/__local/totp-codes", site.portal),
                None,
                &body,
            )
            .await;
        let code = code["code"].as_str().expect("a code").to_owned();
        page = client.submit(&page, &[("code", &code)]).await;
    }
    assert!(
        page.status < 500 && page.url.as_str().starts_with(site.app),
        "{} {}",
        page.url,
        page.body
    );
    assert!(
        client.has_session(&page.url),
        "{address} is not signed in at {}",
        site.app
    );
}

async fn fail(client: &mut Client, site: &Site<'_>, fault: Value) {
    client
        .json(Method::POST, &format!("{}/__local/faults", site.portal), None, &fault)
        .await;
}

pub(crate) async fn drive(site: &Site<'_>, secrets: &Arc<Secrets>) {
    let users = create_users(&mut Client::new(secrets), site, secrets).await;
    let mut client = Client::new(secrets);
    sign_in(&mut client, site, secrets, &users, &users.without).await;
    // The pages of an account: an authenticator, its codes, addresses.
    for path in [
        "/user",
        "/user/security",
        "/user/security/authenticator",
        "/user/security/backup-codes",
        "/organization",
    ] {
        let page = client.open(&format!("{}{path}", site.portal)).await;
        assert!(page.status < 500, "{path} {}", page.body);
    }
    for path in [
        "/",
        site.page,
        "/api/me",
        "/account",
        "/token",
        "/settings.json",
        "/metrics",
        "/%",
    ] {
        let _ = client.open(&format!("{}{path}", site.app)).await;
    }
    // A renewal during an outage, a handshake during another one, and keys that are garbage.
    for fault in [
        json!({ "path": "/v1/sessions/*", "times": 2, "status": 503 }),
        json!({ "path": "/v1/clients/*", "times": 2, "garbage": true }),
        json!({ "path": "/v1/jwks", "times": 2, "drop": true }),
    ] {
        fail(&mut client, site, fault).await;
        let _ = client.open(&format!("{}/", site.app)).await;
        let _ = Client::new(secrets).open(&format!("{}/", site.app)).await;
    }
    client
        .send(
            Method::DELETE,
            &format!("{}/__local/faults", site.portal),
            &[("content-type", "application/json")],
            String::new(),
        )
        .await;
    let _ = client.post(&format!("{}/sign-out", site.app), &[]).await;
    let _ = client.open(&format!("{}/", site.app)).await;

    sign_in(
        &mut Client::new(secrets),
        site,
        secrets,
        &users,
        &users.with_authenticator,
    )
    .await;
    for link in &users.links {
        let mut another = Client::new(secrets);
        let page = another.open(link).await;
        if page.status == 200 && page.body.contains("<form method=\"post\"") {
            let _ = another.submit(&page, &[]).await;
        }
        let _ = another.open(link).await;
    }
    let mut work = JoinSet::new();
    for origin in [site.app, site.portal] {
        for _ in 0..LOAD {
            let (secrets, origin) = (secrets.clone(), origin.to_owned());
            work.spawn(async move {
                for (path, fields) in hostile_requests(&secrets) {
                    let fields: Vec<(&str, &str)> =
                        fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                    let mut client = Client::new(&secrets);
                    let _ = client
                        .send(Method::GET, &format!("{origin}{path}"), &fields, String::new())
                        .await;
                    let _ = client.post(&format!("{origin}{path}"), &[("password", "x")]).await;
                }
            });
        }
    }
    while let Some(done) = work.join_next().await {
        done.expect("no panic");
    }
}
