"""Why a request for a shape is refused, in the form that the protocol has for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence


class ShapeError(Exception):
    """The request is answered with an error.

    Attributes:
        status: Of HTTP.
        body: A JSON document.
        headers: Names in lower case.
    """

    def __init__(self, status: int, document: object, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"a request for a shape was refused with {status}")
        self.status = status
        self.body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        self.headers = headers or {}


class InvalidShapeRequestError(ShapeError):
    """A parameter is wrong: each is named, with its reasons."""

    def __init__(self, errors: Mapping[str, object]) -> None:
        super().__init__(400, {"message": "Invalid request", "errors": errors})

    @classmethod
    def of(cls, parameter: str, *reasons: str) -> InvalidShapeRequestError:
        """The error of one parameter."""
        return cls({parameter: list(reasons)})


class MustRefetchError(ShapeError):
    """What the client has of the shape is no longer kept: it begins anew, with this handle."""

    def __init__(self, handle: str) -> None:
        super().__init__(409, [{"headers": {"control": "must-refetch"}}], {"electric-handle": handle})


class ShapesUnavailableError(ShapeError):
    """Shapes cannot be served at the moment."""

    def __init__(self, message: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(503, {"message": message}, {"retry-after": str(retry_after_seconds)})


class MissingTableError(ShapesUnavailableError):
    """A registered table is not there: its service has not made it yet, or keeps it in another database."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"There is no table of {name} in the workspace's database: its service has not made it yet, "
            "or has a database of its own.",
            retry_after_seconds=10,
        )


class ClauseError(Exception):
    """A where clause, or an order, cannot be used.

    Attributes:
        position: Where in the text, from 0.
        reason: What is wrong there.
    """

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position
        self.reason = reason

    def located(self, offset: int) -> str:
        """The reason with its place, as clients of the protocol know it: within a whole statement."""
        return f"At location {offset + self.position}: {self.reason}"


def reasons_of(error: ClauseError, offset: int) -> Sequence[str]:
    """What an answer says of a clause."""
    return [error.located(offset)]
