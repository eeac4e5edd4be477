-- What shapes follow. The old row is written whole with each change, so that it is known what left a shape.
ALTER TABLE tasks REPLICA IDENTITY FULL;
ALTER TABLE environments REPLICA IDENTITY FULL;
ALTER TABLE preferences REPLICA IDENTITY FULL;
ALTER TABLE agent_sessions REPLICA IDENTITY FULL;
ALTER TABLE sync_conflicts REPLICA IDENTITY FULL;

CREATE PUBLICATION timeloom_shapes FOR TABLE tasks, environments, preferences, agent_sessions, sync_conflicts;
