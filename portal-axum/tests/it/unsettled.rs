//! Extractors where another organization is active than the path names.

use axum::Router;
use axum::routing::get;
use portal_axum::portal_sdk::testing::FakeBackend;
use portal_axum::{ActiveOrganization, Require, Requirement, SessionClaims, SignedIn, Verdict};
use serde_json::json;

use crate::ask::{As, get as ask, layer_with, session, settings};

#[derive(Default)]
struct Anything;

impl Requirement for Anything {
    fn verdict(&self, _: &SessionClaims) -> Verdict {
        Verdict::Met
    }
}

#[tokio::test]
async fn extractors_refuse_a_page_of_another_organization() {
    let router = Router::new()
        .route("/orgs/{slug}/signed-in", get(async |_: SignedIn| "served"))
        .route("/orgs/{slug}/perhaps", get(async |_: Option<SignedIn>| "served"))
        .route("/orgs/{slug}/active", get(async |_: ActiveOrganization| "served"))
        .route("/orgs/{slug}/meets", get(async |_: Require<Anything>| "served"))
        .layer(layer_with(
            settings().organization_patterns(["/orgs/:slug/(.*)"]),
            &FakeBackend::new(),
        ));
    let in_beta = session(&json!({ "org_id": "org_b", "org_slug": "beta" }));
    for page in ["signed-in", "perhaps", "active", "meets"] {
        let other = ask(&router, &format!("/orgs/acme/{page}"), &in_beta, As::Script).await;
        assert_eq!(other.status, 403, "{page}");
        assert_eq!(other.json()["error"]["reason"], "organization-mismatch");
        let own = ask(&router, &format!("/orgs/beta/{page}"), &in_beta, As::Script).await;
        assert_eq!((own.status, own.body.as_str()), (200, "served"), "{page}");
    }
}
