"""The messages of the WebSocket at `/api/ws`, each a JSON object with a `type`.

After what all WebSockets begin with, a client subscribes to topics and may resume from a position; the
gateway answers each message, and sends events as they are committed.
"""

from __future__ import annotations

from typing import Final

import msgspec

from timeloom_gateway.sockets.protocol import Authenticate
from timeloom_platform.errors import InvalidFieldError, MalformedJsonError

SUBSCRIPTIONS_MAX: Final = 100
ID_CHARACTERS_MAX: Final = 100


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


def about(message: ClientMessage) -> dict[str, str]:
    """Which subscription a message is about, as answers to it say so; nothing if it is about none."""
    return {"id": message.id} if isinstance(message, Subscribe | Unsubscribe) else {}
