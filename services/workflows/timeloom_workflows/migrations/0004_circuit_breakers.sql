-- A circuit breaker that has seen failures lately; one without a row is closed. All replicas share it: a service that
-- one of them found down is left alone by all, and one try for all of them finds out whether it is back.
CREATE TABLE circuit_breakers (
    project_id uuid NOT NULL,
    name text NOT NULL,
    failure_count integer NOT NULL,
    -- When the failures began to be counted.
    window_time timestamptz NOT NULL,
    -- Until when nothing is tried; null while it is closed.
    open_until timestamptz,
    -- Until when whoever tries whether all is well again has to say so.
    trial_until timestamptz,
    PRIMARY KEY (project_id, name)
);

SELECT protect_table('circuit_breakers');
