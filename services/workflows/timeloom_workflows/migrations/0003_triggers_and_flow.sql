-- What makes a workflow begin by itself, as its newest version says. `number` is the place in the definition.
CREATE TABLE triggers (
    project_id uuid NOT NULL,
    workflow_id text NOT NULL,
    number integer NOT NULL,
    type smallint NOT NULL,
    enabled boolean NOT NULL,
    -- The name of an event, or the expression of a schedule.
    expression text NOT NULL,
    time_zone text NOT NULL,
    -- As the definition has it.
    definition text NOT NULL,
    -- Of a webhook: its address, and how often it was given another secret.
    hook_id text,
    hook_generation integer NOT NULL DEFAULT 0,
    -- Of a schedule: the next time that it means, and when it fires for it.
    next_fire_time timestamptz,
    due_time timestamptz,
    last_fire_time timestamptz,
    problem text NOT NULL DEFAULT '',
    PRIMARY KEY (project_id, workflow_id, number)
);

CREATE INDEX triggers_events ON triggers (project_id, expression) WHERE type = 2 AND enabled;
CREATE INDEX triggers_due ON triggers (due_time) WHERE due_time IS NOT NULL;
CREATE UNIQUE INDEX triggers_hook ON triggers (hook_id) WHERE hook_id IS NOT NULL;

SELECT protect_table('triggers');

-- The slots that an execution needs, one row for each. `state`: 0 its time has not come, 1 it waits for them, 2 it holds
-- them, 3 it has ended. Only `admit_held_back` gives slots, one transaction after the other, so that a limit is never
-- exceeded; they are freed by whatever ends the execution, in the same statement.
CREATE TABLE slots (
    project_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    key text NOT NULL,
    state smallint NOT NULL,
    slot_limit integer NOT NULL,
    -- Only one may be alive: another one is refused, or takes the place of this one.
    is_single boolean NOT NULL,
    replaces boolean NOT NULL,
    priority smallint NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, execution_id, key)
);

CREATE INDEX slots_waiting ON slots (project_id, key, (-priority), create_time, execution_id) WHERE state = 1;
CREATE INDEX slots_held ON slots (project_id, key) WHERE state = 2;
CREATE INDEX slots_replaceable ON slots (project_id, key, create_time, execution_id) WHERE replaces AND state < 3;
CREATE UNIQUE INDEX slots_single ON slots (project_id, key) WHERE is_single AND state < 3;

SELECT protect_table('slots');

-- Keys of which a slot was freed, or which somebody began to wait for: notes, written with the change itself, so that
-- whoever looks later misses none. They are never changed, so that those who write them never wait for one another.
CREATE TABLE slot_notes (
    project_id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    key text NOT NULL,
    PRIMARY KEY (project_id, number)
);

SELECT protect_table('slot_notes');

-- How fast something may begin: the time from which on there is room again (the generic cell rate algorithm).
CREATE TABLE rates (
    project_id uuid NOT NULL,
    key text NOT NULL,
    free_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, key)
);

CREATE INDEX rates_age ON rates (free_time);

SELECT protect_table('rates');

-- What triggers have brought, and what one execution begins with when the time has come.
CREATE TABLE collections (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    workflow_id text NOT NULL,
    key text NOT NULL,
    trigger smallint NOT NULL,
    trigger_id text NOT NULL,
    -- All are kept, or only the last one.
    is_batch boolean NOT NULL,
    size integer NOT NULL DEFAULT 0,
    size_bytes integer NOT NULL DEFAULT 0,
    create_time timestamptz NOT NULL,
    due_time timestamptz NOT NULL,
    -- It takes nothing more.
    is_full boolean NOT NULL DEFAULT false,
    PRIMARY KEY (project_id, id)
);

CREATE UNIQUE INDEX collections_open ON collections (project_id, workflow_id, key) WHERE NOT is_full;
CREATE INDEX collections_due ON collections (due_time);

SELECT protect_table('collections');

-- Its inputs, each under the key that makes what brought it count once. They outlive their collection for a while.
CREATE TABLE collected_inputs (
    project_id uuid NOT NULL,
    workflow_id text NOT NULL,
    idempotency_key text NOT NULL,
    collection_id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    input text,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, workflow_id, idempotency_key)
);

