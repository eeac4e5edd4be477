"""A trace as the states of an execution."""
