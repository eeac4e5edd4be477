-- What clients see in shapes: plain columns, named as in the contract, enums as the words of the contract without their
-- prefix. `version` counts a record's writes. `clock` is the hybrid logical clock of the last one, and `field_clocks` of
-- the last one of each field, so that changes which were made apart can be merged.
CREATE TABLE tasks (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    status text NOT NULL,
    priority text NOT NULL,
    mode text NOT NULL,
    user_id text NOT NULL,
    session_id text NOT NULL,
    environment_id uuid,
    repository text NOT NULL,
    branch text NOT NULL,
    status_message text NOT NULL,
    has_changes boolean NOT NULL,
    archived boolean NOT NULL,
    messages jsonb NOT NULL,
    pull_request jsonb,
    tags text [] NOT NULL,
    metadata jsonb NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    version integer NOT NULL,
    clock text COLLATE "C" NOT NULL,
    field_clocks jsonb NOT NULL,
    PRIMARY KEY (project_id, id)
);

CREATE INDEX tasks_update_time ON tasks (project_id, update_time, id);
CREATE INDEX tasks_create_time ON tasks (project_id, create_time, id);

SELECT protect_table('tasks');

CREATE TABLE environments (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    github_organization text NOT NULL,
    github_repository text NOT NULL,
    variables jsonb NOT NULL,
    -- Their values lie sealed in `environment_secrets`.
    secret_names text [] NOT NULL,
    user_id text NOT NULL,
    metadata jsonb NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    version integer NOT NULL,
    clock text COLLATE "C" NOT NULL,
    field_clocks jsonb NOT NULL,
    PRIMARY KEY (project_id, id),
    CONSTRAINT environments_name UNIQUE (project_id, name)
);

SELECT protect_table('environments');

CREATE TABLE preferences (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id text NOT NULL,
    key text NOT NULL,
    value jsonb NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    version integer NOT NULL,
    clock text COLLATE "C" NOT NULL,
    field_clocks jsonb NOT NULL,
    PRIMARY KEY (project_id, id),
    CONSTRAINT preferences_key UNIQUE (project_id, user_id, key)
);

SELECT protect_table('preferences');

CREATE TABLE agent_sessions (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id text NOT NULL,
    agent_id text NOT NULL,
    type text NOT NULL,
    title text NOT NULL,
    data jsonb NOT NULL,
    current_stage text NOT NULL,
    total_stages integer NOT NULL,
    active boolean NOT NULL,
    start_time timestamptz,
    end_time timestamptz,
    last_interaction_time timestamptz,
    metadata jsonb NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    version integer NOT NULL,
    clock text COLLATE "C" NOT NULL,
    field_clocks jsonb NOT NULL,
    PRIMARY KEY (project_id, id)
);

CREATE INDEX agent_sessions_update_time ON agent_sessions (project_id, update_time, id);
CREATE INDEX agent_sessions_create_time ON agent_sessions (project_id, create_time, id);

SELECT protect_table('agent_sessions');

-- The secrets of environments, sealed with the project's data key; that is wrapped with the installation's master key.
-- No shape knows these tables.
CREATE TABLE environment_secrets (
    project_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    name text NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (project_id, environment_id, name),
    FOREIGN KEY (project_id, environment_id) REFERENCES environments ON DELETE CASCADE
);

SELECT protect_table('environment_secrets');

CREATE TABLE data_keys (
    project_id uuid PRIMARY KEY,
    -- Says which master key has wrapped it.
    master_key_id text NOT NULL,
    wrapped bytea NOT NULL,
    create_time timestamptz NOT NULL
);

SELECT protect_table('data_keys');
