-- Which events a consumer has handled: written in the transaction of the handling, so that a repeated delivery
-- changes nothing.
CREATE TABLE processed_events (
    project_id uuid NOT NULL,
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    process_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, consumer, event_id)
);

CREATE INDEX processed_events_process_time ON processed_events (process_time);

SELECT protect_table('processed_events');
