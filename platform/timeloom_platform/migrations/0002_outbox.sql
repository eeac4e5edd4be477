-- What a transaction tells the others, kept until the relay has handed it to the bus.
CREATE TABLE outbox (
    project_id uuid NOT NULL,
    -- The order in which a resource's events were enqueued, and so the order in which they are published.
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    create_time timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- A timeloom.events.v1.OutboxBatch.
    batch bytea NOT NULL,
    PRIMARY KEY (project_id, position)
) WITH (
    -- Rows come and go: vacuum by their number, not by a share of an all but empty table.
    autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0
);

CREATE INDEX outbox_position ON outbox (position);

SELECT protect_table('outbox');

-- Batches that can never be published, with the reason, until somebody looks at them.
CREATE TABLE outbox_dead_letters (
    project_id uuid NOT NULL,
    position bigint NOT NULL,
    create_time timestamptz NOT NULL,
    death_time timestamptz NOT NULL DEFAULT now(),
    reason text NOT NULL,
    batch bytea NOT NULL,
    PRIMARY KEY (project_id, position)
);

SELECT protect_table('outbox_dead_letters');
