-- From which snapshot a deleted one was made, if not from the one before it: what was made from that one later still has
-- its way back to the first.
CREATE TABLE deleted_turns (
    project_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    sequence integer NOT NULL,
    parent_sequence integer NOT NULL,
    PRIMARY KEY (project_id, execution_id, sequence)
);

SELECT protect_table('deleted_turns');
