"""Tasks, environments, preferences and agent sessions."""
