//! `/v1/allowlist_identifiers`, `/v1/blocklist_identifiers` and `/v1/instance/restrictions`: which addresses may have an
//! account.

use axum::extract::Path;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::query::{Query, invalid};
use super::request::{Answer, JsonBody, deleted, missing};
use crate::flow::{Flow, NewApplicationInvitation, check_listed};
use crate::json::ApiError;
use crate::store::{List, ListedIdentifier, Settings};
use crate::store::{listed_identifiers, settings};

#[derive(Deserialize)]
pub(super) struct EntryBody {
    identifier: Option<String>,
    /// `true` if the address is invited too.
    #[serde(default)]
    notify: bool,
}

pub(super) fn show_allowlist(flow: &Flow<'_>, query: Query) -> Answer {
    let (page, is_paginated) = (query.page()?, query.flag("paginated")?);
    let all = listed_identifiers::all(flow.db, List::Allow)?;
    page.listed(all, is_paginated, |entry| Ok(view(flow, List::Allow, &entry)))
}

/// The whole list: this call knows no pages.
pub(super) fn show_blocklist(flow: &Flow<'_>) -> Answer {
    let all = listed_identifiers::all(flow.db, List::Block)?;
    let data: Vec<Value> = all.iter().map(|entry| view(flow, List::Block, entry)).collect();
    Ok(json!({ "data": data, "total_count": data.len() }))
}

/// Adds an entry to `list`.
pub(super) fn add(flow: &Flow<'_>, list: List, JsonBody(body): JsonBody<EntryBody>) -> Answer {
    let identifier = check_listed(&body.identifier.ok_or_else(|| missing("identifier"))?)?;
    if body.notify && identifier.starts_with('*') {
        return Err(invalid(
            "notify",
            "Only an email address can be invited, but this entry is a domain.",
        ));
    }
    let invitation_id = match body.notify {
        true => {
            let new = NewApplicationInvitation::new(identifier.clone());
            Some(flow.invite_to_application(new)?.0.id)
        }
        false => None,
    };
    let added = listed_identifiers::insert(flow.db, list, &identifier, invitation_id.as_deref())?;
    let entry = added.ok_or_else(|| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "duplicate_record",
            "The list has this entry already",
        )
        .explain(format!("{identifier} is already on the {}list.", list.as_str()))
        .param("identifier")
    })?;
    Ok(view(flow, list, &entry))
}

/// Removes an entry from `list`.
pub(super) fn remove(flow: &Flow<'_>, list: List, Path(id): Path<String>) -> Answer {
    match listed_identifiers::delete(flow.db, list, &id)? {
        true => Ok(deleted(object(list), &id)),
        false => Err(ApiError::not_found()),
    }
}

fn object(list: List) -> &'static str {
    match list {
        List::Allow => "allowlist_identifier",
        List::Block => "blocklist_identifier",
    }
}

fn view(flow: &Flow<'_>, list: List, entry: &ListedIdentifier) -> Value {
    let mut view = json!({
        "object": object(list),
        "id": entry.id,
        "identifier": entry.identifier,
        "identifier_type": "email_address",
        "instance_id": flow.application.instance_id,
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

pub(super) fn change(flow: &Flow<'_>, JsonBody(body): JsonBody<RestrictionsBody>) -> Answer {
    let mut found = Settings::clone(flow.settings);
    let on_sign_in = &mut found.allowlist_blocklist_disabled_on_sign_in;
    for (setting, wanted) in [
        (&mut found.allowlist, body.allowlist),
        (&mut found.blocklist, body.blocklist),
        (on_sign_in, body.allowlist_blocklist_disabled_on_sign_in),
        (&mut found.block_email_subaddresses, body.block_email_subaddresses),
        (
            &mut found.block_disposable_email_domains,
            body.block_disposable_email_domains,
        ),
    ] {
        *setting = wanted.unwrap_or(*setting);
    }
    settings::write(flow.db, &found)?;
    Ok(restrictions_view(&found))
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
