"""The names of namespaces: what they may be, and whose they are."""

from __future__ import annotations

from typing import Final

from timeloom_memory import limits
from timeloom_platform.errors import InvalidFieldError

PROJECT: Final = "project"
SEPARATOR: Final = "/"


def default_namespace(agent_id: str) -> str:
    """Returns where an agent, or the project itself, writes if it does not say where."""
    return f"agent/{agent_id}" if agent_id else PROJECT


def checked(name: str, field: str) -> str:
    """Returns the name of a namespace if it may be one.

    Raises:
        InvalidFieldError: It may not.
    """
    if len(name.encode()) > limits.NAMESPACE_BYTES_MAX:
        raise InvalidFieldError.of(field, f"must have at most {limits.NAMESPACE_BYTES_MAX} bytes in UTF-8")
    if not all(name.split(SEPARATOR)):
        raise InvalidFieldError.of(field, "must be segments joined by `/`, none of them empty")
    if not name.isprintable():
        raise InvalidFieldError.of(field, "must not contain control characters or separators of lines")
    return name
