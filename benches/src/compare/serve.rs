//! [`serve`]: an axum server in a separate process, with authentication, with empty parts in its place, or without.

use std::io::{BufRead as _, Write as _};
use std::net::Ipv4Addr;
use std::{io, process, thread};

use axum::routing::get;
use axum::{Extension, Router};
use clap::ValueEnum;
use portal_axum::{AuthenticateLayer, RequireAuthLayer, SignedIn};
use portal_sdk::instance::Instance;
use serde_json::json;
use tokio::net::TcpListener;

use super::clock::process_time;
use crate::Outcome;
use crate::fixture::SetUp;
use crate::services::{USER, empty_parts};

/// The parts around the page of a server.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ServerKind {
    /// None.
    Plain,
    /// A layer, a guard and an extractor that only pass on a text: the least that any such parts cost in axum.
    Empty,
    /// `AuthenticateLayer`, `RequireAuthLayer` and `SignedIn`.
    Authenticated,
}

/// Serves one page on a free port of loopback until standard input closes.
///
/// The first line of input is a [`SetUp`], answered with the port. Each further line is answered with the processor time
/// of this process.
///
/// # Errors
///
/// Returns an error if the first line is malformed or the server cannot start.
pub fn serve(kind: ServerKind) -> Outcome {
    let mut lines = io::stdin().lock().lines();
    let set_up: SetUp = serde_json::from_str(&lines.next().ok_or("expected a set-up, found no input")??)?;
    drop(lines);
    let app = match kind {
        ServerKind::Plain => Router::new().route("/dashboard", get(plain)),
        ServerKind::Empty => empty_parts(Router::new().route("/dashboard", get(passed_on))),
        ServerKind::Authenticated => authenticated(&set_up)?,
    };
    // One thread: several would spend a varying time on finding work.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        answer(&json!({ "port": listener.local_addr()?.port() }))?;
        thread::spawn(report_time);
        Ok(axum::serve(listener, app).await?)
    })
}

fn report_time() {
    for _ in io::stdin().lock().lines().map_while(Result::ok) {
        let time = process_time().map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        if answer(&json!({ "cpu_ns": time })).is_err() {
            break;
        }
    }
    process::exit(0);
}

fn answer(line: &serde_json::Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

async fn plain() -> String {
    format!("Hello {USER}")
}

async fn passed_on(Extension(user): Extension<&'static str>) -> String {
    format!("Hello {user}")
}

async fn dashboard(user: SignedIn) -> String {
    format!("Hello {}", user.user_id())
}

fn authenticated(set_up: &SetUp) -> Outcome<Router> {
    let instance = Instance::builder(set_up.publishable_key.as_str(), set_up.secret_key.as_str())
        .jwt_key(set_up.pem.as_str())
        .build()?;
    Ok(Router::new()
        .route("/dashboard", get(dashboard))
        .route_layer(RequireAuthLayer::signed_in())
        .layer(AuthenticateLayer::new(instance)))
}
