//! The bodies of errors, of both APIs.

use hyper::{Method, StatusCode};
use portal_local::{Fault, LocalPortal};
use serde_json::{Value, json};

use super::ask::ask;
use super::shape::{Shapes, parse};

#[tokio::test]
async fn every_error_has_clerks_shape() {
    let portal = LocalPortal::builder().start().await.expect("the portal starts");
    let key = Some(portal.secret_key().expose());
    let text = |body: Value| body.to_string();
    portal.fault(Fault::status(429).on("/v1/jwks"));
    let shapes = Shapes::read(include_str!("shapes/backend_objects.txt"));
    let mut problems = Vec::new();
    for (name, method, path, key, body, status, code) in [
        (
            "no address to return to",
            Method::GET,
            "/v1/client/handshake",
            None,
            String::new(),
            422,
            "form_param_nil",
        ),
        (
            "a foreign address",
            Method::GET,
            "/v1/client/handshake?redirect_url=https%3A%2F%2Fevil.example%2F",
            None,
            String::new(),
            422,
            "form_param_value_invalid",
        ),
        (
            "no key",
            Method::GET,
            "/v1/users",
            None,
            String::new(),
            401,
            "authentication_invalid",
        ),
        (
            "another key",
            Method::GET,
            "/v1/users",
            Some("sk_test_another"),
            String::new(),
            401,
            "clerk_key_invalid",
        ),
        (
            "no JSON",
            Method::POST,
            "/v1/users",
            key,
            "{".to_owned(),
            400,
            "request_body_invalid",
        ),
        (
            "nothing there",
            Method::GET,
            "/v1/users/user_x",
            key,
            String::new(),
            404,
            "resource_not_found",
        ),
        (
            "a wrong address",
            Method::POST,
            "/v1/users",
            key,
            text(json!({ "email_address": ["nobody"] })),
            422,
            "form_param_format_invalid",
        ),
        (
            "something missing",
            Method::POST,
            "/v1/organizations",
            key,
            text(json!({})),
            422,
            "form_param_missing",
        ),
        (
            "too many",
            Method::GET,
            "/v1/jwks",
            key,
            String::new(),
            429,
            "fault_on_demand",
        ),
        (
            "another method",
            Method::PUT,
            "/v1/environment",
            None,
            String::new(),
            405,
            "method_not_allowed",
        ),
    ] {
        let (answered, _, body) = ask(&portal, method, path, key, body).await;
        assert_eq!(answered, StatusCode::from_u16(status).expect("a status"), "{name}");
        assert_eq!(body["errors"][0]["code"], code, "{name}");
        assert_eq!(body["errors"].as_array().map(Vec::len), Some(1), "{name}");
        problems.extend(shapes.problems(name, &body, &parse("ClerkErrors")));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    portal.shut_down().await;
}
