"""Events, traces and sessions are read."""
