//! Six-digit codes by email: sending a code, and checking an entered one.

use portal_sdk::clock::UnixTime;

use super::lockout::Tries;
use super::{Field, Flow, FlowError, FlowFailure, Outcome};
use crate::clock::Millis as _;
use crate::secrets::random_code;
use crate::store::outbox::{Content, NewMail};
use crate::store::verifications::{self, NewVerification};
use crate::store::{MailKind, Strategy, Subject, VerificationStatus};

const LIFETIME_MILLIS: i64 = 10 * 60 * 1_000;
const RESEND_AFTER_MILLIS: i64 = 30 * 1_000;
/// The number of wrong codes in a row that invalidates a code.
pub(super) const MOST_WRONG: u32 = 5;
const TEST_CODE: &str = "424242";

/// Returns `true` if the local part has the subaddress `clerk_test`.
///
/// In test mode, codes for such an address are always [`TEST_CODE`] and no mail is sent.
pub(crate) fn is_test_address(address: &str) -> bool {
    address
        .rsplit_once('@')
        .is_some_and(|(local, _)| local.to_ascii_lowercase().contains("+clerk_test"))
}

/// The code to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeRequest {
    /// The first one. Nothing is sent if one was sent before, even if that one has expired or failed.
    First,
    /// Another one, at the user's request.
    Another,
}

/// Sends a code to `address`, unless the last one was sent moments ago.
pub(super) fn send(
    flow: &Flow<'_>,
    subject: Subject<'_>,
    strategy: Strategy,
    address: &str,
    request: CodeRequest,
) -> Outcome<()> {
    let last = verifications::latest(flow.db, subject, strategy)?;
    if last.is_some() && request == CodeRequest::First {
        return Ok(());
    }
    pause(last.map(|last| last.created_at), flow.now)?;
    may_send(flow, address, strategy)?;
    let is_test = is_tested(flow, address);
    let code = if is_test { TEST_CODE.to_owned() } else { random_code() };
    let new = NewVerification {
        subject,
        strategy,
        code: &code,
        address,
        expire_at: flow.now.plus_millis(LIFETIME_MILLIS),
    };
    verifications::open(flow.db, new)?;
    if !is_test {
        let name = &flow.application.name;
        flow.send_mail(NewMail {
            to: address,
            kind: MailKind::VerificationCode,
            subject: format!("{code} is your {name} verification code"),
            body: format!("Enter {code} to continue to {name}. The code expires in ten minutes."),
            content: Content::Code(&code),
        })?;
        // `debug`: every visitor can cause one.
        tracing::debug!("a verification code is in the outbox; read it at /__local/outbox");
    }
    Ok(())
}

/// Refuses if any attempt sent a code to `address` a moment ago.
///
/// Every new code is a new chance to guess. Test addresses are exempt because their code is known.
pub(super) fn may_send(flow: &Flow<'_>, address: &str, strategy: Strategy) -> Outcome<()> {
    if is_tested(flow, address) {
        return Ok(());
    }
    Ok(pause(verifications::last_sent(flow.db, address, strategy)?, flow.now)?)
}

fn pause(last: Option<UnixTime>, now: UnixTime) -> Result<(), FlowError> {
    let wait = last.map_or(0, |last| RESEND_AFTER_MILLIS - now.millis_since(last));
    // A longer wait means that the clock was set back.
    match (1..=RESEND_AFTER_MILLIS).contains(&wait) {
        true => Err(FlowError::TooManyRequests {
            retry_after_secs: (wait + 999) / 1_000,
        }),
        false => Ok(()),
    }
}

/// Returns `true` if test mode applies to `address`: its codes are known, and it gets no mail.
pub(super) fn is_tested(flow: &Flow<'_>, address: &str) -> bool {
    flow.settings.test_mode && is_test_address(address)
}

/// Returns the six digits of an entered code, without spaces and hyphens.
pub(super) fn plain_code(entered: &str) -> Result<String, FlowError> {
    let code: String = entered.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if code.is_empty() {
        return Err(FlowError::Missing { field: Field::Code });
    }
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(FlowError::CodeMalformed);
    }
    Ok(code)
}

/// Checks an entered code against the latest code of `subject`.
///
/// A wrong code counts as a try of the account or the address. After too many tries, even the right code is refused.
pub(super) fn check(
    flow: &Flow<'_>,
    subject: Subject<'_>,
    strategy: Strategy,
    tries: Tries<'_>,
    entered: &str,
) -> Outcome<()> {
    tries.refuse_locked(flow)?;
    let code = plain_code(entered)?;
    let verification = verifications::latest(flow.db, subject, strategy)?.ok_or(FlowError::CodeExpired)?;
    match verification.status {
        VerificationStatus::Unverified if verification.expire_at <= flow.now => {
            let (id, attempts) = (&verification.id, verification.attempts);
            verifications::record(flow.db, id, attempts, VerificationStatus::Expired)?;
            return Err(FlowFailure::RefusedAndRecorded(FlowError::CodeExpired));
        }
        VerificationStatus::Unverified => {}
        VerificationStatus::Failed => return Err(FlowError::CodeUsedUp.into()),
        // A code is valid once.
        VerificationStatus::Verified | VerificationStatus::Expired => return Err(FlowError::CodeExpired.into()),
    }
    let attempts = verification.attempts + 1;
    if verification.accepts(&code) {
        verifications::record(flow.db, &verification.id, attempts, VerificationStatus::Verified)?;
        return Ok(tries.forget(flow)?);
    }
    let tries_left = MOST_WRONG.saturating_sub(attempts);
    let (status, error) = match tries_left {
        0 => (VerificationStatus::Failed, FlowError::CodeUsedUp),
        _ => (VerificationStatus::Unverified, FlowError::CodeIncorrect { tries_left }),
    };
    verifications::record(flow.db, &verification.id, attempts, status)?;
    tries.count_wrong(flow)?;
    Err(FlowFailure::RefusedAndRecorded(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_address_is_recognized_by_its_subaddress() {
        for (address, expected) in [
            ("jane+clerk_test@example.com", true),
            ("jane+clerk_test1@example.com", true),
            ("Jane+Clerk_Test@example.com", true),
            ("jane@clerk_test.example.com", false),
            ("jane@example.com", false),
            ("jane", false),
        ] {
            assert_eq!(is_test_address(address), expected, "{address}");
        }
    }
}
