//! The pages.

use std::time::{Duration, SystemTime};

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use portal_axum::portal_sdk::clock::UnixTime;
use portal_axum::{Auth, PortalPage};

use crate::app::App;
use crate::database::{DatabaseError, MOST_ROWS, UserRow};
use crate::sign_in::Member;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    is_signed_in: bool,
    sign_in: String,
    sign_up: String,
}

pub(crate) async fn home(auth: Auth) -> Response {
    let page = Home {
        is_signed_in: auth.signed_in().is_some(),
        sign_in: auth.link_back_to(PortalPage::SignIn, "/users").into(),
        sign_up: auth.link_back_to(PortalPage::SignUp, "/users").into(),
    };
    render(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "users.html")]
struct Users {
    is_signed_in: bool,
    member: UserRow,
    rows: Vec<UserRow>,
    sent_webhooks: Option<String>,
}

/// The table, for every signed-in user. A real application shows addresses to administrators only.
pub(crate) async fn users(Member(member): Member, State(app): State<App>) -> Response {
    let rows = match app.database.latest().await {
        Ok(rows) => rows,
        Err(error) => return failure(&error),
    };
    let page = Users {
        is_signed_in: true,
        member,
        rows,
        sent_webhooks: app.sent_webhooks,
    };
    render(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    is_signed_in: bool,
    text: &'static str,
}

/// The response to a request that the user cannot correct.
pub(crate) fn message(status: StatusCode, text: &'static str) -> Response {
    let page = Message {
        is_signed_in: true,
        text,
    };
    render(status, &page)
}

/// The response to a failure of the database.
pub(crate) fn failure(error: &DatabaseError) -> Response {
    tracing::error!(%error, "a query failed");
    let text = "We couldn't reach the users. Please try again in a minute.";
    message(StatusCode::INTERNAL_SERVER_ERROR, text)
}

impl Users {
    /// A time for users, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    fn time(&self, time: &UnixTime) -> String {
        let since_1970 = u64::try_from(time.as_millis()).unwrap_or_default();
        let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(since_1970));
        time.map(httpdate::fmt_http_date).unwrap_or_default()
    }

    fn is_full(&self) -> bool {
        self.rows.len() == MOST_ROWS
    }
}

fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, "We couldn't show this page.").into_response()
        }
    }
}
