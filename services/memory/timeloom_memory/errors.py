"""What can be wrong with a memory, besides what can be wrong anywhere."""

from __future__ import annotations

from typing import Final

from timeloom.state.canonical import CanonicalError
from timeloom_platform.errors import InvalidFieldError, MalformedJsonError, TimeloomError

NUL: Final = "\x00"


def malformed(field: str, error: CanonicalError) -> TimeloomError:
    """Returns the error for a JSON document that has no canonical form."""
    return MalformedJsonError(
        f"{field}: {error}", violations=InvalidFieldError.of(field, str(error)).violations
    )


def refuse_nul(field: str, text: str) -> None:
    """Refuses the one character that PostgreSQL keeps in no text.

    Raises:
        InvalidFieldError: The text has it.
    """
    if NUL in text:
        raise InvalidFieldError.of(field, "must not contain the character U+0000")
