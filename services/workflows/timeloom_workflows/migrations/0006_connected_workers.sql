-- Workers that are connected, as the replica that each is connected to says again and again: whoever looks at another
-- replica sees them, too. What is not said again in time no longer holds.
CREATE TABLE connected_workers (
    project_id uuid NOT NULL,
    worker_id text NOT NULL,
    replica uuid NOT NULL,
    valid_until timestamptz NOT NULL,
    PRIMARY KEY (project_id, worker_id, replica)
);

SELECT protect_table('connected_workers');
