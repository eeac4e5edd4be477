"""The contract of observability, as generated code."""
