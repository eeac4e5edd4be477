-- Agents that share what is in `team/<id>`.
CREATE TABLE teams (
    project_id uuid NOT NULL,
    id text COLLATE "C" NOT NULL,
    update_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, id)
);

SELECT protect_table('teams');

CREATE TABLE team_agents (
    project_id uuid NOT NULL,
    team_id text COLLATE "C" NOT NULL,
    agent_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (project_id, agent_id, team_id),
    FOREIGN KEY (project_id, team_id) REFERENCES teams (project_id, id) ON DELETE CASCADE
);

CREATE INDEX team_agents_team ON team_agents (project_id, team_id, agent_id);

SELECT protect_table('team_agents');

-- Permissions that were given: on a namespace with everything below it, or on one memory.
CREATE TABLE grants (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    -- `agent/<id>`, `team/<id>` or `project`.
    principal text COLLATE "C" NOT NULL,
    namespace text COLLATE "C",
    memory_id uuid,
    permission smallint NOT NULL CHECK (permission IN (1, 2)),
    granted_by text NOT NULL,
    create_time timestamptz NOT NULL,
    expire_time timestamptz,
    PRIMARY KEY (project_id, id),
    CHECK ((namespace IS NULL) <> (memory_id IS NULL)),
    FOREIGN KEY (project_id, memory_id) REFERENCES memories (project_id, id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX grants_namespace ON grants (project_id, principal, namespace) WHERE namespace IS NOT NULL;
CREATE UNIQUE INDEX grants_memory ON grants (project_id, memory_id, principal) WHERE memory_id IS NOT NULL;
CREATE INDEX grants_principal ON grants (project_id, principal);
CREATE INDEX grants_create_time ON grants (project_id, create_time DESC, id DESC);

SELECT protect_table('grants');

-- Agents' wishes to learn of new memories. `sequence` is up to where an agent has read.
CREATE TABLE subscriptions (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    agent_id text COLLATE "C" NOT NULL,
    namespaces text [] NOT NULL,
    kinds smallint [] NOT NULL,
    tags text [] NOT NULL,
    sequence bigint NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, id)
);

CREATE INDEX subscriptions_agent ON subscriptions (project_id, agent_id, create_time DESC, id DESC);

SELECT protect_table('subscriptions');

-- What agents found out about memories. All of it is kept; an agent's last word is the one that counts.
CREATE TABLE evidence (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    memory_id uuid NOT NULL,
    agent_id text COLLATE "C" NOT NULL,
    stance smallint NOT NULL CHECK (stance IN (1, 2)),
    note text NOT NULL,
    evidence_memory_id uuid,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id, memory_id) REFERENCES memories (project_id, id) ON DELETE CASCADE
);

CREATE INDEX evidence_memory ON evidence (project_id, memory_id, create_time DESC, id DESC);

SELECT protect_table('evidence');

-- What synchronisations have settled: that a memory of one side needs nothing more from one of the other, as long as
-- neither changes. The hashes are of what a copy takes over.
CREATE TABLE sync_settlements (
    project_id uuid NOT NULL,
    source_id uuid NOT NULL,
    target_id uuid NOT NULL,
    -- Under which policy, by its number in the contract; 0 if under any, because one is a copy of the other.
    policy smallint NOT NULL,
    source_hash bytea NOT NULL,
    target_hash bytea NOT NULL,
    PRIMARY KEY (project_id, source_id, target_id),
    FOREIGN KEY (project_id, source_id) REFERENCES memories (project_id, id) ON DELETE CASCADE,
    FOREIGN KEY (project_id, target_id) REFERENCES memories (project_id, id) ON DELETE CASCADE
);

CREATE INDEX sync_settlements_target ON sync_settlements (project_id, target_id);

SELECT protect_table('sync_settlements');
