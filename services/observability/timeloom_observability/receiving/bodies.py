"""Bodies as they were before they were compressed, within a limit."""

from __future__ import annotations

import zlib
from typing import Final

from timeloom_observability.errors import MalformedTelemetryError
from timeloom_observability.receiving.errors import UnsupportedTelemetryError
from timeloom_platform.errors import TooLargeError

REQUEST_BYTES_MAX: Final = 64 * 1024 * 1024
"""What one request may take, decompressed."""

ENCODINGS: Final = ("gzip", "deflate")
_IDENTITY: Final = ("", "identity")

_GZIP_OR_ZLIB: Final = zlib.MAX_WBITS | 32


def checked_encoding(name: str) -> str:
    """Returns how a body is compressed, by the name in its header; empty if it is not.

    Raises:
        UnsupportedTelemetryError: In no way that is read here.
    """
    encoding = name.strip().lower()
    if encoding in _IDENTITY:
        return ""
    if encoding not in ENCODINGS:
        raise UnsupportedTelemetryError(
            f"Content-Encoding {encoding[:100]!r} is not read here; send {' or '.join(ENCODINGS)}, or none."
        )
    return encoding


def inflated(data: bytes, *, limit_bytes: int) -> bytes:
    """Returns what was compressed by gzip or zlib; more than the limit is never held.

    Raises:
        TooLargeError: It is larger than the limit.
        MalformedTelemetryError: It is damaged, or ends early.
    """
    parts: list[bytes] = []
    size = 0
    while data:
        # A gzip file may have several members, one after the other.
        member = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            parts.append(member.decompress(data, limit_bytes - size + 1))
        except zlib.error as error:
            raise MalformedTelemetryError(
                "The body is not compressed as its Content-Encoding says."
            ) from error
        size += len(parts[-1])
        if size > limit_bytes:
            raise too_large(limit_bytes)
        if not member.eof:
            raise MalformedTelemetryError("The compressed body ends early.")
        data = member.unused_data
    return parts[0] if len(parts) == 1 else b"".join(parts)


def too_large(limit_bytes: int) -> TooLargeError:
    """Returns the refusal of a request that is larger than the limit."""
    return TooLargeError(
        f"The request is larger than {limit_bytes} bytes, decompressed; send fewer records at a time.",
        metadata={"limitBytes": str(limit_bytes)},
    )
