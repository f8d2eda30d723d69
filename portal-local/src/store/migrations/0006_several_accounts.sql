-- Several accounts in one browser, and several things that one session waits for.

ALTER TABLE sessions ADD COLUMN is_sole INTEGER NOT NULL DEFAULT 1;
DROP INDEX sessions_live_per_client;
-- Single-session mode, held by the database itself; and in no mode is anybody signed in twice in one browser.
CREATE UNIQUE INDEX sessions_sole_per_client ON sessions (client_id)
    WHERE is_sole = 1 AND status IN ('active', 'pending');
CREATE UNIQUE INDEX sessions_live_per_user ON sessions (client_id, user_id) WHERE status IN ('active', 'pending');

-- What a pending session waits for, separated by commas, in the order in which it is done.
ALTER TABLE sessions RENAME COLUMN task TO tasks;
