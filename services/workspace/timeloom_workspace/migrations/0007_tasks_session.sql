-- no transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS tasks_session ON tasks (project_id, session_id, update_time, id);
