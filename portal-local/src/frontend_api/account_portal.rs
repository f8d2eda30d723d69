//! `GET /v1/account_portal`: whether there are pages, how they look and where they lead.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde_json::{Value, json};

use super::environment::page_addresses;
use crate::json::{ApiError, json};
use crate::state::App;
use crate::store::Settings;

pub(crate) async fn show(State(app): State<Arc<App>>) -> Result<Response<Body>, ApiError> {
    let found = app
        .flows
        .run(|flow| Ok::<_, ApiError>(Arc::clone(flow.settings)))
        .await?;
    Ok(json(StatusCode::OK, &account_portal(&app, &found)))
}

fn account_portal(app: &App, settings: &Settings) -> Value {
    let addresses = page_addresses(app, settings);
    json!({
        "object": "account_portal",
        "allowed": true,
        "enabled": settings.account_portal_enabled,
        // The pages link to each other, and the instance names no other ones.
        "internal_linking": true,
        "after_sign_in_url": addresses["after_sign_in_url"],
        "after_sign_up_url": addresses["after_sign_up_url"],
        "after_join_waitlist_url": addresses["after_join_waitlist_url"],
        "after_create_organization_url": addresses["after_create_organization_url"],
        "after_leave_organization_url": addresses["after_leave_organization_url"],
        "logo_link_url": addresses["logo_link_url"],
        "customization": {
            // As the browser wants it: light or dark.
            "appearance": "auto",
            "background_color_dark": null,
            "background_color_light": null,
            "primary_color_dark": null,
            "primary_color_light": null,
        },
    })
}
