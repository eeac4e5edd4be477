"""`/v1/shape`: one call for all who wait for the same, and answers that pass as they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from timeloom.workspace.v1 import shapes_service_pb2
from timeloom_gateway.shapes.endpoint import ShapeEndpoint
from timeloom_gateway.web.metrics import HttpMetrics
from timeloom_platform.auth import Identity, Scope
from timeloom_platform.testing import eventually
from timeloom_platform.web.messages import Message, Request

PROJECTS = ("a", "b")


class Keeper:
    """Admits everybody; the header says to which project."""

    async def admit(self, request: Request, *, share: float = 1.0) -> Identity:
        del share
        return Identity(project_id=request.header(b"project"), scope=Scope.READ)

    async def admit_with(self, request: Request, api_key: str, *, share: float) -> Identity:
        del request, share
        return Identity(project_id=f"that of {api_key}", scope=Scope.READ)

    def has_session(self, request: Request) -> bool:
        return bool(request.header(b"cookie"))

    async def is_still_admitted(self, request: Request, api_key: str = "") -> bool:
        return bool(api_key or request.header(b"project"))


class Calls:
    """A service that answers when it is told to."""

    def __init__(self) -> None:
        self.begun: list[shapes_service_pb2.ReadShapeRequest] = []
        self.cancelled = 0
        self.answer = asyncio.Event()

    def __call__(self, request: shapes_service_pb2.ReadShapeRequest) -> Call:
        self.begun.append(request)
        return Call(self)


class Call:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._is_over = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await self._calls.answer.wait()
        head = shapes_service_pb2.ShapeHead(status=200, headers={"electric-handle": "7"})
        yield shapes_service_pb2.ReadShapeResponse(head=head).SerializeToString()
        yield shapes_service_pb2.ReadShapeResponse(part=b"[1,").SerializeToString()
        yield shapes_service_pb2.ReadShapeResponse(part=b"2]").SerializeToString()
        self._is_over = True

    def cancel(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._calls.cancelled += 1


class Client:
    """A browser that asks once."""

    def __init__(self, endpoint: ShapeEndpoint, query: str, project: str = "a", **headers: str) -> None:
        self.sent: list[Message] = []
        self._gone = asyncio.Event()
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/v1/shape",
            "raw_path": b"/v1/shape",
            "query_string": query.encode(),
            "headers": [(b"project", project.encode())]
            + [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        self.task = asyncio.create_task(endpoint(Request(scope), self._receive, self._send))

    async def _receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    def leave(self) -> None:
        self._gone.set()

    async def body(self) -> bytes:
        await self.task
        return b"".join(message.get("body", b"") for message in self.sent)


def endpoint_of(calls: Any, anonymous_key: str = "") -> ShapeEndpoint:
    keeper: Any = Keeper()
    return ShapeEndpoint(
        call=calls,
        gatekeeper=keeper,
        metrics=HttpMetrics(),
        closing=asyncio.Event(),
        anonymous_key=anonymous_key,
    )


LIVE = "table=tasks&offset=0_0&handle=7&live=true"


async def test_all_who_wait_for_the_same_share_a_call() -> None:
    calls = Calls()
    endpoint = endpoint_of(calls)
    clients = [Client(endpoint, LIVE) for _ in range(20)]
    await eventually(lambda: calls.begun)
    await asyncio.sleep(0)
    calls.answer.set()
    assert {await client.body() for client in clients} == {b"[1,2]"}
    assert len(calls.begun) == 1
    assert dict(clients[0].sent[0]["headers"])[b"electric-handle"] == b"7"


async def test_another_project_never_shares() -> None:
    calls = Calls()
    endpoint = endpoint_of(calls)
    clients = [Client(endpoint, LIVE, project) for project in PROJECTS]
    await eventually(lambda: len(calls.begun) == len(PROJECTS))
    calls.answer.set()
    for client in clients:
        await client.body()


async def test_who_asks_after_an_answer_begins_the_next_call() -> None:
    calls = Calls()
    endpoint = endpoint_of(calls)
    calls.answer.set()
    assert await Client(endpoint, LIVE).body() == b"[1,2]"
    assert await Client(endpoint, LIVE).body() == b"[1,2]"
    assert len(calls.begun) == 2


async def test_the_call_ends_when_nobody_waits_any_more() -> None:
    calls = Calls()
    endpoint = endpoint_of(calls)
    clients = [Client(endpoint, LIVE) for _ in range(2)]
    await eventually(lambda: calls.begun)
    clients[0].leave()
    await asyncio.wait({clients[0].task})
    assert calls.cancelled == 0
    clients[1].leave()
    await asyncio.wait({clients[1].task})
    await eventually(lambda: calls.cancelled == 1)
    assert all(client.task.exception() is not None for client in clients)


async def test_other_answers_pass_as_they_come() -> None:
    calls = Calls()
    calls.answer.set()
    clients = [Client(endpoint_of(calls), "table=tasks&offset=-1") for _ in range(2)]
    assert [await client.body() for client in clients] == [b"[1,2]", b"[1,2]"]
    assert len(calls.begun) == 2


async def test_a_key_in_the_query_admits_and_goes_no_further() -> None:
    calls = Calls()
    endpoint = endpoint_of(calls)
    mine, theirs = (f"secret=tl_{name}&{LIVE}&%73ecret=tl_{name}" for name in ("mine", "theirs"))
    clients = [Client(endpoint, query) for query in (mine, mine, theirs)]
    await eventually(lambda: len(calls.begun) == 2)
    calls.answer.set()
    assert {await client.body() for client in clients} == {b"[1,2]"}
    assert [call.query for call in calls.begun] == [LIVE, LIVE]


async def test_the_anonymous_key_is_for_those_who_bring_nothing() -> None:
    calls = Calls()
    endpoint = endpoint_of(calls, anonymous_key="tl_all")
    clients = [
        Client(endpoint, f"secret=tl_all&{LIVE}"),
        Client(endpoint, LIVE),
        Client(endpoint, LIVE, "a", authorization="what a proxy wants"),
        Client(endpoint, LIVE, "a", authorization="Bearer tl_mine"),
        Client(endpoint, LIVE, "b", cookie="session=mine"),
    ]
    # The first three are of one project, and share a call.
    await eventually(lambda: len(calls.begun) == 3)
    calls.answer.set()
    assert {await client.body() for client in clients} == {b"[1,2]"}
    assert len(calls.begun) == 3
