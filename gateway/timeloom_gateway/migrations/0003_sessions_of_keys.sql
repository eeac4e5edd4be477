-- The API key that began the session, without which it does not stand; empty if a link did.
ALTER TABLE sessions ADD COLUMN api_key_id text NOT NULL DEFAULT '';
