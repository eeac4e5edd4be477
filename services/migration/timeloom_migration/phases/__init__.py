"""The parts of a migration's work: each does one bounded batch at a time."""
