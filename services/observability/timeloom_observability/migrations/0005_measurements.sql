-- What programs measure, by name.
CREATE TABLE instruments (
    project_id uuid NOT NULL,
    name text NOT NULL,
    -- The number of the contract's enum: of whoever sent it last, like what follows.
    kind smallint NOT NULL,
    unit text NOT NULL,
    description text NOT NULL,
    -- The first twenty of each.
    attribute_names text [] NOT NULL,
    service_names text [] NOT NULL,
    last_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, name)
) WITH (fillfactor = 80);

SELECT protect_table('instruments');

-- Points that only their time tells apart. A project has a bounded number of such series.
CREATE TABLE measured_series (
    project_id uuid NOT NULL,
    -- A hash of all that tells it from others.
    id uuid NOT NULL,
    name text NOT NULL,
    kind smallint NOT NULL,
    -- Whether points count from their start on, instead of from the point before.
    is_cumulative boolean NOT NULL,
    is_monotonic boolean NOT NULL,
    service_name text NOT NULL,
    scope_name text NOT NULL,
    attributes jsonb NOT NULL,
    PRIMARY KEY (project_id, id)
);

CREATE INDEX measured_series_name ON measured_series (project_id, name);

SELECT protect_table('measured_series');

CREATE TABLE measured_points (
    project_id uuid NOT NULL,
    series_id uuid NOT NULL,
    time timestamptz NOT NULL,
    -- When counting began; NULL if nobody said.
    start_time timestamptz,
    -- Of a gauge or sum.
    value double precision,
    count bigint NOT NULL,
    sum double precision,
    min double precision,
    max double precision,
    -- The upper bounds of all buckets but the last, or the quantiles of a summary.
    bounds double precision [],
    -- How many values are in each bucket, or the values of the quantiles.
    counts double precision [],
    PRIMARY KEY (project_id, series_id, time)
);

-- For letting the oldest go.
CREATE INDEX measured_points_time ON measured_points (project_id, time);

SELECT protect_table('measured_points');
