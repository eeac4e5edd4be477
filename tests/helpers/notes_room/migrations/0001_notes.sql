CREATE TABLE notes (
    project_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT uuidv7(),
    body text NOT NULL,
    PRIMARY KEY (project_id, id)
);

SELECT protect_table('notes');
