-- An event that nobody has handled is looked after again and again, later each time, and given up in the end: it is a
-- dead letter then. What was published before this counts as never looked after.
ALTER TABLE events
ADD COLUMN attempts integer NOT NULL DEFAULT 0,
ADD COLUMN look_time timestamptz NOT NULL DEFAULT '-infinity';

-- Until then its publisher has it.
ALTER TABLE events ALTER COLUMN look_time SET DEFAULT clock_timestamp() + interval '15 seconds';
