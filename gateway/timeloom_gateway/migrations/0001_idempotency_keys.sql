-- The keys of requests that take effect once, with the answers that repetitions get.
CREATE TABLE idempotency_keys (
    project_id uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    -- The SHA-256 of method, path, query and body.
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    -- Who executes the request; its claim lapses with the lease.
    owner uuid NOT NULL,
    lease_expire_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL,
    -- The answer; absent until the request is done.
    status integer CHECK (status BETWEEN 200 AND 599),
    content_type text,
    headers jsonb,
    body bytea,
    PRIMARY KEY (project_id, key)
);

CREATE INDEX idempotency_keys_expire_time ON idempotency_keys (expire_time);

SELECT protect_table('idempotency_keys');
