"""What HTTP says of a request that is refused. Clients try 429, 502, 503 and 504 again, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from google.rpc.status_pb2 import Status

from timeloom_platform import failures
from timeloom_platform.errors import TimeloomError

_BY_REASON: Final[Mapping[str, int]] = {
    "BODY_TIMEOUT": 408,
    "METHOD_NOT_ALLOWED": 405,
    "TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
}
_BY_STATUS: Final[Mapping[str, int]] = {
    "ABORTED": 503,
    "DEADLINE_EXCEEDED": 504,
    "INVALID_ARGUMENT": 400,
    "NOT_FOUND": 404,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "UNAUTHENTICATED": 401,
    "UNAVAILABLE": 503,
}
"""What is in neither is a defect."""


def http_status_of(failure: TimeloomError) -> int:
    """Returns the number of a failure."""
    return _BY_REASON.get(failure.reason) or _BY_STATUS.get(failure.status, 500)


def status_of(failure: TimeloomError) -> Status:
    """Returns the body of a failure."""
    return Status.FromString(failures.status_details(failure))


def answer_headers(failure: TimeloomError) -> dict[str, str]:
    """Returns what headers say of a failure."""
    headers: dict[str, str] = {}
    if failure.retry_after_seconds is not None:
        headers["retry-after"] = str(math.ceil(failure.retry_after_seconds))
    if failure.status == "UNAUTHENTICATED":
        headers["www-authenticate"] = "Bearer"
    if failure.reason == "METHOD_NOT_ALLOWED":
        headers["allow"] = "POST"
    return headers
