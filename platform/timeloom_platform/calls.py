"""The call that is being served, as the code below the servicer may need to know it."""

from __future__ import annotations

import time
from contextvars import ContextVar

REQUEST_ID_METADATA = "x-request-id"

_request_id: ContextVar[str] = ContextVar("timeloom_request_id", default="")
_deadline: ContextVar[float | None] = ContextVar("timeloom_deadline", default=None)


def current_request_id() -> str:
    """Return the id of the request that is being served; empty outside of one."""
    return _request_id.get()


def remaining_seconds() -> float | None:
    """Return how long the current call may still take; None if it has no deadline. Never negative."""
    deadline = _deadline.get()
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def begin_call(*, request_id: str, timeout_seconds: float | None) -> None:
    """Make a call current for the rest of the task."""
    _request_id.set(request_id)
    _deadline.set(None if timeout_seconds is None else time.monotonic() + timeout_seconds)
