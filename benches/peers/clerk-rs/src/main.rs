//! Measures the axum layer of clerk-rs 0.5 over a baseline service. Reads lines of JSON and answers each with one: a
//! set-up, then rounds.
//!
//! The baseline inserts one extension into the request and two fields into the response, as in the package
//! `portal-bench`. The key is in memory, and nothing is fetched.

#![forbid(unsafe_code)]

use std::convert::Infallible;
use std::error::Error;
use std::future::{Future as _, Ready, ready};
use std::hint::black_box;
use std::io::{self, BufRead as _, Write as _};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use clerk_rs::validators::axum::ClerkLayer;
use clerk_rs::validators::jwks::{JwksKey, JwksProvider, JwksProviderError};
use serde::Deserialize;
use serde_json::json;
use tower::{Layer as _, Service, service_fn};

#[derive(Deserialize)]
struct SetUp {
    jwk: JwksKey,
    target: String,
    headers: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Round {
    batch_ms: u64,
}

/// One key in memory, as clerk-rs caches it.
struct Key(JwksKey);

#[async_trait]
impl JwksProvider for Key {
    type Error = JwksProviderError;

    async fn get_key(&self, kid: &str) -> Result<JwksKey, JwksProviderError> {
        match kid == self.0.kid {
            true => Ok(self.0.clone()),
            false => Err(JwksProviderError::UnknownKey),
        }
    }
}

type Page = Result<Response, Infallible>;

fn page(_: Request) -> Ready<Page> {
    ready(Ok(Response::new(Body::empty())))
}

fn baseline(mut request: Request) -> Ready<Page> {
    request.extensions_mut().insert("value");
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private"));
    headers.insert(VARY, HeaderValue::from_static("Cookie"));
    ready(Ok(response))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut lines = io::stdin().lock().lines();
    let set_up: SetUp = serde_json::from_str(&lines.next().ok_or("expected a set-up, found no input")??)?;
    let mut headers = HeaderMap::new();
    for (name, value) in &set_up.headers {
        headers.insert(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(value)?);
    }
    let request = || {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = set_up.target.parse().unwrap_or_default();
        *request.headers_mut() = headers.clone();
        request
    };

    let mut layer = ClerkLayer::new(Key(set_up.jwk.clone()), None, true).layer(service_fn(page));
    let mut baseline = service_fn(baseline);
    let status = call(&mut layer, request())?.status();
    if status != 200 {
        return Err(format!("expected the status 200, found {status}").into());
    }
    answer(&json!({ "outcome": "signed-in" }))?;
    for line in lines {
        let Round { batch_ms } = serde_json::from_str(&line?)?;
        let shortest = Duration::from_millis(batch_ms);
        let over = measure(&mut layer, &request, shortest)? - measure(&mut baseline, &request, shortest)?;
        answer(&json!({ "signed_in_ns": over }))?;
    }
    Ok(())
}

fn answer(line: &serde_json::Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Returns the nanoseconds of processor time per request.
fn measure<S>(service: &mut S, request: &impl Fn() -> Request, shortest: Duration) -> Result<f64, Box<dyn Error>>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let start = now();
    let mut count = 0_u32;
    while now() - start < shortest {
        for _ in 0..100 {
            black_box(call(service, request())?);
        }
        count += 100;
    }
    Ok((now() - start).as_secs_f64() * 1e9 / f64::from(count))
}

fn call<S>(service: &mut S, request: Request) -> Result<Response, Box<dyn Error>>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    match pin!(service.call(request)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => Ok(response),
        Poll::Pending => Err("expected a response without waiting".into()),
    }
}

#[cfg(unix)]
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let part = |number| u64::try_from(number).unwrap_or_default();
    Duration::from_secs(part(time.tv_sec)) + Duration::from_nanos(part(time.tv_nsec))
}

#[cfg(not(unix))]
fn now() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}
