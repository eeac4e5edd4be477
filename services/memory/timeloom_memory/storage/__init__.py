"""The statements of the memory service."""
