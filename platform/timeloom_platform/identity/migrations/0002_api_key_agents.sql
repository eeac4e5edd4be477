-- The only agent that the holder of a key may act as; empty if it may act as any, and for the project itself. A key that
-- could make others must not be bound: it would make unbound ones.
ALTER TABLE api_keys
ADD COLUMN agent_id text NOT NULL DEFAULT '' CHECK (length(agent_id) <= 200 AND (agent_id = '' OR scope < 4));
