"""Workers: their streams, the executions and tasks that they hold, and how these get on."""
