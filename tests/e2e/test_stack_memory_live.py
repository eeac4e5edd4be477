"""Agents are told of new memories over the event stream and the WebSocket, as far as they may see them."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.e2e import events
from tests.e2e.rest import ok, problem
from tests.e2e.running_stack import RunningStack
from tests.e2e.test_stack_live import live

pytestmark = pytest.mark.xdist_group("stack")

MEMORIES = "/api/agent-memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """An agent with a key that is bound to it."""

    id: str
    key: str
    client: httpx.Client

    @property
    def home(self) -> str:
        return f"agent/{self.id}"

    @property
    def topic(self) -> str:
        return f"memory/agents/{self.id}"

    def remember(self, content: str, namespace: str = "") -> Any:
        return ok(self.client.post(MEMORIES, json={"content": content, "namespace": namespace}))

    def subscribe(self, namespace: str) -> str:
        asked = {"namespaces": [namespace]}
        return str(ok(self.client.post(f"{MEMORIES}/subscriptions", json=asked))["id"])

    def share(self, principal: str) -> str:
        asked = {"namespace": self.home, "principal": principal, "permission": "PERMISSION_READ"}
        return str(ok(self.client.post(f"{MEMORIES}/share", json=asked))["id"])


@contextmanager
def agent(stack: RunningStack, admin: httpx.Client, name: str) -> Generator[Agent]:
    agent_id = f"{name}-{uuid.uuid4().hex[:8]}"
    asked = {"name": agent_id, "scope": "WRITE", "agentId": agent_id}
    key = str(ok(admin.post("/api/api-keys", json=asked))["secret"])
    with stack.client(key) as client:
        yield Agent(id=agent_id, key=key, client=client)


def test_a_subscriber_is_told_of_a_new_memory(stack: RunningStack, client: httpx.Client) -> None:
    with agent(stack, client, "writer") as writer, agent(stack, client, "researcher") as researcher:
        researcher.share(writer.home)
        subscription = writer.subscribe(researcher.home)
        with (
            live(stack, writer.key) as socket,
            writer.client.stream("GET", "/api/stream", params={"topic": writer.topic}) as answer,
        ):
            assert socket.subscribe(writer.topic)["type"] == "subscribed"
            made = researcher.remember("Short waves scatter more.")
            kind, payload = socket.receive_event(writer.topic)
            event = next(events.read(answer))
        expected = {"subscriptionId": subscription, "agentId": writer.id, "sequence": made["sequence"]}
        assert (kind, payload) == ("memoryAnnounced", expected)
        assert (event.event, event.data["memoryAnnounced"]) == ("memoryAnnounced", expected)
        news = ok(writer.client.get(f"{MEMORIES}/subscriptions/{subscription}/memories"))["memories"]
        assert [each["id"] for each in news] == [made["id"]]


def test_nobody_is_told_of_what_was_taken_back(stack: RunningStack, client: httpx.Client) -> None:
    wall = f"wall-{uuid.uuid4().hex[:8]}"
    with agent(stack, client, "writer") as writer, agent(stack, client, "researcher") as researcher:
        grant = researcher.share(writer.home)
        of_researcher, of_all = writer.subscribe(researcher.home), writer.subscribe(wall)
        with live(stack, writer.key) as socket:
            socket.subscribe(writer.topic)
            researcher.remember("While it is shared.")
            assert socket.receive_event(writer.topic)[1]["subscriptionId"] == of_researcher
            assert researcher.client.delete(f"{MEMORIES}/grants/{grant}").is_success
            researcher.remember("After it was taken back.")
            # What comes later is told, and would be told after it.
            for number in range(2):
                made = researcher.remember(f"For everybody, {number}.", wall)
                _, told = socket.receive_event(writer.topic)
                assert (told["subscriptionId"], told["sequence"]) == (of_all, made["sequence"])
        found = ok(writer.client.get(f"{MEMORIES}/subscriptions/{of_researcher}/memories"))
        assert found.get("memories", []) == []


def test_a_bound_key_follows_no_topic_of_others(stack: RunningStack, client: httpx.Client) -> None:
    with agent(stack, client, "writer") as writer, agent(stack, client, "researcher") as researcher:
        researcher.share(writer.home)
        closed = [
            *("memory", "memory/agent", "memory/agents", "memory/team/physics", "memory/jobs"),
            *(f"memory/{researcher.home}", researcher.topic),
        ]
        with live(stack, writer.key) as socket:
            for topic in closed:
                refusal = socket.subscribe(topic)
                assert (refusal["type"], refusal["problem"]["code"]) == ("error", "PERMISSION_DENIED"), topic
                problem(writer.client.get("/api/stream", params={"topic": topic}), 403, "PERMISSION_DENIED")
            for topic in (writer.topic, f"memory/{writer.home}", "memory/project"):
                assert socket.subscribe(topic)["type"] == "subscribed", topic
            researcher.remember("Private, though shared.")
            mine = writer.remember("My own.")
            kind, changed = socket.receive_event(f"memory/{writer.home}")
        assert (kind, changed["memoryIds"]) == ("memoriesChanged", [mine["id"]])
