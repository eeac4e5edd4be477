"""`GET /api/stream`: topics as server-sent events."""

from __future__ import annotations

from urllib.parse import parse_qsl

from timeloom_gateway.live.feed import Feed, parse_position
from timeloom_gateway.live.topics import require_topic
from timeloom_gateway.problems import Problems
from timeloom_gateway.security.gatekeeper import Gatekeeper
from timeloom_gateway.web.streams import StreamRelay
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.web.messages import Receive, Request, Send

TOPICS_MAX = 100


class EventStream:
    """Serves the topics that a request names."""

    def __init__(self, *, feed: Feed, gatekeeper: Gatekeeper, relay: StreamRelay, problems: Problems) -> None:
        self._feed = feed
        self._gatekeeper = gatekeeper
        self._relay = relay
        self._problems = problems

    async def __call__(self, request: Request, receive: Receive, send: Send) -> None:
        """Follows the topics until the client leaves."""
        identity = await self._gatekeeper.admit(request)
        topics, text = _parameters(request)
        for topic in topics:
            require_topic(identity, topic)
        selection = self._feed.select(identity.project_id, topics)
        items = selection.follow(parse_position(text) if text else await selection.position())
        await self._relay.relay(
            request,
            receive,
            send,
            items,
            explain=lambda error: self._problems.of(error).body(request.id),
            is_admitted=lambda: self._gatekeeper.is_still_admitted(request),
        )


def _parameters(request: Request) -> tuple[list[str], str]:
    topics: list[str] = []
    positions: list[str] = []
    try:
        pairs = parse_qsl(
            request.query, keep_blank_values=True, errors="strict", max_num_fields=TOPICS_MAX + 1
        )
    except ValueError:
        raise InvalidFieldError.of(
            "query", f"must be UTF-8, with at most {TOPICS_MAX} topics and a position"
        ) from None
    for name, value in pairs:
        if name not in ("topic", "position"):
            raise InvalidFieldError.of(name, "is not a parameter of this route")
        (topics if name == "topic" else positions).append(value)
    if not topics or len(topics) > TOPICS_MAX:
        raise InvalidFieldError.of("topic", f"must be given, at most {TOPICS_MAX} times")
    if len(positions) > 1:
        raise InvalidFieldError.of("position", "is given more than once")
    return topics, request.header(b"last-event-id") or "".join(positions)
