"""Driving executions of definitions with steps: what a plan says is committed, then done, then planned on."""
