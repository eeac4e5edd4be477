"""The contract of agent memory, as generated code."""
