//! `/v1/jwt_templates`, and tokens from them. They are always signed with the instance's key.

use std::ops::RangeInclusive;

use axum::extract::Path;
use axum::http::StatusCode;
use portal_sdk::clock::UnixTime;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::query::{Query, invalid};
use super::request::{Answer, JsonBody, deleted, missing};
use super::sessions::{TokenBody, named as session_named};
use crate::claims::{MOST_TEMPLATE_BYTES, TemplateKind, TemplateProblem, check};
use crate::excerpt::excerpt;
use crate::flow::Flow;
use crate::ids;
use crate::json::ApiError;
use crate::store::{JwtTemplate, SessionStatus, jwt_templates};

/// Clerk's defaults.
const LIFETIME_SECS: i64 = 60;
const ALLOWED_CLOCK_SKEW_SECS: i64 = 5;
const LIFETIMES: RangeInclusive<i64> = 30..=315_360_000;
const ALLOWED_CLOCK_SKEWS: RangeInclusive<i64> = 0..=300;
const SIGNING_ALGORITHM: &str = "RS256";
const MOST_NAME_CHARS: usize = 255;

#[derive(Deserialize)]
pub(super) struct TemplateBody {
    name: Option<String>,
    claims: Option<Map<String, Value>>,
    lifetime: Option<i64>,
    allowed_clock_skew: Option<i64>,
    #[serde(default)]
    custom_signing_key: bool,
    signing_algorithm: Option<String>,
    signing_key: Option<String>,
}

impl TemplateBody {
    /// The template that this body describes, in the place of `before`.
    fn read(self, before: Option<&JwtTemplate>, now: UnixTime) -> Result<JwtTemplate, ApiError> {
        if self.custom_signing_key || self.signing_key.is_some() {
            let sentence = "The local portal signs with its own key only. Omit custom_signing_key and signing_key.";
            return Err(invalid("custom_signing_key", sentence));
        }
        if let Some(found) = self.signing_algorithm.filter(|found| found != SIGNING_ALGORITHM) {
            let found = excerpt(&found);
            let sentence = format!("Found signing_algorithm={found}; expected {SIGNING_ALGORITHM}, or nothing.");
            return Err(invalid("signing_algorithm", sentence));
        }
        let name = checked_name(self.name)?;
        let claims = self.claims.ok_or_else(|| missing("claims"))?;
        check(&claims, TemplateKind::JwtTemplate).map_err(refused_claims)?;
        let lifetime = self.lifetime.or(before.map(|before| before.lifetime_secs));
        let skew = self
            .allowed_clock_skew
            .or(before.map(|before| before.allowed_clock_skew_secs));
        Ok(JwtTemplate {
            id: before.map_or_else(|| ids::new_id(ids::JWT_TEMPLATE, now), |before| before.id.clone()),
            name,
            claims: claims.into(),
            lifetime_secs: within("lifetime", lifetime.unwrap_or(LIFETIME_SECS), &LIFETIMES)?,
            allowed_clock_skew_secs: within(
                "allowed_clock_skew",
                skew.unwrap_or(ALLOWED_CLOCK_SKEW_SECS),
                &ALLOWED_CLOCK_SKEWS,
            )?,
            created_at: before.map_or(now, |before| before.created_at),
            updated_at: now,
        })
    }
}

fn checked_name(name: Option<String>) -> Result<String, ApiError> {
    let name = name
        .filter(|name| !name.trim().is_empty())
        .ok_or_else(|| missing("name"))?;
    let chars = name.chars().count();
    if chars > MOST_NAME_CHARS {
        let sentence = format!("Found {chars} characters; expected at most {MOST_NAME_CHARS}.");
        return Err(invalid("name", sentence));
    }
    Ok(name)
}

fn within(name: &'static str, found: i64, range: &RangeInclusive<i64>) -> Result<i64, ApiError> {
    if range.contains(&found) {
        return Ok(found);
    }
    let (least, most) = (range.start(), range.end());
    Err(invalid(
        name,
        format!("Found {found} seconds; expected between {least} and {most}."),
    ))
}

