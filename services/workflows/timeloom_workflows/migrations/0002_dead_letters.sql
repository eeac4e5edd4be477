-- Work that was given up: an execution that none of its workers survived, or an event that could not be handled.
CREATE TABLE dead_letters (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    workflow_id text NOT NULL DEFAULT '',
    execution_id uuid,
    step_id text NOT NULL DEFAULT '',
    event_id text,
    error text NOT NULL,
    create_time timestamptz NOT NULL,
    redrive_time timestamptz,
    PRIMARY KEY (project_id, id)
);

CREATE INDEX dead_letters_create_time ON dead_letters (project_id, create_time, id);
CREATE INDEX dead_letters_execution ON dead_letters (project_id, execution_id) WHERE execution_id IS NOT NULL;

SELECT protect_table('dead_letters');
