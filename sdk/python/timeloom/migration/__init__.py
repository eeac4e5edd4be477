"""The contract of migrations, as generated code."""
