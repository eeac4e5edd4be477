"""Why a request is refused at the door, besides what every call may be refused for."""

from __future__ import annotations

from timeloom_platform.errors import TimeloomError


class UnsupportedTelemetryError(TimeloomError):
    """The body has a media type or an encoding that is not read here."""

    status = "INVALID_ARGUMENT"
    reason = "UNSUPPORTED_MEDIA_TYPE"


class NotADoorError(TimeloomError):
    """Nothing is taken at this path."""

    status = "NOT_FOUND"
    reason = "NOT_FOUND"


class NotPostedError(TimeloomError):
    """Telemetry is posted, and not sent by any other method."""

    status = "UNIMPLEMENTED"
    reason = "METHOD_NOT_ALLOWED"
