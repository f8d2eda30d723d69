-- What mails say about the portal, as of its last start; links that end a session its owner does not know.

ALTER TABLE instance ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE instance ADD COLUMN application_name TEXT NOT NULL DEFAULT '';

CREATE TABLE revocation_links (
    ticket_hash BLOB PRIMARY KEY,
    session_id  TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    expires_at  INTEGER NOT NULL
) STRICT;
