"""What authorises a call is replaced before anything is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from timeloom.state._kinds import kind_of

REDACTED: Final = "[redacted]"

_HEADERS: Final = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-amz-security-token",
        "www-authenticate",
    }
)
_SECRET_NAME: Final = re.compile(
    r"(api[-_]?key|^key$|secret|password|passwd|passphrase|credential|private[-_]?key|signature|"
    r"(access|refresh|id|auth|session|bearer|csrf|security)[-_]?token|^token$|assertion)",
    re.IGNORECASE,
)


def is_secret(name: str) -> bool:
    """Tell whether a header, parameter or member of this name holds a secret."""
    return name.lower() in _HEADERS or _SECRET_NAME.search(name) is not None


def headers(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return headers in their order, names in lower case, without secrets."""
    return [[name.lower(), _header(name.lower(), value)] for name, value in pairs]


def _header(name: str, value: str) -> str:
    if name == "set-cookie":
        # Code may look for a cookie's name, and its attributes say where it goes.
        cookie, separator, attributes = value.partition(";")
        return f"{cookie.partition('=')[0]}={REDACTED}{separator}{attributes}"
    return REDACTED if is_secret(name) else value


def url(text: str) -> str:
    """Return an address without user, password and secret parameters."""
    parts = urlsplit(text)
    host = parts.netloc.rpartition("@")[2]
    netloc = f"{REDACTED}@{host}" if "@" in parts.netloc else host
    return urlunsplit(parts._replace(netloc=netloc, query=form(parts.query)))


def form(text: str) -> str:
    """Return a query or form without secrets; one that has none stays as it is."""
    pairs = parse_qsl(text, keep_blank_values=True)
    if not any(is_secret(name) for name, _ in pairs):
        return text
    return urlencode([(name, REDACTED if is_secret(name) else value) for name, value in pairs])


def document(value: Any) -> Any:
    """Return a JSON document without the members that hold secrets."""
    if kind_of(value) is list:
        return [document(item) for item in value]
    if kind_of(value) is not dict:
        return value
    members = cast("dict[str, Any]", value)
    return {
        name: REDACTED if is_secret(name) and kind_of(member) is str else document(member)
        for name, member in members.items()
    }
