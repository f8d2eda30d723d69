//! Sent codes and their outcomes.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::email_addresses::normalize;
use super::{Millis, words};
use crate::ids;
use crate::secrets::{SecretHash, hash_code};

/// The method of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// A code by mail.
    EmailCode,
    /// A code by mail that also allows a new password.
    ResetPasswordEmailCode,
    /// The link of an invitation, which came by mail.
    Ticket,
    /// The outside provider verified it.
    Provider,
    /// An administrator of the application set it.
    Admin,
}

words!(Strategy {
    EmailCode = "email_code",
    ResetPasswordEmailCode = "reset_password_email_code",
    Ticket = "ticket",
    Provider = "from_oauth_custom_example",
    Admin = "admin",
});

/// The subject of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject<'a> {
    SignIn(&'a str),
    SignUp(&'a str),
    /// An address that a user adds to their account.
    EmailAddress(&'a str),
    /// Re-verification of a signed-in user.
    Session(&'a str),
}

impl<'a> Subject<'a> {
    fn columns(self) -> (&'static str, &'a str) {
        match self {
            Self::SignIn(id) => ("sign_in", id),
            Self::SignUp(id) => ("sign_up", id),
            Self::EmailAddress(id) => ("email_address", id),
            Self::Session(id) => ("session", id),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VerificationStatus {
    /// Open: waits for its code.
    Unverified,
    Verified,
    /// Too many wrong codes.
    Failed,
    /// Too late, or another code was sent in its place.
    Expired,
}

words!(VerificationStatus {
    Unverified = "unverified",
    Verified = "verified",
    Failed = "failed",
    Expired = "expired",
});

#[derive(Clone, Debug)]
pub(crate) struct Verification {
    pub(crate) id: String,
    pub(crate) attempts: u32,
    pub(crate) status: VerificationStatus,
    pub(crate) expire_at: UnixTime,
    pub(crate) created_at: UnixTime,
    code_hash: SecretHash,
}

impl Verification {
    pub(crate) fn accepts(&self, code: &str) -> bool {
        hash_code(&self.id, code) == self.code_hash
    }
}

/// The latest verification of `subject`.
pub(crate) fn latest(
    connection: &Connection,
    subject: Subject<'_>,
    strategy: Strategy,
) -> rusqlite::Result<Option<Verification>> {
    let (subject_type, subject_id) = subject.columns();
    connection
        .prepare_cached(
            "SELECT id, attempts, status, expire_at, created_at, code_hash FROM verifications
             WHERE subject_type = ? AND subject_id = ? AND strategy = ? ORDER BY created_at DESC, rowid DESC LIMIT 1",
        )?
        .query_row(params![subject_type, subject_id, strategy], |row| {
            Ok(Verification {
                id: row.get(0)?,
                attempts: row.get(1)?,
                status: row.get(2)?,
                expire_at: row.get::<_, Millis>(3)?.0,
                created_at: row.get::<_, Millis>(4)?.0,
                code_hash: row.get(5)?,
            })
        })
        .optional()
}

/// Returns the time of the latest code to `address` that is not verified yet.
pub(crate) fn last_sent(
    connection: &Connection,
    address: &str,
    strategy: Strategy,
) -> rusqlite::Result<Option<UnixTime>> {
    connection
        .prepare_cached(
            "SELECT created_at FROM verifications WHERE address_norm = ? AND strategy = ? AND status != 'verified'
             ORDER BY created_at DESC LIMIT 1",
        )?
        .query_row(params![normalize(address), strategy], |row| {
            Ok(row.get::<_, Millis>(0)?.0)
        })
        .optional()
}

/// Moves the open codes of an attempt to the one that replaces it. Returns `true` if there were any.
pub(crate) fn carry_over(
    connection: &Connection,
    from: Subject<'_>,
    to: Subject<'_>,
    now: UnixTime,
) -> rusqlite::Result<bool> {
    let ((from_type, from_id), (to_type, to_id)) = (from.columns(), to.columns());
    let moved = connection.execute(
        "UPDATE verifications SET subject_type = ?, subject_id = ?
         WHERE subject_type = ? AND subject_id = ? AND status = 'unverified' AND expire_at > ?",
        params![to_type, to_id, from_type, from_id, Millis(now)],
    )?;
    Ok(moved > 0)
}

/// Opens a verification. It replaces an open one of the same subject, whose code becomes invalid.
pub(crate) fn open(
    connection: &Connection,
    subject: Subject<'_>,
    strategy: Strategy,
    code: &str,
    address: &str,
    now: UnixTime,
    expire_at: UnixTime,
) -> rusqlite::Result<()> {
    let (subject_type, subject_id) = subject.columns();
    connection.execute(
        "UPDATE verifications SET status = 'expired'
         WHERE subject_type = ? AND subject_id = ? AND strategy = ? AND status = 'unverified'",
        params![subject_type, subject_id, strategy],
    )?;
    let id = ids::new_id(ids::VERIFICATION, now);
    connection.execute(
        "INSERT INTO verifications (id, subject_type, subject_id, strategy, code_hash, status, expire_at, created_at,
                                    address_norm)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            id,
            subject_type,
            subject_id,
            strategy,
            hash_code(&id, code),
            VerificationStatus::Unverified,
            Millis(expire_at),
            Millis(now),
            normalize(address)
        ],
    )?;
    Ok(())
}

pub(crate) fn record(
    connection: &Connection,
    id: &str,
    attempts: u32,
    status: VerificationStatus,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE verifications SET attempts = ?, status = ? WHERE id = ?",
        params![attempts, status, id],
    )?;
    Ok(())
}
