//! Tokens for clients without a browser. Clerk's Backend API creates them for development instances only.

use std::error::Error;

use portal_local::{SeedOrganization, SeedUser};
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::{ApiPath, BackendApi as _};
use portal_sdk::instance::Instance;
use serde_json::{Value, json};

/// Returns a session token of this user of the demo data, in the organization `acme`.
pub(crate) async fn token_of(instance: &Instance, address: &str) -> Result<String, Box<dyn Error>> {
    let clerk = Authenticator::builder(instance.clone()).build();
    let post = async |path: ApiPath, body: Value| -> Result<Value, Box<dyn Error>> {
        Ok(clerk
            .backend()
            .request_as(tonic::codegen::http::Method::POST, path, body)
            .await?)
    };
    let session = json!({
        "user_id": SeedUser::new(address).id(),
        "active_organization_id": SeedOrganization::new("Acme", "acme").id(),
    });
    let session = post(ApiPath::new(["sessions"]), session).await?;
    let session = session["id"].as_str().ok_or("expected a session's ID")?;
    let token = post(ApiPath::new(["sessions", session, "tokens"]), json!({})).await?;
    Ok(token["jwt"].as_str().ok_or("expected a token")?.to_owned())
}
