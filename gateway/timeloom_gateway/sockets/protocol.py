"""What every WebSocket of the gateway has in common: its first messages, its errors, and its close codes.

Each message is one JSON object. Those that belong to no call have a `type`: `authenticate` (the client's
first, unless its handshake had credentials), `ready` (the gateway's first) and `error`, with a problem
document.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from timeloom_gateway.problems import Problem
from timeloom_platform.errors import UnauthenticatedError

MESSAGE_BYTES_MAX: Final = 64 * 1024
"""Of a client's message; a larger one closes the connection with 1009."""

CLOSE_DONE: Final = 1000
CLOSE_GOING_AWAY: Final = 1001
# The codes above 4000 are ours to define (RFC 6455, 7.4.2): a problem's is 4000 and its HTTP status.
CLOSE_PROBLEM: Final = 4000
CLOSE_INVALID: Final = 4400
CLOSE_UNAUTHENTICATED: Final = 4401
CLOSE_FORBIDDEN: Final = 4403
CLOSE_TOO_SLOW: Final = 4408
CLOSE_RATE_LIMITED: Final = 4429

_REASON_BYTES_MAX: Final = 120
"""A close frame has room for 123."""


class Authenticate(msgspec.Struct, tag="authenticate", rename="camel", forbid_unknown_fields=True):
    """Must come first, unless the handshake had an `Authorization` header or a session cookie."""

    api_key: str


_decoder: msgspec.json.Decoder[Authenticate] = msgspec.json.Decoder(Authenticate)


def parse_api_key(data: str | bytes) -> str:
    """The key that a first message brings; UnauthenticatedError if it brings none."""
    try:
        return _decoder.decode(data).api_key
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise UnauthenticatedError(
            'The first message must be {"type":"authenticate","apiKey":"tl_…"}.'
        ) from None


def encode(message_type: str, /, **members: Any) -> str:
    """A message of the gateway."""
    return msgspec.json.encode({"type": message_type, **members}).decode()


def close_code(problem: Problem) -> int:
    """The code with which a problem closes a connection."""
    return CLOSE_PROBLEM + problem.status


def close_reason(text: str) -> str:
    """As much of a text as a close frame holds."""
    return text.encode()[:_REASON_BYTES_MAX].decode(errors="ignore")
