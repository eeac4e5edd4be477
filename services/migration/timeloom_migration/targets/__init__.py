"""Where resources are written to: the other services."""
