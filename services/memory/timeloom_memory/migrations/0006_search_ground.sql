-- What a search begins with, in one round trip: how far the project's changes have come, how its memories fade (the
-- defaults, if nobody said), and the namespaces below the prefixes (all, if there are none), each with the models whose
-- vectors it holds.
CREATE FUNCTION search_ground(
    project uuid,
    prefixes text [],
    OUT sequence bigint,
    OUT decay_model smallint,
    OUT half_life_days double precision,
    OUT names text [],
    OUT models text [],
    OUT dimensions integer []
)
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM set_config('app.project', project::text, true);

    sequence := coalesce((SELECT c.sequence FROM project_changes AS c WHERE c.project_id = project), 0);

    SELECT p.decay_model, p.half_life_days
    INTO decay_model, half_life_days
    FROM memory_policies AS p
    WHERE p.project_id = project;
    decay_model := coalesce(decay_model, 1);
    half_life_days := coalesce(half_life_days, 30);

    SELECT
        coalesce(array_agg(n.name), '{}'),
        coalesce(array_agg(k.model), '{}'),
        coalesce(array_agg(k.dimension), '{}')
    INTO names, models, dimensions
    FROM namespaces AS n
    LEFT JOIN namespace_models AS k ON k.project_id = n.project_id AND k.namespace = n.name
    WHERE
        n.project_id = project
        AND (
            prefixes = '{}'
            OR EXISTS (
                SELECT
                FROM unnest(prefixes) AS prefix
                WHERE n.name = prefix OR starts_with(n.name, prefix || '/')
            )
        );
END;
$$;
