-- Traces of agents that are to become executions in time travel: from when their roots have arrived until that is done.
CREATE TABLE projections (
    project_id uuid NOT NULL,
    trace_id bytea NOT NULL,
    -- Another one with each arrival, so that what arrives meanwhile is not taken for done.
    token uuid NOT NULL,
    attempts integer NOT NULL,
    -- When nothing has come for a while, or whoever took it on should have ended.
    due_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, trace_id)
);

CREATE INDEX projections_due_time ON projections (due_time);

SELECT protect_table('projections');
