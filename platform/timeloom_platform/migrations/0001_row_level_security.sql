-- Gives a table to the room's two roles: to `timeloom_<room>` the rows of the project that its transaction names (to
-- name none is an error), to `timeloom_<room>_system` the rows of all. The owner is bound, too.
CREATE FUNCTION protect_table(target regclass) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    room name := (
        SELECT relnamespace::regnamespace::name FROM pg_class WHERE oid = target
    );
    room_role name := 'timeloom_' || room;
    system_role name := room_role || '_system';
BEGIN
    -- The project leads the key, so that an index finds one project's rows without reading another's.
    IF NOT EXISTS (
        SELECT
        FROM pg_index
        JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
        WHERE indrelid = target AND indisprimary AND attname = 'project_id' AND atttypid = 'uuid'::regtype
    ) THEN
        RAISE EXCEPTION 'The primary key of % does not begin with project_id uuid', target;
    END IF;

    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', target);
    EXECUTE format(
        'CREATE POLICY own_project ON %s TO %I USING (project_id = current_setting(''app.project'')::uuid)',
        target, room_role
    );
    EXECUTE format('CREATE POLICY all_projects ON %s TO %I USING (true)', target, system_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I, %I', target, room_role, system_role);
END
$$;
