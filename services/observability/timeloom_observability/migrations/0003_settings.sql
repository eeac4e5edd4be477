-- What models cost by a project's own account, in US dollars for a million tokens.
CREATE TABLE prices (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    -- `*` for any.
    provider text NOT NULL,
    -- In small letters, or the beginning of several with `*` at its end.
    model text NOT NULL,
    input_per_million double precision NOT NULL,
    output_per_million double precision NOT NULL,
    -- As the input if NULL.
    cache_read_per_million double precision,
    cache_write_per_million double precision,
    effective_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, id),
    CONSTRAINT prices_effective UNIQUE (project_id, provider, model, effective_time)
);

SELECT protect_table('prices');

-- How long a project keeps its telemetry, in days; zero for ever, as without a row.
CREATE TABLE retentions (
    project_id uuid NOT NULL,
    days integer NOT NULL,
    metric_days integer NOT NULL,
    update_time timestamptz NOT NULL,
    PRIMARY KEY (project_id)
);

SELECT protect_table('retentions');
