//! Signing in: who, then a password or a code.

use portal_sdk::clock::UnixTime;

use super::lockout::{self, Tries};
use super::restriction::{Use, check_address};
use super::{
    BrowserFlow, BrowserFlows, CodeRequest, Field, Flow, FlowError, FlowFailure, Outcome, check_email_address, code,
};
use crate::clock::Millis as _;
use crate::password;
use crate::store::{
    AttemptStatus, Result, Session, SignIn, Strategy, Subject, User, clients, email_addresses, sign_ins, users,
    verifications,
};

pub(super) const ATTEMPT_LIFETIME_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// An attempt that is not finished, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct PendingSignIn {
    pub(crate) sign_in: SignIn,
    pub(crate) user: User,
}

/// The next step after a proven first factor.
#[derive(Clone, Debug)]
pub(crate) enum SignInStep {
    Complete(Box<Session>),
    /// The account has a second factor.
    SecondFactor,
}

impl BrowserFlow<'_> {
    /// Starts an attempt for the account that `identifier` names.
    pub(crate) fn start_sign_in(&self, identifier: &str) -> Outcome<SignIn> {
        let identifier = check_email_address(identifier, Field::Identifier)?;
        let address = email_addresses::find_verified(self.db, &identifier)?.ok_or(FlowError::IdentifierNotFound)?;
        if users::find(self.db, &address.user_id)?.is_some_and(|user| user.banned) {
            return Err(FlowError::Banned.into());
        }
        check_address(self, &identifier, Use::SignIn)?;
        let client = self.client()?;
        let previous = sign_ins::current(self.db, &client)?;
        let abandon_at = self.now.plus_millis(ATTEMPT_LIFETIME_MILLIS);
        let sign_in = sign_ins::insert(self.db, &client, &identifier, &address.user_id, abandon_at)?;
        // A restart in the same browser sends no other code, because the last one stays valid.
        let normalize = email_addresses::normalize;
        if let Some(previous) = previous.filter(|one| normalize(&one.identifier) == normalize(&identifier)) {
            let (from, to) = (Subject::SignIn(&previous.id), Subject::SignIn(&sign_in.id));
            verifications::carry_over(self.db, from, to)?;
        }
        Ok(sign_in)
    }

    /// The browser's attempt, if it has one that waits for its first factor.
    pub(crate) fn pending_sign_in(&self) -> Result<Option<PendingSignIn>> {
        let found = find_attempt(self)?;
        Ok(found.filter(|pending| pending.sign_in.status == AttemptStatus::NeedsFirstFactor))
    }

    /// Checks a code; the right one signs in, or leads to the second factor.
    pub(crate) fn attempt_sign_in_code(&self, entered: &str) -> Outcome<SignInStep> {
        let pending = self.pending_sign_in()?.ok_or(FlowError::AttemptLost)?;
        let subject = Subject::SignIn(&pending.sign_in.id);
        let tries = Tries::Account(&pending.user.id);
        code::check(self, subject, Strategy::EmailCode, tries, entered)?;
        Ok(first_factor_proven(self, &pending)?)
    }
}

/// The browser's attempt, wherever it stands, unless it was given up.
pub(super) fn find_attempt(flow: &BrowserFlow<'_>) -> Result<Option<PendingSignIn>> {
    let Some(client) = clients::find_of_dev_browser(flow.db, flow.browser)? else {
        return Ok(None);
    };
    let current = sign_ins::current(flow.db, &client)?;
    let Some(sign_in) = current.filter(|attempt| attempt.abandon_at > flow.now) else {
        return Ok(None);
    };
    let Some(user_id) = &sign_in.user_id else {
        return Ok(None);
    };
    Ok(users::find(flow.db, user_id)?.map(|user| PendingSignIn { sign_in, user }))
}

