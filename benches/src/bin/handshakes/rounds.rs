//! Rounds of handshakes, over several connections at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::Full;
use serde_json::Value;
use tokio::task::JoinSet;
use url::Url;

use crate::client::Connection;
use crate::portal::Portal;
use crate::{Outcome, median};

/// A user of the demo data.
const USER: &str = r#"{"user":"jane+clerk_test@example.com"}"#;
const HANDSHAKE: &str = "/v1/client/handshake?format=nonce&redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fdashboard";
const NONCE: &str = "__clerk_handshake_nonce";

/// The size of a round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) handshakes: u32,
    pub(crate) connections: u32,
}

/// The requests of one handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trip {
    /// The browser's request.
    Handshake,
    /// The browser's request, and the application's look-up of the payload through the Backend API.
    WithPayload,
}

/// A signed-in browser, and the application that authenticates it.
#[derive(Debug)]
pub(crate) struct Visitor {
    address: String,
    cookies: HeaderValue,
    authorization: HeaderValue,
}

impl Visitor {
    /// Creates a user, signs them in, and checks that a handshake returns the session.
    pub(crate) async fn signed_in(portal: &Portal) -> Outcome<Arc<Self>> {
        let mut connection = Connection::open(&portal.address).await?;
        let post = |path: &str, body: &'static str| {
            let request = Request::post(path).header(CONTENT_TYPE, "application/json");
            request.body(Full::new(Bytes::from(body)))
        };
        let seeded = connection.send(post("/__local/seed", "")?).await?;
        if !seeded.status().is_success() {
            return Err(format!("the demo data cannot be created: {}", seeded.status()).into());
        }
        let link = connection.send(post("/__local/sign-in-links", USER)?).await?;
        let link: Value = serde_json::from_slice(link.body())?;
        let link = Url::parse(link["url"].as_str().ok_or("the portal returned no sign-in link")?)?;
        let signed_in = follow(&mut connection, &link).await?;
        let visitor = Self {
            address: portal.address.clone(),
            cookies: signed_in,
            authorization: HeaderValue::try_from(format!("Bearer {}", portal.secret_key))?,
        };
        let nonce = visitor.handshake(&mut connection).await?;
        let payload = visitor.payload(&mut connection, &nonce).await?;
        let directives = payload["directives"]
            .as_array()
            .ok_or("the payload has no directives")?;
        let is_session = |value: &Value| value.as_str().is_some_and(|value| value.starts_with("__session=ey"));
        if !directives.iter().any(is_session) {
            return Err("expected a session after the sign-in link, found none".into());
        }
        Ok(Arc::new(visitor))
    }

    /// Makes one handshake and returns its nonce.
    async fn handshake(&self, connection: &mut Connection) -> Outcome<String> {
        let request = Request::get(HANDSHAKE).header(COOKIE, self.cookies.clone());
        let answer = connection.send(request.body(Full::default())?).await?;
        let location = answer
            .headers()
            .get(LOCATION)
            .and_then(|location| location.to_str().ok());
        let location = location.ok_or_else(|| {
            format!(
                "expected a redirect from a handshake, found {} without a location",
                answer.status()
            )
        })?;
        let back = Url::parse(location)?;
        let nonce = back.query_pairs().find(|(name, _)| name == NONCE);
        Ok(nonce.ok_or("the redirect of a handshake has no nonce")?.1.into_owned())
    }

    /// Looks up the payload of a nonce.
    async fn payload(&self, connection: &mut Connection, nonce: &str) -> Outcome<Value> {
        let request = Request::get(format!("/v1/clients/handshake_payload?nonce={nonce}"))
            .header(AUTHORIZATION, self.authorization.clone());
        let answer = connection.send(request.body(Full::default())?).await?;
        if answer.status() != StatusCode::OK {
            return Err(format!("expected a payload, found {}", answer.status()).into());
        }
        Ok(serde_json::from_slice(answer.body())?)
    }

    async fn go(&self, trip: Trip, connection: &mut Connection) -> Outcome {
        let nonce = self.handshake(connection).await?;
        if trip == Trip::WithPayload {
            self.payload(connection, &nonce).await?;
        }
        Ok(())
    }
}

/// Returns the round trips per second: the median of several rounds after a warm-up round.
pub(crate) async fn median_rate(visitor: &Arc<Visitor>, plan: Plan, trip: Trip, rounds: u32) -> Outcome<f64> {
    round(visitor, plan, trip).await?;
    let mut rates = Vec::new();
    for _ in 0..rounds {
        rates.push(round(visitor, plan, trip).await?);
    }
    Ok(median(rates).ok_or("nothing was measured")?)
}

async fn round(visitor: &Arc<Visitor>, plan: Plan, trip: Trip) -> Outcome<f64> {
    let mut connections = Vec::new();
    for _ in 0..plan.connections {
        connections.push(Connection::open(&visitor.address).await?);
    }
    let taken = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for mut connection in connections {
        let (visitor, taken) = (visitor.clone(), taken.clone());
        tasks.spawn(async move {
            while taken.fetch_add(1, Ordering::Relaxed) < plan.handshakes {
                visitor.go(trip, &mut connection).await?;
            }
            Outcome::Ok(())
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    Ok(f64::from(plan.handshakes) / start.elapsed().as_secs_f64())
}

/// Opens a sign-in link, presses the button of its page, and returns the cookies of the browser.
async fn follow(connection: &mut Connection, link: &Url) -> Outcome<HeaderValue> {
    let mut page = connection
        .send(Request::get(target(link)).body(Full::default())?)
        .await?;
    if let Some(location) = page.headers().get(LOCATION) {
        let page_url = link.join(location.to_str()?)?;
        page = connection
            .send(Request::get(target(&page_url)).body(Full::default())?)
            .await?;
    }
    let html = str::from_utf8(page.body())?;
    let between = |start: &str| {
        let found = html.split_once(start).and_then(|(_, rest)| rest.split_once('"'));
        let text = found.map(|(text, _)| text.replace("&#38;", "&").replace("&amp;", "&"));
        text.ok_or(format!("expected {start:?} on the page of a sign-in link, found none"))
    };
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("form_token", &between("name=\"form_token\" value=\"")?)
        .finish();
    let browser = cookies(&[page.headers()])?;
    let press = Request::post(between("action=\"")?)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header(COOKIE, browser);
    let answer = connection.send(press.body(Full::new(form.into()))?).await?;
    cookies(&[page.headers(), answer.headers()])
}

fn target(url: &Url) -> String {
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

/// Returns the cookies that responses set; a later one replaces an earlier one of its name.
fn cookies(responses: &[&HeaderMap]) -> Outcome<HeaderValue> {
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for value in responses.iter().flat_map(|headers| headers.get_all(SET_COOKIE)) {
        let pair = value.to_str()?.split(';').next().unwrap_or_default();
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.retain(|(known, _)| *known != name);
        pairs.push((name, value));
    }
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Ok(HeaderValue::try_from(pairs.join("; "))?)
}
