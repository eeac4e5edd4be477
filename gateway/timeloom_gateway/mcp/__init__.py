"""Memories over the Model Context Protocol."""
