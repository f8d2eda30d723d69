-- The signing key can be another than the first; applications with the plain publishable key know cookies by its suffix.

ALTER TABLE instance ADD COLUMN key_id TEXT;
ALTER TABLE refresh_tokens ADD COLUMN for_plain_key INTEGER NOT NULL DEFAULT 0;
