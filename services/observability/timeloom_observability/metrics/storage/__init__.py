"""The SQL of metrics."""
