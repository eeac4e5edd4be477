CREATE EXTENSION IF NOT EXISTS vector SCHEMA public;

-- Counts the changes of each project's memories. A transaction takes the row as the last thing before its commit, so
-- that changes become visible in the order of their sequences: who has read up to one has missed none before it. Times
-- grow with the sequences, whatever the clock does.
CREATE TABLE project_changes (
    project_id uuid PRIMARY KEY,
    sequence bigint NOT NULL,
    time timestamptz NOT NULL
);

SELECT protect_table('project_changes');

CREATE TABLE namespaces (
    project_id uuid NOT NULL,
    -- Compared and ordered byte by byte, so that what is below a namespace is a range of names.
    name text COLLATE "C" NOT NULL,
    description text NOT NULL,
    embedding_model text NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    sequence bigint NOT NULL DEFAULT 0,
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (project_id, name)
);

SELECT protect_table('namespaces');

-- The models whose vectors a namespace holds. The first vector of a model says how many dimensions it has here.
CREATE TABLE namespace_models (
    project_id uuid NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    model text NOT NULL,
    dimension integer NOT NULL,
    PRIMARY KEY (project_id, namespace, model)
);

SELECT protect_table('namespace_models');

-- Every memory in its current version. `number` names a content version to the index in memory: a new one is drawn with
-- every change of the content or the vector.
CREATE TABLE memories (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    namespace text COLLATE "C" NOT NULL,
    key text NOT NULL,
    agent_id text NOT NULL,
    session_id text NOT NULL,
    kind smallint NOT NULL,
    content text NOT NULL,
    context text NOT NULL,
    metadata jsonb,
    tags text [] NOT NULL,
    importance double precision NOT NULL,
    confidence double precision NOT NULL,
    occur_time timestamptz NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz,
    expire_time timestamptz,
    archived boolean NOT NULL,
    cluster_id uuid,
    superseded_by uuid,
    supersedes uuid,
    source_ids uuid [] NOT NULL,
    version integer NOT NULL,
    content_version integer NOT NULL,
    sequence bigint NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    delete_time timestamptz,
    embedding_model text NOT NULL,
    dimension integer NOT NULL,
    PRIMARY KEY (project_id, id)
);

CREATE INDEX memories_sequence ON memories (project_id, sequence);
CREATE INDEX memories_create_time ON memories (project_id, namespace, create_time DESC, id DESC);
CREATE UNIQUE INDEX memories_key ON memories (project_id, namespace, key) WHERE key <> '' AND delete_time IS NULL;
CREATE INDEX memories_session ON memories (project_id, namespace, session_id, create_time DESC) WHERE session_id <> '';
CREATE INDEX memories_tags ON memories USING gin (tags) WHERE tags <> '{}';
CREATE INDEX memories_cluster ON memories (project_id, cluster_id) WHERE cluster_id IS NOT NULL;
CREATE INDEX memories_expired ON memories (project_id, expire_time) WHERE expire_time IS NOT NULL;
CREATE INDEX memories_deleted ON memories (project_id, delete_time) WHERE delete_time IS NOT NULL;

SELECT protect_table('memories');

-- Vectors of unit length, so that the cosine is the inner product. Part 0 is that of the content, part 1 that of the
-- context with the content. Those of earlier content versions stay, for searches as of then.
CREATE TABLE memory_vectors (
    project_id uuid NOT NULL,
    memory_id uuid NOT NULL,
    content_version integer NOT NULL,
    model text NOT NULL,
    part smallint NOT NULL,
    vector public.vector NOT NULL,
    PRIMARY KEY (project_id, memory_id, content_version, model, part)
);

SELECT protect_table('memory_vectors');

-- Every version of every memory, the current one, too: `document` is its row as it was.
CREATE TABLE memory_versions (
    project_id uuid NOT NULL,
    memory_id uuid NOT NULL,
    version integer NOT NULL,
    change smallint NOT NULL,
    reason text NOT NULL,
    agent_id text NOT NULL,
    known_from timestamptz NOT NULL,
    known_to timestamptz,
    document jsonb NOT NULL,
    PRIMARY KEY (project_id, memory_id, version)
);

SELECT protect_table('memory_versions');

-- How memories are used. It is counted in the background, and no change of the memory.
CREATE TABLE memory_usage (
    project_id uuid NOT NULL,
    memory_id uuid NOT NULL,
    access_count integer NOT NULL,
    last_access_time timestamptz NOT NULL,
    recent timestamptz [] NOT NULL,
    PRIMARY KEY (project_id, memory_id)
) WITH (fillfactor = 70);

SELECT protect_table('memory_usage');

-- What is left of purged memories for some days, so that replicas learn of it.
CREATE TABLE purged_memories (
    project_id uuid NOT NULL,
    memory_id uuid NOT NULL,
    number bigint NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    purge_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, memory_id)
);

CREATE INDEX purged_memories_sequence ON purged_memories (project_id, sequence);

SELECT protect_table('purged_memories');

-- What becomes of a project's memories by itself; a project without a row has the defaults.
CREATE TABLE memory_policies (
    project_id uuid PRIMARY KEY,
    decay_model smallint NOT NULL,
    half_life_days double precision NOT NULL,
    purge_deleted_after_days integer NOT NULL,
    purge_expired_after_days integer,
    archive_retention_below double precision NOT NULL,
    archive_importance_below double precision NOT NULL,
    update_time timestamptz NOT NULL
);

SELECT protect_table('memory_policies');
