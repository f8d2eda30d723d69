//! Actor tokens: issuing them.

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::{FlowError, Outcome};
use crate::clock::Millis as _;
use crate::secrets::random_token;
use crate::store::{ActorToken, Metadata, TicketStatus};
use crate::store::{actor_tokens, users};

/// Creates an actor token for `user_id` with its lifetime and the session's; returns it and the text of its link.
pub(crate) fn issue_actor_token(
    connection: &Connection,
    user_id: &str,
    actor: Metadata,
    (lifetime_secs, session_secs): (i64, i64),
    now: UnixTime,
) -> Outcome<(ActorToken, String)> {
    if users::find(connection, user_id)?.is_none() {
        return Ok(Err(FlowError::UserUnknown));
    }
    let text = random_token();
    let token = ActorToken {
        id: actor_tokens::new_id(now),
        user_id: user_id.to_owned(),
        actor,
        session_secs,
        status: TicketStatus::Pending,
        created_at: now,
        updated_at: now,
    };
    let expires_at = now.plus_millis(lifetime_secs.saturating_mul(1_000));
    actor_tokens::insert(connection, &token, &text, expires_at)?;
    Ok(Ok((token, text)))
}
