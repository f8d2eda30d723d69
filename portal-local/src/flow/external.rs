//! Sign-in with an outside provider: the redirect with a state, the return with a code, and the next step.
//!
//! This portal plays the only provider itself. It replaces all of Clerk's providers.

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::restriction::{Use, check_address};
use super::sign_in::{ATTEMPT_LIFETIME_MILLIS, PendingSignIn, first_factor_proven, refuse_barred};
use super::sign_up::finish_proven;
use super::{FlowError, Names, Outcome, SignInStep, SignUpStep, may_sign_up, send_sign_up_code};
use crate::clock::Millis as _;
use crate::secrets::random_token;
use crate::store::{
    AttemptStatus, DevBrowser, ExternalProfile, OauthAttempt, Purpose, Session, SignUp, StoreError, User,
};
use crate::store::{clients, email_addresses, external_accounts, oauth_attempts, settings, sign_ins, sign_ups, users};

/// The provider's name.
pub(crate) const PROVIDER_NAME: &str = "Example ID";
/// Clerk's name for a strategy with a custom provider.
pub(crate) const PROVIDER_STRATEGY: &str = "oauth_custom_example";
/// The time limit for the round trip to the provider.
const AWAY_MILLIS: i64 = 10 * 60 * 1_000;

/// Starts a round trip to the provider. Returns the `state` of its callback.
pub(crate) fn leave_for_provider(
    connection: &Connection,
    dev_browser: &DevBrowser,
    purpose: Purpose,
    user_id: Option<&str>,
    query: &str,
    now: UnixTime,
) -> Result<String, StoreError> {
    let state = random_token();
    let expire_at = now.plus_millis(AWAY_MILLIS);
    oauth_attempts::insert(
        connection,
        &state,
        &dev_browser.id,
        (purpose, user_id, query),
        expire_at,
    )?;
    Ok(state)
}

/// Stores `profile` on the provider's side and returns the code that redeems it.
///
/// Returns `None` if no attempt waits for it.
pub(crate) fn allow_provider(
    connection: &Connection,
    state: &str,
    profile: &ExternalProfile,
    now: UnixTime,
) -> Result<Option<String>, StoreError> {
    let code = random_token();
    Ok(oauth_attempts::allow(connection, state, &code, profile, now)?.then_some(code))
}

/// The next step after the provider.
#[derive(Debug)]
pub(crate) enum ExternalStep {
    SignedIn(Box<Session>),
    SignedUp(Box<Session>),
    /// The account wants a second factor too.
    SecondFactor,
    /// The provider has not proven the address, so a code must.
    VerifyEmailAddress,
    /// Something that an account needs is missing.
    Continue,
    Connected,
}

/// Continues the attempt after the provider's callback with `code`.
pub(crate) fn return_from_provider(
    connection: &Connection,
    dev_browser: &DevBrowser,
    attempt: &OauthAttempt,
    code: &str,
    application_name: &str,
    now: UnixTime,
) -> Outcome<ExternalStep> {
    let Some(profile) = attempt.profile_for(code)? else {
        return Ok(Err(FlowError::ExternalLost));
    };
    let known = external_accounts::find_by_provider_user(connection, &profile.provider_user_id)?;
    if let Some(user_id) = &attempt.user_id {
        if users::find(connection, user_id)?.is_none() {
            return Ok(Err(FlowError::ExternalLost));
        }
        return match known {
            Some(account) if account.user_id != *user_id => Ok(Err(FlowError::ExternalTaken)),
            Some(account) => {
                external_accounts::update(connection, &account.id, &profile, now)?;
                Ok(Ok(ExternalStep::Connected))
            }
            None => {
                external_accounts::insert(connection, user_id, &profile, now)?;
                Ok(Ok(ExternalStep::Connected))
            }
        };
    }
    if let Some(account) = known {
        external_accounts::update(connection, &account.id, &profile, now)?;
        return sign_in_as(connection, dev_browser, &account.user_id, &profile, now);
    }
    match email_addresses::find_verified(connection, &profile.email_address)? {
        // Proven on both sides: it is the same person.
        Some(address) if profile.email_address_verified => {
            let signed_in = sign_in_as(connection, dev_browser, &address.user_id, &profile, now)?;
            if signed_in.is_ok() {
                external_accounts::insert(connection, &address.user_id, &profile, now)?;
            }
            Ok(signed_in)
        }
        // Refuse an unverified address: it would let an attacker take the account over.
        Some(_) => Ok(Err(FlowError::ExternalUnverified)),
        None => sign_up(connection, dev_browser, profile, application_name, now),
    }
}

