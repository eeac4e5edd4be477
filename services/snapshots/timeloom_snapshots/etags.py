"""Etags: what an execution's caller may edit, in short."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import msgspec

from timeloom_platform.errors import EtagMismatchError
from timeloom_snapshots.model import Execution

ETAG_LENGTH: Final = 32


def etag_of(execution: Execution) -> str:
    """Returns what changes when, and only when, one of the fields changes that a caller may edit."""
    fields = (
        execution.name,
        execution.session_id,
        execution.tags,
        execution.metadata,
        execution.trace_id,
    )
    return sha256(msgspec.msgpack.encode(fields)).hexdigest()[:ETAG_LENGTH]


def check_etag(execution: Execution, expected: str) -> None:
    """Does nothing if the execution has the etag, or none is expected.

    Raises:
        EtagMismatchError: It has another.
    """
    found = etag_of(execution)
    if expected and expected != found:
        raise EtagMismatchError(
            f"Execution {execution.id} has changed: its etag is {found} now.", metadata={"etag": found}
        )
