-- Sealing: the deltas of older snapshots are packed together into segments, where they take a third less. Their rows, the
-- index for lists, move into a table of their own, without their deltas: so the table that is recorded into becomes empty
-- in front, and what is sealed lies close together. Whoever reads `snapshots` reads both.

-- squawk-ignore ban-drop-not-null
ALTER TABLE snapshots ALTER COLUMN delta DROP NOT NULL;

-- It has the delta of a snapshot that is read by itself: a base that sets the root, or one that is large.
CREATE TABLE sealed_snapshots (
    PRIMARY KEY (project_id, execution_id, sequence)
) INHERITS (snapshots);

ALTER TABLE sealed_snapshots ALTER COLUMN delta SET STORAGE EXTERNAL, ALTER COLUMN bridge SET STORAGE EXTERNAL;

CREATE UNIQUE INDEX sealed_snapshots_key ON sealed_snapshots (project_id, execution_id, key) WHERE key IS NOT NULL;
CREATE INDEX sealed_snapshots_delta ON sealed_snapshots (project_id, execution_id, sequence) WHERE delta IS NOT NULL;

SELECT protect_table('sealed_snapshots');

-- The deltas of sealed snapshots, in the order of their sequences; segments of one execution do not overlap.
CREATE TABLE segments (
    project_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    first_sequence integer NOT NULL,
    last_sequence integer NOT NULL,
    checksum integer NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (project_id, execution_id, first_sequence)
);

ALTER TABLE segments ALTER COLUMN content SET STORAGE EXTERNAL;

SELECT protect_table('segments');

-- Up to here everything was sealed.
ALTER TABLE executions ADD COLUMN sealed_sequence integer NOT NULL DEFAULT 0;

-- What leads from one snapshot of an execution's own to another: deltas, bridges and, under the dictionary -1, whole
-- segments. These may begin before and end after, and of a fork's origin what comes after is not the fork's: so before a
-- segment stand the sequence after which it counts, and the one up to which, as two numbers of four bytes.
CREATE FUNCTION own_run_of(project uuid, owner uuid, after_sequence integer, up_to_sequence integer)
RETURNS TABLE (sequence integer, dictionary_id smallint, delta bytea)
LANGUAGE sql STABLE ROWS 100
AS $$
    SELECT snapshots.sequence, snapshots.dictionary_id, coalesce(snapshots.bridge, snapshots.delta)
    FROM ONLY snapshots
    WHERE snapshots.project_id = project
        AND snapshots.execution_id = owner
        AND snapshots.sequence > after_sequence
        AND snapshots.sequence <= up_to_sequence
    UNION ALL
    SELECT sealed.sequence, sealed.dictionary_id, coalesce(sealed.bridge, sealed.delta)
    FROM sealed_snapshots AS sealed
    WHERE sealed.project_id = project
        AND sealed.execution_id = owner
        AND sealed.sequence > after_sequence
        AND sealed.sequence <= up_to_sequence
        AND sealed.delta IS NOT NULL
    UNION ALL
    SELECT
        greatest(segments.first_sequence, after_sequence + 1),
        (-1)::smallint,
        int4send(after_sequence) || int4send(up_to_sequence) || segments.content
    FROM segments
    WHERE segments.project_id = project
        AND segments.execution_id = owner
        AND segments.first_sequence >= coalesce(
            (
                SELECT max(earlier.first_sequence)
                FROM segments AS earlier
                WHERE earlier.project_id = project
                    AND earlier.execution_id = owner
                    AND earlier.first_sequence <= after_sequence + 1
            ),
            0
        )
        AND segments.first_sequence <= up_to_sequence
        AND segments.last_sequence > after_sequence
$$;

-- Nobody used it before it had this form.
-- squawk-ignore ban-drop-function
DROP FUNCTION run_of(uuid, uuid, integer, integer);

-- What leads from one snapshot to another, as above, of executions that may be forks; in order.
CREATE FUNCTION run_of(project uuid, execution uuid, after_sequence integer, up_to_sequence integer)
RETURNS TABLE (sequence integer, dictionary_id smallint, delta bytea)
LANGUAGE sql STABLE ROWS 100
AS $$
    SELECT run.sequence, run.dictionary_id, run.delta
    FROM lineage_of(project, execution) AS line
    CROSS JOIN LATERAL own_run_of(
        project,
        line.owner_id,
        greatest(after_sequence, line.first_sequence - 1),
        least(up_to_sequence, line.last_sequence)
    ) AS run
    ORDER BY run.sequence
$$;

