-- Which policy decides conflicts about a table's records; a table without a row has its default.
CREATE TABLE sync_policies (
    project_id uuid NOT NULL,
    record_table text NOT NULL,
    policy text NOT NULL,
    update_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, record_table)
);

SELECT protect_table('sync_policies');

-- What became of each mutation, so that one which is sent again gets the same answer and changes nothing.
CREATE TABLE mutation_answers (
    project_id uuid NOT NULL,
    mutation_id text NOT NULL,
    outcome smallint NOT NULL,
    transaction_id bigint NOT NULL,
    clock text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    conflict_id uuid,
    dead_letter_id uuid,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, mutation_id)
);

CREATE INDEX mutation_answers_create_time ON mutation_answers (create_time);

SELECT protect_table('mutation_answers');

-- Mutations that met records which had been changed since their writers saw them. Clients see this table in a shape.
CREATE TABLE sync_conflicts (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    status text NOT NULL,
    policy text NOT NULL,
    record_table text NOT NULL,
    record_id uuid NOT NULL,
    -- As in REST.
    mutation jsonb NOT NULL,
    server_value jsonb,
    server_clock text COLLATE "C" NOT NULL,
    fields text [] NOT NULL,
    result jsonb,
    client_id text NOT NULL,
    create_time timestamptz NOT NULL,
    resolve_time timestamptz,
    PRIMARY KEY (project_id, id)
);

CREATE INDEX sync_conflicts_create_time ON sync_conflicts (project_id, create_time, id);
CREATE INDEX sync_conflicts_record ON sync_conflicts (project_id, record_table, record_id);
CREATE INDEX sync_conflicts_resolve_time ON sync_conflicts (resolve_time) WHERE resolve_time IS NOT NULL;

SELECT protect_table('sync_conflicts');

-- Mutations that cannot be applied, as they came.
CREATE TABLE mutation_dead_letters (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    client_id text NOT NULL,
    mutation_id text NOT NULL,
    record_table text NOT NULL,
    operation smallint NOT NULL,
    record_id text NOT NULL,
    value bytea,
    clock text COLLATE "C" NOT NULL,
    base_clock text COLLATE "C" NOT NULL,
    user_id text NOT NULL,
    reason text NOT NULL,
    -- It is applied by itself once its record comes into being.
    awaits_record boolean NOT NULL,
    attempts integer NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, id)
);

CREATE INDEX mutation_dead_letters_create_time ON mutation_dead_letters (project_id, create_time, id);
CREATE INDEX mutation_dead_letters_awaiting ON mutation_dead_letters (project_id, record_table, record_id)
WHERE awaits_record;

SELECT protect_table('mutation_dead_letters');

-- What is kept of records that were deleted, so that a write which was under way finds out.
CREATE TABLE tombstones (
    project_id uuid NOT NULL,
    record_table text NOT NULL,
    record_id uuid NOT NULL,
    -- The record's fields as they were, for a later write to bring it back: null if its insertion has not arrived, empty
    -- if it was deleted for good.
    record_values jsonb,
    field_clocks jsonb NOT NULL,
    clock text COLLATE "C" NOT NULL,
    delete_clock text COLLATE "C" NOT NULL,
    user_id text NOT NULL,
    user_clock text COLLATE "C" NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, record_table, record_id)
);

CREATE INDEX tombstones_create_time ON tombstones (create_time);

SELECT protect_table('tombstones');

-- When a record's own user wrote it last, for the policy that puts this user first.
CREATE TABLE owner_writes (
    project_id uuid NOT NULL,
    record_table text NOT NULL,
    record_id uuid NOT NULL,
    user_id text NOT NULL,
    clock text COLLATE "C" NOT NULL,
    PRIMARY KEY (project_id, record_table, record_id)
);

SELECT protect_table('owner_writes');
