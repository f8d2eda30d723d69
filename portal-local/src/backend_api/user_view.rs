//! A user as the Backend API shows one.

use portal_sdk::clock::UnixTime;
use serde_json::{Value, json};

use crate::flow::{Flow, MOST_WRONG_PASSWORDS, PROVIDER_STRATEGY};
use crate::images;
use crate::store::email_addresses::{self, normalize};
use crate::store::{Db, EmailAddress, ExternalAccount, StoreError, Strategy, User};
use crate::store::{external_accounts, second_factors};

/// Every field that the API describes. Fields unknown to this portal are null, empty or false.
pub(super) fn full_view(flow: &Flow<'_>, user: &User) -> Result<Value, StoreError> {
    let addresses = email_addresses::of_user(flow.db, &user.id)?;
    let accounts = external_accounts::of_user(flow.db, &user.id)?;
    let second_factor = second_factors::find(flow.db, &user.id)?;
    let millis = |moment: Option<UnixTime>| moment.map(UnixTime::as_millis);
    let locked_for = user.locked_for_millis(flow.now);
    let failed = if user.locked_until.is_some() && locked_for.is_none() {
        0
    } else {
        user.failed_attempts
    };
    Ok(json!({
        "object": "user",
        "id": user.id,
        "external_id": user.external_id,
        "primary_email_address_id": user.primary_email_address_id,
        "primary_phone_number_id": null,
        "primary_web3_wallet_id": null,
        "username": null,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "image_url": images::url(&flow.application.origin, &user.id, user.image_id.as_deref()),
        "has_image": user.image_id.is_some(),
        "public_metadata": user.public_metadata,
        "private_metadata": user.private_metadata,
        "unsafe_metadata": user.unsafe_metadata,
        "email_addresses": addresses.iter().map(|one| email_address(one, &accounts)).collect::<Vec<_>>(),
        "phone_numbers": [],
        "web3_wallets": [],
        "passkeys": [],
        "password_enabled": user.password_hash.is_some(),
        "two_factor_enabled": second_factor.secret.is_some(),
        "totp_enabled": second_factor.secret.is_some(),
        "backup_code_enabled": second_factor.backup_codes > 0,
        "mfa_enabled_at": millis(second_factor.enabled_at),
        "mfa_disabled_at": millis(second_factor.disabled_at),
        "password_last_updated_at": millis(user.password_updated_at),
        "external_accounts": accounts.iter().map(external_account).collect::<Vec<_>>(),
        "saml_accounts": [],
        "enterprise_accounts": [],
        "last_sign_in_at": millis(user.last_sign_in_at),
        "banned": user.banned,
        "locked": locked_for.is_some(),
        "lockout_expires_in_seconds": locked_for.map(|millis| (millis + 999) / 1_000),
        "verification_attempts_remaining": MOST_WRONG_PASSWORDS.saturating_sub(failed),
        "updated_at": user.updated_at.as_millis(),
        "created_at": user.created_at.as_millis(),
        "delete_self_enabled": user.delete_self_enabled,
        "create_organization_enabled": user.create_organization_enabled,
        "create_organizations_limit": null,
        "last_active_at": millis(user.last_active_at),
        "legal_accepted_at": null,
    }))
}

/// An account at the outside provider. Fields unknown to the provider are empty.
fn external_account(account: &ExternalAccount) -> Value {
    json!({
        "object": "external_account",
        "id": account.id,
        "provider": PROVIDER_STRATEGY,
        "identification_id": account.identification_id,
        "provider_user_id": account.provider_user_id,
        "approved_scopes": "openid email profile",
        "email_address": account.email_address,
        "email_address_verified": account.email_address_verified,
        "first_name": account.first_name.as_deref().unwrap_or_default(),
        "last_name": account.last_name.as_deref().unwrap_or_default(),
        "image_url": "",
        "username": null,
        "phone_number": null,
        "public_metadata": {},
        "label": null,
        "created_at": account.created_at.as_millis(),
        "updated_at": account.updated_at.as_millis(),
        "verification": {
            "object": "verification_oauth",
            "status": "verified",
            "strategy": PROVIDER_STRATEGY,
            "attempts": null,
            "expire_at": account.created_at.as_millis(),
        },
    })
}

/// An address by itself.
pub(super) fn address_view(db: Db<'_>, address: &EmailAddress) -> Result<Value, StoreError> {
    let accounts = external_accounts::of_user(db, &address.user_id)?;
    Ok(email_address(address, &accounts))
}

fn email_address(address: &EmailAddress, accounts: &[ExternalAccount]) -> Value {
    let linked_to: Vec<Value> = accounts
        .iter()
        .filter(|account| normalize(&account.email_address) == normalize(&address.address))
        .map(|account| json!({ "type": PROVIDER_STRATEGY, "id": account.identification_id }))
        .collect();
    // Clerk's `verification_admin` is always verified; an address that an application leaves unverified has none.
    let is_open = |strategy: &Strategy| address.verified_at.is_none() && matches!(strategy, Strategy::Admin);
    let verification = address.strategy.filter(|strategy| !is_open(strategy)).map(|strategy| {
        json!({
            "object": match strategy {
                Strategy::EmailCode | Strategy::ResetPasswordEmailCode => "verification_otp",
                Strategy::Admin => "verification_admin",
                Strategy::Ticket => "verification_ticket",
                Strategy::Provider => "verification_from_oauth",
            },
            "status": if address.verified_at.is_some() { "verified" } else { "unverified" },
            "strategy": strategy.as_str(),
            "attempts": null,
            "expire_at": null,
        })
    });
    json!({
        "id": address.id,
        "object": "email_address",
        "email_address": address.address,
        "reserved": false,
        "verification": verification,
        "linked_to": linked_to,
        "matches_sso_connection": false,
        "created_at": address.created_at.as_millis(),
        "updated_at": address.updated_at.as_millis(),
    })
}
