-- Children that have ended, and whose parents have not been told yet: written with the end, and deleted with the change
-- of the parent, so that no engine's death comes between the two for good.
CREATE TABLE endings (
    project_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    PRIMARY KEY (project_id, execution_id)
);

SELECT protect_table('endings');

-- Commits what drivers did and what is to begin: all of a batch, or nothing; within it, each execution for itself.
--
-- Everything about the batch comes in columns. A `place` counts its executions from 1 on: first those that get on
-- (`a_…`), then those that begin (`n_…`); steps, entries of the history and events name theirs. The rows of executions
-- are locked in the order in which they come, which is that of their keys: batches that meet wait for one another, and
-- never in a circle. What is found is kept in arrays by place, so that no join, and no statistics, decide how long it
-- takes. It is a function, and no single statement, because what others changed until the lock was ours has to be seen.
--
-- `a_outcome`: 1 runs, 2 parks, 3 is queued, 4 ends.
CREATE FUNCTION commit_batch(
    batch bigint,
    is_repeated boolean,
    engine uuid,
    a_project uuid [],
    a_id uuid [],
    a_token bigint [],
    -- Nothing is written if the inbox has grown beyond it; null if that does not matter.
    a_seen_inbox bigint [],
    a_outcome smallint [],
    -- What becomes of the count of hand-outs: 1 begins anew, 0 stays, -1 takes the last one back.
    a_delivery smallint [],
    a_inbox bigint [],
    a_due_time timestamptz [],
    a_waiting_for smallint [],
    a_status smallint [],
    a_knows_cancelling boolean [],
    a_output text [],
    a_error text [],
    n_parent_place integer [],
    n_project uuid [],
    n_id uuid [],
    n_workflow_id text [],
    n_workflow_version integer [],
    -- What has to be true of the version: 0 nothing, 1 its workflow exists, 2 it is the newest of its workflow.
    n_check smallint [],
    n_kind smallint [],
    n_trigger smallint [],
    n_trigger_id text [],
    n_priority smallint [],
    -- As JSON arrays: an array of arrays would have to be a rectangle.
    n_tags text [],
    n_attributes text [],
    n_owned boolean [],
    n_held_back boolean [],
    n_start_time timestamptz [],
    n_deadline timestamptz [],
    n_time_allowed interval [],
    n_idempotency_key text [],
    n_parent_id uuid [],
    n_parent_step_id text [],
    n_forked_from_id uuid [],
    n_forked_from_step_id text [],
    n_traceparent text [],
    n_flow text [],
    n_input text [],
    s_place integer [],
    s_id text [],
    s_position integer [],
    s_type smallint [],
    s_status smallint [],
    s_waiting_for smallint [],
    s_stage smallint [],
    s_priority smallint [],
    s_attempt integer [],
    s_token bigint [],
    s_owner uuid [],
    s_ready_time timestamptz [],
    s_wake_time timestamptz [],
    s_create_time timestamptz [],
    s_start_time timestamptz [],
    s_end_time timestamptz [],
    s_parent_id text [],
    s_task text [],
    s_waiting_name text [],
    s_details text [],
    s_worker_id text [],
    s_input text [],
    s_output text [],
    s_error text [],
    s_progress text [],
    h_place integer [],
    -- The step of this batch that it tells of, or 0: if that had ended before, neither is kept.
    h_step integer [],
    h_type smallint [],
    h_attempt integer [],
    h_time timestamptz [],
    h_step_id text [],
    h_attributes text [],
    -- For each place.
    events bytea [],
    OUT commit_time timestamptz,
    -- For each place: how long the history is now, or -1 if nothing of it was committed.
    OUT lengths integer [],
    OUT stages smallint [],
    OUT inboxes bigint [],
    OUT are_paused boolean [],
    OUT are_cancelling boolean [],
    -- For each execution that was to begin: its id, or that of the one that began with its key before; NULL if it did
    -- not begin, because its version is not as it has to be, or its parent was not committed.
    OUT begun uuid []
)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    a_count integer := cardinality(a_id);
    n_count integer := cardinality(n_id);
    s_count integer := cardinality(s_id);
    projects uuid [] := a_project || n_project;
    ids uuid [] := a_id || n_id;
    -- The status that each step of the batch had before; 0 if it is new.
    known smallint [] := '{}';
    new_steps integer [];
    succeeded_steps integer [];
    failed_steps integer [];
    entries integer [];
    owning_engine uuid;
    inserted integer := 0;
