CREATE EXTENSION IF NOT EXISTS vector SCHEMA public;

-- Events that cannot be found yet, in the order in which they came: a row for each group that was committed.
CREATE TABLE event_arrivals (
    project_id uuid NOT NULL,
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    event_ids uuid [] NOT NULL,
    PRIMARY KEY (project_id, position)
) WITH (
    -- Rows come and go: vacuum by their number, not by a share of an all but empty table.
    autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0
);

CREATE INDEX event_arrivals_position ON event_arrivals (position);

SELECT protect_table('event_arrivals');

-- What an event is found by: its words and its facets, such as `model=gpt-4o`, its project's `project=…` and its block's
-- `block=…`.
CREATE TABLE event_words (
    project_id uuid NOT NULL,
    event_id uuid NOT NULL,
    words tsvector NOT NULL,
    PRIMARY KEY (project_id, event_id)
);

-- What is new waits in a list that every search reads through, and is taken in when the list is so long (in KiB).
CREATE INDEX event_words_words ON event_words USING gin (words) WITH (gin_pending_list_limit = 1024);

SELECT protect_table('event_words');

-- Events that became findable one after the other. A search goes from the newest block to older ones until it has
-- enough, so that a word that is in half of all events does not cost reading half of them.
CREATE TABLE event_blocks (
    project_id uuid NOT NULL,
    number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    event_count integer NOT NULL,
    -- Until it has so many events that the next begins.
    is_open boolean NOT NULL,
    first_event_id uuid NOT NULL,
    last_event_id uuid NOT NULL,
    PRIMARY KEY (project_id, number)
);

CREATE INDEX event_blocks_newest ON event_blocks (project_id, last_event_id);
CREATE INDEX event_blocks_open ON event_blocks (project_id, number) WHERE is_open;

SELECT protect_table('event_blocks');

-- What events mean, each text once.
CREATE TABLE event_meanings (
    project_id uuid NOT NULL,
    -- The first half of the SHA-256 of the text.
    id uuid NOT NULL,
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    -- Of the newest event that says it.
    last_day date NOT NULL,
    text text NOT NULL,
    -- What made the vector; empty as long as there is none.
    model text NOT NULL,
    -- Of unit length.
    vector public.halfvec,
    PRIMARY KEY (project_id, id)
);

-- What has no vector, and what has one of a model that is not the installation's any more.
CREATE INDEX event_meanings_model ON event_meanings (model, project_id, position);
CREATE INDEX event_meanings_last_day ON event_meanings (project_id, last_day);
CREATE INDEX event_meanings_vector ON event_meanings
USING hnsw ((vector::public.halfvec(384)) public.halfvec_ip_ops) WHERE public.vector_dims(vector) = 384;

SELECT protect_table('event_meanings');

-- Which events say it.
CREATE TABLE event_meaning_uses (
    project_id uuid NOT NULL,
    meaning_id uuid NOT NULL,
    event_id uuid NOT NULL,
    PRIMARY KEY (project_id, meaning_id, event_id)
);

CREATE INDEX event_meaning_uses_event ON event_meaning_uses (project_id, event_id);

SELECT protect_table('event_meaning_uses');
