"""What can be wrong with a model, besides what can be wrong anywhere."""

from __future__ import annotations


class ModelFilesError(Exception):
    """The files of a local model are missing, or are not what they should be."""
