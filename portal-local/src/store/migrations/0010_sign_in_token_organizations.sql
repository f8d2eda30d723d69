-- A sign-in token may activate an organization.

ALTER TABLE sign_in_tokens ADD COLUMN organization_id TEXT REFERENCES organizations (id) ON DELETE SET NULL;