-- As before, but the deltas may be segments. They are stable functions: all their statements see the same moment, so that
-- nothing is sealed or deleted between them.
CREATE OR REPLACE FUNCTION read_shared_state(
    project uuid,
    execution uuid,
    wanted_sequence integer,
    wanted_key text,
    known_sequence integer,
    known_chain_hash bytea
) RETURNS TABLE (
    sequence integer,
    parent_sequence integer,
    kind smallint,
    step_name text,
    label text,
    key text,
    tags text [],
    state_hash bytea,
    chain_hash bytea,
    state_bytes integer,
    stored_bytes integer,
    create_time timestamptz,
    metadata text,
    effect_count integer,
    base_sequence integer,
    base_bytes integer,
    start_sequence integer,
    start_chain_hash bytea,
    base bytea,
    base_dictionary_id smallint,
    is_keyframe boolean,
    deltas bytea [],
    dictionary_ids smallint []
)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    wanted snapshots%ROWTYPE;
    start_at integer;
BEGIN
    IF wanted_key = '' THEN
        SELECT snapshots.* INTO wanted
        FROM lineage_of(project, execution) AS line
        JOIN snapshots
            ON snapshots.project_id = project
            AND snapshots.execution_id = line.owner_id
            AND snapshots.sequence BETWEEN line.first_sequence AND line.last_sequence
        WHERE snapshots.sequence = CASE
                WHEN wanted_sequence > 0 THEN wanted_sequence
                ELSE (SELECT head_sequence FROM executions WHERE project_id = project AND id = execution)
            END;
    ELSE
        SELECT snapshots.* INTO wanted
        FROM lineage_of(project, execution) AS line
        JOIN snapshots
            ON snapshots.project_id = project
            AND snapshots.execution_id = line.owner_id
            AND snapshots.sequence BETWEEN line.first_sequence AND line.last_sequence
        WHERE snapshots.key = wanted_key;
    END IF;

    IF known_sequence BETWEEN wanted.base_sequence AND wanted.sequence THEN
        SELECT snapshots.sequence INTO start_at
        FROM lineage_of(project, execution) AS line
        JOIN snapshots
            ON snapshots.project_id = project
            AND snapshots.execution_id = line.owner_id
            AND snapshots.sequence BETWEEN line.first_sequence AND line.last_sequence
        WHERE snapshots.sequence = known_sequence AND snapshots.chain_hash = known_chain_hash;
    END IF;

    RETURN QUERY
    SELECT
        wanted.sequence, wanted.parent_sequence, wanted.kind, wanted.step_name,
        coalesce(wanted.marked_label, wanted.label), wanted.key, coalesce(wanted.marked_tags, wanted.tags),
        wanted.state_hash, wanted.chain_hash, wanted.state_bytes, wanted.stored_bytes, wanted.create_time,
        wanted.metadata,
        (SELECT count(*)::integer FROM effects_of(project, execution, wanted.sequence, wanted.sequence)),
        wanted.base_sequence,
        octet_length(coalesce(keyframes.state, bases.delta)),
        coalesce(start_at, wanted.base_sequence),
        CASE WHEN start_at IS NULL THEN bases.chain_hash ELSE known_chain_hash END,
        CASE WHEN start_at IS NULL THEN coalesce(keyframes.state, bases.delta) END,
        coalesce(keyframes.dictionary_id, bases.dictionary_id),
        keyframes.state IS NOT NULL,
        since.deltas,
        since.dictionary_ids
    FROM lineage_of(project, execution) AS line
    JOIN snapshots AS bases
        ON bases.project_id = project
        AND bases.execution_id = line.owner_id
        AND bases.sequence BETWEEN line.first_sequence AND line.last_sequence
    LEFT JOIN keyframes
        ON keyframes.project_id = project
        AND keyframes.execution_id = bases.execution_id
        AND keyframes.sequence = bases.sequence
    CROSS JOIN LATERAL (
        SELECT
            array_agg(run.delta ORDER BY run.sequence) AS deltas,
            array_agg(run.dictionary_id ORDER BY run.sequence) AS dictionary_ids
        FROM run_of(project, execution, coalesce(start_at, wanted.base_sequence), wanted.sequence) AS run
    ) AS since
    WHERE bases.sequence = wanted.base_sequence;
END
$$;

CREATE OR REPLACE FUNCTION read_state(
    project uuid,
    execution uuid,
    wanted_sequence integer,
    wanted_key text,
    known_sequence integer,
    known_chain_hash bytea
) RETURNS TABLE (
    sequence integer,
    parent_sequence integer,
    kind smallint,
    step_name text,
    label text,
    key text,
    tags text [],
    state_hash bytea,
    chain_hash bytea,
    state_bytes integer,
    stored_bytes integer,
    create_time timestamptz,
    metadata text,
    effect_count integer,
    base_sequence integer,
    base_bytes integer,
    start_sequence integer,
    start_chain_hash bytea,
    base bytea,
    base_dictionary_id smallint,
    is_keyframe boolean,
    deltas bytea [],
    dictionary_ids smallint []
)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    wanted snapshots%ROWTYPE;
    start_at integer;
