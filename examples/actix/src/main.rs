//! The example as a program: actix-web beside a local portal.
//!
//! ```sh
//! cargo run
//! ```
//!
//! It starts a local portal, and prints its own URL. With `CLERK_PUBLISHABLE_KEY` and `CLERK_SECRET_KEY` in the
//! environment it uses that Clerk application instead.

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};

use actix_web::web::Data;
use actix_web::{App, HttpServer};
use portal_example_actix::routes;
use portal_local::LocalPortal;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::HttpBackend;
use portal_sdk::instance::Instance;
use portal_sdk::portal::Portal;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Kept until the end: dropping the portal stops it.
    let (instance, local) = instance().await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    // `localhost`, not 127.0.0.1: cookies ignore ports, and the local portal must not see the application's.
    say(&format!(
        "Application     http://localhost:{}",
        listener.local_addr()?.port()
    ));
    say(&format!("Account Portal  {}", Portal::from(&instance).base()));
    if local.is_some() {
        say("Sign in as jane+clerk_test@example.com with the password 'correct horse battery'.");
    }

    // One for all workers, so that they share keys and verified tokens.
    let clerk = Authenticator::builder(instance).build();
    let app = move || {
        App::new()
            .app_data(Data::new(clerk.clone()))
            .configure(routes::<HttpBackend>)
    };
    HttpServer::new(app).listen(listener)?.run().await?;
    Ok(())
}

/// The Clerk application of the environment, or else a local portal, which ends when it is dropped.
async fn instance() -> Result<(Instance, Option<LocalPortal>), Box<dyn Error>> {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if is_set("CLERK_PUBLISHABLE_KEY") || is_set("CLERK_SECRET_KEY") {
        return Ok((Instance::from_env()?, None));
    }
    let portal = LocalPortal::builder().demo_data().start().await?;
    // The publishable key contains the portal's address, so the two keys suffice.
    let instance = Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose()).build()?;
    Ok((instance, Some(portal)))
}

/// Prints a line for the user. `println!` would panic if the reader is gone.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
