//! `/__local/webhooks` and `/__local/webhooks.json`: the events and their delivery to the application.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use portal_sdk::clock::UnixTime;
use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::{self, PageResult};
use super::form::Submission;
use super::form_page::FormFrame;
use super::path;
use super::visit::Visit;
use crate::admin::{self, Resend};
use crate::clock::Millis as _;
use crate::html::age;
use crate::json::{self, ApiError};
use crate::state::App;
use crate::store::webhook_deliveries;
use crate::store::{Db, StoreError, WebhookDelivery, WebhookStatus};

const MOST_DELIVERIES: u32 = 200;

/// The messages after the button was pressed, by notice.
const NOTICES: [(&str, &str); 3] = [
    (
        "sent",
        "The webhook is being sent again. Reload the page to see the result.",
    ),
    ("gone", "This webhook doesn't exist anymore."),
    (
        "elsewhere",
        "This portal was started without the webhook's URL. Start it with --webhook-url.",
    ),
];

#[derive(Template)]
#[template(path = "webhooks.html")]
struct WebhooksPage {
    frame: FormFrame,
    urls: Vec<String>,
    deliveries: Vec<DeliveryView>,
}

#[derive(Template)]
#[template(path = "webhook.html")]
struct WebhookPage {
    frame: FormFrame,
    view: DeliveryView,
    body: String,
}

struct DeliveryView {
    delivery: WebhookDelivery,
    age: String,
    /// The state in words.
    state: String,
    /// `true` if it was sent before and the portal was started with its URL.
    can_send_again: bool,
}

impl DeliveryView {
    fn new(app: &App, delivery: WebhookDelivery) -> Self {
        let now = app.now();
        Self {
            age: age(delivery.created_at, now),
            state: state(&delivery, now),
            can_send_again: delivery.attempts > 0 && app.webhooks.has(&delivery.url),
            delivery,
        }
    }
}

/// The state of a delivery, with its attempts and the next one.
fn state(delivery: &WebhookDelivery, now: UnixTime) -> String {
    let attempts = match delivery.attempts {
        1 => "1 attempt".to_owned(),
        number => format!("{number} attempts"),
    };
    match (delivery.status, delivery.next_attempt_at) {
        (WebhookStatus::Delivered, _) => format!("Delivered after {attempts}"),
        (WebhookStatus::Failed, _) => format!("Failed after {attempts}"),
        (WebhookStatus::Pending, _) if delivery.attempts == 0 => "Pending, not sent yet".to_owned(),
        (WebhookStatus::Pending, Some(at)) if at > now => {
            format!(
                "Pending after {attempts}, next one in {} s",
                (at.millis_since(now) + 999) / 1_000
            )
        }
        (WebhookStatus::Pending, _) => format!("Pending after {attempts}"),
    }
}

pub(super) async fn show(visit: Visit) -> PageResult {
    let deliveries = latest(&visit.app).await?;
    let views = deliveries
        .into_iter()
        .map(|delivery| DeliveryView::new(&visit.app, delivery));
    let page = visit.form_page("Webhooks", path::WEBHOOKS, &[]).told(&NOTICES);
    Ok(page.render(|frame| WebhooksPage {
        frame,
        urls: visit.app.webhooks.urls().map(str::to_owned).collect(),
        deliveries: views.collect(),
    }))
}

pub(super) async fn show_one(number: Result<Path<i64>, PathRejection>, visit: Visit) -> PageResult {
    let found = match number {
        Ok(Path(seq)) => {
            visit
                .app
                .flows
                .transaction(move |db| webhook_deliveries::find(db, seq))
                .await?
        }
        Err(_) => None,
    };
    let Some(delivery) = found else {
        return Ok(errors::not_found_page(&visit.app));
    };
    let body = serde_json::from_str::<Value>(&delivery.body).and_then(|body| serde_json::to_string_pretty(&body));
    let body = body.unwrap_or_else(|_| delivery.body.clone());
    let page = visit.form_page(delivery.event_type.clone(), path::WEBHOOKS, &[]);
    Ok(page.render(|frame| WebhookPage {
        frame,
        view: DeliveryView::new(&visit.app, delivery),
        body,
    }))
}

/// The button of one delivery.
#[derive(Deserialize)]
pub(super) struct Chosen {
    #[serde(default)]
    number: String,
}

pub(super) async fn send_again(Submission { visit, form }: Submission<Chosen>) -> PageResult {
    let resend = match form.number.parse() {
        Ok(seq) => admin::send_webhook_again(&visit.app, seq).await?,
        Err(_) => Resend::Unknown,
    };
    let notice = match resend {
        Resend::Due => "sent",
        Resend::Unknown => "gone",
        Resend::NotATarget => "elsewhere",
    };
    Ok(visit.see_other(&format!("{}?notice={notice}", path::WEBHOOKS)))
}

pub(super) async fn json(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let deliveries = latest(&app).await?;
    let views: Vec<Value> = deliveries.iter().map(view).collect();
    Ok(json::json(StatusCode::OK, &views))
}

fn view(delivery: &WebhookDelivery) -> Value {
    json!({
        "number": delivery.seq,
        "id": delivery.id,
        "type": delivery.event_type,
        "subject_id": delivery.subject_id,
        "url": delivery.url,
        "status": delivery.status.as_str(),
        "attempts": delivery.attempts,
        "response_status": delivery.response_status,
        "error": delivery.error,
        "next_attempt_at": delivery.next_attempt_at.map(UnixTime::as_millis),
        "created_at": delivery.created_at.as_millis(),
        "updated_at": delivery.updated_at.as_millis(),
        "body": serde_json::from_str::<Value>(&delivery.body).unwrap_or_default(),
    })
}

async fn latest(app: &App) -> Result<Vec<WebhookDelivery>, StoreError> {
    let list = |db: Db<'_>| webhook_deliveries::list(db, MOST_DELIVERIES);
    app.flows.transaction(list).await
}
