"""Traces of agents in time travel: each becomes an execution, with a snapshot for what each step told."""
