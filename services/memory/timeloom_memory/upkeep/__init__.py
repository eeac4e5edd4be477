"""What becomes of memories over time: use and decay, the archive, summaries, duplicates and clusters."""
