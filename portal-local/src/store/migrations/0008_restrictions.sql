-- Which addresses may and may not sign up, and when somebody on the waitlist was invited.

CREATE TABLE listed_identifiers (
    id            TEXT PRIMARY KEY,
    list          TEXT NOT NULL,
    identifier    TEXT NOT NULL,
    -- No reference: the entry stays when its invitation is gone.
    invitation_id TEXT,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    UNIQUE (list, identifier)
) STRICT;

ALTER TABLE waitlist_entries ADD COLUMN invited_at INTEGER;
