-- The role that Electric works under, with what it needs and nothing else: it cannot read what is in no shape,
-- such as the secrets of environments. A superuser runs this in Timeloom's database, after the services have
-- made their tables, and gives the role a password.
CREATE ROLE timeloom_electric LOGIN REPLICATION BYPASSRLS;
GRANT USAGE ON SCHEMA workspace, migration TO timeloom_electric;
GRANT SELECT ON
workspace.tasks,
workspace.environments,
workspace.preferences,
workspace.agent_sessions,
workspace.sync_conflicts,
migration.migrations
TO timeloom_electric;
CREATE PUBLICATION electric_publication_timeloom FOR TABLE
workspace.tasks,
workspace.environments,
workspace.preferences,
workspace.agent_sessions,
workspace.sync_conflicts,
migration.migrations;
ALTER PUBLICATION electric_publication_timeloom OWNER TO timeloom_electric;
