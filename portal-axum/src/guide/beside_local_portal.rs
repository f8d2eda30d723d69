use std::error::Error;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use axum::routing::get;
use portal_axum::portal_sdk::backend::{ApiPath, BackendApi as _};
use portal_axum::{AuthenticateLayer, Authenticator, Instance, SignedIn};
use portal_local::{Fault, LocalPortal, SeedUser};
use serde_json::{Value, json};
use tower::ServiceExt as _;

async fn hello(user: SignedIn) -> String {
    format!("Hello {}", user.user_id())
}

#[tokio::test]
async fn user_of_a_local_portal_is_signed_in() -> Result<(), Box<dyn Error>> {
    let ada = SeedUser::new("ada@example.com");
    let user_id = ada.id();
    let portal = LocalPortal::builder().user(ada).start().await?;

    // The two keys are enough.
    let keys = Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose());
    let clerk = Authenticator::builder(keys.build()?).build();
    let app = Router::new()
        .route("/", get(hello))
        .layer(AuthenticateLayer::from_authenticator(clerk.clone()));

    // A session without a browser, as Clerk's development instances make it too.
    let path = ApiPath::new(["sessions"]);
    let session: Value = clerk
        .backend()
        .request_as(Method::POST, path, json!({ "user_id": user_id }))
        .await?;
    let id = session["id"].as_str().ok_or("expected a session's ID")?;
    let path = ApiPath::new(["sessions", id, "tokens"]);
    let token: Value = clerk.backend().request_as(Method::POST, path, json!({})).await?;
    let bearer = format!("Bearer {}", token["jwt"].as_str().ok_or("expected a token")?);
    let request = || Request::get("/").header("authorization", &bearer).body(Body::empty());

    assert_eq!(app.clone().oneshot(request()?).await?.status(), 200);

    // An outage: the keys are in memory, so the user stays signed in.
    portal.fault(Fault::status(503).on("/v1/jwks"));
    assert_eq!(app.oneshot(request()?).await?.status(), 200);
    portal.shut_down().await;
    Ok(())
}
