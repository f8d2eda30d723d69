//! `GET` and `PATCH /v1/environment`: what a client may know about the instance. The most useful part is
//! `display_config`, which says where the pages are.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Method, Response, StatusCode};
use portal_sdk::names::query;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::dev_browser;
use crate::flow::{LOCKED_FOR_MILLIS, MOST_WRONG_PASSWORDS, PROVIDER_NAME, PROVIDER_STRATEGY};
use crate::json::{ApiError, json};
use crate::password;
use crate::state::App;
use crate::store::{Settings, SignUpMode};

pub(crate) async fn show(State(app): State<Arc<App>>) -> Result<Response<Body>, ApiError> {
    let found = app
        .flows
        .run(|flow| Ok::<_, ApiError>(Arc::clone(flow.settings)))
        .await?;
    Ok(json(StatusCode::OK, &environment(&app, &found)))
}

/// Official clients send `PATCH` as `POST` with `_method=PATCH`. It tells the origin of the application, to which a
/// flow returns that names no other place.
pub(crate) async fn touch(
    State(app): State<Arc<App>>,
    method: Method,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let raw = raw.unwrap_or_default();
    let value = |wanted: &str| {
        form_urlencoded::parse(raw.as_bytes())
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    if method == Method::POST && value("_method").as_deref() != Some("PATCH") {
        return Err(ApiError::method_not_allowed());
    }
    let origin = headers.get(ORIGIN).and_then(|value| value.to_str().ok());
    let home = origin
        .and_then(|text| app.redirects.absolute(text).ok())
        .filter(|url| !app.redirects.is_own(url));
    let mut tokens: Vec<String> = [query::DEV_BROWSER, query::LEGACY_DEV_BROWSER]
        .into_iter()
        .filter_map(value)
        .collect();
    tokens.extend(dev_browser::cookie_tokens(&headers));
    let found = app.flows.run(move |flow| {
        if let (Some(mut known), Some(home)) = (dev_browser::find(flow.db, &tokens)?, home) {
            dev_browser::remember_home(flow.db, &mut known, &home)?;
        }
        Ok::<_, ApiError>(Arc::clone(flow.settings))
    });
    Ok(json(StatusCode::OK, &environment(&app, &*found.await?)))
}

fn environment(app: &App, settings: &Settings) -> Value {
    json!({
        "object": "environment",
        "id": app.instance_id,
        "auth_config": auth_config(app, settings),
        "display_config": display_config(app, settings),
        "user_settings": user_settings(settings),
        "organization_settings": {
            "enabled": settings.organizations_enabled,
            "max_allowed_memberships": settings.max_allowed_memberships,
            "force_organization_selection": settings.force_organization_selection,
            "actions": { "admin_delete": settings.admin_delete_enabled },
            "domains": { "enabled": false, "enrollment_modes": [], "default_role": settings.default_role },
            "slug": { "disabled": false },
            "creator_role": settings.creator_role,
        },
        "fraud_settings": { "object": "fraud_settings", "native": { "device_attestation_mode": "disabled" } },
        "commerce_settings": {
            "billing": {
                "stripe_publishable_key": null,
                "free_trial_requires_payment_method": false,
                "user": { "enabled": false, "has_paid_plans": false },
                "organization": { "enabled": false, "has_paid_plans": false },
            },
        },
        "api_keys_settings": { "enabled": false, "user_api_keys_enabled": false, "orgs_api_keys_enabled": false },
        "protect_config": { "object": "protect_config", "id": app.instance_id, "loaders": [] },
        "client_debug_mode": false,
        "partitioned_cookies": false,
        "maintenance_mode": false,
    })
}

fn display_config(app: &App, settings: &Settings) -> Value {
    let mut config = page_addresses(app, settings);
    let look = json!({
        "object": "display_config",
        "id": app.instance_id,
        "instance_environment_type": "development",
        "application_name": app.name,
        "theme": {},
        "preferred_sign_in_strategy": "password",
        "logo_image_url": null,
        "favicon_image_url": null,
        "support_email": null,
        "branded": false,
        "experimental_force_oauth_first": false,
        "clerk_js_version": null,
        "show_devmode_warning": true,
        "google_one_tap_client_id": null,
        "help_url": null,
        "privacy_policy_url": null,
        "terms_url": null,
        "logo_url": null,
        "favicon_url": null,
        "logo_image": null,
        "favicon_image": null,
        "captcha_public_key": null,
        "captcha_widget_type": null,
        "captcha_public_key_invisible": null,
        "captcha_provider": null,
        "captcha_oauth_bypass": [],
        "captcha_heartbeat": false,
    });
    if let (Value::Object(config), Value::Object(look)) = (&mut config, look) {
        config.extend(look);
    }
    config
}

/// The URLs of the pages and their destinations.
///
/// Without a `home_url` in the settings, the default page is the application's home.
pub(super) fn page_addresses(app: &App, settings: &Settings) -> Value {
    let page = |path: &str| format!("{}{path}", app.origin);
    let home = settings.home_url.clone().unwrap_or_else(|| page("/default-redirect"));
    let set = |url: &Option<String>, default: &str| url.as_deref().unwrap_or(default).to_owned();
    json!({
        "home_url": home,
        "sign_in_url": page("/sign-in"),
        "sign_up_url": page("/sign-up"),
        "user_profile_url": page("/user"),
        "waitlist_url": page("/waitlist"),
        "oauth_consent_url": page("/oauth-consent"),
        "after_sign_in_url": set(&settings.after_sign_in_url, &home),
        "after_sign_up_url": set(&settings.after_sign_up_url, &home),
        "after_sign_out_one_url": page("/sign-in/choose"),
        "after_sign_out_all_url": page("/sign-in"),
        "after_switch_session_url": home,
        "after_join_waitlist_url": set(&settings.after_join_waitlist_url, &home),
        "organization_profile_url": page("/organization"),
        "create_organization_url": page("/create-organization"),
        "after_leave_organization_url": set(&settings.after_leave_organization_url, &page("/organization-list")),
        "after_create_organization_url": set(&settings.after_create_organization_url, &home),
        "logo_link_url": home,
    })
}

fn auth_config(app: &App, settings: &Settings) -> Value {
    let names = if settings.names_required { "required" } else { "on" };
    json!({
        "object": "auth_config",
        "id": app.instance_id,
        "first_name": names,
        "last_name": names,
        "email_address": "required",
        "phone_number": "off",
        "username": "off",
        "password": "required",
        "identification_requirements": [["email_address"]],
        "identification_strategies": with_provider(settings, &["email_address"]),
        "first_factors": with_provider(settings, &["email_code", "password", "reset_password_email_code", "ticket"]),
        "second_factors": ["totp", "backup_code"],
        "email_address_verification_strategies": ["email_code"],
        "single_session_mode": settings.single_session_mode,
        "enhanced_email_deliverability": false,
        "test_mode": settings.test_mode,
        "cookieless_dev": true,
        "url_based_session_syncing": true,
        "claimed_at": null,
        "reverification": false,
        "native_settings": {
            "object": "native_settings",
            "api_enabled": false,
            "trusted_device_sign_in_enabled": false,
            "trusted_device_enrollment_prompt_after_sign_in_enabled": false,
            "trusted_device_enrollment_prompt_after_sign_up_enabled": false,
        },
    })
}

fn with_provider(settings: &Settings, strategies: &[&'static str]) -> Vec<&'static str> {
    let provider = settings.example_provider_enabled.then_some(PROVIDER_STRATEGY);
    strategies.iter().copied().chain(provider).collect()
}

fn social(settings: &Settings) -> Value {
    json!({
        PROVIDER_STRATEGY: {
            "enabled": settings.example_provider_enabled,
            "required": false,
            "authenticatable": settings.example_provider_enabled,
            "block_email_subaddresses": false,
            "strategy": PROVIDER_STRATEGY,
            "not_selectable": false,
            "deprecated": false,
            "name": PROVIDER_NAME,
            "logo_url": null,
        },
    })
}

fn user_settings(settings: &Settings) -> Value {
    let off = attribute(false, false, &[], &[]);
    let name = attribute(true, settings.names_required, &[], &[]);
    let enabled = |is_enabled: bool| json!({ "enabled": is_enabled });
    json!({
        "attributes": {
            "email_address": attribute(true, true, &["email_code"], &["email_code"]),
            "phone_number": off,
            "username": off,
            "web3_wallet": off,
            "first_name": name,
            "last_name": name,
            "password": attribute(true, true, &["password"], &[]),
            "authenticator_app": second_factor("totp"),
            "ticket": attribute(true, false, &["ticket"], &[]),
            "backup_code": second_factor("backup_code"),
            "passkey": off,
        },
        "social": social(settings),
        "saml": { "enabled": false },
        "enterprise_sso": { "enabled": false, "self_serve_sso": false },
        "sign_in": { "second_factor": { "required": settings.mfa_required } },
        "sign_up": {
            "captcha_enabled": false,
            "captcha_widget_type": "smart",
            "custom_action_required": false,
            "progressive": true,
            "mode": match settings.sign_up_mode {
                SignUpMode::Public => "public",
                SignUpMode::Restricted => "restricted",
                SignUpMode::Waitlist => "waitlist",
            },
            "legal_consent_enabled": false,
        },
        "restrictions": {
            "allowlist": enabled(settings.allowlist),
            "blocklist": enabled(settings.blocklist),
            "allowlist_blocklist_disabled_on_sign_in": enabled(settings.allowlist_blocklist_disabled_on_sign_in),
            "block_email_subaddresses": enabled(settings.block_email_subaddresses),
            "block_disposable_email_domains": enabled(settings.block_disposable_email_domains),
        },
        "password_settings": {
            "disable_hibp": true,
            "disable_password_reverification": true,
            "min_length": password::MIN_CHARS,
            "max_length": password::MAX_CHARS,
            "require_special_char": false,
            "require_numbers": false,
            "require_uppercase": false,
            "require_lowercase": false,
            "show_zxcvbn": false,
            "min_zxcvbn_strength": 0,
            "enforce_hibp_on_sign_in": false,
            "allowed_special_characters": "",
        },
        "username_settings": {
            "min_length": null,
            "max_length": null,
            "allow_extended_special_characters": false,
            "allow_numeric_usernames": false,
        },
        "actions": {
            "delete_self": settings.delete_self_enabled,
            "create_organization": settings.create_organization_enabled,
            "create_organizations_limit": null,
        },
        "attack_protection": {
            "user_lockout": {
                "enabled": true,
                "max_attempts": MOST_WRONG_PASSWORDS,
                "duration_in_minutes": LOCKED_FOR_MILLIS / 60_000,
            },
            "pii": { "enabled": false },
            "email_link": { "require_same_client": false },
            "enumeration_protection": { "enabled": false },
        },
        "passkey_settings": {
            "allow_autofill": false,
            "show_sign_in_button": false,
            "satisfies_second_factor": false,
        },
    })
}

fn attribute(is_enabled: bool, is_required: bool, first_factors: &[&str], verifications: &[&str]) -> Value {
    json!({
        "enabled": is_enabled,
        "required": is_required,
        "used_for_first_factor": !first_factors.is_empty(),
        "first_factors": first_factors,
        "used_for_second_factor": false,
        "second_factors": [],
        "verifications": verifications,
        "verify_at_sign_up": !verifications.is_empty(),
        "immutable": false,
    })
}

/// An attribute that serves to prove a second factor and nothing else.
fn second_factor(strategy: &str) -> Value {
    let mut attribute = attribute(true, false, &[], &[]);
    attribute["used_for_second_factor"] = true.into();
    attribute["second_factors"] = json!([strategy]);
    attribute
}
