"""The contract of projects and API keys, as generated code."""
