"""Whether a request's body is JSON at all, and where it stops being it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Generator
from contextlib import contextmanager

import msgspec

from timeloom_platform.errors import MalformedJsonError

_BYTE_POSITION = re.compile(r"\(byte (\d+)\)")
_CHUNK_BYTES = 1 << 20


@contextmanager
def parsing(body: bytes) -> Generator[None]:
    """Checks that a body is UTF-8, and explains what the decoding within finds malformed."""
    _check_utf8(body)
    try:
        yield
    except RecursionError:
        raise MalformedJsonError("the body is nested too deeply") from None
    except msgspec.DecodeError as error:
        raise MalformedJsonError(_explain(body, str(error))) from None


def _check_utf8(body: bytes) -> None:
    """Decodes piece by piece, so that a large body does not stand in memory twice."""
    if body.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(body)
    try:
        for start in range(0, len(body), _CHUNK_BYTES):
            decoder.decode(view[start : start + _CHUNK_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise MalformedJsonError("the body is not UTF-8") from None


def _explain(body: bytes, error: str) -> str:
    position = _BYTE_POSITION.search(error)
    if position is None:
        return "the body ends before its JSON document does, or has half of a surrogate pair"
    offset = int(position[1])
    line = body.count(b"\n", 0, offset) + 1
    column = offset - (body.rfind(b"\n", 0, offset) + 1) + 1
    reason = error.removeprefix("JSON is malformed: ").split(" (byte")[0]
    return f"the body is not JSON: {reason} at line {line}, column {column}"
