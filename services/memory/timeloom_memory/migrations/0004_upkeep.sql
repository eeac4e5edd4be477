-- Near-duplicates that were found, and what became of them. The id follows from the members, so that the same
-- proposal is not made twice; what was rejected or undone stays, so that it is not made again.
CREATE TABLE proposals (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    -- The one that would stay first.
    memory_ids uuid [] NOT NULL,
    similarity real NOT NULL,
    state smallint NOT NULL,
    -- What they were merged into; null unless they were.
    merged_id uuid,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, id)
);

CREATE INDEX proposals_similarity ON proposals (project_id, namespace, state, similarity DESC, id);
CREATE INDEX proposals_merged ON proposals (project_id, merged_id) WHERE merged_id IS NOT NULL;

SELECT protect_table('proposals');

-- The clusters of each namespace as they were found last, with their centres, by which they are recognised.
CREATE TABLE clusters (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    name text NOT NULL,
    terms text [] NOT NULL,
    memory_count integer NOT NULL,
    silhouette real NOT NULL,
    representative_ids uuid [] NOT NULL,
    embedding_model text NOT NULL,
    centre public.vector NOT NULL,
    update_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, id)
);

CREATE INDEX clusters_size ON clusters (project_id, namespace, memory_count DESC, id);

SELECT protect_table('clusters');
