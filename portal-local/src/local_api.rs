//! `/__local/*` in JSON: what tests and the command line do to a running portal. No server of Clerk's has this.
//!
//! A page of another site cannot use it: browsers say where a request comes from, and bodies must be declared as JSON,
//! which another site's page may not send without being asked about.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{Method, Response, StatusCode};
use axum::middleware::{self, Next};
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::admin::Resend;
use crate::error::check_settings;
use crate::excerpt::excerpt;
use crate::faults::{Fault, FaultAction};
use crate::json::{ApiError, json};
use crate::json_body::parse_body;
use crate::same_origin::is_from_here;
use crate::seed::{self, SeedError};
use crate::state::App;
use crate::store::{Settings, settings};
use crate::{admin, env_file};

const LONGEST_DELAY_MILLIS: u64 = 600_000;

pub(crate) fn router(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/__local/env", get(env))
        .route("/__local/requests.json", get(requests))
        .route("/__local/settings", get(show_settings).patch(change_settings))
        .route("/__local/faults", get(list_faults).post(add_fault).delete(clear_faults))
        .route("/__local/clock", get(show_clock).post(set_clock))
        .route("/__local/signing-key/rotate", post(rotate))
        .route("/__local/sign-in-links", post(sign_in_link))
        .route("/__local/totp-codes", post(totp_code))
        .route("/__local/webhooks/send", post(send_webhook))
        .route("/__local/seed", post(seed))
        .route("/__local/reset", post(reset))
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .route_layer(middleware::from_fn_with_state(Arc::clone(app), same_site_only))
}

async fn same_site_only(request: Request, next: Next) -> Response<Body> {
    let is_safe = request.method() == Method::GET || request.method() == Method::HEAD;
    let mime = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let is_json = mime.is_some_and(|mime| mime.split(';').next().unwrap_or_default().trim() == "application/json");
    if is_from_here(request.headers()) && (is_safe || is_json) {
        return next.run(request).await;
    }
    let sentence =
        "Send this request from this machine with `Content-Type: application/json`, not from a page of another origin.";
    ApiError::new(StatusCode::FORBIDDEN, "not_from_here", "Request from another origin")
        .explain(sentence)
        .into_response()
}

/// The body of a request, or the error of reading it.
type Sent = Result<Bytes, BytesRejection>;

fn read<T: DeserializeOwned>(body: Sent) -> Result<T, ApiError> {
    let body = body?;
    parse_body(&body).and_then(serde_json::from_value).map_err(|error| {
        ApiError::new(StatusCode::BAD_REQUEST, "request_body_invalid", "Request body invalid").explain(format!(
            "The body isn't valid for this path: {}.",
            excerpt(&error.to_string())
        ))
    })
}

async fn env(State(app): State<Arc<App>>) -> Response<Body> {
    let mut response = Response::new(Body::from(env_file::block(&app)));
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}

async fn requests(State(app): State<Arc<App>>) -> Response<Body> {
    let records = app.log.records();
    let views: Vec<Value> = records
        .iter()
        .map(|record| {
            json!({
                "at": record.at.as_millis(),
                "method": record.method,
                "path": record.path,
                "query": record.query,
                "status": record.status,
            })
        })
        .collect();
    json(StatusCode::OK, &views)
}

async fn show_settings(State(app): State<Arc<App>>) -> Result<Response<Body>, ApiError> {
    let found = app.flows.transaction(settings::read).await?;
    Ok(json(StatusCode::OK, &found))
}

/// Changes the settings that the body names.
async fn change_settings(State(app): State<Arc<App>>, body: Sent) -> Result<Response<Body>, ApiError> {
    let changes: serde_json::Map<String, Value> = read(body)?;
    let changed = app
        .flows
        .run(move |flow| {
            let mut found = serde_json::to_value(&**flow.settings).map_err(crate::store::StoreError::from)?;
            if let Some(found) = found.as_object_mut() {
                found.extend(changes);
            }
            let wanted: Settings = serde_json::from_value(found).map_err(|error| {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                ApiError::new(status, "form_param_value_invalid", "Invalid settings")
                    .explain(format!("{}.", excerpt(&error.to_string())))
            })?;
            check_settings(&wanted, &flow.application.redirects).map_err(|refused| {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                ApiError::new(status, "form_param_value_invalid", "Invalid settings")
                    .explain(format!("{refused}."))
                    .param(refused.name)
            })?;
            settings::write(flow.db, &wanted)?;
            Ok::<_, ApiError>(wanted)
        })
        .await?;
    Ok(json(StatusCode::OK, &changed))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultBody {
    path: Option<String>,
    method: Option<String>,
    times: Option<u32>,
    status: Option<u16>,
    delay_ms: Option<u64>,
    #[serde(default)]
    garbage: bool,
    #[serde(default)]
    drop: bool,
}

async fn add_fault(State(app): State<Arc<App>>, body: Sent) -> Result<Response<Body>, ApiError> {
    let body: FaultBody = read(body)?;
    let fault = match (body.status, body.delay_ms, body.garbage, body.drop) {
        (Some(status), None, false, false) if (100..=599).contains(&status) => Fault::status(status),
        (None, Some(millis), false, false) if millis <= LONGEST_DELAY_MILLIS => {
            Fault::delay(Duration::from_millis(millis))
        }
        (None, None, true, false) => Fault::garbage(),
        (None, None, false, true) => Fault::dropped_connection(),
        _ => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Err(ApiError::new(status, "form_param_value_invalid", "Invalid fault").explain(
                "Expected exactly one of status (100 to 599), delay_ms (at most 600000), garbage: true, drop: true.",
            ));
        }
    };
    let mut fault = fault.times(body.times.unwrap_or(1));
    if let Some(path) = body.path {
        fault = fault.on(path);
    }
    if let Some(method) = body.method {
        fault = fault.method(method);
    }
    app.faults.add(fault);
    Ok(list_faults(State(app)).await)
}