fn sign_in_as(
    connection: &Connection,
    dev_browser: &DevBrowser,
    user_id: &str,
    profile: &ExternalProfile,
    now: UnixTime,
) -> Outcome<ExternalStep> {
    let Some(user) = users::find(connection, user_id)? else {
        return Ok(Err(FlowError::ExternalLost));
    };
    if let Err(error) = refuse_barred(&user, now) {
        return Ok(Err(error));
    }
    if let Err(error) = check_address(connection, &profile.email_address, Use::SignIn)? {
        return Ok(Err(error));
    }
    let pending = begin_attempt(connection, dev_browser, user, profile, now)?;
    Ok(Ok(match first_factor_proven(connection, dev_browser, &pending, now)? {
        SignInStep::Complete(session) => ExternalStep::SignedIn(session),
        SignInStep::SecondFactor => ExternalStep::SecondFactor,
    }))
}

fn begin_attempt(
    connection: &Connection,
    dev_browser: &DevBrowser,
    user: User,
    profile: &ExternalProfile,
    now: UnixTime,
) -> Result<PendingSignIn, StoreError> {
    let client = clients::of_dev_browser(connection, dev_browser, now)?;
    let abandon_at = now.plus_millis(ATTEMPT_LIFETIME_MILLIS);
    let identifier = &profile.email_address;
    let sign_in = sign_ins::insert(connection, &client, identifier, &user.id, now, abandon_at)?;
    Ok(PendingSignIn { sign_in, user })
}

fn sign_up(
    connection: &Connection,
    dev_browser: &DevBrowser,
    profile: ExternalProfile,
    application_name: &str,
    now: UnixTime,
) -> Outcome<ExternalStep> {
    if let Err(error) = may_sign_up(&settings::read(connection)?) {
        return Ok(Err(error));
    }
    if let Err(error) = check_address(connection, &profile.email_address, Use::SignUp)? {
        return Ok(Err(error));
    }
    let names = Names::parse(
        profile.first_name.as_deref().unwrap_or_default(),
        profile.last_name.as_deref().unwrap_or_default(),
    )
    .unwrap_or_default();
    let client = clients::of_dev_browser(connection, dev_browser, now)?;
    let is_proven = profile.email_address_verified;
    let sign_up = SignUp {
        id: sign_ups::new_id(now),
        email_address: profile.email_address.clone(),
        password_hash: None,
        first_name: names.first,
        last_name: names.last,
        external_profile: Some(profile),
        status: AttemptStatus::MissingRequirements,
        email_verified_at: None,
        abandon_at: now.plus_millis(ATTEMPT_LIFETIME_MILLIS),
    };
    sign_ups::insert(connection, &client, &sign_up, now)?;
    if !is_proven {
        let sent = send_sign_up_code(connection, &sign_up, application_name, now)?;
        return Ok(sent.map(|()| ExternalStep::VerifyEmailAddress));
    }
    Ok(
        finish_proven(connection, dev_browser, sign_up, now)?.map(|step| match step {
            SignUpStep::Done(session) => ExternalStep::SignedUp(session),
            SignUpStep::Continue => ExternalStep::Continue,
        }),
    )
}
