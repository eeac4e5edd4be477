"""What is committed arrives at live clients: over a WebSocket, and over event streams of topics."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from tests.e2e import events
from tests.e2e.rest import STATES, create, ok, problem, record, recorded
from tests.e2e.running_stack import RunningStack

pytestmark = pytest.mark.xdist_group("stack")

WAIT_SECONDS = 30.0


class LiveClient:
    """One WebSocket, whose messages are JSON objects."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def send(self, kind: str, **members: str) -> None:
        self._connection.send(json.dumps({"type": kind, **members}))

    def receive(self) -> Any:
        return json.loads(self._connection.recv(WAIT_SECONDS))

    def subscribe(self, topic: str, **members: str) -> Any:
        """Follows a topic, with the topic for a name, and returns the answer."""
        self.send("subscribe", id=topic, topic=topic, **members)
        return self.receive()

    def receive_event(self, topic: str) -> tuple[str, Any]:
        """Returns the kind and the payload of the next message, which must be an event of the topic."""
        message = self.receive()
        assert (message["type"], message["id"]) == ("event", topic), message
        return message["kind"], message["event"][message["kind"]]


@contextmanager
def live(stack: RunningStack, api_key: str | None = None) -> Iterator[LiveClient]:
    address = f"ws{stack.http_url.removeprefix('http')}/api/ws"
    headers = {"Authorization": f"Bearer {api_key or stack.api_key}"}
    with connect(address, additional_headers=headers, proxy=None) as connection:
        client = LiveClient(connection)
        ready = client.receive()
        assert ready["type"] == "ready"
        yield client


def chosen() -> tuple[str, str]:
    """An execution that is still to be created, and its topic: who subscribes first misses nothing."""
    execution_id = str(uuid.uuid4())
    return execution_id, f"executions/{execution_id}"


def test_a_websocket_follows_an_execution(stack: RunningStack, client: httpx.Client) -> None:
    execution_id, topic = chosen()
    path = f"/api/agent-executions/{execution_id}"
    with live(stack) as watcher:
        assert watcher.subscribe(topic)["type"] == "subscribed"

        created = create(client, executionId=execution_id)
        assert watcher.receive_event(topic) == ("executionCreated", {"execution": created})

        record(client, execution_id, STATES[0], stepName="look up")
        expected = {"executionId": execution_id, "firstSequence": 1, "lastSequence": 1, "stepName": "look up"}
        assert watcher.receive_event(topic) == ("snapshotsRecorded", expected)

        ended = ok(client.post(f"{path}:complete", json={"status": "SUCCEEDED"}))
        assert watcher.receive_event(topic) == ("executionUpdated", {"execution": ended})

        client.delete(path)
        assert watcher.receive_event(topic) == ("executionDeleted", {"executionId": execution_id})


def test_a_websocket_resumes_after_the_last_event_that_its_client_had(
    stack: RunningStack, client: httpx.Client
) -> None:
    execution_id, topic = chosen()
    with live(stack) as watcher:
        watcher.subscribe(topic)
        create(client, executionId=execution_id)
        position = watcher.receive()["position"]
    record(client, execution_id, STATES[0])
    with live(stack) as watcher:
        assert watcher.subscribe(topic, position=position)["type"] == "subscribed"
        kind, event = watcher.receive_event(topic)
        assert (kind, event["lastSequence"]) == ("snapshotsRecorded", 1)


def test_a_websocket_shows_nothing_of_another_project(
    stack: RunningStack, client: httpx.Client, other_projects_key: str
) -> None:
    with live(stack, other_projects_key) as stranger, stack.client(other_projects_key) as other:
        stranger.subscribe("executions")
        recorded(client)
        own = create(other)
        # The first that arrives is the stranger's own, although the others were committed before it.
        assert stranger.receive_event("executions") == ("executionCreated", {"execution": own})


def test_a_websocket_answers_a_ping_and_names_what_it_does_not_understand(stack: RunningStack) -> None:
    with live(stack) as watcher:
        watcher.send("ping")
        assert watcher.receive()["type"] == "pong"
        watcher.send("dance")
        answer = watcher.receive()
        assert (answer["type"], answer["problem"]["code"]) == ("error", "INVALID_FIELD")


def test_a_stream_of_topics_shows_what_is_committed_and_resumes(client: httpx.Client) -> None:
    execution_id, topic = chosen()
    query = {"topic": topic}
    with client.stream("GET", "/api/stream", params=query) as answer:
        received = events.read(answer)
        created = create(client, executionId=execution_id)
        first = next(received)
    assert (first.event, first.data["executionCreated"]) == ("executionCreated", {"execution": created})
    assert first.data["topic"] == topic

    record(client, execution_id, STATES[0])
    with client.stream("GET", "/api/stream", params=query, headers={"Last-Event-ID": first.id}) as answer:
        second = next(events.read(answer))
    assert (second.event, second.data["snapshotsRecorded"]["lastSequence"]) == ("snapshotsRecorded", 1)


def test_a_stream_needs_a_key_and_a_topic(stack: RunningStack, client: httpx.Client) -> None:
    with stack.client("") as nobody:
        problem(nobody.get("/api/stream", params={"topic": "executions"}), 401, "UNAUTHENTICATED")
    problem(client.get("/api/stream"), 400, "INVALID_FIELD")
