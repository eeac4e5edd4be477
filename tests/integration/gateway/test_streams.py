"""Server streams as server-sent events and as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.integration.gateway.backend import MemorySnapshots, tailed
from tests.integration.gateway.time_travel import UNKNOWN
from timeloom.snapshots.v1 import snapshots_pb2, snapshots_service_pb2
from timeloom_platform.errors import DataLossError
from timeloom_platform.testing import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENDED = snapshots_service_pb2.TailSnapshotsResponse(execution=snapshots_pb2.Execution(id="e"))


@pytest_asyncio.fixture(loop_scope="module")
async def path(api: httpx.AsyncClient) -> str:
    execution = (await api.post("/api/executions", json={"agentId": "a"})).json()
    return f"/api/executions/{execution['id']}/tail"


async def frames(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """The events of a stream, without its opening and its comments."""
    async for block in _blocks(answer):
        found = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in found:
            yield {**found, "data": json.loads(found["data"])}


async def _blocks(answer: httpx.Response) -> AsyncIterator[str]:
    text = ""
    async for part in answer.aiter_text():
        text += part
        while "\n\n" in text:
            block, text = text.split("\n\n", 1)
            yield block


async def test_each_response_is_an_event_until_the_stream_ends(
    api: httpx.AsyncClient, backend: MemorySnapshots, path: str
) -> None:
    async with api.stream("GET", path) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["cache-control"] == "no-store"
        events = frames(answer)
        backend.tail.put_nowait(tailed(1))
        first = await anext(events)
        assert (first["id"], first["event"], first["data"]["snapshot"]["sequence"]) == ("1", "snapshot", 1)
        backend.tail.put_nowait(ENDED)
        last = await anext(events)
        assert (last.get("id"), last["event"], last["data"]["execution"]["id"]) == (None, "execution", "e")
        backend.tail.put_nowait(None)
        assert (await anext(events))["event"] == "end"
        assert [event async for event in events] == []


async def test_a_reconnecting_browser_resumes_after_the_last_event(
    api: httpx.AsyncClient, backend: MemorySnapshots, path: str
) -> None:
    backend.tail.put_nowait(None)
    address, headers = f"{path}?afterSequence=3", {"last-event-id": "9"}
    async with api.stream("GET", address, headers=headers) as answer:
        assert [event.get("id") async for event in frames(answer)] == ["10", None]


async def test_lines_of_json_are_sent_to_who_asks_for_them(
    api: httpx.AsyncClient, backend: MemorySnapshots, path: str
) -> None:
    for item in (tailed(1), tailed(2), DataLossError("The stored state is damaged.")):
        backend.tail.put_nowait(item)
    async with api.stream("GET", path, headers={"accept": "application/x-ndjson"}) as answer:
        assert answer.headers["content-type"] == "application/x-ndjson"
        lines = [json.loads(line) async for line in answer.aiter_lines() if line]
    assert [line["snapshot"]["sequence"] for line in lines[:2]] == [1, 2]
    assert lines[2]["error"]["code"] == "DATA_LOSS"


async def test_an_error_before_the_first_event_has_its_own_status(api: httpx.AsyncClient) -> None:
    answer = await api.get("/api/executions/019a7f3e-5c1b-7d42-9f0e-3b2a6c8d1e47/tail")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_an_error_in_the_stream_is_an_event(
    api: httpx.AsyncClient, backend: MemorySnapshots, path: str
) -> None:
    async with api.stream("GET", path) as answer:
        events = frames(answer)
        backend.tail.put_nowait(tailed(1))
        await anext(events)
        backend.tail.put_nowait(DataLossError("The stored state is damaged."))
        error = await anext(events)
    assert error["event"] == "error"
    assert error["data"]["code"] == "DATA_LOSS"
    assert error["data"]["requestId"] == answer.headers["x-request-id"]


async def test_the_call_is_cancelled_when_the_client_leaves(
    api: httpx.AsyncClient, backend: MemorySnapshots, path: str
) -> None:
    async with api.stream("GET", path):
        await eventually(lambda: backend.tails_open == 1)
    await eventually(lambda: backend.tails_open == 0)


async def test_neither_form_is_wanted(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.get(path, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (406, "NOT_ACCEPTABLE")


class TestPost:
    """A server stream whose request is a body."""

    PATH = "/api/agent-executions/019a7f3e-5c1b-7d42-9f0e-3b2a6c8d1e48/replay"

    async def test_events_answer_a_body(self, api: httpx.AsyncClient) -> None:
        async with api.stream("POST", self.PATH, json={"fromSequence": 2, "toSequence": 3}) as answer:
            assert answer.headers["content-type"] == "text/event-stream"
            events = [event async for event in frames(answer)]
        assert [each["event"] for each in events] == ["frame", "frame", "status", "end"]
        assert [each["data"]["frame"]["snapshot"]["sequence"] for each in events[:2]] == [2, 3]
        assert not any("id" in each for each in events)

    async def test_lines_do_if_they_are_asked_for(self, api: httpx.AsyncClient) -> None:
        headers = {"accept": "application/x-ndjson"}
        answer = await api.post(self.PATH, json={"toSequence": 1}, headers=headers)
        assert [list(json.loads(line)) for line in answer.text.splitlines()] == [["frame"], ["status"]]

    async def test_a_last_event_id_resumes_nothing(self, api: httpx.AsyncClient) -> None:
        answer = await api.post(self.PATH, json={"toSequence": 1}, headers={"last-event-id": "x"})
        assert answer.text.count("event: frame") == 1

    @pytest.mark.parametrize(
        ("content", "headers", "status", "code"),
        [
            (b"{", {}, 400, "MALFORMED_JSON"),
            (b'{"toSequenze":1}', {}, 400, "INVALID_FIELD"),
            (b"{}", {"content-type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
            (b"{}", {"accept": "application/json"}, 406, "NOT_ACCEPTABLE"),
        ],
    )
    async def test_a_wrong_request_is_a_problem(
        self, api: httpx.AsyncClient, content: bytes, headers: dict[str, str], status: int, code: str
    ) -> None:
        answer = await api.post(self.PATH, content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    async def test_what_does_not_exist_has_its_own_status(self, api: httpx.AsyncClient) -> None:
        path = f"/api/executions/{UNKNOWN}/replay"
        assert (await api.post(path, json={})).status_code == 404

    async def test_a_head_does_not_wait_for_events(
        self, api: httpx.AsyncClient, backend: MemorySnapshots, path: str
    ) -> None:
        answer = await api.head(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
        await eventually(lambda: backend.tails_open == 0)
