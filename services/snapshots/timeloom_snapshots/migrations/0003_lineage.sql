-- Forks. A fork has no copy of what it shares with the execution that it was made from: it has a line for each
-- execution whose snapshots are its own first ones. Its own rows begin after those, and all numbers, also base_sequence
-- and parent_sequence, are numbers of the whole.

ALTER TABLE executions
-- How many of its first snapshots are rows of other executions.
ADD COLUMN shared_count integer NOT NULL DEFAULT 0,
-- Of the request that made this fork, so that the request can be repeated.
ADD COLUMN fork_request_hash bytea,
-- It is deleted, but forks share its first snapshots: nobody sees it, and it goes with the last of them.
ADD COLUMN delete_time timestamptz;

-- The label and tags that a snapshot was given afterwards; those that were recorded belong to its chain hash and stay.
ALTER TABLE snapshots
ADD COLUMN marked_label text,
ADD COLUMN marked_tags text [];

-- When it came here: a fork has the effects that its origin had when it was made, and none that came later.
ALTER TABLE effects ADD COLUMN record_time timestamptz NOT NULL DEFAULT now();

-- Whose snapshots a fork shares, from the origin of all to the execution that it was made from. Written with the fork
-- and never changed. A line may have no snapshots (its first is after its last): the fork then shares effects that its
-- owner added to snapshots of others.
CREATE TABLE lineages (
    project_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    place smallint NOT NULL,
    owner_id uuid NOT NULL,
    first_sequence integer NOT NULL,
    last_sequence integer NOT NULL,
    -- When the next of the line was forked from the owner.
    fork_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, execution_id, place)
);

CREATE INDEX lineages_owner ON lineages (project_id, owner_id, last_sequence);

SELECT protect_table('lineages');

-- Moves of heads by rollbacks, which delete nothing.
CREATE TABLE head_moves (
    project_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    number integer NOT NULL,
    from_sequence integer NOT NULL,
    to_sequence integer NOT NULL,
    create_time timestamptz NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (project_id, execution_id, number)
);

SELECT protect_table('head_moves');

-- Who owns which sequences of an execution. No row if there is no such execution.
CREATE FUNCTION lineage_of(project uuid, execution uuid)
RETURNS TABLE (owner_id uuid, first_sequence integer, last_sequence integer)
LANGUAGE sql STABLE ROWS 2
AS $$
    SELECT executions.id, executions.shared_count + 1, 2147483647
    FROM executions
    WHERE executions.project_id = project AND executions.id = execution AND executions.delete_time IS NULL
    UNION ALL
    SELECT lineages.owner_id, lineages.first_sequence, lineages.last_sequence
    FROM lineages
    WHERE lineages.project_id = project
        AND lineages.execution_id = execution
        AND lineages.first_sequence <= lineages.last_sequence
$$;

-- The deltas of an execution after one snapshot and up to another, in order.
CREATE FUNCTION run_of(project uuid, execution uuid, after_sequence integer, up_to_sequence integer)
RETURNS TABLE (
    sequence integer,
    parent_sequence integer,
    base_sequence integer,
    dictionary_id smallint,
    checksum integer,
    state_hash bytea,
    chain_hash bytea,
    delta bytea
)
LANGUAGE sql STABLE ROWS 100
AS $$
    SELECT
        snapshots.sequence, snapshots.parent_sequence, snapshots.base_sequence, snapshots.dictionary_id,
        snapshots.checksum, snapshots.state_hash, snapshots.chain_hash, snapshots.delta
    FROM lineage_of(project, execution) AS line
    JOIN snapshots
        ON snapshots.project_id = project
        AND snapshots.execution_id = line.owner_id
        AND snapshots.sequence BETWEEN line.first_sequence AND line.last_sequence
    WHERE snapshots.sequence > after_sequence AND snapshots.sequence <= up_to_sequence
    ORDER BY snapshots.sequence
$$;

