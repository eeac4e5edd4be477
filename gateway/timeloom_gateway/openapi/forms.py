"""What the document says of each form that a method takes over HTTP, besides its own comment."""

from __future__ import annotations

from typing import Final

from timeloom_gateway.contracts import resume_position_of
from timeloom_gateway.transcoding.forms import Form
from timeloom_gateway.transcoding.rest import Route

_EVENTS: Final = """\
Answers with server-sent events, or with a line of JSON for each if `Accept` asks for \
`application/x-ndjson`. The event `end` is the last; `error` carries a problem."""
_RESUME: Final = "An event's `id` is where to resume: send it back as `Last-Event-ID`."
_UPLOAD: Final = """\
The body is the file itself; it is passed on while it arrives. An `Idempotency-Key` is refused, because \
nothing of the file is kept to compare with."""
_DOWNLOAD: Final = """\
The answer is the file itself. If it cannot be finished, the connection is aborted: an answer that ends \
well is whole."""

_SOCKET_OPENING: Final = """\
A WebSocket; each message is a JSON object. A client whose handshake has neither an `Authorization` \
header nor a session cookie begins with `{"type":"authenticate","apiKey":"tl_…"}`. The gateway begins \
with `{"type":"ready","projectId":"…","scope":"READ"}`."""
_SOCKET_CALL: Final = """\
From then on each message of the client is one request, and each message of the gateway without a `type` \
is one response. What the path says belongs to the first request and is not repeated in messages. A \
client that closes the connection ends its requests."""
_SOCKET_TOPICS: Final = """\
Then the client subscribes to topics, up to 100 at a time, each under a name of its own choice; \
`position` resumes after an event. An error that concerns one message or one subscription leaves the \
connection open. A client that was too slow is told where to resume as it is closed.

- client: `{"type":"subscribe","id":"mine","topic":"executions","position":"…"}`
- gateway: `{"type":"subscribed","id":"mine","topic":"executions","position":"…"}`
- gateway: `{"type":"event","id":"mine","position":"…","kind":"snapshotsRecorded","event":{…}}`
- gateway: `{"type":"error","id":"mine","problem":{…}}`
- client: `{"type":"unsubscribe","id":"mine"}`; gateway: `{"type":"unsubscribed","id":"mine"}`
- client: `{"type":"ping"}`; gateway: `{"type":"pong"}`"""
_SOCKET_CLOSING: Final = """\
What goes wrong is told as `{"type":"error","problem":{…}}` before the connection is closed. The code is \
4000 and the problem's status, such as 4401 when the credentials are no longer good; 4408 if the client \
is too slow, 1009 if a message has more than 64 KiB, 1011 if it answers no ping, 1012 when the gateway \
leaves, and 1000 when all is done."""

LIVE_SOCKET: Final = f"{_SOCKET_OPENING}\n\n{_SOCKET_TOPICS}\n\n{_SOCKET_CLOSING}"
"""Of the WebSocket that no method of the contracts stands behind."""


def described(route: Route) -> list[str]:
    """The paragraphs that a route's form adds to its description."""
    match route.form:
        case Form.CALL:
            return []
        case Form.EVENTS:
            return [_EVENTS, _RESUME] if resume_position_of(route.method.request) else [_EVENTS]
        case Form.SOCKET:
            return [_SOCKET_OPENING, _SOCKET_CALL, _SOCKET_CLOSING]
        case Form.UPLOAD:
            return [_UPLOAD]
        case Form.DOWNLOAD:
            return [_DOWNLOAD]
