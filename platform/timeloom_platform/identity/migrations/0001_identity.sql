-- The tenants, and the keys that open them.
CREATE TABLE projects (
    project_id uuid NOT NULL PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
    create_time timestamptz NOT NULL DEFAULT now()
);

SELECT protect_table('projects');

-- A key's secret is known to its holder alone: what stands here is its SHA-256.
CREATE TABLE api_keys (
    project_id uuid NOT NULL REFERENCES projects (project_id) ON DELETE CASCADE,
    api_key_id text NOT NULL UNIQUE CHECK (api_key_id ~ '^[a-z2-7]{16}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- The numbers of timeloom.type.v1.Scope; only READ, WRITE and ADMIN can be given away.
    scope integer NOT NULL CHECK (scope BETWEEN 2 AND 4),
    secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    -- After a rotation the secret before it goes on working for a while.
    previous_secret_hash bytea CHECK (octet_length(previous_secret_hash) = 32),
    previous_expire_time timestamptz,
    expire_time timestamptz,
    revoke_time timestamptz,
    -- To the minute.
    last_use_time timestamptz,
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, api_key_id),
    CHECK ((previous_secret_hash IS NULL) = (previous_expire_time IS NULL))
);

-- The order in which they are listed.
CREATE INDEX api_keys_by_time ON api_keys (project_id, create_time DESC, api_key_id DESC);

SELECT protect_table('api_keys');
