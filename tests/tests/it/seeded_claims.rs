//! Custom claims in the local portal's tokens, and the key in its environment file.
//!
//! With both, an application verifies tokens without requests.

use std::fs;
use std::process::Command;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use portal_axum::{AuthenticateLayer, Instance, SignedIn};
use portal_local::{LocalPortal, SeedOrganization, SeedUser, Settings};
use portal_tests::backend_api::BackendApi;
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;
use tower::ServiceExt as _;

const ADA: &str = "ada+clerk_test@example.com";

#[derive(Deserialize)]
struct Claims {
    metadata: Metadata,
    team: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    role: String,
}

async fn portal() -> LocalPortal {
    let mut settings = Settings::default();
    let claims = json!({ "metadata": "{{user.public_metadata}}", "team": "{{org.slug}}" });
    settings.session_claims = serde_json::from_value(claims).expect("an object");
    let metadata = serde_json::from_value(json!({ "role": "editor" })).expect("an object");
    LocalPortal::builder()
        .settings(settings)
        .user(SeedUser::new(ADA).public_metadata(metadata))
        .organization(SeedOrganization::new("Acme", "acme").member(ADA, "org:admin"))
        .start()
        .await
        .expect("the portal starts")
}

/// Returns `CLERK_JWT_KEY` as `reader` reads it from the portal's environment file.
fn key_read_by(portal: &LocalPortal, reader: impl FnOnce(&str) -> Command) -> String {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("portal.env");
    let block = portal.environment_block().replace("# CLERK_JWT_KEY=", "CLERK_JWT_KEY=");
    fs::write(&file, block).expect("the file is written");
    let mut command = reader(file.to_str().expect("a path in text"));
    let output = command.env_remove("CLERK_JWT_KEY").output().expect("the reader starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[tokio::test]
async fn printed_key_verifies_custom_claims_without_a_request() {
    let portal = portal().await;
    let key = key_read_by(&portal, |file| {
        let mut bash = Command::new("bash");
        bash.args(["-euc", "source \"$1\"; printf %s \"$CLERK_JWT_KEY\"", "bash", file]);
        bash
    });
    let instance = Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose())
        .jwt_key(format!("\"{key}\""))
        .build()
        .expect("a valid key, even in the quotes that `docker run --env-file` keeps");
    let whoami = async |user: SignedIn<Claims>| {
        let claims = user.custom();
        format!("{} {:?}", claims.metadata.role, claims.team)
    };
    let app = Router::new()
        .route("/whoami", get(whoami))
        .layer(AuthenticateLayer::new(instance));

    let api = BackendApi::of(&portal);
    let body = json!({ "user_id": SeedUser::new(ADA).id(), "active_organization_id": "acme" });
    let session = api.post("/v1/sessions", body).await;
    let id = session["id"].as_str().expect("an id");
    let token = api.post(&format!("/v1/sessions/{id}/tokens"), json!({})).await;
    let before = portal.request_log().len();
    let request = Request::builder()
        .method(Method::GET)
        .uri("http://localhost:3000/whoami")
        .header("host", "localhost:3000")
        .header(
            "authorization",
            format!("Bearer {}", token["jwt"].as_str().expect("a token")),
        )
        .body(Body::empty())
        .expect("a request");
    let response = app.oneshot(request).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    let text = response.into_body().collect().await.expect("a body").to_bytes();
    assert_eq!(text, "editor Some(\"acme\")");
    assert_eq!(portal.request_log().len(), before, "no key was fetched");
    portal.shut_down().await;
}

#[tokio::test]
async fn printed_key_is_one_pem_line_without_escapes() {
    let portal = portal().await;
    let key = key_read_by(&portal, |file| {
        let mut bash = Command::new("bash");
        bash.args(["-euc", "source \"$1\"; printf %s \"$CLERK_JWT_KEY\"", "bash", file]);
        bash
    });
    let pem = portal.jwt_key().expect("the key is written");
    assert_eq!(key, pem.replace('\n', ""));
    assert!(
        key.starts_with("-----BEGIN PUBLIC KEY-----MII") && !key.contains('\\'),
        "{key}"
    );
    portal.shut_down().await;
}

/// `./test.sh` skips this test if Node is missing.
#[tokio::test]
async fn node_env_file_reads_the_printed_key() {
    let portal = portal().await;
    let key = key_read_by(&portal, |file| {
        let mut node = Command::new("node");
        node.arg(format!("--env-file={file}"));
        node.args(["-e", "process.stdout.write(process.env.CLERK_JWT_KEY)"]);
        node
    });
    let pem = portal.jwt_key().expect("the key is written");
    assert_eq!(key, pem.replace('\n', ""));
    portal.shut_down().await;
}
