-- Keyframes of sealed snapshots are compressed with more work than there is time for when they are recorded, and move
-- into a table of their own, as their snapshots do. Whoever reads `keyframes` reads both.
CREATE TABLE sealed_keyframes (
    PRIMARY KEY (project_id, execution_id, sequence)
) INHERITS (keyframes);

ALTER TABLE sealed_keyframes ALTER COLUMN state SET STORAGE EXTERNAL;

SELECT protect_table('sealed_keyframes');

-- Sealed snapshots come in order, and few are taken out again: pages need no room for others between them.
ALTER INDEX sealed_snapshots_pkey SET (fillfactor = 100);
