-- The two calls that must be fast, each in one round trip: a function's statement is a transaction of its own, and the
-- function names the project for it. Row-level security holds as for any statement of the room's role.
--
-- The types are how rows travel. They are no row types of the tables, so that a table may get another column while
-- services of the version before still write.

CREATE TYPE moved_head AS (
    execution_id uuid,
    execution_create_time timestamptz,
    old_head integer,
    old_count integer,
    head integer
);

CREATE TYPE new_snapshot AS (
    execution_id uuid,
    create_time timestamptz,
    sequence integer,
    parent_sequence integer,
    base_sequence integer,
    state_bytes integer,
    stored_bytes integer,
    checksum integer,
    kind smallint,
    dictionary_id smallint,
    state_hash bytea,
    chain_hash bytea,
    step_name text,
    label text,
    key text,
    tags text [],
    metadata text,
    delta bytea
);

CREATE TYPE new_keyframe AS (
    execution_id uuid,
    sequence integer,
    dictionary_id smallint,
    checksum integer,
    state bytea
);

CREATE TYPE new_effect AS (
    execution_id uuid,
    sequence integer,
    ordinal integer,
    create_time timestamptz,
    checksum integer,
    document_bytes integer,
    kind smallint,
    dictionary_id smallint,
    key text,
    name text,
    request bytea,
    response bytea
);

-- Records a group of snapshots: moves the heads, inserts the rows, tells the others. If heads are not where they were
-- expected to be, nothing is written, and their executions are returned.
CREATE FUNCTION record_group(
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
BEGIN
    PERFORM set_config('app.project', project::text, true);

    -- In the order of their ids, so that two replicas never wait for one another.
    PERFORM
    FROM executions
    WHERE executions.project_id = project
        AND executions.id = ANY(ARRAY(SELECT move.execution_id FROM unnest(moves) AS move))
    ORDER BY executions.id
    FOR NO KEY UPDATE;

    lost := ARRAY(
        SELECT move.execution_id
        FROM unnest(moves) AS move
        WHERE NOT EXISTS (
            SELECT
            FROM executions
            WHERE executions.project_id = project
                AND executions.id = move.execution_id
                AND executions.create_time = move.execution_create_time
                AND executions.head_sequence = move.old_head
                AND executions.snapshot_count = move.old_count
                AND executions.status = 1
        )
    );
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

-- Finds a snapshot, by its sequence (zero is the head) or by its key, and what its state is made from: its base, or the
-- snapshot that the caller has at hand if that lies between, and the deltas since.
CREATE FUNCTION read_state(
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
LANGUAGE plpgsql
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
    IF wanted.sequence IS NULL THEN
        RETURN;
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
        wanted.sequence, wanted.parent_sequence, wanted.kind, wanted.step_name, wanted.label, wanted.key, wanted.tags,
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
    FROM snapshots AS bases
    LEFT JOIN keyframes
        ON keyframes.project_id = project
        AND keyframes.execution_id = execution
        AND keyframes.sequence = wanted.base_sequence
    CROSS JOIN LATERAL (
        SELECT
            array_agg(run.delta ORDER BY run.sequence) AS deltas,
            array_agg(run.dictionary_id ORDER BY run.sequence) AS dictionary_ids
        FROM snapshots AS run
        WHERE run.project_id = project
            AND run.execution_id = execution
            AND run.sequence > coalesce(start_at, wanted.base_sequence)
            AND run.sequence <= wanted.sequence
    ) AS since
    WHERE bases.project_id = project
        AND bases.execution_id = execution
        AND bases.sequence = wanted.base_sequence;
END
$$;
