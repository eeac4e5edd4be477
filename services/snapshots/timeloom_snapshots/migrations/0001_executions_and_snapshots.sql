-- JSON documents are kept as canonical text, not as jsonb: that would turn 1.0 into 1, 1e22 into a row of digits, and
-- refuse the character U+0000. Hashes are SHA-256. A checksum is the CRC-32 of what no hash covers.

-- The rows of recording executions are updated with every commit: none of the columns that change then is indexed, and
-- pages keep room, so that the update stays within its page.
CREATE TABLE executions (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    end_time timestamptz,
    head_sequence integer NOT NULL DEFAULT 0,
    snapshot_count integer NOT NULL DEFAULT 0,
    status smallint NOT NULL,
    forked_from_sequence integer,
    forked_from_execution_id uuid,
    agent_id text NOT NULL,
    session_id text NOT NULL,
    name text NOT NULL,
    trace_id text NOT NULL,
    tags text [] NOT NULL,
    input text,
    output text,
    error text,
    metadata text,
    PRIMARY KEY (project_id, id)
) WITH (fillfactor = 70);

CREATE INDEX executions_create_time ON executions (project_id, create_time, id);
CREATE INDEX executions_agent ON executions (project_id, agent_id, create_time, id);
CREATE INDEX executions_session ON executions (project_id, session_id, create_time, id) WHERE session_id <> '';

SELECT protect_table('executions');

-- Every snapshot with its delta. The deltas of a run from `base_sequence` to `sequence` are contiguous; the base has its
-- whole state either in `keyframes` or in its own delta, which then sets the root.
CREATE TABLE snapshots (
    project_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    create_time timestamptz NOT NULL,
    sequence integer NOT NULL,
    parent_sequence integer NOT NULL,
    base_sequence integer NOT NULL,
    state_bytes integer NOT NULL,
    stored_bytes integer NOT NULL,
    checksum integer NOT NULL,
    kind smallint NOT NULL,
    dictionary_id smallint NOT NULL,
    state_hash bytea NOT NULL,
    chain_hash bytea NOT NULL,
    step_name text NOT NULL,
    label text,
    key text,
    tags text [],
    metadata text,
    delta bytea NOT NULL,
    PRIMARY KEY (project_id, execution_id, sequence)
);

-- Compressed already.
ALTER TABLE snapshots ALTER COLUMN delta SET STORAGE EXTERNAL;

CREATE UNIQUE INDEX snapshots_key ON snapshots (project_id, execution_id, key) WHERE key IS NOT NULL;

SELECT protect_table('snapshots');

-- Whole states between the deltas: an index that makes reading fast. All of it can be made again.
CREATE TABLE keyframes (
    project_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    sequence integer NOT NULL,
    dictionary_id smallint NOT NULL,
    checksum integer NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (project_id, execution_id, sequence)
);

ALTER TABLE keyframes ALTER COLUMN state SET STORAGE EXTERNAL;

SELECT protect_table('keyframes');

CREATE TABLE effects (
    project_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    sequence integer NOT NULL,
    ordinal integer NOT NULL,
    create_time timestamptz NOT NULL,
    checksum integer NOT NULL,
    -- The size of request and response, uncompressed.
    document_bytes integer NOT NULL,
    kind smallint NOT NULL,
    dictionary_id smallint NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    request bytea,
    response bytea,
    PRIMARY KEY (project_id, execution_id, sequence, key)
);

ALTER TABLE effects ALTER COLUMN request SET STORAGE EXTERNAL, ALTER COLUMN response SET STORAGE EXTERNAL;

SELECT protect_table('effects');
