//! Metrics of authentication, beside an application.
//!
//! ```sh
//! cargo run -p portal-example-metrics
//! ```
//!
//! It starts a local portal and prints its own URL. `/metrics` has the numbers in the text format of Prometheus.
//!
//! `portal-sdk` writes them to the facade `metrics`, because its feature `metrics` is on. Any recorder of that facade
//! receives them; the documentation of `portal-sdk` lists their names.

use std::error::Error;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use portal_axum::{AuthenticateLayer, Instance, RequireAuthLayer, SignedIn};
use portal_local::LocalPortal;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Before the first request, because counts without a recorder are lost.
    let metrics = PrometheusBuilder::new().install_recorder()?;
    let portal = LocalPortal::builder().demo_data().start().await?;
    let instance = Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose()).build()?;

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(io::stdout(), "http://localhost:{}", listener.local_addr()?.port())?;
    axum::serve(listener, application(instance, metrics)).await?;
    Ok(())
}

fn application(instance: Instance, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/dashboard", get(dashboard))
        .route_layer(RequireAuthLayer::signed_in())
        .route("/", get(async || "Anybody can read this page."))
        .layer(AuthenticateLayer::new(instance))
        // Outside of the layer, so that reading the numbers does not change them. Let only your network reach it.
        .route("/metrics", get(async move || metrics.render()))
}

async fn dashboard(user: SignedIn) -> String {
    format!("Hello {}", user.user_id())
}
