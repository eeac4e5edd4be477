-- Makes the caller's transaction the only one to add effects to a snapshot, or to mark it; false if there is none.
--
-- Effects are recorded before an execution is forked or after: the times of both tell what a fork has. Recording
-- snapshots waits for neither, because no fork shares a snapshot before it is there with its effects.
CREATE FUNCTION lock_snapshot(project uuid, execution uuid, wanted_sequence integer)
RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(id::text, 0))
    FROM executions
    WHERE project_id = project AND id = execution
    FOR KEY SHARE;

    -- The second time is for one that was sealed while this waited for its row: then it has another one.
    FOR attempt IN 1..2 LOOP
        PERFORM TRUE
        FROM lineage_of(project, execution) AS line
        JOIN snapshots
            ON snapshots.project_id = project
            AND snapshots.execution_id = line.owner_id
            AND snapshots.sequence BETWEEN line.first_sequence AND line.last_sequence
        WHERE snapshots.sequence = wanted_sequence
        FOR NO KEY UPDATE OF snapshots;

        IF FOUND THEN
            RETURN TRUE;
        END IF;
    END LOOP;

    RETURN FALSE;
END
$$;

-- Adds effects to a snapshot, if those that it has already are still as many, and as large, as the caller has seen: their
-- numbers follow from that. Returns those that it had, so that a caller who has seen others can number anew. What it
-- replaces, if it may, becomes the own of those forks that have had it from here.
CREATE FUNCTION record_effects(
    project uuid,
    execution uuid,
    wanted_sequence integer,
    seen_count integer,
    seen_bytes bigint,
    new_effects new_effect [],
    replaces boolean
) RETURNS TABLE (
    is_there boolean,
    is_recorded boolean,
    keys text [],
    ordinals integer [],
    kinds smallint [],
    names text [],
    sizes integer [],
    create_times timestamptz []
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    known_bytes bigint;
BEGIN
    PERFORM set_config('app.project', project::text, true);

    is_there := lock_snapshot(project, execution, wanted_sequence);
    is_recorded := FALSE;

    SELECT
        coalesce(array_agg(key ORDER BY ordinal), '{}'),
        coalesce(array_agg(ordinal ORDER BY ordinal), '{}'),
        coalesce(array_agg(kind ORDER BY ordinal), '{}'),
        coalesce(array_agg(name ORDER BY ordinal), '{}'),
        coalesce(array_agg(document_bytes ORDER BY ordinal), '{}'),
        coalesce(array_agg(create_time ORDER BY ordinal), '{}'),
        coalesce(sum(document_bytes), 0)
    INTO keys, ordinals, kinds, names, sizes, create_times, known_bytes
    FROM effects_of(project, execution, wanted_sequence, wanted_sequence);

    IF NOT is_there OR cardinality(keys) <> seen_count OR known_bytes <> seen_bytes THEN
        RETURN NEXT;
        RETURN;
    END IF;

    IF replaces THEN
        INSERT INTO effects (
            project_id, execution_id, sequence, ordinal, create_time, checksum, document_bytes, kind,
            dictionary_id, key, name, request, response, record_time
        )
        SELECT
            project, line.execution_id, seen.sequence, seen.ordinal, seen.create_time, seen.checksum,
            seen.document_bytes, seen.kind, seen.dictionary_id, seen.key, seen.name, seen.request, seen.response,
            seen.record_time
        FROM lineages AS line
        CROSS JOIN LATERAL effects_of(project, line.execution_id, wanted_sequence, wanted_sequence) AS seen
        WHERE line.project_id = project
            AND line.owner_id = execution
            AND line.last_sequence >= wanted_sequence
            AND seen.execution_id = execution
            AND seen.key = ANY(SELECT replaced.key FROM unnest(new_effects) AS replaced);
    END IF;

    -- The time is that of the statement, which comes after the waiting for the forks that were being made.
    INSERT INTO effects (
        project_id, execution_id, sequence, ordinal, create_time, checksum, document_bytes, kind, dictionary_id,
        key, name, request, response, record_time
    )
    SELECT project, new.*, clock_timestamp()
    FROM unnest(new_effects) AS new
    ON CONFLICT (project_id, execution_id, sequence, key) DO UPDATE
    SET
        create_time = excluded.create_time,
        checksum = excluded.checksum,
        document_bytes = excluded.document_bytes,
        kind = excluded.kind,
        dictionary_id = excluded.dictionary_id,
        name = excluded.name,
        request = excluded.request,
        response = excluded.response,
        record_time = excluded.record_time;

    is_recorded := TRUE;
    RETURN NEXT;
END
$$;
