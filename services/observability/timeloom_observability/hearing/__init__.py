"""What our own services commit, as events."""