impl BrowserFlows {
    /// Checks a password; the right one signs in, or leads to the second factor.
    pub(crate) async fn attempt_password(&self, password: String) -> Outcome<SignInStep> {
        if password.is_empty() {
            return Err(FlowError::Missing { field: Field::Password }.into());
        }
        let begun = self.run(|flow| {
            let pending = flow.pending_sign_in()?.ok_or(FlowError::AttemptLost)?;
            let hash = pending.user.password_hash.clone().ok_or(FlowError::NoPassword)?;
            lockout::begin_password(flow, &pending.user)?;
            Ok::<_, FlowFailure>((pending, hash))
        });
        let (pending, hash) = begun.await?;
        let is_correct = self.blocking(move || password::verify(&password, &hash)).await?;
        self.run(move |flow| conclude_password(flow, &pending, is_correct))
            .await
    }
}

/// Acts on a password that was compared with what `checked` held. Time has passed since: the browser may be in another
/// attempt, for another account; the password may be another; parallel guesses may have locked the account. None of
/// these may profit from the comparison.
fn conclude_password(flow: &BrowserFlow<'_>, checked: &PendingSignIn, is_correct: bool) -> Outcome<SignInStep> {
    let pending = flow.pending_sign_in()?.ok_or(FlowError::AttemptLost)?;
    if pending.sign_in.id != checked.sign_in.id || pending.user.password_hash != checked.user.password_hash {
        return Err(FlowError::AttemptLost.into());
    }
    if !is_correct {
        return Err(lockout::failed(flow, &pending.user)?);
    }
    lockout::passed(flow, &pending.user)?;
    if pending.user.password_compromised {
        // Recorded: the password was right, so the wrong ones before it no longer count.
        return Err(FlowFailure::RefusedAndRecorded(FlowError::PasswordCompromised));
    }
    Ok(first_factor_proven(flow, &pending)?)
}

/// Refuses a locked or banned account, even with proven factors, because an administrator may have barred it since the
/// attempt began.
pub(super) fn refuse_barred(user: &User, now: UnixTime) -> Result<(), FlowError> {
    if user.banned {
        return Err(FlowError::Banned);
    }
    match user.locked_for_millis(now) {
        Some(millis) => Err(FlowError::Locked {
            retry_after_secs: (millis + 999) / 1_000,
        }),
        None => Ok(()),
    }
}

impl Flow<'_> {
    /// Sends a code to the address that was entered: the first one, or another on request.
    pub(crate) fn send_sign_in_code(&self, pending: &PendingSignIn, request: CodeRequest) -> Outcome<()> {
        let subject = Subject::SignIn(&pending.sign_in.id);
        let strategy = Strategy::EmailCode;
        code::send(self, subject, strategy, &pending.sign_in.identifier, request)
    }
}

