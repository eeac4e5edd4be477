-- Executions that their parents do not wait for any more, though they are alive: notes, written with the change that
-- makes it so, so that whoever cancels them later misses none.
CREATE TABLE orphans (
    project_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    PRIMARY KEY (project_id, execution_id)
);

SELECT protect_table('orphans');

CREATE FUNCTION note_child_given_up() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO orphans (project_id, execution_id)
    SELECT child.project_id, child.id
    FROM executions AS child
    WHERE
        child.project_id = OLD.project_id
        AND child.id = OLD.waiting_name::uuid
        AND child.parent_id = OLD.execution_id
        AND child.stage <> 5
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

-- A step that waited for an execution has ended, and not because that has succeeded.
CREATE TRIGGER note_child_given_up AFTER UPDATE ON steps
FOR EACH ROW WHEN (OLD.status = 4 AND OLD.waiting_for = 5 AND NEW.status > 5)
EXECUTE FUNCTION note_child_given_up();

CREATE FUNCTION note_children_left() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO orphans (project_id, execution_id)
    SELECT child.project_id, child.id
    FROM executions AS child
    WHERE child.project_id = NEW.project_id AND child.parent_id = NEW.id AND child.stage <> 5
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

-- An execution has ended, and not because all that it waited for has.
CREATE TRIGGER note_children_left AFTER UPDATE ON executions
FOR EACH ROW WHEN (OLD.stage <> 5 AND NEW.stage = 5 AND NEW.status <> 4)
EXECUTE FUNCTION note_children_left();
