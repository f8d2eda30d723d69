//! `/__local/outbox` and `/__local/outbox.json`: the mail that would have been sent.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::errors::PageResult;
use crate::html::{Frame, age, page};
use crate::json::{self, ApiError};
use crate::state::App;
use crate::store::outbox;
use crate::store::{Mail, StoreError};

const MOST_MAILS: u32 = 200;

#[derive(Template)]
#[template(path = "outbox.html")]
struct OutboxPage {
    frame: Frame,
    mails: Vec<MailView>,
}

struct MailView {
    mail: Mail,
    age: String,
}

pub(super) async fn show(State(app): State<Arc<App>>) -> PageResult {
    let now = app.now();
    let view = |mail: Mail| MailView {
        age: age(mail.created_at, now),
        mail,
    };
    let template = OutboxPage {
        frame: Frame::new(&app, "Outbox"),
        mails: mails(&app).await?.into_iter().map(view).collect(),
    };
    Ok(page(&app, StatusCode::OK, &template, None))
}

pub(super) async fn json(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let mails = mails(&app).await?;
    Ok(json::json(StatusCode::OK, &mails.iter().map(view).collect::<Vec<_>>()))
}

async fn mails(app: &App) -> Result<Vec<Mail>, StoreError> {
    app.flows.transaction(|db| outbox::list(db, MOST_MAILS)).await
}

fn view(mail: &Mail) -> Value {
    json!({
        "id": mail.id,
        "to": mail.to,
        "kind": mail.kind.as_str(),
        "subject": mail.subject,
        "body": mail.body,
        "code": mail.code,
        "link": mail.link,
        "created_at": mail.created_at.as_millis(),
    })
}
