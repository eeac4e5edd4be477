"""The contract of executions and snapshots, as generated code."""
