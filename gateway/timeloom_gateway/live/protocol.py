"""The messages of the WebSocket at `/api/ws`, each a JSON object with a `type`.

A client authenticates (unless its handshake did), subscribes to topics and may resume from a
position; the gateway answers each message, and sends events as they are committed.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from timeloom_platform.errors import InvalidFieldError, MalformedJsonError

MESSAGE_BYTES_MAX: Final = 64 * 1024
SUBSCRIPTIONS_MAX: Final = 100
ID_CHARACTERS_MAX: Final = 100

# The codes above 4000 are ours to define (RFC 6455, 7.4.2); they follow the HTTP statuses.
CLOSE_UNAUTHENTICATED: Final = 4401
CLOSE_FORBIDDEN: Final = 4403
CLOSE_TOO_SLOW: Final = 4408
CLOSE_RATE_LIMITED: Final = 4429


class Authenticate(msgspec.Struct, tag="authenticate", rename="camel", forbid_unknown_fields=True):
    """Must come first, unless the handshake had an `Authorization` header or a session cookie."""

    api_key: str


class Subscribe(msgspec.Struct, tag="subscribe", rename="camel", forbid_unknown_fields=True):
    """Follows a topic under a name of the client's choice, from now on or after a position."""

    id: str
    topic: str
    position: str = ""


class Unsubscribe(msgspec.Struct, tag="unsubscribe", rename="camel", forbid_unknown_fields=True):
    """Ends a subscription."""

    id: str


class Ping(msgspec.Struct, tag="ping", rename="camel", forbid_unknown_fields=True):
    """Asks for a sign of life."""


ClientMessage = Authenticate | Subscribe | Unsubscribe | Ping

_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(
    Authenticate | Subscribe | Unsubscribe | Ping
)


def parse(data: str | bytes) -> ClientMessage:
    """A client's message; MalformedJsonError or InvalidFieldError say what is wrong with it."""
    try:
        message = _decoder.decode(data)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at ")
        raise InvalidFieldError.of(path.strip("`$.") or "message", f"is not valid: {text}") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise MalformedJsonError("The message is not JSON.") from None
    if isinstance(message, Subscribe | Unsubscribe) and not 0 < len(message.id) <= ID_CHARACTERS_MAX:
        raise InvalidFieldError.of("id", f"must have 1 to {ID_CHARACTERS_MAX} characters")
    return message


def encode(message_type: str, /, **members: Any) -> str:
    """A message of the gateway."""
    return msgspec.json.encode({"type": message_type, **members}).decode()