CREATE INDEX collected_inputs_collection ON collected_inputs (project_id, collection_id, number);
CREATE INDEX collected_inputs_age ON collected_inputs (create_time);

SELECT protect_table('collected_inputs');

-- An execution that needs slots is neither queued nor owned before it holds them, whoever wants to queue it: it is held
-- back instead. One that is being cancelled needs none any more.
CREATE FUNCTION hold_back_new() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.wants_slots := coalesce(json_array_length(NEW.flow::json -> 'slots'), 0) > 0;
    NEW.start_by := NEW.ready_time + (NEW.flow::json ->> 'startMs')::bigint * interval '1 millisecond';
    IF NEW.wants_slots AND NEW.stage IN (1, 2) THEN
        NEW.stage := 4;
        NEW.status := 1;
        NEW.waiting_for := 7;
        NEW.token := 0;
        NEW.delivery := 0;
        NEW.history_length := 1;
        NEW.owner := NULL;
        NEW.start_time := NULL;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER hold_back_new BEFORE INSERT ON executions
FOR EACH ROW WHEN (NEW.flow IS NOT NULL)
EXECUTE FUNCTION hold_back_new();

CREATE FUNCTION note_wanted_slots() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO slots (
        project_id, execution_id, key, state, slot_limit, is_single, replaces, priority, create_time
    )
    SELECT
        NEW.project_id,
        NEW.id,
        slot ->> 'key',
        CASE WHEN NEW.stage = 4 THEN 1 ELSE 0 END,
        (slot ->> 'limit')::integer,
        coalesce((slot ->> 'isSingle')::boolean, false),
        coalesce((slot ->> 'replaces')::boolean, false),
        NEW.priority,
        NEW.create_time
    FROM json_array_elements(NEW.flow::json -> 'slots') AS slot;
    INSERT INTO slot_notes (project_id, key)
    SELECT NEW.project_id, slot ->> 'key' FROM json_array_elements(NEW.flow::json -> 'slots') AS slot;
    RETURN NULL;
END
$$;

-- After the row is there, and only if it is: one that began before with the same key takes no slot.
CREATE TRIGGER note_wanted_slots AFTER INSERT ON executions
FOR EACH ROW WHEN (NEW.wants_slots)
EXECUTE FUNCTION note_wanted_slots();

CREATE FUNCTION keep_slots() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF OLD.stage = 5 AND NEW.start_time IS NULL THEN
        NEW.start_by := NEW.ready_time + (NEW.flow::json ->> 'startMs')::bigint * interval '1 millisecond';
    END IF;
    IF NOT NEW.wants_slots THEN
        RETURN NEW;
    END IF;
    IF NEW.stage = 5 THEN
        NEW.holds_slots := false;
        UPDATE slots SET state = 3 WHERE project_id = NEW.project_id AND execution_id = NEW.id;
    ELSIF NEW.stage IN (1, 2) AND NOT NEW.holds_slots AND NOT NEW.cancelling THEN
        NEW.stage := 4;
        NEW.waiting_for := 7;
        NEW.owner := NULL;
        UPDATE slots SET state = 1 WHERE project_id = NEW.project_id AND execution_id = NEW.id;
    END IF;
    IF NEW.stage IN (4, 5) THEN
        INSERT INTO slot_notes (project_id, key)
        SELECT slots.project_id, slots.key
        FROM slots
        WHERE slots.project_id = NEW.project_id AND slots.execution_id = NEW.id;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER keep_slots BEFORE UPDATE OF stage, paused ON executions
FOR EACH ROW WHEN (NEW.flow IS NOT NULL AND (OLD.stage <> NEW.stage OR OLD.paused <> NEW.paused))
EXECUTE FUNCTION keep_slots();

CREATE FUNCTION forget_slots() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    DELETE FROM slots WHERE project_id = OLD.project_id AND execution_id = OLD.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER forget_slots AFTER DELETE ON executions
FOR EACH ROW WHEN (OLD.wants_slots)
EXECUTE FUNCTION forget_slots();