/// Signs in, unless the account has a second factor.
pub(super) fn first_factor_proven(flow: &BrowserFlow<'_>, pending: &PendingSignIn) -> Result<SignInStep> {
    if flow.has_totp(&pending.user.id)? {
        sign_ins::await_second_factor(flow.db, &pending.sign_in.id)?;
        return Ok(SignInStep::SecondFactor);
    }
    let session = flow.sign_in(&pending.user.id)?;
    sign_ins::complete(flow.db, &pending.sign_in.id, &session.id)?;
    Ok(SignInStep::Complete(Box::new(session)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use portal_sdk::clock::Clock;

    use super::super::{Application, Flows, MOST_WRONG_PASSWORDS};
    use super::*;
    use crate::clock::SkewedClock;
    use crate::mint::Mint;
    use crate::redirect::{Loopback, RedirectPolicy};
    use crate::store::StoreError;
    use crate::store::{Db, Location, NewUser, Settings, Store, dev_browsers};

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    #[derive(Debug)]
    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> UnixTime {
            NOW
        }
    }

    /// The flows of a new browser.
    async fn flows() -> BrowserFlows {
        let (store, instance) = Store::open(&Location::Memory, NOW).unwrap();
        let create = |db: Db<'_>| dev_browsers::insert(db, "dvb_1".into(), "token");
        let browser = store.transaction(NOW, create).await.unwrap();
        let origin = "http://127.0.0.1:8787".to_owned();
        let application = Application {
            name: "Acme".to_owned(),
            mint: Mint::new(&instance.signing_key, instance.key_id, origin.clone(), 60).unwrap(),
            instance_id: instance.id,
            redirects: RedirectPolicy::new(&origin, &[], Loopback::Allowed).unwrap(),
            origin,
        };
        let clock = Arc::new(SkewedClock::new(Arc::new(Stopped)));
        Flows::new(store, clock, Arc::new(application)).of_browser(&browser, &Arc::new(Settings::default()))
    }

    fn account(flow: &Flow<'_>, address: &str) {
        let new = NewUser {
            id: None,
            email_address: address.to_owned(),
            strategy: Strategy::EmailCode,
            password_hash: Some(format!("hash of {address}")),
            first_name: None,
            last_name: None,
        };
        users::insert(flow.db, &new).unwrap();
    }

    fn start(flow: &BrowserFlow<'_>, address: &str) -> PendingSignIn {
        flow.start_sign_in(address).unwrap();
        flow.pending_sign_in().unwrap().unwrap()
    }

    fn begin(flow: &Flow<'_>, pending: &PendingSignIn) -> Outcome<()> {
        let user = users::find(flow.db, &pending.user.id)?.unwrap();
        lockout::begin_password(flow, &user)
    }

    fn refusal(outcome: Outcome<SignInStep>) -> FlowError {
        outcome.unwrap_err().refusal().unwrap()
    }

    #[tokio::test]
    async fn compared_password_of_another_attempt_is_refused() {
        let work = |flow: &BrowserFlow<'_>| {
            account(flow, "eve@example.com");
            account(flow, "ada@example.com");
            let eves = start(flow, "eve@example.com");
            start(flow, "ada@example.com");
            let outcome = conclude_password(flow, &eves, true);
            assert_eq!(refusal(outcome), FlowError::AttemptLost);
            Ok::<_, StoreError>(())
        };
        flows().await.run(work).await.unwrap();
    }

    #[tokio::test]
    async fn right_password_of_a_meanwhile_locked_account_is_refused() {
        let work = |flow: &BrowserFlow<'_>| {
            account(flow, "ada@example.com");
            let pending = start(flow, "ada@example.com");
            for _ in 0..MOST_WRONG_PASSWORDS {
                begin(flow, &pending).unwrap();
                conclude_password(flow, &pending, false).unwrap_err();
            }
            let outcome = conclude_password(flow, &pending, true);
            assert!(matches!(refusal(outcome), FlowError::Locked { .. }));
            Ok::<_, StoreError>(())
        };
        flows().await.run(work).await.unwrap();
    }

    #[tokio::test]
    async fn concurrent_password_tries_count_each_other() {
        let work = |flow: &BrowserFlow<'_>| {
            account(flow, "ada@example.com");
            let pending = start(flow, "ada@example.com");
            let compared = (0..60).filter(|_| begin(flow, &pending).is_ok()).count();
            assert_eq!(compared, MOST_WRONG_PASSWORDS as usize);
            let outcome = conclude_password(flow, &pending, true);
            assert!(
                matches!(refusal(outcome), FlowError::Locked { .. }),
                "the right one comes too late"
            );
            Ok::<_, StoreError>(())
        };
        flows().await.run(work).await.unwrap();
    }

    #[tokio::test]
    async fn recorded_refusal_is_committed_and_another_is_rolled_back() {
        let flows = flows().await;
        for (address, is_recorded) in [("kept@example.com", true), ("undone@example.com", false)] {
            let failure = FlowFailure::from(FlowError::AttemptLost);
            let refused: Outcome<()> = flows
                .run(move |flow| {
                    account(flow, address);
                    Err(if is_recorded { failure.recorded() } else { failure })
                })
                .await;
            assert_eq!(refused.unwrap_err().refusal().unwrap(), FlowError::AttemptLost);
            let found = flows.run(move |flow| email_addresses::find_verified(flow.db, address));
            assert_eq!(found.await.unwrap().is_some(), is_recorded, "{address}");
        }
    }
}
