-- no transaction
-- Tasks by what lists filter by, in the order in which they show them.
CREATE INDEX CONCURRENTLY IF NOT EXISTS tasks_status ON tasks (project_id, status, update_time, id);
