"""The call that is being served, as the code below the servicer may need to know it."""

from __future__ import annotations

import time
from contextvars import ContextVar

REQUEST_ID_METADATA = "x-request-id"

# The request's id, and when it has to be answered by the monotonic clock; one variable, set once a call.
_call: ContextVar[tuple[str, float | None]] = ContextVar("timeloom_call", default=("", None))


def current_request_id() -> str:
    """Return the id of the request that is being served; empty outside of one."""
    return _call.get()[0]


def remaining_seconds() -> float | None:
    """Return how long the current call may still take; None if it has no deadline. Never negative."""
    deadline = _call.get()[1]
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def begin_call(*, request_id: str, timeout_seconds: float | None) -> None:
    """Make a call current for the rest of the task."""
    _call.set((request_id, None if timeout_seconds is None else time.monotonic() + timeout_seconds))