-- From which snapshot each of an execution's snapshots was made.
CREATE FUNCTION parents_of(project uuid, execution uuid, after_sequence integer, up_to_sequence integer)
RETURNS TABLE (sequence integer, parent_sequence integer)
LANGUAGE sql STABLE ROWS 100
AS $$
    SELECT snapshots.sequence, snapshots.parent_sequence
    FROM lineage_of(project, execution) AS line
    JOIN snapshots
        ON snapshots.project_id = project
        AND snapshots.execution_id = line.owner_id
        AND snapshots.sequence BETWEEN line.first_sequence AND line.last_sequence
    WHERE snapshots.sequence > after_sequence AND snapshots.sequence <= up_to_sequence
    ORDER BY snapshots.sequence
$$;

-- The effects of an execution's snapshots: its own, also those that it added to snapshots that it shares, and those that
-- its origins had when it was forked, unless it, or an origin that is nearer, has one of the same key.
CREATE FUNCTION effects_of(project uuid, execution uuid, from_sequence integer, up_to_sequence integer)
RETURNS SETOF effects
LANGUAGE sql STABLE ROWS 100
AS $$
    SELECT effects.*
    FROM effects
    JOIN executions ON executions.project_id = project AND executions.id = execution
    WHERE effects.project_id = project
        AND effects.execution_id = execution
        AND effects.sequence BETWEEN from_sequence AND up_to_sequence
        AND executions.delete_time IS NULL
    UNION ALL
    SELECT effects.*
    FROM lineages AS line
    JOIN effects
        ON effects.project_id = project
        AND effects.execution_id = line.owner_id
        AND effects.sequence <= line.last_sequence
        AND effects.record_time < line.fork_time
    WHERE line.project_id = project
        AND line.execution_id = execution
        AND effects.sequence BETWEEN from_sequence AND up_to_sequence
        AND NOT EXISTS (
            SELECT
            FROM effects AS own
            WHERE own.project_id = project
                AND own.execution_id = execution
                AND own.sequence = effects.sequence
                AND own.key = effects.key
        )
        AND NOT EXISTS (
            SELECT
            FROM lineages AS nearer_line
            JOIN effects AS nearer
                ON nearer.project_id = project
                AND nearer.execution_id = nearer_line.owner_id
                AND nearer.record_time < nearer_line.fork_time
            WHERE nearer_line.project_id = project
                AND nearer_line.execution_id = execution
                AND nearer_line.place > line.place
                AND nearer.sequence = effects.sequence
                AND nearer.sequence <= nearer_line.last_sequence
                AND nearer.key = effects.key
        )
$$;

-- As before, but the rows are locked and checked in one statement, and a deleted execution is no execution.
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
            executions.delete_time
        FROM executions
        WHERE executions.project_id = project
            AND executions.id = ANY(ARRAY(SELECT move.execution_id FROM unnest(moves) AS move))
        ORDER BY executions.id
        FOR NO KEY UPDATE
    )
    SELECT coalesce(array_agg(move.execution_id), ARRAY[]::uuid [])
    INTO lost
    FROM unnest(moves) AS move
    LEFT JOIN locked
        ON locked.id = move.execution_id
        AND locked.create_time = move.execution_create_time
        AND locked.head_sequence = move.old_head
        AND locked.snapshot_count = move.old_count
        AND locked.status = 1
        AND locked.delete_time IS NULL
    WHERE locked.id IS NULL;
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

-- What read_state returns, of a fork, where rows of several executions are needed.
CREATE FUNCTION read_shared_state(
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
        SELECT run.sequence INTO start_at
        FROM run_of(project, execution, known_sequence - 1, known_sequence) AS run
        WHERE run.chain_hash = known_chain_hash;
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

-- As before, but of forks, too, and with the labels and tags that were given afterwards.
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
        FROM snapshots AS run
        WHERE run.project_id = project
            AND run.execution_id = execution
            AND run.sequence > coalesce(start_at, wanted.base_sequence)
            AND run.sequence <= wanted.sequence
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
