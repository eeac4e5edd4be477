"""Why a call fails, beyond what every service may say."""

from __future__ import annotations

from timeloom_platform.errors import TimeloomError


class WrongStatusError(TimeloomError):
    """The migration does not stand as the command needs it."""

    status = "FAILED_PRECONDITION"
    reason = "WRONG_STATUS"
