-- JSON documents are kept as the text that they came as: jsonb would change numbers and refuse U+0000. Only what is
-- searched within is jsonb.

-- A definition's newest version; what executes is always a version.
CREATE TABLE workflows (
    project_id uuid NOT NULL,
    id text NOT NULL,
    version integer NOT NULL,
    kind smallint NOT NULL,
    enabled boolean NOT NULL,
    description text NOT NULL,
    tags text [] NOT NULL,
    revision integer NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, id)
);

SELECT protect_table('workflows');

-- Versions stay when their workflow is deleted, for its executions; numbers go on if it is made anew.
CREATE TABLE workflow_versions (
    project_id uuid NOT NULL,
    workflow_id text NOT NULL,
    version integer NOT NULL,
    kind smallint NOT NULL,
    definition text NOT NULL,
    definition_hash bytea NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, workflow_id, version)
);

SELECT protect_table('workflow_versions');

-- The row is the lock of its execution. Who drives it has raised `token`, and writes only where the token is still its
-- own. What comes from outside (a signal, an event, a task's result, a pause) raises `inbox` in the same transaction:
-- a driver that parks the execution names the inbox that it has seen, and is queued again at once if it has grown.
--
-- `stage` says who has it: 1 queued (anybody may take it), 2 owned (by the engine `owner`), 3 parked (until `due_time`,
-- or until something comes from outside), 4 held back (for a slot or its turn), 5 ended. The columns that change with
-- every step are not indexed, so that those updates stay within their page.
--
-- A paused one is shown as such (status 3), and is never queued: it is owned until its driver has parked it, parked, or
-- still held back. Who resumes it queues it.
CREATE TABLE executions (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    workflow_id text NOT NULL,
    workflow_version integer NOT NULL,
    kind smallint NOT NULL,
    status smallint NOT NULL,
    stage smallint NOT NULL,
    priority smallint NOT NULL,
    trigger smallint NOT NULL,
    waiting_for smallint NOT NULL DEFAULT 0,
    paused boolean NOT NULL DEFAULT false,
    cancelling boolean NOT NULL DEFAULT false,
    token bigint NOT NULL DEFAULT 0,
    inbox bigint NOT NULL DEFAULT 0,
    -- The batch that it was last committed with: so a batch that is sent again is recognised.
    commit_id bigint NOT NULL DEFAULT 0,
    delivery integer NOT NULL DEFAULT 0,
    retry_count integer NOT NULL DEFAULT 0,
    history_length integer NOT NULL DEFAULT 0,
    step_count integer NOT NULL DEFAULT 0,
    succeeded_step_count integer NOT NULL DEFAULT 0,
    failed_step_count integer NOT NULL DEFAULT 0,
    owner uuid,
    ready_time timestamptz NOT NULL,
    due_time timestamptz,
    deadline timestamptz,
    create_time timestamptz NOT NULL,
    start_time timestamptz,
    update_time timestamptz NOT NULL,
    end_time timestamptz,
    parent_id uuid,
    parent_step_id text,
    forked_from_id uuid,
    forked_from_step_id text,
    trigger_id text NOT NULL DEFAULT '',
    idempotency_key text,
    traceparent text NOT NULL DEFAULT '',
    tags text [] NOT NULL,
    attributes jsonb,
    input text,
    output text,
    error text,
    -- What it is held back by: a JSON object, `slots`, each with its `key` and `limit`, and `startMs`, within which it
    -- has to begin.
    flow text,
    wants_slots boolean NOT NULL DEFAULT false,
    holds_slots boolean NOT NULL DEFAULT false,
    start_by timestamptz,
    PRIMARY KEY (project_id, id),
    CONSTRAINT executions_ended CHECK ((stage = 5) = (status >= 4)),
    CONSTRAINT executions_paused CHECK (paused = (status = 3) AND NOT (paused AND stage = 1))
) WITH (fillfactor = 70);

CREATE INDEX executions_create_time ON executions (project_id, create_time, id);
CREATE INDEX executions_workflow ON executions (project_id, workflow_id, create_time, id);
CREATE INDEX executions_status ON executions (project_id, status, create_time, id);
CREATE INDEX executions_parent ON executions (project_id, parent_id) WHERE parent_id IS NOT NULL;
CREATE UNIQUE INDEX executions_idempotency ON executions (project_id, workflow_id, idempotency_key)
WHERE idempotency_key IS NOT NULL;
CREATE INDEX executions_tags ON executions USING gin (tags) WHERE tags <> '{}';
CREATE INDEX executions_attributes ON executions USING gin (attributes jsonb_path_ops) WHERE attributes IS NOT NULL;
-- Two queues: for the code of one workflow, which its workers take from, and for those that an engine drives by itself.
CREATE INDEX executions_code_queue ON executions (project_id, workflow_id, (-priority), ready_time, id)
WHERE stage = 1 AND kind = 2;
CREATE INDEX executions_dag_queue ON executions ((-priority), ready_time, id) WHERE stage = 1 AND kind = 1;
CREATE INDEX executions_due ON executions (due_time) WHERE stage = 3 AND due_time IS NOT NULL AND NOT paused;
CREATE INDEX executions_start_by ON executions (start_by) WHERE start_by IS NOT NULL AND status = 1;
CREATE INDEX executions_owner ON executions (owner) WHERE stage = 2;

SELECT protect_table('executions');

-- A step as it stands. One that a task of a worker, or the engine, runs apart from its execution's driver has a stage,
-- token and owner of its own: 0 none, 1 queued, 2 owned.
CREATE TABLE steps (
    project_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    id text NOT NULL,
    position integer NOT NULL,
    type smallint NOT NULL,
    status smallint NOT NULL,
    waiting_for smallint NOT NULL DEFAULT 0,
    stage smallint NOT NULL DEFAULT 0,
    priority smallint NOT NULL DEFAULT 0,
    attempt integer NOT NULL,
    token bigint NOT NULL DEFAULT 0,
    owner uuid,
    ready_time timestamptz,
    wake_time timestamptz,
    create_time timestamptz NOT NULL,
    start_time timestamptz,
    end_time timestamptz,
    parent_id text NOT NULL DEFAULT '',
    -- The task's name, if a worker's task runs it.
    task text,
    -- What it waits for by name: an event, a signal, an execution, a question.
    waiting_name text,
    -- What else the wait, or the task, is made of: a JSON object.
    details text,
    worker_id text NOT NULL DEFAULT '',
    input text,
    output text,
    error text,
    progress text,
    PRIMARY KEY (project_id, execution_id, id)
);

CREATE INDEX steps_queue ON steps (project_id, task, (-priority), ready_time) WHERE stage = 1;
CREATE INDEX steps_owner ON steps (owner) WHERE stage = 2;
-- Steps that wait for an event of a name.
CREATE INDEX steps_events ON steps (project_id, waiting_name, execution_id, id) WHERE status = 4 AND waiting_for = 2;

SELECT protect_table('steps');

-- What happened, in order. Rows are never changed.
CREATE TABLE history (
    project_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    sequence integer NOT NULL,
    type smallint NOT NULL,
    attempt integer NOT NULL,
    time timestamptz NOT NULL,
    step_id text NOT NULL,
    attributes text,
    PRIMARY KEY (project_id, execution_id, sequence)
);

SELECT protect_table('history');

-- Signals in the order in which they came; `step_id` is the step that took one.
CREATE TABLE signals (
    project_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    id text NOT NULL,
    name text NOT NULL,
    data text,
    step_id text,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, execution_id, number)
);

