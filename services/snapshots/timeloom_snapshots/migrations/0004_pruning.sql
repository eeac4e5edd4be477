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

-- As before, but also refuses what stands on a snapshot that was deleted in the meantime.
CREATE OR REPLACE FUNCTION record_group(
    project uuid,
    moves moved_head [],
    new_snapshots new_snapshot [],
    new_keyframes new_keyframe [],
    new_effects new_effect [],
    events bytea
) RETURNS uuid []
LANGUAGE plpgsql
AS $$
DECLARE
    lost uuid [];
    has_gaps boolean;
BEGIN
    PERFORM set_config('app.project', project::text, true);

    -- Locked in the order of their ids, so that two replicas never wait for one another.
    WITH locked AS MATERIALIZED (
        SELECT
            executions.id,
            executions.create_time,
            executions.head_sequence,
            executions.snapshot_count,
            executions.status,
            executions.delete_time,
            executions.last_deleted_sequence
        FROM executions
        WHERE executions.project_id = project
            AND executions.id = ANY(ARRAY(SELECT move.execution_id FROM unnest(moves) AS move))
        ORDER BY executions.id
        FOR NO KEY UPDATE
    )
    SELECT
        coalesce(array_agg(move.execution_id) FILTER (WHERE locked.id IS NULL), ARRAY[]::uuid []),
        coalesce(bool_or(locked.last_deleted_sequence > 0), false)
    INTO lost, has_gaps
    FROM unnest(moves) AS move
    LEFT JOIN locked
        ON locked.id = move.execution_id
        AND locked.create_time = move.execution_create_time
        AND locked.head_sequence = move.old_head
        AND locked.snapshot_count = move.old_count
        AND locked.status = 1
        AND locked.delete_time IS NULL;
    IF has_gaps AND cardinality(lost) = 0 THEN
        -- They were made ready on something that has been deleted since.
        lost := ARRAY(
            SELECT DISTINCT new.execution_id
            FROM unnest(new_snapshots) AS new
            WHERE is_deleted(project, new.execution_id, new.base_sequence)
                OR is_deleted(project, new.execution_id, new.parent_sequence)
        );
    END IF;
    IF cardinality(lost) > 0 THEN
        RETURN lost;
    END IF;

    UPDATE executions
    SET
        head_sequence = move.head,
        snapshot_count = move.head,
        update_time = greatest(executions.update_time, now())
    FROM unnest(moves) AS move
    WHERE executions.project_id = project AND executions.id = move.execution_id;

    INSERT INTO snapshots (
        project_id, execution_id, create_time, sequence, parent_sequence, base_sequence, state_bytes, stored_bytes,
        checksum, kind, dictionary_id, state_hash, chain_hash, step_name, label, key, tags, metadata, delta
    )
    SELECT project, new.* FROM unnest(new_snapshots) AS new;

    IF cardinality(new_keyframes) > 0 THEN
        INSERT INTO keyframes (project_id, execution_id, sequence, dictionary_id, checksum, state)
        SELECT project, new.* FROM unnest(new_keyframes) AS new;
    END IF;

    IF cardinality(new_effects) > 0 THEN
        INSERT INTO effects (
            project_id, execution_id, sequence, ordinal, create_time, checksum, document_bytes, kind, dictionary_id,
            key, name, request, response
        )
        SELECT project, new.* FROM unnest(new_effects) AS new;
    END IF;

    -- The relay looks again by itself while anything is waiting.
    PERFORM pg_notify('timeloom_outbox_' || current_schema(), '')
    WHERE NOT EXISTS (SELECT FROM outbox WHERE outbox.project_id = project);
    INSERT INTO outbox (project_id, batch) VALUES (project, events);

    RETURN lost;
END
$$;
