//! One process that serves several Clerk applications, each on its own host.
//!
//! ```sh
//! cargo run -p portal-example-instances
//! ```
//!
//! It starts two local portals, one for each tenant, and prints their URLs. Chrome and Firefox resolve names that end
//! in `.localhost` to this machine; for other browsers, add them to the hosts file. A user who signs in at one tenant is
//! unknown to the other.
//!
//! The keys of real tenants come from your own database or secret store, not from `CLERK_*` variables.

mod recent;

use std::error::Error;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;

use axum::Router;
use axum::http::request::Parts;
use axum::response::Html;
use axum::routing::{get, post};
use portal_axum::portal_sdk::request::PublicUrl;
use portal_axum::{Auth, AuthenticateLayer, RedirectToPortal, RequireAuthLayer, SignOut, SignedIn};
use portal_local::{LocalPortal, SeedUser};
use tokio::net::TcpListener;

use crate::recent::{Recent, Tenant};

/// The most tenants whose signing keys and verified tokens are in memory.
const MOST_IN_MEMORY: usize = 100;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = listener.local_addr()?.port();
    // Kept until the end: dropping a portal stops it.
    let mut portals = Vec::new();
    let mut tenants = Vec::new();
    for (name, user) in [
        ("red", "ruby+clerk_test@example.com"),
        ("blue", "skye+clerk_test@example.com"),
    ] {
        let portal = local_portal(name, user).await?;
        let origin = format!("http://{name}.localhost:{port}");
        say(&format!("Application     {origin}"));
        say(&format!("Account Portal  {}", portal.origin()));
        say(&format!("Sign in as {user} with the password 'correct horse battery'."));
        tenants.push(Tenant {
            origin,
            publishable_key: portal.publishable_key().as_str().to_owned(),
            secret_key: portal.secret_key().expose().to_owned(),
        });
        portals.push(portal);
    }
    axum::serve(listener, application(Recent::new(tenants, MOST_IN_MEMORY))).await?;
    Ok(())
}

async fn local_portal(name: &str, user: &str) -> Result<LocalPortal, portal_local::StartError> {
    let user = SeedUser::new(user).password("correct horse battery");
    LocalPortal::builder().application_name(name).user(user).start().await
}

fn application(tenants: Recent) -> Router {
    // An unknown host gets 421.
    let by_host = move |parts: &Parts| tenants.get(PublicUrl::of(parts).origin());
    Router::new()
        .route("/dashboard", get(dashboard))
        .route_layer(RequireAuthLayer::signed_in())
        .route("/", get(home))
        .route("/account", get(RedirectToPortal::user_profile()))
        .route("/sign-out", post(SignOut::new()))
        .layer(AuthenticateLayer::per_request(by_host))
}

async fn home(auth: Auth) -> Html<String> {
    let origin = auth.public_url().origin();
    let user = auth.signed_in().map_or("guest", |user| user.user_id().as_str());
    Html(format!(
        "<h1>{origin}</h1><p>Hello <b data-testid=user>{user}</b>. <a href=/dashboard data-testid=dashboard>Dashboard</a>, \
         <a href=/account>account</a></p><form method=post action=/sign-out><button data-testid=sign-out>Sign out</button></form>"
    ))
}

async fn dashboard(user: SignedIn) -> Html<String> {
    let origin = user.auth().public_url().origin();
    Html(format!(
        "<h1>{origin}</h1><p>Only for users of this tenant, such as <b data-testid=user>{}</b>. <a href=/>Home</a></p>",
        user.user_id()
    ))
}

/// Prints a line for the user. `println!` would panic if the reader is gone.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
