"""What can be wrong with a workflow, besides what can be wrong anywhere."""

from __future__ import annotations

from typing import Final

from timeloom_platform.errors import InvalidFieldError, TimeloomError

NUL: Final = "\x00"


class WrongStatusError(TimeloomError):
    """The execution does not stand as the action needs it."""

    status = "FAILED_PRECONDITION"
    reason = "WRONG_STATUS"


class InvalidDefinitionError(TimeloomError):
    """The definition has problems; the violations name the places."""

    status = "INVALID_ARGUMENT"
    reason = "INVALID_DEFINITION"


class InvalidSignatureError(TimeloomError):
    """The call's signature is wrong or too old."""

    status = "UNAUTHENTICATED"
    reason = "INVALID_SIGNATURE"


def refuse_nul(field: str, text: str) -> None:
    """Refuses the one character that PostgreSQL keeps in no text.

    Raises:
        InvalidFieldError: The text has it.
    """
    if NUL in text:
        raise InvalidFieldError.of(field, "must not contain the character U+0000")