BEGIN
    commit_time := clock_timestamp();
    lengths := '{}';
    stages := '{}';
    begun := n_id;

    -- A batch is sent again when nobody knows whether it was committed: all of it was, or nothing.
    IF is_repeated THEN
        is_repeated := EXISTS (
            SELECT FROM unnest(projects, ids) AS each (project_id, id)
            CROSS JOIN LATERAL (
                SELECT FROM executions
                WHERE project_id = each.project_id AND executions.id = each.id AND commit_id = batch
                LIMIT 1
            ) AS found
        );
    END IF;

    IF a_count > 0 THEN
        SELECT
            array_agg(
                CASE WHEN found.is_outdated THEN -1 ELSE coalesce(found.history_length, -1) END
                ORDER BY advance.place
            ),
            array_agg(coalesce(
                CASE
                    WHEN found.history_length IS NULL THEN 0
                    WHEN found.is_outdated THEN 2
                    WHEN is_repeated THEN found.stage
                    WHEN advance.outcome = 1 THEN 2
                    WHEN advance.outcome = 2 THEN CASE WHEN found.inbox > advance.inbox AND NOT found.paused THEN 1 ELSE 3 END
                    WHEN advance.outcome = 3 THEN CASE WHEN found.paused THEN 3 ELSE 1 END
                    WHEN found.paused OR (found.cancelling AND NOT advance.knows_cancelling) THEN 2
                    ELSE 5
                END, 0
            )::smallint ORDER BY advance.place),
            array_agg(coalesce(found.inbox, 0) ORDER BY advance.place),
            array_agg(coalesce(found.paused, false) ORDER BY advance.place),
            array_agg(coalesce(found.cancelling, false) ORDER BY advance.place)
        INTO lengths, stages, inboxes, are_paused, are_cancelling
        FROM unnest(a_project, a_id, a_token, a_seen_inbox, a_outcome, a_inbox, a_knows_cancelling)
            WITH ORDINALITY AS advance (
                project_id, id, token, seen_inbox, outcome, inbox, knows_cancelling, place
            )
        LEFT JOIN LATERAL (
            SELECT
                executions.history_length,
                executions.stage,
                executions.inbox,
                executions.paused,
                executions.cancelling,
                CASE
                    WHEN is_repeated THEN executions.commit_id IS DISTINCT FROM batch
                    ELSE coalesce(executions.inbox > advance.seen_inbox, FALSE)
                END AS is_outdated
            FROM executions
            WHERE
                executions.project_id = advance.project_id
                AND executions.id = advance.id
                -- What was outdated in a batch that was committed is still its driver's.
                AND (
                    (executions.token = advance.token AND executions.stage = 2)
                    OR (is_repeated AND executions.commit_id = batch)
                )
            FOR NO KEY UPDATE
        ) AS found ON TRUE;
    END IF;

    IF n_count > 0 AND NOT is_repeated THEN
        IF TRUE = ANY(n_owned) THEN
            -- What is owned is owned by an engine that lives: whoever buries a dead one waits for this lock.
            SELECT engines.id INTO owning_engine
            FROM engines
            WHERE engines.id = engine AND lease_until > clock_timestamp()
            FOR KEY SHARE;
        END IF;
        INSERT INTO executions (
            project_id, id, workflow_id, workflow_version, kind, status, stage, priority, trigger, waiting_for,
            token, delivery, history_length, owner, ready_time, due_time, deadline, create_time, start_time,
            update_time, parent_id, parent_step_id, forked_from_id, forked_from_step_id, trigger_id,
            idempotency_key, traceparent, tags, attributes, flow, input, commit_id
        )
        SELECT
            project_id,
            id,
            workflow_id,
            workflow_version,
            kind,
            CASE WHEN stage = 2 THEN 2 ELSE 1 END,
            stage,
            priority,
            trigger,
            CASE stage WHEN 4 THEN 7 WHEN 3 THEN 1 WHEN 1 THEN CASE WHEN kind = 2 THEN 6 ELSE 0 END ELSE 0 END,
            CASE WHEN stage = 2 THEN 1 ELSE 0 END,
            CASE WHEN stage = 2 THEN 1 ELSE 0 END,
            CASE WHEN stage = 2 THEN 2 ELSE 1 END,
            CASE WHEN stage = 2 THEN owning_engine END,
            greatest(start_time, commit_time),
            CASE WHEN stage = 3 THEN start_time END,
            coalesce(deadline, greatest(start_time, commit_time) + time_allowed),
            commit_time,
            CASE WHEN stage = 2 THEN commit_time END,
            commit_time,
            parent_id,
            parent_step_id,
            forked_from_id,
            forked_from_step_id,
            trigger_id,
            idempotency_key,
            traceparent,
            CASE WHEN tags IS NULL THEN '{}' ELSE ARRAY(SELECT json_array_elements_text(tags::json)) END,
            attributes::jsonb,
            flow,
            input,
            batch
        FROM (
            SELECT
                *,
                CASE
                    WHEN held_back THEN 4
                    WHEN start_time > commit_time THEN 3
                    WHEN owned AND owning_engine IS NOT NULL THEN 2
                    ELSE 1
                END AS stage
            FROM unnest(
                n_parent_place, n_project, n_id, n_workflow_id, n_workflow_version, n_check, n_kind, n_trigger,
                n_trigger_id, n_priority, n_tags, n_attributes, n_owned, n_held_back, n_start_time, n_deadline, n_time_allowed,
                n_idempotency_key, n_parent_id, n_parent_step_id, n_forked_from_id, n_forked_from_step_id,
                n_traceparent, n_flow, n_input
            ) AS beginning (
                parent_place, project_id, id, workflow_id, workflow_version, version_check, kind, trigger,
                trigger_id, priority, tags, attributes, owned, held_back, start_time, deadline, time_allowed,
                idempotency_key, parent_id, parent_step_id, forked_from_id, forked_from_step_id,
                traceparent, flow, input
            )
            WHERE
                (parent_place = 0 OR lengths[parent_place] >= 0)
                AND (
                    version_check = 0
                    OR EXISTS (
                        SELECT FROM workflows
                        WHERE
                            workflows.project_id = beginning.project_id
                            AND workflows.id = beginning.workflow_id
                            AND (version_check = 1 OR workflows.version = beginning.workflow_version)
                    )
                )
        ) AS staged
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS inserted = ROW_COUNT;
    END IF;
    IF n_count > 0 THEN
        SELECT
            lengths || array_agg(coalesce(found.history_length, -1) ORDER BY beginning.place),
            stages || array_agg(coalesce(found.stage, 0)::smallint ORDER BY beginning.place)
        INTO lengths, stages
        FROM unnest(n_project, n_id) WITH ORDINALITY AS beginning (project_id, id, place)
        LEFT JOIN LATERAL (
            SELECT executions.history_length, executions.stage
            FROM executions
            WHERE
                executions.project_id = beginning.project_id
                AND executions.id = beginning.id
                AND executions.commit_id = batch
            LIMIT 1
        ) AS found ON TRUE;
    END IF;
    IF inserted < n_count THEN
        SELECT array_agg(
            CASE WHEN lengths[a_count + beginning.place] >= 0 THEN beginning.id ELSE found.id END
            ORDER BY beginning.place
        )
        INTO begun
        FROM unnest(n_project, n_id, n_workflow_id, n_idempotency_key)
            WITH ORDINALITY AS beginning (project_id, id, workflow_id, key, place)
        LEFT JOIN LATERAL (
            SELECT executions.id
            FROM executions
            WHERE
                executions.project_id = beginning.project_id
                AND executions.workflow_id = beginning.workflow_id
                AND executions.idempotency_key = beginning.key
            LIMIT 1
        ) AS found ON TRUE;
    END IF;
    IF is_repeated THEN
        RETURN;
    END IF;

    IF s_count > 0 THEN
        SELECT array_agg(coalesce(found.status, 0)::smallint ORDER BY step.number)
        INTO known
        FROM unnest(s_place, s_id) WITH ORDINALITY AS step (place, id, number)
        LEFT JOIN LATERAL (
            SELECT steps.status
            FROM steps
            WHERE
                steps.project_id = projects[step.place]
                AND steps.execution_id = ids[step.place]
                AND steps.id = step.id
            LIMIT 1
        ) AS found ON TRUE;

        INSERT INTO steps AS present (
            project_id, execution_id, id, position, type, status, waiting_for, stage, priority, attempt, token, owner,
            ready_time, wake_time, create_time, start_time, end_time, parent_id, task, waiting_name, details,
            worker_id, input, output, error, progress
        )
        SELECT
            projects[place], ids[place], id, position, type, status, waiting_for, stage, priority, attempt, token, owner,
            ready_time, wake_time, coalesce(create_time, commit_time), start_time, end_time, parent_id, task,
            waiting_name, details, worker_id, input, output, error, progress
        FROM unnest(
            s_place, s_id, s_position, s_type, s_status, s_waiting_for, s_stage, s_priority, s_attempt, s_token,
            s_owner, s_ready_time, s_wake_time, s_create_time, s_start_time, s_end_time, s_parent_id, s_task,
            s_waiting_name, s_details, s_worker_id, s_input, s_output, s_error, s_progress
        ) WITH ORDINALITY AS step (
            place, id, position, type, status, waiting_for, stage, priority, attempt, token,
            owner, ready_time, wake_time, create_time, start_time, end_time, parent_id, task,
            waiting_name, details, worker_id, input, output, error, progress, number
        )
        WHERE lengths[place] >= 0 AND known[number] < 5
        ON CONFLICT (project_id, execution_id, id) DO UPDATE SET
            status = excluded.status,
            waiting_for = excluded.waiting_for,
            stage = excluded.stage,
            priority = excluded.priority,
            attempt = excluded.attempt,
            token = greatest(present.token, excluded.token),
            owner = excluded.owner,
            ready_time = excluded.ready_time,
            wake_time = excluded.wake_time,
            start_time = excluded.start_time,
            end_time = excluded.end_time,
            task = excluded.task,
            waiting_name = excluded.waiting_name,
            details = excluded.details,
            worker_id = excluded.worker_id,
            input = excluded.input,
            output = excluded.output,
            error = excluded.error,
            progress = excluded.progress
        WHERE present.status < 5;

        SELECT
            array_agg(counted.new_steps ORDER BY counted.place),
            array_agg(counted.succeeded_steps ORDER BY counted.place),
            array_agg(counted.failed_steps ORDER BY counted.place)
        INTO new_steps, succeeded_steps, failed_steps
        FROM (
            SELECT
                step.place,
                count(*) FILTER (WHERE step.known = 0) AS new_steps,
                count(*) FILTER (WHERE step.status = 5 AND step.known < 5) AS succeeded_steps,
                count(*) FILTER (WHERE step.status = 6 AND step.known < 5) AS failed_steps
            FROM (
                SELECT each.place, each.status, each.known FROM unnest(s_place, s_status, known) AS each (place, status, known)
                UNION ALL
                SELECT series.place, 0, 5 FROM generate_series(1, a_count + n_count) AS series (place)
            ) AS step
            GROUP BY step.place
        ) AS counted;
    END IF;

    -- The entries of each place, less those about steps that had ended before.
    SELECT array_agg(counted.entries ORDER BY counted.place)
    INTO entries
    FROM (
        SELECT each.place, count(*) - 1 AS entries
        FROM (
            SELECT entry.place FROM unnest(h_place, h_step) AS entry (place, step)
            WHERE entry.step = 0 OR known[entry.step] < 5
            UNION ALL
            SELECT generate_series(1, a_count)
        ) AS each (place)
        GROUP BY each.place
    ) AS counted;

    INSERT INTO history (project_id, execution_id, sequence, type, attempt, time, step_id, attributes)
    SELECT
        projects[place],
        ids[place],
        lengths[place] + row_number() OVER (PARTITION BY place ORDER BY number),
        type,
        attempt,
        coalesce(time, commit_time),
        step_id,
        attributes
    FROM unnest(h_place, h_step, h_type, h_attempt, h_time, h_step_id, h_attributes)
        WITH ORDINALITY AS entry (place, step, type, attempt, time, step_id, attributes, number)
    WHERE lengths[place] >= 0 AND (step = 0 OR known[step] < 5);

    -- Those that the engine adds by itself: how an execution began, and how it ended.
    INSERT INTO history (project_id, execution_id, sequence, type, attempt, time, step_id)
    SELECT projects[place], ids[place], each.sequence, each.type, 0, commit_time, ''
    FROM generate_series(a_count + 1, a_count + n_count) AS place
    CROSS JOIN LATERAL (VALUES (1, 1), (2, 2)) AS each (sequence, type)
    WHERE lengths[place] >= 0 AND each.sequence <= CASE WHEN stages[place] = 2 THEN 2 ELSE 1 END
    UNION ALL
    SELECT
        projects[place],
        ids[place],
        lengths[place] + entries[place] + 1,
        CASE a_status[place] WHEN 4 THEN 5 WHEN 5 THEN 6 ELSE 8 END,
        0,
        commit_time,
        ''
    FROM generate_series(1, a_count) AS place
    WHERE lengths[place] >= 0 AND stages[place] = 5;

    IF a_count > 0 THEN
        WITH advanced AS (
            UPDATE executions SET
                stage = stages[advance.place],
                status = CASE WHEN stages[advance.place] = 5 THEN advance.status ELSE executions.status END,
                owner = CASE WHEN stages[advance.place] = 2 THEN executions.owner END,
                waiting_for = CASE stages[advance.place]
                    WHEN 3 THEN advance.waiting_for
                    WHEN 1 THEN CASE WHEN executions.kind = 2 THEN 6 ELSE 0 END
                    ELSE 0
                END,
                due_time = CASE WHEN stages[advance.place] = 3 THEN advance.due_time END,
                ready_time = CASE WHEN stages[advance.place] = 1 THEN commit_time ELSE executions.ready_time END,
                delivery = CASE advance.delivery
                    WHEN 1 THEN 0 ELSE greatest(executions.delivery + advance.delivery, 0)
                END,
                history_length = executions.history_length + entries[advance.place]
                    + CASE WHEN stages[advance.place] = 5 THEN 1 ELSE 0 END,
                step_count = executions.step_count + coalesce(new_steps[advance.place], 0),
                succeeded_step_count = executions.succeeded_step_count + coalesce(succeeded_steps[advance.place], 0),
                failed_step_count = executions.failed_step_count + coalesce(failed_steps[advance.place], 0),
                update_time = commit_time,
                end_time = CASE WHEN stages[advance.place] = 5 THEN commit_time END,
                output = CASE WHEN stages[advance.place] = 5 THEN advance.output END,
                error = CASE WHEN stages[advance.place] = 5 THEN advance.error END,
                commit_id = batch
            FROM unnest(a_project, a_id, a_outcome, a_delivery, a_due_time, a_waiting_for, a_status, a_output, a_error)
                WITH ORDINALITY AS advance (
                    project_id, id, outcome, delivery, due_time, waiting_for, status, output, error, place
                )
            WHERE
                executions.project_id = advance.project_id
                AND executions.id = advance.id
                AND lengths[advance.place] >= 0
            RETURNING
                executions.project_id,
                executions.id,
                executions.workflow_id,
                executions.parent_id,
                executions.stage,
                executions.error
        ),
        -- What is given up is kept where people look for it. An error is written with its class first.
        given_up AS (
            INSERT INTO dead_letters (project_id, id, workflow_id, execution_id, error, create_time)
            SELECT project_id, gen_random_uuid(), workflow_id, id, error, commit_time
            FROM advanced
            WHERE stage = 5 AND starts_with(error, '{"type":"PoisonError"')
        )
        INSERT INTO endings (project_id, execution_id)
        SELECT project_id, id FROM advanced WHERE stage = 5 AND parent_id IS NOT NULL;
    END IF;
    IF s_count > 0 AND n_count > 0 THEN
        UPDATE executions SET
            step_count = new_steps[place],
            succeeded_step_count = succeeded_steps[place],
            failed_step_count = failed_steps[place]
        FROM generate_series(a_count + 1, a_count + n_count) AS place
        WHERE project_id = projects[place] AND id = ids[place] AND lengths[place] >= 0 AND new_steps[place] > 0;
    END IF;

    -- Batches of events that follow one another are one batch: so says protobuf of repeated fields.
    PERFORM pg_notify('timeloom_outbox_' || current_schema(), '')
    WHERE NOT EXISTS (SELECT FROM outbox WHERE project_id = ANY(projects));
    INSERT INTO outbox (project_id, batch)
    SELECT projects[place], string_agg(event, ''::bytea ORDER BY place)
    FROM unnest(events) WITH ORDINALITY AS told (event, place)
    WHERE
        lengths[place] >= 0
        AND (place > a_count OR NOT (are_paused[place] OR (a_outcome[place] = 4 AND stages[place] <> 5)))
    GROUP BY projects[place];

    SELECT array_agg(CASE WHEN lengths[place] < 0 THEN -1 ELSE lengths[place] + CASE WHEN place > a_count THEN 0 ELSE entries[place] + (stages[place] = 5)::integer END END ORDER BY place)
    INTO lengths
    FROM generate_series(1, a_count + n_count) AS place;
