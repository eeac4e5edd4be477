-- Snapshots can be deleted. What is kept stays readable and proved:
--
-- - One whose predecessor in its run of deltas went gets a bridge, a delta from the one that precedes it now, or a
--   keyframe if it has become the base.
-- - One whose parent went keeps the parent's chain hash, which its own stands on. The first snapshot of an imported
--   execution has one, too: there it is the genesis of the execution that the file was written from.

ALTER TABLE snapshots
ADD COLUMN bridge bytea,
ADD COLUMN parent_chain_hash bytea;

-- Compressed already.
ALTER TABLE snapshots ALTER COLUMN bridge SET STORAGE EXTERNAL;

-- The newest snapshot that was deleted; zero if none was.
ALTER TABLE executions ADD COLUMN last_deleted_sequence integer NOT NULL DEFAULT 0;

-- The numbers that are not there any more, so that what was deleted and what was lost are told apart.
CREATE TABLE deleted_snapshots (
    project_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    first_sequence integer NOT NULL,
    last_sequence integer NOT NULL,
    PRIMARY KEY (project_id, execution_id, first_sequence)
);

SELECT protect_table('deleted_snapshots');

-- By which rules a project's snapshots are pruned by themselves.
CREATE TABLE retention_policies (
    project_id uuid NOT NULL,
    update_time timestamptz NOT NULL,
    keep_younger_than interval,
    delete_ended_after interval,
    keep_last integer NOT NULL,
    keep_tagged boolean NOT NULL,
    keep_kinds smallint [] NOT NULL,
    PRIMARY KEY (project_id)
);

SELECT protect_table('retention_policies');

-- Whether a snapshot of the execution's own was deleted.
CREATE FUNCTION is_deleted(project uuid, execution uuid, wanted_sequence integer) RETURNS boolean
LANGUAGE sql STABLE
AS $$
    SELECT coalesce((
        SELECT wanted_sequence <= deleted_snapshots.last_sequence
        FROM deleted_snapshots
        WHERE deleted_snapshots.project_id = project
            AND deleted_snapshots.execution_id = execution
            AND deleted_snapshots.first_sequence <= wanted_sequence
        ORDER BY deleted_snapshots.first_sequence DESC
        LIMIT 1
    ), false)
$$;
