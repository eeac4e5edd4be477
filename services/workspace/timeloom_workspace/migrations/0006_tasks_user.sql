-- no transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS tasks_user ON tasks (project_id, user_id, update_time, id);
