//! A gRPC server whose calls are authenticated by the layers of `portal-tower`.
//!
//! ```sh
//! cargo run -p portal-example-tonic
//! ```
//!
//! It starts a local portal and prints the commands of three clients: one without a token, one of an organization's member,
//! and one of its administrator. With `CLERK_PUBLISHABLE_KEY` and `CLERK_SECRET_KEY` in the environment it uses that Clerk application;
//! call it with your own token: `cargo run -p portal-example-tonic -- call URL TOKEN`.

mod client;
mod messages;
mod server;
mod tokens;

/// The code that `build.rs` writes.
#[expect(
    unreachable_pub,
    reason = "tonic-build writes it for a module that other crates can reach"
)]
mod services {
    pub(crate) mod profile {
        include!(concat!(env!("OUT_DIR"), "/example.Profile.rs"));
    }
    pub(crate) mod team {
        include!(concat!(env!("OUT_DIR"), "/example.Team.rs"));
    }
    pub(crate) use profile::*;
    pub(crate) use team::*;
}

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;

use portal_local::LocalPortal;
use portal_sdk::instance::Instance;
use tokio::net::TcpListener;

/// Long enough to copy a printed command. Clerk's tokens live for a minute.
const TOKEN_LIFETIME_SECS: u32 = 3_600;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => serve().await,
        ["call", url] => client::call((*url).to_owned(), None).await,
        ["call", url, token] => client::call((*url).to_owned(), Some(token)).await,
        _ => Err("usage: portal-example-tonic [call URL [TOKEN]]".into()),
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let listens = format!("Application     {url}");
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if is_set("CLERK_PUBLISHABLE_KEY") || is_set("CLERK_SECRET_KEY") {
        let instance = Instance::from_env()?;
        say(&listens);
        return Ok(server::serve(listener, instance).await?);
    }
    say(&listens);
    // Kept until the end: dropping the portal stops it.
    let portal = LocalPortal::builder().token_lifetime_secs(TOKEN_LIFETIME_SECS);
    let portal = portal.demo_data().start().await?;
    let instance = Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose()).build()?;
    let member = tokens::token_of(&instance, "joe+clerk_test@example.com").await?;
    let administrator = tokens::token_of(&instance, "jane+clerk_test@example.com").await?;
    say(&format!("cargo run -p portal-example-tonic -- call {url}"));
    say(&format!("cargo run -p portal-example-tonic -- call {url} {member}"));
    say(&format!(
        "cargo run -p portal-example-tonic -- call {url} {administrator}"
    ));
    server::serve(listener, instance).await?;
    Ok(())
}

/// Prints a line for the user. `println!` would panic if the reader is gone.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
