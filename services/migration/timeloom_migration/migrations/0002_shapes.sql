-- Clients follow migrations in shapes: what changes is told with the row as it was.
ALTER TABLE migrations REPLICA IDENTITY FULL;

CREATE PUBLICATION timeloom_shapes_migration FOR TABLE migrations;
