INSERT INTO users (clerk_id, email, name, created_at, updated_at, source) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (clerk_id) DO UPDATE SET
    email = excluded.email, name = excluded.name,
    created_at = excluded.created_at, updated_at = excluded.updated_at, source = excluded.source
WHERE users.updated_at < excluded.updated_at AND users.deleted_at IS NULL;
