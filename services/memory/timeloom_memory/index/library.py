"""FAISS, loaded when the first graph is made: 15 MB that a service without large namespaces does without."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from typing import Any


@cache
def faiss() -> Any:
    """Returns the library. Its stubs know only a part of it."""
    # Read when its OpenMP is loaded, for every thread: searches run side by side, and each computes alone.
    os.environ["OMP_NUM_THREADS"] = "1"
    return import_module("faiss")
