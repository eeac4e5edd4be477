"""The contract of the workspace, as generated code."""
