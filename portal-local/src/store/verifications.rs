//! Sent codes and their outcomes.

use portal_sdk::clock::UnixTime;
use rusqlite::{ToSql, params};

use super::email_addresses::normalize;
use super::record::record;
use super::{Db, Millis, Result, words};
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

record! {
    #[derive(Clone, Debug)]
    pub(crate) struct Verification in "verifications" {
        pub(crate) id: String,
        pub(crate) attempts: u32,
        pub(crate) status: VerificationStatus,
        pub(crate) expire_at: UnixTime,
        pub(crate) created_at: UnixTime,
        code_hash: SecretHash,
    }
}

/// A code that is being sent.
#[derive(Clone, Copy)]
pub(crate) struct NewVerification<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) strategy: Strategy,
    pub(crate) code: &'a str,
    /// The recipient.
    pub(crate) address: &'a str,
    pub(crate) expire_at: UnixTime,
}

impl Verification {
    pub(crate) fn accepts(&self, code: &str) -> bool {
        hash_code(&self.id, code) == self.code_hash
    }
}

/// The latest verification of `subject`.
pub(crate) fn latest(db: Db<'_>, subject: Subject<'_>, strategy: Strategy) -> Result<Option<Verification>> {
    let (subject_type, subject_id) = subject.columns();
    db.find(
        "subject_type = ? AND subject_id = ? AND strategy = ? ORDER BY created_at DESC, rowid DESC LIMIT 1",
        params![subject_type, subject_id, strategy],
    )
}

/// Returns the time of the latest code to `address` that is not verified yet.
pub(crate) fn last_sent(db: Db<'_>, address: &str, strategy: Strategy) -> Result<Option<UnixTime>> {
    let found: Option<Verification> = db.find(
        "address_norm = ? AND strategy = ? AND status != 'verified' ORDER BY created_at DESC LIMIT 1",
        params![normalize(address), strategy],
    )?;
    Ok(found.map(|found| found.created_at))
}

/// Moves the open codes of an attempt to the one that replaces it. Returns `true` if there were any.
pub(crate) fn carry_over(db: Db<'_>, from: Subject<'_>, to: Subject<'_>) -> Result<bool> {
    let ((from_type, from_id), (to_type, to_id)) = (from.columns(), to.columns());
    db.changed(
        "UPDATE verifications SET subject_type = ?, subject_id = ?
         WHERE subject_type = ? AND subject_id = ? AND status = 'unverified' AND expire_at > ?",
        params![to_type, to_id, from_type, from_id, Millis(db.now)],
    )
}

/// Opens a verification. It replaces an open one of the same subject, whose code becomes invalid.
pub(crate) fn open(db: Db<'_>, new: NewVerification<'_>) -> Result<()> {
    let (subject_type, subject_id) = new.subject.columns();
    db.run(
        "UPDATE verifications SET status = 'expired'
         WHERE subject_type = ? AND subject_id = ? AND strategy = ? AND status = 'unverified'",
        params![subject_type, subject_id, new.strategy],
    )?;
    let id = ids::new_id(ids::VERIFICATION, db.now);
    let opened = Verification {
        code_hash: hash_code(&id, new.code),
        id,
        attempts: 0,
        status: VerificationStatus::Unverified,
        expire_at: new.expire_at,
        created_at: db.now,
    };
    let about: &[(&str, &dyn ToSql)] = &[
        ("subject_type", &subject_type),
        ("subject_id", &subject_id),
        ("strategy", &new.strategy),
        ("address_norm", &normalize(new.address)),
    ];
    db.insert(&opened, about)
}

pub(crate) fn record(db: Db<'_>, id: &str, attempts: u32, status: VerificationStatus) -> Result<()> {
    db.set::<Verification>(id, &[("attempts", &attempts), ("status", &status)])
}