END
$$;

-- Ends the steps that waited for children which have ended, and tells which executions have to look.
CREATE FUNCTION tell_parents(at_most integer)
RETURNS TABLE (project_id uuid, execution_id uuid, workflow_id text, status smallint, history_length integer)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    child record;
    parent record;
    has_succeeded boolean;
    -- The driver of steps decides whether one that failed is tried again: until then it is RETRYING without a time.
    is_undecided boolean;
BEGIN
    -- In the order of the parents' keys, in which whoever locks several executions locks them.
    FOR child IN
        SELECT found.*
        FROM (
            SELECT endings.project_id, endings.execution_id FROM endings LIMIT at_most FOR UPDATE SKIP LOCKED
        ) AS ended
        CROSS JOIN LATERAL (
            SELECT e.project_id, e.id, e.parent_id, e.parent_step_id, e.status, e.output, e.error
            FROM executions AS e
            WHERE e.project_id = ended.project_id AND e.id = ended.execution_id
            LIMIT 1
        ) AS found
        ORDER BY found.project_id, found.parent_id
    LOOP
        DELETE FROM endings WHERE endings.project_id = child.project_id AND endings.execution_id = child.id;
        -- One that was taken up again meanwhile ends another time.
        CONTINUE WHEN child.status < 4;
        SELECT e.stage, e.paused, e.kind INTO parent
        FROM executions AS e
        WHERE e.project_id = child.project_id AND e.id = child.parent_id
        FOR NO KEY UPDATE;
        CONTINUE WHEN NOT found OR parent.stage = 5;
        has_succeeded := child.status = 4;
        is_undecided := parent.kind = 1 AND NOT has_succeeded;
        UPDATE steps SET
            status = CASE WHEN has_succeeded THEN 5 WHEN is_undecided THEN 3 ELSE 6 END,
            waiting_for = 0,
            wake_time = NULL,
            end_time = CASE WHEN NOT is_undecided THEN clock_timestamp() END,
            output = CASE WHEN has_succeeded THEN child.output END,
            error = CASE
                WHEN has_succeeded THEN NULL
                WHEN child.status = 6 THEN '{"type":"CancelledError","message":"The execution was cancelled."}'
                ELSE child.error
            END
        WHERE
            steps.project_id = child.project_id
            AND steps.execution_id = child.parent_id
            AND steps.id = child.parent_step_id
            AND steps.status = 4
            AND steps.waiting_for = 5
            AND steps.waiting_name = child.id::text;
        CONTINUE WHEN NOT found;
        RETURN QUERY
        UPDATE executions AS e SET
            inbox = e.inbox + 1,
            stage = CASE WHEN e.stage = 3 AND NOT e.paused THEN 1 ELSE e.stage END,
            ready_time = CASE WHEN e.stage = 3 AND NOT e.paused THEN clock_timestamp() ELSE e.ready_time END,
            due_time = CASE WHEN e.stage = 3 AND NOT e.paused THEN NULL ELSE e.due_time END,
            waiting_for = CASE
                WHEN e.stage = 3 AND NOT e.paused THEN CASE WHEN e.kind = 2 THEN 6 ELSE 0 END
                ELSE e.waiting_for
            END,
            history_length = e.history_length + (NOT is_undecided)::integer,
            succeeded_step_count = e.succeeded_step_count + has_succeeded::integer,
            failed_step_count = e.failed_step_count + (NOT (has_succeeded OR is_undecided))::integer,
            update_time = clock_timestamp()
        WHERE e.project_id = child.project_id AND e.id = child.parent_id
        RETURNING e.project_id, e.id, e.workflow_id, e.status, e.history_length;
        INSERT INTO history (project_id, execution_id, sequence, type, attempt, time, step_id)
        SELECT
            child.project_id,
            child.parent_id,
            e.history_length,
            CASE WHEN has_succeeded THEN 23 ELSE 25 END,
            s.attempt,
            clock_timestamp(),
            s.id
        FROM executions AS e
        JOIN steps AS s ON s.project_id = e.project_id AND s.execution_id = e.id AND s.id = child.parent_step_id
        WHERE e.project_id = child.project_id AND e.id = child.parent_id AND NOT is_undecided;
    END LOOP;
END
$$;
