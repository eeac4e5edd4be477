-- JSON documents are kept as the text that they came as: jsonb would change numbers and refuse U+0000.

-- One import. The row is the lock of its work. `phase` is what is to be done next within its status: 1 read the records,
-- 2 match resources with what is there, 3 write, 4 verify, 5 restore; 0 nothing. `runs` counts how often it was set
-- going: each run has a workflow execution of its own, and `driven` says whether that was begun.
CREATE TABLE migrations (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    status text NOT NULL,
    phase smallint NOT NULL DEFAULT 0,
    goal text NOT NULL DEFAULT '',
    origin text NOT NULL,
    app text NOT NULL,
    app_version text NOT NULL,
    user_agent text NOT NULL,
    user_id text NOT NULL,
    conflict_resolution text NOT NULL,
    secret_policy text NOT NULL,
    sha256 text NOT NULL,
    record_count integer NOT NULL,
    received_record_count integer NOT NULL DEFAULT 0,
    received_bytes bigint NOT NULL DEFAULT 0,
    item_count integer NOT NULL DEFAULT 0,
    position integer NOT NULL DEFAULT 0,
    progress double precision NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT '',
    runs integer NOT NULL DEFAULT 0,
    driven boolean NOT NULL DEFAULT true,
    restarts integer NOT NULL DEFAULT 0,
    workflow_execution_id uuid,
    verification text,
    version integer NOT NULL DEFAULT 1,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    start_time timestamptz,
    end_time timestamptz,
    PRIMARY KEY (project_id, id)
);

CREATE INDEX migrations_create_time ON migrations (project_id, create_time, id);
-- What somebody has to drive, for whoever looks after that.
CREATE INDEX migrations_working ON migrations (update_time) WHERE phase <> 0;

SELECT protect_table('migrations');

-- Records as they came, but for their secrets, in whose places placeholders stand.
CREATE TABLE records (
    project_id uuid NOT NULL,
    migration_id uuid NOT NULL,
    index integer NOT NULL,
    store text NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    sha256 text NOT NULL,
    PRIMARY KEY (project_id, migration_id, index)
);

SELECT protect_table('records');

-- Secrets that records had in clear, sealed on arrival.
CREATE TABLE record_secrets (
    project_id uuid NOT NULL,
    migration_id uuid NOT NULL,
    record_index integer NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (project_id, migration_id, record_index, number)
);

SELECT protect_table('record_secrets');

-- The data key of each project, wrapped with the installation's master key.
CREATE TABLE data_keys (
    project_id uuid PRIMARY KEY,
    master_key_id text NOT NULL,
    wrapped bytea NOT NULL,
    create_time timestamptz NOT NULL
);

SELECT protect_table('data_keys');

-- What becomes of each resource. `before` is what was there, exactly, as of just before it was written; '' if nothing was.
-- `mark` is what tells that nobody has changed it since: the clock of a record, the etag of a memory.
-- `stage`: 1 to be matched, 2 planned, 3 looked at (`before` is known), 4 done, 5 taken back.
CREATE TABLE items (
    project_id uuid NOT NULL,
    migration_id uuid NOT NULL,
    number integer NOT NULL,
    record_index integer NOT NULL,
    key text NOT NULL,
    family text NOT NULL,
    source_id text NOT NULL,
    target_table text NOT NULL,
    source_target_id uuid,
    -- What only one resource may have, such as an environment's name; '' if there is no such thing.
    unique_name text NOT NULL DEFAULT '',
    source_fields text NOT NULL,
    source_action text NOT NULL,
    source_reason text NOT NULL,
    source_update_time text,
    resolution text NOT NULL DEFAULT '',
    action text NOT NULL DEFAULT '',
    target_id uuid,
    fields text NOT NULL DEFAULT '{}',
    changed text [] NOT NULL DEFAULT '{}',
    reason text NOT NULL DEFAULT '',
    stage smallint NOT NULL,
    existing_mark text NOT NULL DEFAULT '',
    before text,
    mark text NOT NULL DEFAULT '',
    PRIMARY KEY (project_id, migration_id, number)
);

CREATE INDEX items_stage ON items (project_id, migration_id, stage, number);
CREATE INDEX items_target ON items (project_id, migration_id, source_target_id, number);
-- Hashed: a name may be longer than an index takes.
CREATE INDEX items_unique_name ON items (project_id, migration_id, md5(unique_name), number) WHERE unique_name <> '';

SELECT protect_table('items');

CREATE TABLE conflicts (
    project_id uuid NOT NULL,
    migration_id uuid NOT NULL,
    id uuid NOT NULL,
    item_number integer NOT NULL,
    existing text,
    incoming text,
    from_rollback boolean NOT NULL,
    resolution text NOT NULL DEFAULT '',
    create_time timestamptz NOT NULL,
    resolve_time timestamptz,
    PRIMARY KEY (project_id, migration_id, id)
);

CREATE INDEX conflicts_create_time ON conflicts (project_id, migration_id, create_time, id);

SELECT protect_table('conflicts');
