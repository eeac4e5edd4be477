"""Workflow executions as agent executions, for time travel: each step becomes a snapshot."""
