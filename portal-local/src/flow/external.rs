//! Sign-in with an outside provider: the redirect with a state, the return with a code, and the next step.
//!
//! This portal plays the only provider itself. It replaces all of Clerk's providers.

use super::restriction::{Use, check_address};
use super::sign_in::{ATTEMPT_LIFETIME_MILLIS, PendingSignIn, first_factor_proven, refuse_barred};
use super::sign_up::finish_proven;
use super::{BrowserFlow, Flow, FlowError, FlowFailure, Names, Outcome, SignInStep, SignUpStep, may_sign_up};
use crate::clock::Millis as _;
use crate::ids;
use crate::secrets::random_token;
use crate::store::{
    AttemptStatus, ExternalProfile, OauthAttempt, Purpose, Result, Session, SignUp, User, email_addresses,
    external_accounts, oauth_attempts, sign_ins, sign_ups, users,
};

/// The provider's name.
pub(crate) const PROVIDER_NAME: &str = "Example ID";
/// Clerk's name for a strategy with a custom provider.
pub(crate) const PROVIDER_STRATEGY: &str = "oauth_custom_example";
/// The time limit for the round trip to the provider.
const AWAY_MILLIS: i64 = 10 * 60 * 1_000;

impl BrowserFlow<'_> {
    /// Starts a round trip to the provider. Returns the `state` of its callback.
    pub(crate) fn leave_for_provider(&self, purpose: Purpose, user_id: Option<&str>, query: &str) -> Result<String> {
        let state = random_token();
        let expire_at = self.now.plus_millis(AWAY_MILLIS);
        let attempt = OauthAttempt::new(purpose, user_id, query);
        oauth_attempts::insert(self.db, &attempt, &state, &self.browser.id, expire_at)?;
        Ok(state)
    }

    /// Takes the attempt that the provider's callback with `state` belongs to. Each callback works once.
    pub(crate) fn take_provider_attempt(&self, state: &str) -> Result<Option<OauthAttempt>> {
        let taken = oauth_attempts::take(self.db, state, &self.browser.id)?;
        Ok(taken)
    }

    /// Continues the attempt after the provider's callback with `code`.
    pub(crate) fn return_from_provider(&self, attempt: &OauthAttempt, code: &str) -> Outcome<ExternalStep> {
        let profile = attempt.profile_for(code).ok_or(FlowError::ExternalLost)?;
        let known = external_accounts::find_by_provider_user(self.db, &profile.provider_user_id)?;
        if let Some(user_id) = &attempt.user_id {
            if users::find(self.db, user_id)?.is_none() {
                return Err(FlowError::ExternalLost.into());
            }
            return match known {
                Some(account) if account.user_id != *user_id => Err(FlowError::ExternalTaken.into()),
                Some(account) => {
                    external_accounts::update(self.db, &account.id, &profile)?;
                    Ok(ExternalStep::Connected)
                }
                None => {
                    external_accounts::insert(self.db, user_id, &profile)?;
                    Ok(ExternalStep::Connected)
                }
            };
        }
        if let Some(account) = known {
            external_accounts::update(self.db, &account.id, &profile)?;
            return sign_in_as(self, &account.user_id, &profile);
        }
        match email_addresses::find_verified(self.db, &profile.email_address)? {
            // Proven on both sides: it is the same person.
            Some(address) if profile.email_address_verified => {
                let signed_in = sign_in_as(self, &address.user_id, &profile)?;
                external_accounts::insert(self.db, &address.user_id, &profile)?;
                Ok(signed_in)
            }
            // Refuse an unverified address: it would let an attacker take the account over.
            Some(_) => Err(FlowError::ExternalUnverified.into()),
            None => sign_up(self, profile),
        }
    }
}

impl Flow<'_> {
    /// Stores `profile` on the provider's side and returns the code that redeems it.
    ///
    /// Returns `None` if no attempt waits for it.
    pub(crate) fn allow_provider(&self, state: &str, profile: &ExternalProfile) -> Result<Option<String>> {
        let code = random_token();
        Ok(oauth_attempts::allow(self.db, state, &code, profile)?.then_some(code))
    }
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

fn sign_in_as(flow: &BrowserFlow<'_>, user_id: &str, profile: &ExternalProfile) -> Outcome<ExternalStep> {
    let user = users::find(flow.db, user_id)?.ok_or(FlowError::ExternalLost)?;
    refuse_barred(&user, flow.now)?;
    check_address(flow, &profile.email_address, Use::SignIn)?;
    let pending = begin_attempt(flow, user, profile)?;
    Ok(match first_factor_proven(flow, &pending)? {
        SignInStep::Complete(session) => ExternalStep::SignedIn(session),
        SignInStep::SecondFactor => ExternalStep::SecondFactor,
    })
}

fn begin_attempt(flow: &BrowserFlow<'_>, user: User, profile: &ExternalProfile) -> Result<PendingSignIn> {
    let client = flow.client()?;
    let abandon_at = flow.now.plus_millis(ATTEMPT_LIFETIME_MILLIS);
    let identifier = &profile.email_address;
    let sign_in = sign_ins::insert(flow.db, &client, identifier, &user.id, abandon_at)?;
    Ok(PendingSignIn { sign_in, user })
}

fn sign_up(flow: &BrowserFlow<'_>, profile: ExternalProfile) -> Outcome<ExternalStep> {
    may_sign_up(flow.settings)?;
    check_address(flow, &profile.email_address, Use::SignUp)?;
    let names = Names::parse(
        profile.first_name.as_deref().unwrap_or_default(),
        profile.last_name.as_deref().unwrap_or_default(),
    )
    .unwrap_or_default();
    let client = flow.client()?;
    let is_proven = profile.email_address_verified;
    let sign_up = SignUp {
        id: ids::new_id(ids::SIGN_UP, flow.now),
        email_address: profile.email_address.clone(),
        password_hash: None,
        first_name: names.first,
        last_name: names.last,
        external_profile: Some(profile),
        status: AttemptStatus::MissingRequirements,
        email_verified_at: None,
        abandon_at: flow.now.plus_millis(ATTEMPT_LIFETIME_MILLIS),
    };
    sign_ups::insert(flow.db, &client, &sign_up)?;
    if !is_proven {
        // If no code may be sent now, the attempt is kept: the user asks for the code later.
        flow.send_sign_up_code(&sign_up).map_err(FlowFailure::recorded)?;
        return Ok(ExternalStep::VerifyEmailAddress);
    }
    Ok(match finish_proven(flow, sign_up)? {
        SignUpStep::Done(session) => ExternalStep::SignedUp(session),
        SignUpStep::Continue => ExternalStep::Continue,
    })
}
