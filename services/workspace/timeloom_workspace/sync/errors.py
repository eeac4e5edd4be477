"""Why a decision cannot be made."""

from __future__ import annotations

from timeloom_platform.errors import TimeloomError


class WrongStatusError(TimeloomError):
    """A conflict, or its record, does not stand as the decision needs it."""

    status = "FAILED_PRECONDITION"
    reason = "WRONG_STATUS"
