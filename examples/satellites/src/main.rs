//! A primary domain and a satellite: users who are signed in on one are signed in on the other.
//!
//! ```sh
//! cargo run -p portal-example-satellites
//! ```
//!
//! It prints the URLs of both, on hosts that share no cookies. Chrome and Firefox resolve names that end in `.localhost` to this
//! machine; for other browsers, add them to the hosts file. Sign in on the primary, and open the satellite. Or sign in on
//! the satellite, and open the primary's dashboard: you're signed in there without a form.
//!
//! Without keys it starts a local portal. With `CLERK_PUBLISHABLE_KEY` and `CLERK_SECRET_KEY` in the environment it uses that
//! Clerk application, which must be a development instance.
//!
//! This process serves both. Deployed separately, the satellite has the same keys, and these variables instead of the
//! builder: `CLERK_IS_SATELLITE`, `CLERK_DOMAIN`, `CLERK_SIGN_IN_URL` and `PORTAL_PUBLIC_ORIGIN`.

mod pages;

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;

use axum::Router;
use axum::routing::{get, post};
use portal_axum::{
    AuthenticateLayer, ConfigError, Instance, InstanceBuilder, Portal, RequireAuthLayer, Satellite, SignOut,
};
use portal_local::LocalPortal;
use tokio::net::TcpListener;

const PRIMARY_HOST: &str = "primary.localhost";
const SATELLITE_HOST: &str = "satellite.localhost";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (settings, local) = settings().await?;
    let primary = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let satellite = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let primary_origin = format!("http://{PRIMARY_HOST}:{}", primary.local_addr()?.port());
    let satellite_origin = format!("http://{SATELLITE_HOST}:{}", satellite.local_addr()?.port());

    let instance = primary_instance(settings.clone(), &primary_origin, &satellite_origin)?;
    say(&format!("Primary         {primary_origin}"));
    say(&format!("Satellite       {satellite_origin}"));
    say(&format!("Account Portal  {}", Portal::from(&instance).base()));
    if local.is_some() {
        say("Sign in as jane+clerk_test@example.com with the password 'correct horse battery'.");
    }

    let primary_app = primary_application(instance, &satellite_origin);
    let satellite_app = satellite_application(
        satellite_instance(settings, &primary_origin, &satellite_origin)?,
        &primary_origin,
    );
    let serve_primary = axum::serve(primary, primary_app).into_future();
    let serve_satellite = axum::serve(satellite, satellite_app).into_future();
    tokio::try_join!(serve_primary, serve_satellite)?;
    Ok(())
}

/// The settings of the Clerk application of the environment, or else of a local portal, which ends when it is dropped.
async fn settings() -> Result<(InstanceBuilder, Option<LocalPortal>), Box<dyn Error>> {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if is_set("CLERK_PUBLISHABLE_KEY") || is_set("CLERK_SECRET_KEY") {
        return Ok((InstanceBuilder::from_env()?, None));
    }
    let portal = LocalPortal::builder().demo_data().start().await?;
    // The publishable key contains the portal's address, so the two keys suffice.
    let settings = Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose());
    Ok((settings, Some(portal)))
}

fn primary_instance(settings: InstanceBuilder, own: &str, satellite: &str) -> Result<Instance, ConfigError> {
    settings
        .public_origin(own)
        // Users return to the satellite after sign-in, and its URLs may carry development tokens.
        .allowed_redirect_origins([satellite])
        .satellite_origins([satellite])
        .sync_from_satellites_only(true)
        .build()
}

fn satellite_instance(settings: InstanceBuilder, primary: &str, own: &str) -> Result<Instance, ConfigError> {
    settings
        .public_origin(own)
        .satellite(Satellite::on_domain(SATELLITE_HOST).with_auto_sync(true))
        .sign_in_url(format!("{primary}/sign-in"))
        .build()
}

fn primary_application(instance: Instance, satellite: &str) -> Router {
    let other = pages::Other::new("Satellite", satellite);
    // Inside the layer, which answers satellites at this route. After sign-in users return to the satellite.
    let routes = Router::new().route("/sign-in", get(pages::sign_in));
    with_pages(routes, instance, other)
}

fn satellite_application(instance: Instance, primary: &str) -> Router {
    with_pages(Router::new(), instance, pages::Other::new("Primary", primary))
}

/// Both domains serve the same pages.
fn with_pages(routes: Router<pages::Other>, instance: Instance, other: pages::Other) -> Router {
    let dashboard = Router::new()
        .route("/dashboard", get(pages::dashboard))
        .route_layer(RequireAuthLayer::signed_in());
    routes
        .merge(dashboard)
        .route("/", get(pages::home))
        .route("/sign-out", post(SignOut::new()))
        .layer(AuthenticateLayer::new(instance))
        .with_state(other)
}

/// Prints a line for the user. `println!` would panic if the reader is gone.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
