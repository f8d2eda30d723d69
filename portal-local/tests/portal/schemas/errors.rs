//! The bodies of errors, of both APIs.

use hyper::{Method, StatusCode};
use portal_local::{Fault, LocalPortal};
use serde_json::{Value, json};

use super::ask::ask;
use super::shape::{Shapes, parse};

/// A request that fails, and the status and code of its error.
type Case<'a> = (Method, &'a str, Option<&'a str>, Value, u16, &'a str);

#[tokio::test]
async fn frontend_api_error_has_clerks_shape() {
    let portal = LocalPortal::builder().start().await.expect("the portal starts");
    let handshake = "/v1/client/handshake";
    let foreign = "/v1/client/handshake?redirect_url=https%3A%2F%2Fevil.example%2F";
    let cases = [
        (Method::GET, handshake, None, Value::Null, 422, "form_param_nil"),
        (Method::GET, foreign, None, Value::Null, 422, "form_param_value_invalid"),
        (
            Method::PUT,
            "/v1/environment",
            None,
            Value::Null,
            405,
            "method_not_allowed",
        ),
    ];
    assert_errors(portal, &cases).await;
}

#[tokio::test]
async fn backend_api_error_has_clerks_shape() {
    let portal = LocalPortal::builder().start().await.expect("the portal starts");
    portal.fault(Fault::status(429).on("/v1/jwks"));
    let secret_key = portal.secret_key().expose().to_owned();
    let (key, another) = (Some(&*secret_key), Some("sk_test_another"));
    let (users, organizations) = ("/v1/users", "/v1/organizations");
    let not_json = json!("{");
    let invalid = json!({ "email_address": ["nobody"] });
    let cases = [
        (Method::GET, users, None, Value::Null, 401, "authentication_invalid"),
        (Method::GET, users, another, Value::Null, 401, "clerk_key_invalid"),
        (Method::POST, users, key, not_json, 400, "request_body_invalid"),
        (
            Method::GET,
            "/v1/users/user_x",
            key,
            Value::Null,
            404,
            "resource_not_found",
        ),
        (Method::POST, users, key, invalid, 422, "form_param_format_invalid"),
        (Method::POST, organizations, key, json!({}), 422, "form_param_missing"),
        (Method::GET, "/v1/jwks", key, Value::Null, 429, "fault_on_demand"),
    ];
    assert_errors(portal, &cases).await;
}

async fn assert_errors(portal: LocalPortal, cases: &[Case<'_>]) {
    let shapes = Shapes::read(include_str!("shapes/backend_objects.txt"));
    let mut problems = Vec::new();
    for (method, path, key, body, status, code) in cases {
        let name = format!("{method} {path} {body}");
        let body = match body {
            Value::Null => String::new(),
            // A string is sent as it is.
            Value::String(text) => text.clone(),
            json => json.to_string(),
        };
        let (answered, _, body) = ask(&portal, method.clone(), path, *key, body).await;
        assert_eq!(answered, StatusCode::from_u16(*status).expect("a status"), "{name}");
        assert_eq!(body["errors"][0]["code"], *code, "{name}");
        assert_eq!(body["errors"].as_array().map(Vec::len), Some(1), "{name}");
        problems.extend(shapes.problems(&name, &body, &parse("ClerkErrors")));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    portal.shut_down().await;
}
