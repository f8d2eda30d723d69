//! Links that end a sign-in, an invitation or a session without a form of the portal.

/// Returns the link that signs a user in with `token`.
pub(crate) fn sign_in_link(origin: &str, token: &str) -> String {
    format!("{origin}/sign-in?__clerk_ticket={token}")
}

/// Returns the link of a mail, which redeems `ticket`.
pub(crate) fn ticket_link(origin: &str, ticket: &str) -> String {
    format!("{origin}/v1/tickets/accept?ticket={ticket}")
}
