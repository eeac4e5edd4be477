-- What programs say of themselves once and not with each event.
CREATE TABLE resources (
    project_id uuid NOT NULL,
    -- SHA-256 of the attributes in canonical form, the first half of it.
    id uuid NOT NULL,
    attributes jsonb NOT NULL,
    -- When an event last named it, to the day.
    seen_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, id)
);

SELECT protect_table('resources');

-- What happened. An id begins with the milliseconds of the start time, so that the order of ids is the order of time, a
-- partition is a day, and the newest are at the right end of every index.
CREATE TABLE events (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    -- The numbers of the contract's enums.
    type smallint NOT NULL,
    kind smallint NOT NULL,
    status smallint NOT NULL,
    severity smallint NOT NULL,
    cost_source smallint NOT NULL,
    name text NOT NULL,
    message text NOT NULL,
    error_type text NOT NULL,
    trace_id bytea,
    span_id bytea,
    parent_span_id bytea,
    execution_id uuid,
    resource_id uuid,
    start_time timestamptz NOT NULL,
    receive_time timestamptz NOT NULL,
    duration_ns bigint NOT NULL,
    session_id text NOT NULL,
    user_id text NOT NULL,
    agent_id text NOT NULL,
    model text NOT NULL,
    provider text NOT NULL,
    tool_name text NOT NULL,
    service_name text NOT NULL,
    scope_name text NOT NULL,
    -- NULL where nobody counted.
    input_tokens bigint,
    output_tokens bigint,
    total_tokens bigint,
    cache_read_tokens bigint,
    cache_write_tokens bigint,
    reasoning_tokens bigint,
    -- In US dollars; NULL where it is not known.
    cost double precision,
    input_cost double precision,
    output_cost double precision,
    input_preview text NOT NULL,
    output_preview text NOT NULL,
    tags text [] NOT NULL,
    -- JSON documents as they came; NULL where nobody said.
    input text,
    output text,
    attributes jsonb NOT NULL,
    links jsonb,
    PRIMARY KEY (project_id, id)
) PARTITION BY RANGE (id);

CREATE INDEX events_trace ON events (project_id, trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX events_roots ON events (project_id, id) WHERE type = 1 AND parent_span_id IS NULL;
CREATE INDEX events_errors ON events (project_id, id) WHERE status = 2;
-- Most events are spans and no warnings: these cost next to nothing, and find the others among millions.
CREATE INDEX events_type ON events (project_id, type, id) WHERE type <> 1;
CREATE INDEX events_error_type ON events (project_id, error_type, id) WHERE error_type <> '';
CREATE INDEX events_warnings ON events (project_id, id) WHERE severity >= 4;
CREATE INDEX events_kind ON events (project_id, kind, id);
CREATE INDEX events_name ON events (project_id, name, id);
CREATE INDEX events_agent ON events (project_id, agent_id, id) WHERE agent_id <> '';
CREATE INDEX events_model ON events (project_id, model, id) WHERE model <> '';
CREATE INDEX events_tool ON events (project_id, tool_name, id) WHERE tool_name <> '';
CREATE INDEX events_session ON events (project_id, session_id, id) WHERE session_id <> '';
CREATE INDEX events_user ON events (project_id, user_id, id) WHERE user_id <> '';
CREATE INDEX events_execution ON events (project_id, execution_id, id) WHERE execution_id IS NOT NULL;

SELECT protect_table('events');

-- A trace as far as it has arrived.
CREATE TABLE traces (
    project_id uuid NOT NULL,
    id bytea NOT NULL,
    name text NOT NULL,
    kind smallint NOT NULL,
    -- The root's; 0 until it has arrived.
    root_status smallint NOT NULL,
    root_span_id bytea,
    execution_id uuid,
    session_id text NOT NULL,
    user_id text NOT NULL,
    agent_id text NOT NULL,
    models text [] NOT NULL,
    service_names text [] NOT NULL,
    tags text [] NOT NULL,
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    duration_ns bigint NOT NULL,
    span_count integer NOT NULL,
    error_count integer NOT NULL,
    input_tokens bigint,
    output_tokens bigint,
    total_tokens bigint,
    cache_read_tokens bigint,
    cache_write_tokens bigint,
    reasoning_tokens bigint,
    cost double precision,
    -- Whether a part of the cost is not known.
    has_unknown_cost boolean NOT NULL,
    -- Whether an agent or a model was at work.
    has_agent boolean NOT NULL,
    input_preview text NOT NULL,
    output_preview text NOT NULL,
    -- When the last of it arrived.
    update_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, id)
) WITH (fillfactor = 80);

CREATE INDEX traces_start_time ON traces (project_id, start_time, id);
CREATE INDEX traces_session ON traces (project_id, session_id, start_time) WHERE session_id <> '';
CREATE INDEX traces_user ON traces (project_id, user_id, start_time) WHERE user_id <> '';
CREATE INDEX traces_agent ON traces (project_id, agent_id, start_time) WHERE agent_id <> '';

-- As a trace's status is reckoned.
CREATE INDEX traces_errors ON traces (project_id, start_time, id)
WHERE root_status = 2 OR (root_span_id IS NULL AND error_count > 0);

SELECT protect_table('traces');

