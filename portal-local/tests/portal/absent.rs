//! JSON responses to unsupported and unknown calls of both APIs.

use hyper::Method;
use serde_json::json;

use crate::world::{APP, World};

#[tokio::test]
async fn unsupported_call_is_named() {
    let world = World::start().await;
    let application = world.application();
    for (method, path) in [
        (Method::GET, "/v1/saml_connections"),
        (Method::POST, "/v1/saml_connections"),
        (Method::DELETE, "/v1/users/user_x/passkeys/idn_x"),
        (Method::POST, "/v1/organizations/org_x/domains"),
        // Its path is played with other methods.
        (Method::POST, "/v1/client/sign_ins"),
        (Method::GET, "/v1/me"),
        (Method::POST, "/v1/accountless_applications"),
        (Method::DELETE, "/v1/invitations/inv_x"),
        (Method::GET, "/v1/email/ema_x"),
        (Method::PATCH, "/v1/sign_ups"),
        (Method::POST, "/m2m_tokens/verify"),
        (Method::POST, "/oauth_applications/access_tokens/verify"),
        (Method::GET, "/api_keys/ak_x/secret"),
    ] {
        let answer = application.call(method.clone(), path, None, String::new()).await;
        let error = &answer.json()["errors"][0];
        assert_eq!(
            (answer.status, &error["code"]),
            (404, &json!("resource_not_found")),
            "{path}"
        );
        let sentence = error["long_message"].as_str().unwrap();
        assert!(
            sentence.contains("the local portal doesn't support it") && sentence.contains(&format!("{method} {path}")),
            "{sentence}"
        );
    }
}

#[tokio::test]
async fn unknown_api_path_answers_404_in_json_with_cors() {
    let world = World::start().await;
    let mut browser = world.browser();
    for path in [
        "/v1",
        "/v1/",
        "/v1/nothing",
        "/v1/client",
        "/oauth/nothing",
        "/.well-known/nothing",
        "/accounts.dev",
        "/accounts.dev/",
        "/accounts.dev/nothing",
        "/accounts.dev/v1/",
        "/accounts.dev/v1/client",
        "/accounts.dev/v1/jwks",
        "/accounts.dev/.well-known/nothing",
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let headers = [("origin", APP)];
            let answer = browser.send(method, path, &headers, String::new()).await;
            assert_eq!(answer.status, 404, "{path}");
            assert_eq!(answer.header("content-type"), "application/json", "{path}");
            assert_eq!(answer.json()["errors"][0]["code"], "resource_not_found", "{path}");
            assert_eq!(answer.header("access-control-allow-origin"), APP, "{path}");
            assert_eq!(answer.header("vary"), "origin", "{path}");
        }
        let asks = [("origin", APP), ("access-control-request-method", "POST")];
        let preflight = browser.send(Method::OPTIONS, path, &asks, String::new()).await;
        assert_eq!(
            (preflight.status, preflight.header("access-control-allow-origin")),
            (200, APP),
            "{path}"
        );
    }
}

#[tokio::test]
async fn wrong_method_answers_405_in_json_with_allow() {
    let world = World::start().await;
    let mut browser = world.browser();
    for (path, allowed) in [
        ("/v1/health", "GET"),
        ("/accounts.dev/v1/health", "GET"),
        ("/v1/dev_browser", "POST"),
        ("/accounts.dev/.well-known/jwks.json", "GET"),
        ("/v1/client/handshake", "GET"),
    ] {
        let answer = browser
            .send(Method::DELETE, path, &[("origin", APP)], String::new())
            .await;
        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.json()["errors"][0]["code"], "method_not_allowed", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), APP, "{path}");
        assert!(
            answer.header("allow").contains(allowed),
            "{path}: {}",
            answer.header("allow")
        );
    }
    let application = world.application();
    let answer = application.put("/v1/users", &json!({})).await;
    assert_eq!(
        (answer.status, &answer.json()["errors"][0]["code"]),
        (405, &json!("method_not_allowed"))
    );
    assert!(answer.header("allow").contains("POST"), "{}", answer.header("allow"));
}

#[tokio::test]
async fn advertised_addresses_are_answered() {
    let world = World::start().await;
    let mut browser = world.browser();
    let mut checked = 0;
    for mount in ["", "/accounts.dev"] {
        let configuration = browser
            .get(&format!("{mount}/.well-known/openid-configuration"))
            .await
            .json();
        let environment = browser.get(&format!("{mount}/v1/environment")).await.json();
        let account_portal = browser.get(&format!("{mount}/v1/account_portal")).await.json();
        for document in [&configuration, &environment["display_config"], &account_portal] {
            for (name, value) in document.as_object().unwrap() {
                let own = value.as_str().and_then(|text| text.strip_prefix(world.portal.origin()));
                let Some(path) = own.filter(|_| name != "issuer").map(str::to_owned) else {
                    continue;
                };
                let mut statuses = Vec::new();
                for method in [Method::GET, Method::POST] {
                    statuses.push(browser.send(method, &path, &[], String::new()).await.status);
                }
                assert!(!statuses.contains(&404), "{name}: {path} answers {statuses:?}");
                assert!(
                    statuses.iter().any(|status| *status != 405),
                    "{name}: {path} answers {statuses:?}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 30, "{checked}");
}

#[tokio::test]
async fn oauth_client_is_refused_as_unknown() {
    let world = World::start().await;
    let mut browser = world.browser();
    for path in ["/oauth/token", "/oauth/token/revoke", "/accounts.dev/oauth/token_info"] {
        let answer = browser.send(Method::POST, path, &[], String::new()).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (401, &json!("invalid_client")),
            "{path}"
        );
    }
    let user = browser.get("/oauth/userinfo").await;
    assert_eq!(
        (user.status, &user.json()["errors"][0]["code"]),
        (401, &json!("authentication_invalid"))
    );
    assert_eq!(user.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    assert_eq!(browser.get("/oauth/authorize?client_id=x").await.status, 401);
    assert_eq!(browser.get("/oauth-consent").await.status, 400);
}
