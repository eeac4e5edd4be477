-- What the secrets of webhooks are sealed with, wrapped with the installation's master key.
CREATE TABLE data_keys (
    project_id uuid PRIMARY KEY,
    master_key_id text NOT NULL,
    wrapped bytea NOT NULL,
    create_time timestamptz NOT NULL
);

SELECT protect_table('data_keys');

-- When an alert is raised, and who is told.
CREATE TABLE alert_rules (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    enabled boolean NOT NULL,
    metric smallint NOT NULL,
    -- An EventFilter of the contract.
    filter bytea NOT NULL,
    group_by text [] NOT NULL,
    window_seconds integer NOT NULL,
    comparison smallint NOT NULL,
    threshold double precision NOT NULL,
    recovery_threshold double precision,
    for_seconds integer NOT NULL,
    event_count_min bigint NOT NULL,
    severity smallint NOT NULL,
    -- As JSON; secrets in it are sealed.
    actions text NOT NULL,
    version integer NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    -- Whoever checks a rule moves this on first, so that nobody else does meanwhile.
    next_check_time timestamptz NOT NULL,
    check_time timestamptz,
    check_error text NOT NULL DEFAULT '',
    PRIMARY KEY (project_id, id)
) WITH (fillfactor = 80);

CREATE INDEX alert_rules_name ON alert_rules (project_id, name, id);
CREATE INDEX alert_rules_due ON alert_rules (next_check_time) WHERE enabled;

SELECT protect_table('alert_rules');

-- A group of a rule for which it holds, or held.
CREATE TABLE alerts (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    rule_id uuid NOT NULL,
    -- 1 pending, 2 firing, 3 resolved.
    status smallint NOT NULL,
    severity smallint NOT NULL,
    group_values text [] NOT NULL,
    -- Half of the SHA-256 of the values, which may be too long for an index.
    group_key uuid NOT NULL,
    value double precision NOT NULL,
    last_value double precision NOT NULL,
    threshold double precision NOT NULL,
    pending_time timestamptz NOT NULL,
    fire_time timestamptz,
    resolve_time timestamptz,
    acknowledge_time timestamptz,
    -- When the group was last seen to have events.
    seen_time timestamptz NOT NULL,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id, rule_id) REFERENCES alert_rules (project_id, id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX alerts_open ON alerts (project_id, rule_id, group_key) WHERE status < 3;
CREATE INDEX alerts_rule ON alerts (project_id, rule_id, id);

SELECT protect_table('alerts');

-- Whom an alert was told, or is still to be told. An event for workflows is told with the alert itself.
CREATE TABLE alert_deliveries (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    alert_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    -- What it tells: 2 firing, 3 resolved.
    status smallint NOT NULL,
    action_index smallint NOT NULL,
    -- NULL for an event.
    url text,
    sealed_secret bytea,
    -- The alert as JSON, as it was then.
    body text NOT NULL,
    attempt_count integer NOT NULL,
    create_time timestamptz NOT NULL,
    -- NULL when it is over: it was delivered, or given up. Whoever delivers it moves this on first.
    next_attempt_time timestamptz,
    deliver_time timestamptz,
    error text NOT NULL DEFAULT '',
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id, alert_id) REFERENCES alerts (project_id, id) ON DELETE CASCADE
);

CREATE INDEX alert_deliveries_due ON alert_deliveries (next_attempt_time) WHERE next_attempt_time IS NOT NULL;
CREATE INDEX alert_deliveries_alert ON alert_deliveries (project_id, alert_id, id);

SELECT protect_table('alert_deliveries');
