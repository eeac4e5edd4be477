-- Links that open the console once.
CREATE TABLE links (
    project_id uuid NOT NULL,
    -- The SHA-256 of the link's token.
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    -- The number of a timeloom.type.v1.Scope: READ, WRITE or ADMIN.
    scope integer NOT NULL CHECK (scope BETWEEN 2 AND 4),
    expire_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, token_hash)
);

CREATE INDEX links_expire_time ON links (expire_time);

SELECT protect_table('links');

-- Sessions of browsers; their cookies are signed, and good only while the session stands here.
CREATE TABLE sessions (
    project_id uuid NOT NULL,
    session_id uuid NOT NULL,
    scope integer NOT NULL CHECK (scope BETWEEN 2 AND 4),
    create_time timestamptz NOT NULL DEFAULT now(),
    expire_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, session_id)
);

CREATE INDEX sessions_expire_time ON sessions (expire_time);

SELECT protect_table('sessions');