-- Gives slots to those who wait for them, by priority and time, as far as there are any: looks at the keys of so many
-- notes. `is_replaced` tells of an execution that is alive though a newer one is to take its place.
--
-- Nobody who ends an execution waits for this, and it waits for nobody who has locked one: that key is looked at again.
CREATE FUNCTION admit_held_back(at_most integer)
RETURNS TABLE (
    project_id uuid, execution_id uuid, workflow_id text, status smallint, history_length integer, is_replaced boolean
)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    projects uuid [];
    keys text [];
    place integer;
    held bigint;
    waiting record;
    found_stage smallint;
    look_again boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM slot_notes) THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('slots'), hashtext(current_schema()));
    WITH taken AS (
        DELETE FROM slot_notes
        WHERE (slot_notes.project_id, slot_notes.number) IN (
            SELECT n.project_id, n.number FROM slot_notes AS n LIMIT at_most
        )
        RETURNING slot_notes.project_id, slot_notes.key
    )
    SELECT array_agg(each.project_id), array_agg(each.key)
    INTO projects, keys
    FROM (SELECT DISTINCT taken.project_id, taken.key FROM taken) AS each;
    FOR place IN 1..coalesce(cardinality(keys), 0) LOOP
        look_again := false;
        SELECT count(*) INTO held
        FROM slots
        WHERE slots.project_id = projects[place] AND slots.key = keys[place] AND slots.state = 2;
        FOR waiting IN
            SELECT slots.execution_id, slots.slot_limit
            FROM slots
            WHERE slots.project_id = projects[place] AND slots.key = keys[place] AND slots.state = 1
            ORDER BY -slots.priority, slots.create_time, slots.execution_id
            LIMIT 1000
        LOOP
            EXIT WHEN held >= waiting.slot_limit;
            CONTINUE WHEN EXISTS (
                SELECT FROM slots AS other
                WHERE
                    other.project_id = projects[place]
                    AND other.execution_id = waiting.execution_id
                    AND other.key <> keys[place]
                    AND other.slot_limit <= (
                        SELECT count(*) FROM slots AS holder
                        WHERE
                            holder.project_id = other.project_id AND holder.key = other.key AND holder.state = 2
                    )
            );
            SELECT executions.stage INTO found_stage
            FROM executions
            WHERE
                executions.project_id = projects[place]
                AND executions.id = waiting.execution_id
                AND NOT executions.paused
            FOR NO KEY UPDATE SKIP LOCKED;
            IF NOT FOUND THEN
                look_again := look_again OR EXISTS (
                    SELECT FROM executions
                    WHERE
                        executions.project_id = projects[place]
                        AND executions.id = waiting.execution_id
                        AND NOT executions.paused
                );
                CONTINUE;
            END IF;
            CONTINUE WHEN found_stage <> 4;
            UPDATE slots SET state = 2
            WHERE slots.project_id = projects[place] AND slots.execution_id = waiting.execution_id;
            RETURN QUERY
            UPDATE executions SET
                stage = 1,
                holds_slots = true,
                ready_time = clock_timestamp(),
                waiting_for = CASE WHEN executions.kind = 2 THEN 6 ELSE 0 END,
                update_time = clock_timestamp()
            WHERE executions.project_id = projects[place] AND executions.id = waiting.execution_id
            RETURNING
                executions.project_id, executions.id, executions.workflow_id, executions.status,
                executions.history_length, false;
            held := held + 1;
        END LOOP;
        RETURN QUERY
        SELECT older.project_id, older.id, older.workflow_id, older.status, older.history_length, true
        FROM (
            SELECT slots.execution_id
            FROM slots
            WHERE
                slots.project_id = projects[place] AND slots.key = keys[place] AND slots.replaces AND slots.state < 3
            ORDER BY slots.create_time DESC, slots.execution_id DESC
            OFFSET 1
            LIMIT 100
        ) AS replaced
        CROSS JOIN LATERAL (
            SELECT executions.*
            FROM executions
            WHERE executions.project_id = projects[place] AND executions.id = replaced.execution_id
            LIMIT 1
        ) AS older
        WHERE NOT older.cancelling AND older.stage <> 5;
        -- Whoever is told has to do it: if nobody does, the next look finds it.
        look_again := look_again OR FOUND;
        IF look_again THEN
            INSERT INTO slot_notes (project_id, key) VALUES (projects[place], keys[place]);
        END IF;
    END LOOP;
END
$$;