fn refused_claims(problem: TemplateProblem) -> ApiError {
    match problem {
        TemplateProblem::Reserved(claim) => ApiError::new(
            StatusCode::BAD_REQUEST,
            "jwt_template_reserved_claim",
            "reserved claim used",
        )
        .explain(format!("You can't use the reserved claim: '{claim}'"))
        .param("claims"),
        TemplateProblem::Shortcode(text) => {
            let text = excerpt(&text);
            invalid(
                "claims",
                format!("Found {text}; expected shortcodes such as {{{{user.id}}}}."),
            )
        }
        TemplateProblem::TooLong(bytes) => invalid(
            "claims",
            format!("Found {bytes} bytes; expected at most {MOST_TEMPLATE_BYTES} bytes of JSON."),
        ),
    }
}

pub(super) fn list(flow: &Flow<'_>, query: Query) -> Answer {
    let (page, is_paginated) = (query.page()?, query.flag("paginated")?);
    page.listed(jwt_templates::all(flow.db)?, is_paginated, |one| Ok(view(&one)))
}

pub(super) fn create(flow: &Flow<'_>, JsonBody(body): JsonBody<TemplateBody>) -> Answer {
    keep(flow, &body.read(None, flow.now)?)
}

pub(super) fn show(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    Ok(view(&named(flow, &id)?))
}

pub(super) fn change(flow: &Flow<'_>, Path(id): Path<String>, JsonBody(body): JsonBody<TemplateBody>) -> Answer {
    let before = named(flow, &id)?;
    keep(flow, &body.read(Some(&before), flow.now)?)
}

pub(super) fn delete(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    match jwt_templates::delete(flow.db, &id)? {
        true => Ok(deleted("jwt_template", &id)),
        false => Err(not_found("id", &id)),
    }
}

/// `POST /v1/sessions/{id}/tokens/{template}`. A session that waits for a task gets none: the token could not say so.
pub(super) fn create_token(
    flow: &Flow<'_>,
    Path((id, name)): Path<(String, String)>,
    JsonBody(body): JsonBody<TokenBody>,
) -> Answer {
    let lifetime_secs = body.lifetime_secs()?;
    let session = session_named(flow, &id)?;
    if session.status != SessionStatus::Active {
        return Err(super::sessions::inactive(&session));
    }
    let template = jwt_templates::find_by_name(flow.db, &name)?.ok_or_else(|| not_found("name", &name))?;
    let token = flow.template_token(&session, template, lifetime_secs)?;
    Ok(json!({ "object": "token", "jwt": token }))
}

fn keep(flow: &Flow<'_>, template: &JwtTemplate) -> Answer {
    let holder = jwt_templates::find_by_name(flow.db, &template.name)?;
    if holder.is_some_and(|holder| holder.id != template.id) {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(
            ApiError::new(status, "form_identifier_exists", "That template name is taken")
                .explain("Another JWT template has this name. Choose a different one.")
                .param("name"),
        );
    }
    jwt_templates::put(flow.db, template)?;
    Ok(view(template))
}

fn named(flow: &Flow<'_>, id: &str) -> Result<JwtTemplate, ApiError> {
    jwt_templates::find(flow.db, id)?.ok_or_else(|| not_found("id", id))
}

fn not_found(attribute: &str, value: &str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "resource_not_found", "JWT template not found")
        .explain(format!("No JWT template exists with {attribute}: {}", excerpt(value)))
}

/// Every field that the API describes.
fn view(template: &JwtTemplate) -> Value {
    json!({
        "object": "jwt_template",
        "id": template.id,
        "name": template.name,
        "claims": template.claims,
        "lifetime": template.lifetime_secs,
        "allowed_clock_skew": template.allowed_clock_skew_secs,
        "custom_signing_key": false,
        "signing_algorithm": SIGNING_ALGORITHM,
        "created_at": template.created_at.as_millis(),
        "updated_at": template.updated_at.as_millis(),
    })
}
