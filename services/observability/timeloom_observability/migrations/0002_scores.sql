-- How good something was. At least one of trace, execution and session is named.
CREATE TABLE scores (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    value double precision,
    label text NOT NULL,
    comment text NOT NULL,
    -- The number of the contract's enum.
    source smallint NOT NULL,
    trace_id bytea,
    span_id bytea,
    execution_id uuid,
    session_id text NOT NULL,
    author_id text NOT NULL,
    -- A JSON object in canonical form.
    metadata text NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, id)
);

CREATE INDEX scores_create_time ON scores (project_id, create_time, id);
CREATE INDEX scores_name ON scores (project_id, name, create_time, id);
CREATE INDEX scores_trace ON scores (project_id, trace_id, create_time, id) WHERE trace_id IS NOT NULL;
CREATE INDEX scores_execution ON scores (project_id, execution_id, create_time, id) WHERE execution_id IS NOT NULL;
CREATE INDEX scores_session ON scores (project_id, session_id, create_time, id) WHERE session_id <> '';
-- What goes when telemetry does.
CREATE INDEX scores_of_telemetry ON scores (project_id, create_time) WHERE execution_id IS NULL;

SELECT protect_table('scores');
