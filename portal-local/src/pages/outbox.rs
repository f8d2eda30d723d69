//! `/__local/outbox` and `/__local/outbox.json`: the mail that would have been sent.

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse as _;
use serde_json::{Value, json};

use super::errors;
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

pub(super) async fn show(State(app): State<Arc<App>>) -> Response<Body> {
    let now = app.now();
    match mails(&app).await {
        Ok(mails) => {
            let mails = mails
                .into_iter()
                .map(|mail| MailView {
                    age: age(mail.created_at, now),
                    mail,
                })
                .collect();
            let template = OutboxPage {
                frame: Frame::new(&app, "Outbox"),
                mails,
            };
            page(&app, StatusCode::OK, &template, None)
        }
        Err(error) => errors::store_failed(&app, &error),
    }
}

pub(super) async fn json(State(app): State<Arc<App>>) -> Response<Body> {
    match mails(&app).await {
        Ok(mails) => json::json(StatusCode::OK, &mails.iter().map(view).collect::<Vec<_>>()),
        Err(error) => ApiError::from(error).into_response(),
    }
}

async fn mails(app: &App) -> Result<Vec<Mail>, StoreError> {
    app.store
        .transaction(|connection| Ok(outbox::list(connection, MOST_MAILS)?))
        .await
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
