//! Sign-in tokens: issuing them.

use super::{Flow, FlowError, Outcome};
use crate::clock::Millis as _;
use crate::ids;
use crate::secrets::random_token;
use crate::store::{SignInToken, TicketStatus, sign_in_tokens, users};

/// The default lifetime of a sign-in token.
pub(crate) const SIGN_IN_TOKEN_SECS: i64 = 30 * 24 * 60 * 60;

impl Flow<'_> {
    /// Creates a sign-in token for `user_id`; returns it and the text of its link. Signing in with it activates
    /// `organization`, an id or a slug, to which the user must belong.
    pub(crate) fn issue_sign_in_token(
        &self,
        user_id: &str,
        organization: Option<&str>,
        lifetime_secs: i64,
    ) -> Outcome<(SignInToken, String)> {
        if users::find(self.db, user_id)?.is_none() {
            return Err(FlowError::UserUnknown.into());
        }
        let organization_id = match organization {
            Some(wanted) => match self.access(user_id, wanted)? {
                Some(access) => Some(access.organization.id),
                None => return Err(FlowError::MemberUnknown.into()),
            },
            None => None,
        };
        let text = random_token();
        let expires_at = self.now.plus_millis(lifetime_secs.saturating_mul(1_000));
        let token = SignInToken {
            id: ids::new_id(ids::SIGN_IN_TOKEN, self.now),
            user_id: user_id.to_owned(),
            organization_id,
            status: TicketStatus::Pending,
            created_at: self.now,
            updated_at: self.now,
        };
        sign_in_tokens::insert(self.db, &token, &text, expires_at)?;
        Ok((token, text))
    }
}
