-- no transaction
-- New memories in the order in which they became visible: what subscriptions are read by.
CREATE INDEX CONCURRENTLY IF NOT EXISTS memory_versions_created
ON memory_versions (project_id, ((document ->> 'sequence')::bigint))
WHERE version = 1;