async fn list_faults(State(app): State<Arc<App>>) -> Response<Body> {
    let views: Vec<Value> = app
        .faults
        .list()
        .iter()
        .map(|fault| {
            let mut view = json!({ "path": fault.path, "method": fault.method, "times": fault.times });
            match fault.action {
                FaultAction::Status(status) => view["status"] = status.into(),
                FaultAction::Delay(delay) => view["delay_ms"] = u64::try_from(delay.as_millis()).ok().into(),
                FaultAction::Garbage => view["garbage"] = true.into(),
                FaultAction::Drop => view["drop"] = true.into(),
            }
            view
        })
        .collect();
    json(StatusCode::OK, &views)
}

async fn clear_faults(State(app): State<Arc<App>>) -> Response<Body> {
    app.faults.clear();
    list_faults(State(app)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockBody {
    skew_secs: i64,
}

async fn show_clock(State(app): State<Arc<App>>) -> Response<Body> {
    let body = json!({ "skew_secs": app.clock.skew_secs(), "now": app.now().as_millis() });
    json(StatusCode::OK, &body)
}

async fn set_clock(State(app): State<Arc<App>>, body: Sent) -> Result<Response<Body>, ApiError> {
    let body: ClockBody = read(body)?;
    app.clock.set_skew_secs(body.skew_secs);
    Ok(show_clock(State(app)).await)
}

async fn rotate(State(app): State<Arc<App>>) -> Result<Response<Body>, ApiError> {
    admin::rotate_signing_key(&app).await?;
    Ok(json(StatusCode::OK, &app.mint.key_set()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserBody {
    /// An address or a user id.
    user: String,
}

async fn sign_in_link(State(app): State<Arc<App>>, body: Sent) -> Result<Response<Body>, ApiError> {
    let body: UserBody = read(body)?;
    let link = admin::sign_in_link_for(&app, body.user)
        .await?
        .ok_or_else(ApiError::not_found)?;
    Ok(json(StatusCode::OK, &json!({ "url": link })))
}

async fn totp_code(State(app): State<Arc<App>>, body: Sent) -> Result<Response<Body>, ApiError> {
    let body: UserBody = read(body)?;
    let code = admin::totp_code_for(&app, body.user)
        .await?
        .ok_or_else(ApiError::not_found)?;
    Ok(json(StatusCode::OK, &json!({ "code": code })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookBody {
    /// As in the list of webhooks.
    number: i64,
}

async fn send_webhook(State(app): State<Arc<App>>, body: Sent) -> Result<Response<Body>, ApiError> {
    let body: WebhookBody = read(body)?;
    match admin::send_webhook_again(&app, body.number).await? {
        Resend::Due => Ok(json(
            StatusCode::OK,
            &json!({ "number": body.number, "status": "pending" }),
        )),
        Resend::Unknown => Err(ApiError::not_found()),
        Resend::NotATarget => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Err(ApiError::new(status, "webhook_url_unknown", "Webhook URL unknown")
                .explain("This portal was started without the webhook's URL. Start it with --webhook-url."))
        }
    }
}

async fn seed(State(app): State<Arc<App>>) -> Result<Response<Body>, ApiError> {
    match admin::seed(&app, seed::demo()).await {
        Ok(()) => Ok(json(StatusCode::OK, &json!({ "seeded": true }))),
        Err(SeedError::Refused(refused)) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let sentence = format!("{}: {}", refused.what, refused.reason);
            Err(ApiError::new(status, "seed_refused", "Seed refused").explain(sentence))
        }
        Err(SeedError::Store(error)) => Err(error.into()),
    }
}

async fn reset(State(app): State<Arc<App>>) -> Result<Response<Body>, ApiError> {
    admin::reset(&app).await?;
    Ok(json(StatusCode::OK, &json!({ "reset": true })))
}
