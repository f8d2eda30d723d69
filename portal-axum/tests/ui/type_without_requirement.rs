//! A type without `impl Requirement` is used in `Require`.

use axum::Router;
use axum::routing::get;
use portal_axum::Require;

#[derive(Default)]
struct CanReadInvoices;

#[axum::debug_handler]
async fn invoices(reader: Require<CanReadInvoices>) -> String {
    reader.user_id().to_string()
}

fn main() {
    let _: Router = Router::new().route("/invoices", get(invoices));
}
