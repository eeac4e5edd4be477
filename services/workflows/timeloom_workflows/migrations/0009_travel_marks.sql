-- How far executions that nobody drives at the moment are recorded for time travel: the length of the history that was
-- looked at. One whose history is longer, or that has no mark, may have been missed.
CREATE TABLE travel_marks (
    project_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    history_length integer NOT NULL,
    PRIMARY KEY (project_id, execution_id)
);

SELECT protect_table('travel_marks');
