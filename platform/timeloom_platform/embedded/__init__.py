"""PostgreSQL and NATS as child processes: what `timeloom up` and the tests run instead of an installation."""
