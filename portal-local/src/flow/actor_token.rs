//! Actor tokens: issuing them.

use super::{Flow, FlowError, Outcome};
use crate::clock::Millis as _;
use crate::ids;
use crate::secrets::random_token;
use crate::store::{ActorToken, Metadata, TicketStatus, actor_tokens, users};

impl Flow<'_> {
    /// Creates an actor token for `user_id` with its lifetime and the session's; returns it and the text of its link.
    pub(crate) fn issue_actor_token(
        &self,
        user_id: &str,
        actor: Metadata,
        (lifetime_secs, session_secs): (i64, i64),
    ) -> Outcome<(ActorToken, String)> {
        if users::find(self.db, user_id)?.is_none() {
            return Err(FlowError::UserUnknown.into());
        }
        let text = random_token();
        let token = ActorToken {
            id: ids::new_id(ids::ACTOR_TOKEN, self.now),
            user_id: user_id.to_owned(),
            actor,
            session_secs,
            status: TicketStatus::Pending,
            created_at: self.now,
            updated_at: self.now,
        };
        let expires_at = self.now.plus_millis(lifetime_secs.saturating_mul(1_000));
        actor_tokens::insert(self.db, &token, &text, expires_at)?;
        Ok((token, text))
    }
}
