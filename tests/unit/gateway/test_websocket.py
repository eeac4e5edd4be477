"""A WebSocket whose client is too slow: what only a connection that can be stopped at will shows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any, cast

import pytest
from nats.js.api import StreamState

from timeloom.events.v1 import events_pb2
from timeloom.observability.v1.observability_pb2 import Event
from timeloom_gateway.contracts import Contracts
from timeloom_gateway.live.feed import Feed
from timeloom_gateway.live.websocket import WebSocketEndpoint
from timeloom_gateway.problems import Problems
from timeloom_gateway.security.gatekeeper import Gatekeeper
from timeloom_gateway.sockets import connection, protocol
from timeloom_gateway.sockets.reception import Reception
from timeloom_gateway.web.metrics import HttpMetrics
from timeloom_platform.auth import Identity, Scope
from timeloom_platform.bus.live import Delivery
from timeloom_platform.web.messages import Request


class EndlessEvents:
    """Has always another event."""

    async def last_sequence(self) -> int:
        return 41

    async def stream_state(self, _stream: str = "") -> StreamState:
        return StreamState(messages=41, bytes=0, first_seq=1, last_seq=41, consumer_count=0)

    async def subscribe_ordered(
        self, _filters: Sequence[str], *, start_sequence: int | None = None
    ) -> AsyncGenerator[Delivery]:
        sequence = start_sequence or 1
        while True:
            recorded = events_pb2.EventsRecorded(events=[Event(name="a")])
            yield Delivery(sequence, events_pb2.Event(topic="a", events_recorded=recorded))
            sequence += 1
            await asyncio.sleep(0)


class OpenGate:
    """Admits everyone."""

    def has_session(self, _request: Request) -> bool:
        return False

    async def admit(self, _request: Request) -> Identity:
        return Identity(project_id="p", scope=Scope.READ)

    async def is_still_admitted(self, _request: Request) -> bool:
        return True


_SUBSCRIBE = {"type": "subscribe", "id": "s"}


class StallingClient:
    """Takes so many messages and no more, but notices when it is told to go."""

    def __init__(self, *, topic: str, takes: int) -> None:
        self.sent: list[dict[str, Any]] = []
        self._takes = takes
        self._incoming = [
            {"type": "websocket.connect"},
            {
                "type": "websocket.receive",
                "text": json.dumps({"type": "subscribe", "id": "s", "topic": topic}),
            },
        ]

    async def receive(self) -> dict[str, Any]:
        if not self._incoming:
            await asyncio.Event().wait()
        return self._incoming.pop(0)

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.send" and len(self.sent) == self._takes:
            await asyncio.Event().wait()
        self.sent.append(message)


@pytest.mark.parametrize("topic", ["executions", "events", "events?filter.names=a"])
async def test_a_client_that_is_too_slow_is_told_where_to_resume(
    contracts: Contracts, monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    monkeypatch.setattr(connection, "SEND_SECONDS_MAX", 0.05)
    metrics, problems = HttpMetrics(), Problems(contracts)
    endpoint = WebSocketEndpoint(
        feed=Feed(EndlessEvents(), contracts),
        reception=Reception(gatekeeper=cast("Gatekeeper", OpenGate()), problems=problems, metrics=metrics),
        problems=problems,
    )
    scope = {
        "type": "websocket",
        "scheme": "ws",
        "path": "/api/ws",
        "raw_path": b"/api/ws",
        "query_string": b"",
    }
    # Taken: the acceptance, `ready`, `subscribed`, and two events.
    client = StallingClient(topic=topic, takes=5)
    headers = [(b"authorization", b"Bearer x")]
    await endpoint(Request({**scope, "headers": headers}), client.receive, client.send)
    kinds = [json.loads(each["text"])["type"] for each in client.sent[1:5]]
    assert kinds == ["ready", "subscribed", "event", "event"]
    assert client.sent[5:] == [
        {"type": "websocket.close", "code": protocol.CLOSE_TOO_SLOW, "reason": "too slow; resume after 43"}
    ]
    assert metrics.live_clients == 0
