"""The errors of HTTP itself, which no service raises."""

from __future__ import annotations

from timeloom_platform.errors import TimeloomError, UnauthenticatedError


class RouteNotFoundError(TimeloomError):
    """Nothing is served at this path."""

    status = "UNIMPLEMENTED"
    reason = "UNIMPLEMENTED"


class MethodNotAllowedError(TimeloomError):
    """The path is served, but not for this HTTP method."""

    status = "UNIMPLEMENTED"
    reason = "METHOD_NOT_ALLOWED"

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self.allow = ", ".join(allowed)
        super().__init__(f"This path is served for {self.allow} only.")


class NotAcceptableError(TimeloomError):
    """The answer does not exist in any of the media types that the client accepts."""

    status = "INVALID_ARGUMENT"
    reason = "NOT_ACCEPTABLE"


class UnsupportedMediaTypeError(TimeloomError):
    """The body's media type or encoding is not one that the route reads."""

    status = "INVALID_ARGUMENT"
    reason = "UNSUPPORTED_MEDIA_TYPE"


class UpgradeRequiredError(TimeloomError):
    """The route is a WebSocket, and the request is not the handshake of one."""

    status = "FAILED_PRECONDITION"
    reason = "UPGRADE_REQUIRED"


class CsrfRejectedError(TimeloomError):
    """A request with the session cookie lacks its anti-forgery token, or comes from another origin."""

    status = "PERMISSION_DENIED"
    reason = "CSRF_REJECTED"


class SessionExpiredError(UnauthenticatedError):
    """The session cookie is no longer good; the browser has to begin a new session."""


class IdempotencyKeyReusedError(TimeloomError):
    """The idempotency key was used before for a different request."""

    status = "FAILED_PRECONDITION"
    reason = "IDEMPOTENCY_KEY_REUSED"


class IdempotencyKeyInUseError(TimeloomError):
    """The first request with this idempotency key has not finished yet."""

    status = "ABORTED"
    reason = "IDEMPOTENCY_KEY_IN_USE"
