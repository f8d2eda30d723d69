//! Six-digit codes by email: sending a code, and checking an entered one.

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::lockout::Tries;
use super::{Field, FlowError, Outcome};
use crate::clock::Millis as _;
use crate::secrets::random_code;
use crate::store::{MailKind, StoreError, Strategy, Subject, VerificationStatus};
use crate::store::{outbox, settings, verifications};

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

/// The recipient of a code and the application that sends it.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) to: String,
    pub(crate) application_name: String,
}

/// Sends a code, unless the last one was sent moments ago.
pub(super) fn send(
    connection: &Connection,
    subject: Subject<'_>,
    strategy: Strategy,
    delivery: &Delivery,
    now: UnixTime,
) -> Outcome<()> {
    let last = verifications::latest(connection, subject, strategy)?;
    if let Err(error) = pause(last.map(|last| last.created_at), now) {
        return Ok(Err(error));
    }
    if let Err(error) = may_send(connection, &delivery.to, strategy, now)? {
        return Ok(Err(error));
    }
    let is_test = is_tested(connection, &delivery.to)?;
    let code = if is_test { TEST_CODE.to_owned() } else { random_code() };
    let expire_at = now.plus_millis(LIFETIME_MILLIS);
    verifications::open(connection, subject, strategy, &code, &delivery.to, now, expire_at)?;
    if !is_test {
        let name = &delivery.application_name;
        outbox::insert(
            connection,
            &delivery.to,
            MailKind::VerificationCode,
            &format!("{code} is your {name} code"),
            &format!("Enter {code} to continue to {name}. The code is good for ten minutes."),
            outbox::Content::Code(&code),
            now,
        )?;
        // `debug`: every visitor can cause one.
        tracing::debug!("a code was put into the outbox instead of being mailed; read it at /__local/outbox");
    }
    Ok(Ok(()))
}

/// Refuses if any attempt sent a code to `address` a moment ago.
///
/// Every new code is a new chance to guess. Test addresses are exempt because their code is known.
pub(super) fn may_send(connection: &Connection, address: &str, strategy: Strategy, now: UnixTime) -> Outcome<()> {
    if is_tested(connection, address)? {
        return Ok(Ok(()));
    }
    Ok(pause(verifications::last_sent(connection, address, strategy)?, now))
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

fn is_tested(connection: &Connection, address: &str) -> Result<bool, StoreError> {
    Ok(settings::read(connection)?.test_mode && is_test_address(address))
}

/// Sends the first code of `subject`.
///
/// Does nothing if one was sent before, even if that one has expired or failed.
pub(super) fn send_first(
    connection: &Connection,
    subject: Subject<'_>,
    strategy: Strategy,
    delivery: &Delivery,
    now: UnixTime,
) -> Outcome<()> {
    if verifications::latest(connection, subject, strategy)?.is_some() {
        return Ok(Ok(()));
    }
    send(connection, subject, strategy, delivery, now)
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
    connection: &Connection,
    subject: Subject<'_>,
    strategy: Strategy,
    tries: Tries<'_>,
    entered: &str,
    now: UnixTime,
) -> Outcome<()> {
    if let Err(error) = tries.refuse_locked(connection, now)? {
        return Ok(Err(error));
    }
    let code = match plain_code(entered) {
        Ok(code) => code,
        Err(error) => return Ok(Err(error)),
    };
    let Some(verification) = verifications::latest(connection, subject, strategy)? else {
        return Ok(Err(FlowError::CodeExpired));
    };
    match verification.status {
        VerificationStatus::Unverified if verification.expire_at <= now => {
            let (id, attempts) = (&verification.id, verification.attempts);
            verifications::record(connection, id, attempts, VerificationStatus::Expired)?;
            return Ok(Err(FlowError::CodeExpired));
        }
        VerificationStatus::Unverified => {}
        VerificationStatus::Failed => return Ok(Err(FlowError::CodeUsedUp)),
        // A code is valid once.
        VerificationStatus::Verified | VerificationStatus::Expired => return Ok(Err(FlowError::CodeExpired)),
    }
    let attempts = verification.attempts + 1;
    let (status, outcome) = if verification.accepts(&code) {
        (VerificationStatus::Verified, Ok(()))
    } else if attempts >= MOST_WRONG {
        (VerificationStatus::Failed, Err(FlowError::CodeUsedUp))
    } else {
        let tries_left = MOST_WRONG - attempts;
        (
            VerificationStatus::Unverified,
            Err(FlowError::CodeIncorrect { tries_left }),
        )
    };
    verifications::record(connection, &verification.id, attempts, status)?;
    if outcome.is_ok() {
        tries.forget(connection)?;
        return Ok(outcome);
    }
    let locked = tries.count_wrong(connection, now)?;
    Ok(locked.map_or(outcome, Err))
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
