-- How many wrong codes came back for an address that is no account's yet, whichever attempt they belong to.
CREATE TABLE code_limits (
    address_norm TEXT PRIMARY KEY,
    wrong        INTEGER NOT NULL,
    locked_until INTEGER,
    updated_at   INTEGER NOT NULL
) STRICT;

-- Where a code was sent: the pause before the next one is the address's, not the attempt's.
ALTER TABLE verifications ADD COLUMN address_norm TEXT NOT NULL DEFAULT '';
CREATE INDEX verifications_address ON verifications (address_norm, strategy, created_at);
