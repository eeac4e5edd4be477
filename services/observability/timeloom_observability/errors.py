"""Why telemetry is refused as a whole. What is wrong with one record only rejects that one."""

from __future__ import annotations

from timeloom_platform.errors import TimeloomError


class MalformedTelemetryError(TimeloomError):
    """A request is neither what its content type says nor OpenTelemetry's."""

    status = "INVALID_ARGUMENT"
    reason = "INVALID_FIELD"