BEGIN
    PERFORM set_config('app.project', project::text, true);

    IF wanted_key <> '' THEN
        SELECT * INTO wanted
        FROM snapshots
        WHERE project_id = project AND execution_id = execution AND snapshots.key = wanted_key;
    ELSE
        SELECT * INTO wanted
        FROM snapshots
        WHERE project_id = project AND execution_id = execution
            AND snapshots.sequence = CASE
                WHEN wanted_sequence > 0 THEN wanted_sequence
                ELSE (SELECT head_sequence FROM executions WHERE project_id = project AND id = execution)
            END;
    END IF;

    IF known_sequence BETWEEN wanted.base_sequence AND wanted.sequence THEN
        SELECT snapshots.sequence INTO start_at
        FROM snapshots
        WHERE project_id = project AND execution_id = execution
            AND snapshots.sequence = known_sequence
            AND snapshots.chain_hash = known_chain_hash;
    END IF;

    RETURN QUERY
    SELECT
        wanted.sequence, wanted.parent_sequence, wanted.kind, wanted.step_name,
        coalesce(wanted.marked_label, wanted.label), wanted.key, coalesce(wanted.marked_tags, wanted.tags),
        wanted.state_hash, wanted.chain_hash, wanted.state_bytes, wanted.stored_bytes, wanted.create_time,
        wanted.metadata,
        (
            SELECT count(*)::integer
            FROM effects
            WHERE effects.project_id = project
                AND effects.execution_id = execution
                AND effects.sequence = wanted.sequence
        ),
        wanted.base_sequence,
        octet_length(coalesce(keyframes.state, bases.delta)),
        coalesce(start_at, wanted.base_sequence),
        CASE WHEN start_at IS NULL THEN bases.chain_hash ELSE known_chain_hash END,
        CASE WHEN start_at IS NULL THEN coalesce(keyframes.state, bases.delta) END,
        coalesce(keyframes.dictionary_id, bases.dictionary_id),
        keyframes.state IS NOT NULL,
        since.deltas,
        since.dictionary_ids
    FROM executions
    CROSS JOIN snapshots AS bases
    LEFT JOIN keyframes
        ON keyframes.project_id = project
        AND keyframes.execution_id = execution
        AND keyframes.sequence = wanted.base_sequence
    CROSS JOIN LATERAL (
        SELECT
            array_agg(run.delta ORDER BY run.sequence) AS deltas,
            array_agg(run.dictionary_id ORDER BY run.sequence) AS dictionary_ids
        FROM own_run_of(
            project, execution, coalesce(start_at, wanted.base_sequence), wanted.sequence
        ) AS run
    ) AS since
    WHERE executions.project_id = project
        AND executions.id = execution
        AND executions.delete_time IS NULL
        AND bases.project_id = project
        AND bases.execution_id = execution
        AND bases.sequence = wanted.base_sequence
        AND bases.sequence > executions.shared_count;

    -- Most executions are no forks, and most of what is read of a fork is its own: the rest takes longer to find.
    IF NOT FOUND THEN
        RETURN QUERY
        SELECT * FROM read_shared_state(
            project, execution, wanted_sequence, wanted_key, known_sequence, known_chain_hash
        );
    END IF;
END
$$;

-- As before, but it refuses what stands on a snapshot that was deleted meanwhile, and keys that sealed snapshots have.
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
    has_sealed boolean;
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
            executions.last_deleted_sequence,
            executions.sealed_sequence
        FROM executions
        WHERE executions.project_id = project
            AND executions.id = ANY(ARRAY(SELECT move.execution_id FROM unnest(moves) AS move))
        ORDER BY executions.id
        FOR NO KEY UPDATE
    )
    SELECT
        coalesce(array_agg(move.execution_id) FILTER (WHERE locked.id IS NULL), ARRAY[]::uuid []),
        coalesce(bool_or(locked.last_deleted_sequence > 0), false),
        coalesce(bool_or(locked.sealed_sequence > 0), false)
    INTO lost, has_gaps, has_sealed
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

    -- No index has the keys of both tables.
    IF has_sealed AND EXISTS (
        SELECT
        FROM unnest(new_snapshots) AS new
        JOIN sealed_snapshots AS sealed
            ON sealed.project_id = project
            AND sealed.execution_id = new.execution_id
            AND sealed.key = new.key
    ) THEN
        RAISE unique_violation USING MESSAGE = 'a snapshot with the same key is sealed';
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
