"""Executions that begin by a call: their version is found, their input checked, and they are committed."""
