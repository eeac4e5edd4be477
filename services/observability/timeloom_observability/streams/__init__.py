"""Handing events on: as they come, or as a file."""
