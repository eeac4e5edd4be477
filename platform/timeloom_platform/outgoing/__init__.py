"""Requests to hosts that a project names: only to where they may go, and bounded in time and size."""
