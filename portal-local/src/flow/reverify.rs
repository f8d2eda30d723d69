//! Re-verification before sensitive changes.

use super::lockout::Tries;
use super::{BrowserFlows, CodeRequest, Field, Flow, FlowError, Outcome, code};
use crate::store::{Session, Strategy, Subject, sessions};

/// The time for which a proof counts.
pub(crate) const PROOF_MILLIS: i64 = 10 * 60 * 1_000;

impl BrowserFlows {
    /// Checks the password; the right one counts as a new proof.
    pub(crate) async fn reverify_password(&self, session: &Session, entered: String) -> Outcome<()> {
        if entered.is_empty() {
            return Err(FlowError::Missing { field: Field::Password }.into());
        }
        let session_id = session.id.clone();
        self.compare_password(&session.user_id, entered, FlowError::NoPassword, move |flow| {
            Ok(sessions::set_first_factor_at(flow.db, &session_id, flow.now)?)
        })
        .await
    }
}

impl Flow<'_> {
    /// Sends a code to the primary address: the first one, or another on request.
    pub(crate) fn send_reverify_code(&self, session: &Session, address: &str, request: CodeRequest) -> Outcome<()> {
        let id = subject_id(session);
        code::send(self, Subject::Session(&id), Strategy::EmailCode, address, request)
    }

    /// Checks a code; the right one counts as a new proof.
    pub(crate) fn attempt_reverify_code(&self, session: &Session, entered: &str) -> Outcome<()> {
        let id = subject_id(session);
        let (subject, tries) = (Subject::Session(&id), Tries::Account(&session.user_id));
        code::check(self, subject, Strategy::EmailCode, tries, entered)?;
        sessions::set_first_factor_at(self.db, &session.id, self.now)?;
        Ok(())
    }
}

/// The subject of a session's next re-verification.
///
/// It includes the time of the last one, so a code of that one does not count again.
fn subject_id(session: &Session) -> String {
    format!("{}:{}", session.id, session.proven_at().as_millis())
}
