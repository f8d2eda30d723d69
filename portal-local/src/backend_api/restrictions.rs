//! `/v1/allowlist_identifiers`, `/v1/blocklist_identifiers` and `/v1/instance/restrictions`: which addresses may have an
//! account.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::query::{Query, cut, invalid};
use super::request::{JsonBody, counted, deleted, listed, missing, run};
use crate::flow::{INVITATION_DAYS, NewApplicationInvitation, check_listed};
use crate::json::{ApiError, json};
use crate::state::App;
use crate::store::{List, ListedIdentifier, Metadata, Settings};
use crate::store::{listed_identifiers, settings};

#[derive(Deserialize)]
pub(super) struct EntryBody {
    identifier: Option<String>,
    /// `true` if the address is invited too.
    #[serde(default)]
    notify: bool,
}

pub(super) async fn show_allowlist(State(app): State<Arc<App>>, query: Query) -> Result<Response<Body>, ApiError> {
    let (page, is_paginated) = (query.page()?, query.flag("paginated")?);
    let all = run(&app, |flow| Ok(listed_identifiers::all(flow.connection, List::Allow)?)).await?;
    let total = all.len();
    let data = views(&app, List::Allow, &cut(all, page));
    Ok(listed(&data, total, is_paginated))
}

/// The whole list: this call knows no pages.
pub(super) async fn show_blocklist(State(app): State<Arc<App>>) -> Result<Response<Body>, ApiError> {
    let all = run(&app, |flow| Ok(listed_identifiers::all(flow.connection, List::Block)?)).await?;
    let data = views(&app, List::Block, &all);
    Ok(counted(&data, data.len()))
}

pub(super) async fn allow(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<EntryBody>,
) -> Result<Response<Body>, ApiError> {
    add(&app, List::Allow, body).await
}

pub(super) async fn block(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<EntryBody>,
) -> Result<Response<Body>, ApiError> {
    add(&app, List::Block, body).await
}

async fn add(app: &Arc<App>, list: List, body: EntryBody) -> Result<Response<Body>, ApiError> {
    let identifier = check_listed(&body.identifier.ok_or_else(|| missing("identifier"))?)?;
    if body.notify && identifier.starts_with('*') {
        return Err(invalid(
            "notify",
            "Only an email address can be invited, but this entry is a domain.",
        ));
    }
    let entry = run(app, move |flow| {
        let invitation_id = if body.notify {
            let new = NewApplicationInvitation {
                address: identifier.clone(),
                redirect_url: None,
                public_metadata: Metadata::default(),
                expires_in_days: INVITATION_DAYS,
                notify: true,
                ignore_existing: false,
            };
            Some(flow.invite_to_application(new)?.0.id)
        } else {
            None
        };
        let added = listed_identifiers::insert(flow.connection, list, &identifier, invitation_id.as_deref(), flow.now)?;
        added.ok_or_else(|| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "duplicate_record",
                "The list has this entry already",
            )
            .explain(format!("{identifier} is already on the {}list.", list.as_str()))
            .param("identifier")
        })
    })
    .await?;
    Ok(json(StatusCode::OK, &view(app, list, &entry)))
}

pub(super) async fn stop_allowing(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Response<Body>, ApiError> {
    remove(&app, List::Allow, id).await
}

pub(super) async fn stop_blocking(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Response<Body>, ApiError> {
    remove(&app, List::Block, id).await
}

async fn remove(app: &App, list: List, id: String) -> Result<Response<Body>, ApiError> {
    let id = run(app, move |flow| {
        if listed_identifiers::delete(flow.connection, list, &id)? {
            Ok(id)
        } else {
            Err(ApiError::not_found())
        }
    })
    .await?;
    Ok(deleted(object(list), &id))
}

fn object(list: List) -> &'static str {
    match list {
        List::Allow => "allowlist_identifier",
        List::Block => "blocklist_identifier",
    }
}

fn views(app: &App, list: List, entries: &[ListedIdentifier]) -> Vec<Value> {
    entries.iter().map(|entry| view(app, list, entry)).collect()
}

fn view(app: &App, list: List, entry: &ListedIdentifier) -> Value {
    let mut view = json!({
        "object": object(list),
        "id": entry.id,
        "identifier": entry.identifier,
        "identifier_type": "email_address",
        "instance_id": app.instance_id,
        "created_at": entry.created_at.as_millis(),
        "updated_at": entry.updated_at.as_millis(),
    });
    // It may be absent, not null.
    if let Some(id) = &entry.invitation_id {
        view["invitation_id"] = id.as_str().into();
    }
    view
}

/// The restrictions to change. An unknown one is refused, because it would have no effect.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RestrictionsBody {
    allowlist: Option<bool>,
    blocklist: Option<bool>,
    allowlist_blocklist_disabled_on_sign_in: Option<bool>,
    block_email_subaddresses: Option<bool>,
    block_disposable_email_domains: Option<bool>,
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<RestrictionsBody>,
) -> Result<Response<Body>, ApiError> {
    let changed = run(&app, move |flow| {
        let mut found = Settings::clone(flow.settings);
        for (setting, wanted) in [
            (&mut found.allowlist, body.allowlist),
            (&mut found.blocklist, body.blocklist),
            (
                &mut found.allowlist_blocklist_disabled_on_sign_in,
                body.allowlist_blocklist_disabled_on_sign_in,
            ),
            (&mut found.block_email_subaddresses, body.block_email_subaddresses),
            (
                &mut found.block_disposable_email_domains,
                body.block_disposable_email_domains,
            ),
        ] {
            *setting = wanted.unwrap_or(*setting);
        }
        settings::write(flow.connection, &found)?;
        Ok(found)
    })
    .await?;
    Ok(json(StatusCode::OK, &restrictions_view(&changed)))
}

fn restrictions_view(settings: &Settings) -> Value {
    json!({
        "object": "instance_restrictions",
        "allowlist": settings.allowlist,
        "blocklist": settings.blocklist,
        "allowlist_blocklist_disabled_on_sign_in": settings.allowlist_blocklist_disabled_on_sign_in,
        "block_email_subaddresses": settings.block_email_subaddresses,
        "block_disposable_email_domains": settings.block_disposable_email_domains,
    })
}
