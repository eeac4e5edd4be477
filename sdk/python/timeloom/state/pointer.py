"""JSON pointers (RFC 6901): a place in a document as text, such as ``/messages/0/content``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from timeloom.state._kinds import kind_of

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_BAD_ESCAPE: Final = re.compile(r"~(?![01])")


class PointerError(ValueError):
    """The text is no JSON pointer, or it leads nowhere in the document."""


def parse(pointer: str) -> tuple[str, ...]:
    """Splits a pointer into its tokens; the empty pointer, which is the whole document, has none.

    Raises:
        PointerError: it does not begin with ``/``, or has a ``~`` that is not part of ``~0`` or ``~1``.
    """
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise PointerError(f"a JSON pointer begins with '/', this one does not: {pointer!r}")
    if _BAD_ESCAPE.search(pointer):
        raise PointerError(f"'~' must be written '~0' in a JSON pointer, and '/' in a name '~1': {pointer!r}")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/"))


def format_path(path: Iterable[str | int]) -> str:
    """Writes a path of names and indexes as a pointer."""
    return "".join(f"/{escape(token)}" for token in path)


def escape(token: str | int) -> str:
    """Writes one name or index as it stands between the slashes of a pointer."""
    return token.replace("~", "~0").replace("/", "~1") if isinstance(token, str) else str(token)


def resolve(document: Any, pointer: str) -> Any:
    """Returns what the pointer leads to.

    Raises:
        PointerError: it is no pointer, or nothing is there; the error names the first token that fails.
    """
    value: Any = document
    seen: list[str] = []
    for token in parse(pointer):
        if kind_of(value) is dict and token in value:
            value = value[token]
        elif kind_of(value) is list and _INDEX.fullmatch(token) and int(token) < len(value):
            value = value[int(token)]
        else:
            raise PointerError(f"{_missing(value, token)} at {format_path(seen) or 'the top'}")
        seen.append(token)
    return value


def _missing(value: Any, token: str) -> str:
    if kind_of(value) is dict:
        return f"there is no member {token!r}"
    if kind_of(value) is list:
        return f"there is no element {token!r} in the list of {len(value)}"
    return f"there is nothing below the plain value, so no {token!r},"
