-- no transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS notes_body ON notes (project_id, body);
