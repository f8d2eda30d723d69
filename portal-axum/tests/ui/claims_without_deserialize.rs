//! The application's own claims have no `Deserialize`.

use axum::Router;
use axum::routing::get;
use portal_axum::SignedIn;

struct Claims {
    plan: String,
}

#[axum::debug_handler]
async fn plan(signed_in: SignedIn<Claims>) -> String {
    signed_in.custom().plan.clone()
}

fn main() {
    let _: Router = Router::new().route("/plan", get(plan));
}