CREATE UNIQUE INDEX signals_id ON signals (project_id, execution_id, id) WHERE id <> '';

SELECT protect_table('signals');

-- Events that were published. They are kept for a while, so that a step that begins to wait learns of those that came
-- after its execution was created.
CREATE TABLE events (
    project_id uuid NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    data text,
    occur_time timestamptz NOT NULL,
    create_time timestamptz NOT NULL,
    -- When all that it begins had begun, and all that waited for it were woken.
    handle_time timestamptz,
    started_execution_ids uuid [] NOT NULL DEFAULT '{}',
    woken_execution_ids uuid [] NOT NULL DEFAULT '{}',
    PRIMARY KEY (project_id, id)
);

CREATE INDEX events_name ON events (project_id, name, create_time);
CREATE INDEX events_create_time ON events (project_id, create_time, id);
-- Those that are old are looked for over all projects.
CREATE INDEX events_age ON events (create_time);
CREATE INDEX events_unhandled ON events (create_time) WHERE handle_time IS NULL;

SELECT protect_table('events');

-- The engines that run: each keeps its lease alive, and what it owns is taken over when it has not. An engine belongs
-- to no project, and only the service's own housekeeping sees it.
CREATE TABLE engines (
    id uuid PRIMARY KEY,
    address text NOT NULL,
    start_time timestamptz NOT NULL,
    lease_until timestamptz NOT NULL
);

ALTER TABLE engines ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY housekeeping ON engines TO timeloom_workflows_system USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON engines TO timeloom_workflows_system;
