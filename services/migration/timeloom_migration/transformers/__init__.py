"""What records contain, as resources: a module for each table, and one for the shapes of documents."""

from __future__ import annotations

from timeloom_migration.transformers.reading import is_readable, transform

__all__ = ["is_readable", "transform"]
