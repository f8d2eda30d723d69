INSERT INTO users (clerk_id, updated_at, deleted_at, source) VALUES ($1, $2, $2, $3)
ON CONFLICT (clerk_id) DO UPDATE SET
    email = NULL, name = NULL, created_at = NULL,
    updated_at = excluded.updated_at, deleted_at = excluded.deleted_at, source = excluded.source
WHERE users.deleted_at IS NULL;
