"""The contract of what all other contracts share, as generated code."""
