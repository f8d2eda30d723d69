//! The body is extracted before `SignedIn`.

use axum::Router;
use axum::routing::post;
use portal_axum::SignedIn;

#[axum::debug_handler]
async fn note(text: String, signed_in: SignedIn) -> String {
    format!("{} notes {text}", signed_in.user_id())
}

fn main() {
    let _: Router = Router::new().route("/notes", post(note));
}
