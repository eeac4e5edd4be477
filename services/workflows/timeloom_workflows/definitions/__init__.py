"""Definitions of workflows: what they are made of, what can be wrong with them, what they compute."""