-- The conversations that traces name, and when each was going on. What they come to is added up from their traces.
CREATE TABLE sessions (
    project_id uuid NOT NULL,
    id text NOT NULL,
    user_id text NOT NULL,
    start_time timestamptz NOT NULL,
    -- When the last of its spans that are known here began.
    last_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, id)
) WITH (fillfactor = 80);

CREATE INDEX sessions_last_time ON sessions (project_id, last_time, id);
CREATE INDEX sessions_user ON sessions (project_id, user_id, last_time, id) WHERE user_id <> '';

SELECT protect_table('sessions');

-- What metrics are told apart by. A project has a bounded number of them; what comes beyond is without its name.
CREATE TABLE series (
    project_id uuid NOT NULL,
    id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
    type smallint NOT NULL,
    kind smallint NOT NULL,
    status smallint NOT NULL,
    severity smallint NOT NULL,
    name text NOT NULL,
    error_type text NOT NULL,
    agent_id text NOT NULL,
    model text NOT NULL,
    provider text NOT NULL,
    tool_name text NOT NULL,
    service_name text NOT NULL,
    PRIMARY KEY (project_id, id),
    CONSTRAINT series_dimensions UNIQUE (
        project_id,
        type,
        kind,
        status,
        severity,
        name,
        error_type,
        agent_id,
        model,
        provider,
        tool_name,
        service_name
    )
);

SELECT protect_table('series');

-- What the events of a series come to within a time: kept by upkeep alone.
CREATE TABLE metric_rows (
    project_id uuid NOT NULL,
    -- In seconds: 10, 300, 3600 or 86400. Each event is counted once in each of them, or else in the deltas.
    resolution integer NOT NULL,
    time timestamptz NOT NULL,
    series_id integer NOT NULL,
    count bigint NOT NULL,
    duration_ns_sum double precision NOT NULL,
    duration_ns_max bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    total_tokens bigint NOT NULL,
    cost double precision NOT NULL,
    -- How many durations fall into which bucket; two that are joined are their sum.
    sketch bytea NOT NULL,
    PRIMARY KEY (project_id, resolution, time, series_id)
) WITH (fillfactor = 80);

SELECT protect_table('metric_rows');

-- What is to be added to them, of ten seconds each. Ingesting appends it, so that it waits for nobody; whoever asks
-- reads the rows and these in one statement.
CREATE TABLE metric_deltas (
    project_id uuid NOT NULL,
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    time timestamptz NOT NULL,
    series_id integer NOT NULL,
    count bigint NOT NULL,
    duration_ns_sum double precision NOT NULL,
    duration_ns_max bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    total_tokens bigint NOT NULL,
    cost double precision NOT NULL,
    sketch bytea NOT NULL,
    PRIMARY KEY (project_id, position)
);

SELECT protect_table('metric_deltas');

-- The sum of what is known; NULL if nothing is.
CREATE FUNCTION added(one bigint, other bigint) RETURNS bigint
LANGUAGE sql
IMMUTABLE
RETURN CASE WHEN one IS NULL THEN other ELSE one + coalesce(other, 0) END;

-- The first twenty of both, each once.
CREATE FUNCTION united(one text [], other text []) RETURNS text []
LANGUAGE sql
IMMUTABLE
RETURN CASE
    WHEN other <@ one THEN one
    ELSE ARRAY(
        SELECT found.name
        FROM unnest(one || other) WITH ORDINALITY AS found (name, position)
        GROUP BY found.name
        ORDER BY min(found.position)
        LIMIT 20
    )
END;

-- How many nanoseconds there are between two times.
CREATE FUNCTION span_ns(earlier timestamptz, later timestamptz) RETURNS bigint
LANGUAGE sql
STABLE
RETURN (extract(EPOCH FROM later - earlier) * 1000000000)::bigint;

-- The least id of a day: an id begins with the milliseconds since 1970.
CREATE FUNCTION first_event_id(day date) RETURNS uuid
LANGUAGE sql
IMMUTABLE
RETURN (lpad(to_hex((day - date '1970-01-01')::bigint * 86400000), 12, '0') || repeat('0', 20))::uuid;

-- Makes the partition of a day, unless it is there. Only the owner of the tables can. It is made apart and attached
-- then, which lets readers and writers of the others go on.
CREATE FUNCTION make_events_partition(day date) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    partition name := 'events_' || to_char(day, 'YYYYMMDD');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('timeloom partitions of events', 0));
    IF to_regclass(partition) IS NULL THEN
        EXECUTE format('CREATE TABLE %I (LIKE events INCLUDING ALL)', partition);
        EXECUTE format('SELECT protect_table(%L)', partition);
        EXECUTE format(
            'ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            partition, first_event_id(day), first_event_id(day + 1)
        );
    END IF;
END
$$;

-- What is older than a month when the service begins is one partition, which is named after the day on which it ends;
-- nothing makes days of it.
DO $$
DECLARE
    day date := (now() AT TIME ZONE 'UTC')::date - 35;
    partition name := 'events_before_' || to_char(day, 'YYYYMMDD');
BEGIN
    EXECUTE format(
        'CREATE TABLE %I PARTITION OF events FOR VALUES FROM (MINVALUE) TO (%L)',
        partition, first_event_id(day)
    );
    EXECUTE format('SELECT protect_table(%L)', partition);
END
$$;
