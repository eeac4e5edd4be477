"""What events come to: metrics over time, and facets."""
