-- Work in the background. Who works on a job holds its lease: until `due_time` nobody else takes it, and whoever still
-- writes to it after losing it is refused. What a job needs to go on elsewhere is in `checkpoint`.
CREATE TABLE jobs (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    kind smallint NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    state smallint NOT NULL,
    dry_run boolean NOT NULL,
    agent_id text NOT NULL,
    parameters text NOT NULL,
    phase text NOT NULL DEFAULT '',
    done_count integer NOT NULL DEFAULT 0,
    total_count integer NOT NULL DEFAULT 0,
    checkpoint text,
    report text,
    error text NOT NULL DEFAULT '',
    is_cancelled boolean NOT NULL DEFAULT FALSE,
    lease_id uuid,
    due_time timestamptz NOT NULL,
    -- Beginnings since it last got on.
    attempts integer NOT NULL DEFAULT 0,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    end_time timestamptz,
    PRIMARY KEY (project_id, id)
) WITH (fillfactor = 70);

-- One at a time of a kind in a namespace; a dry run disturbs nobody.
CREATE UNIQUE INDEX jobs_active ON jobs (project_id, namespace, kind) WHERE end_time IS NULL AND NOT dry_run;
CREATE INDEX jobs_create_time ON jobs (project_id, create_time DESC, id DESC);
CREATE INDEX jobs_due ON jobs (due_time) WHERE end_time IS NULL;
CREATE INDEX jobs_end_time ON jobs (end_time) WHERE end_time IS NOT NULL;

SELECT protect_table('jobs');

-- Vectors of texts that were written lately, in float32, the lowest byte first. All of it can be made again.
CREATE TABLE embedding_cache (
    project_id uuid NOT NULL,
    model text NOT NULL,
    -- SHA-256.
    text_hash bytea NOT NULL,
    vector bytea NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, model, text_hash)
);

-- Compression would find nothing in them.
ALTER TABLE embedding_cache ALTER COLUMN vector SET STORAGE EXTERNAL;

CREATE INDEX embedding_cache_create_time ON embedding_cache (project_id, create_time);

SELECT protect_table('embedding_cache');
