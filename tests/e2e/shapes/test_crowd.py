"""A thousand live clients on one shape: each gets each change, once, and they cost little memory."""

from __future__ import annotations

import json
import uuid

import httpx
import psutil
import pytest

from tests.e2e.running_stack import RunningStack
from tests.helpers.crowd import Crowd, Position

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.timeout(180)]

CLIENTS = 1_000
CHANGES = 3
LIMIT_SECONDS = 60.0
MEMORY_MAX_BYTES = 192 * 1024 * 1024
"""What a thousand waiting clients may add to the gateway and the service together."""


def _resident_bytes(stack: RunningStack) -> int:
    state = json.loads((stack.data_dir / "state.json").read_text(encoding="utf-8"))
    pids = [each["pid"] for each in state["processes"] if each["name"] in {"gateway", "workspace"}]
    assert len(pids) == 2
    return sum(psutil.Process(pid).memory_info().rss for pid in pids)


def _position(client: httpx.Client, shape: dict[str, str]) -> Position:
    query = {**shape, "offset": "-1"}
    while True:
        answer = client.get("/v1/shape", params=query)
        assert answer.is_success, answer.text
        handle, offset = answer.headers["electric-handle"], answer.headers["electric-offset"]
        if "electric-up-to-date" in answer.headers:
            return Position(handle=handle, offset=offset)
        query |= {"handle": handle, "offset": offset}


@pytest.mark.parametrize("is_by_events", [False, True], ids=["long polls", "server-sent events"])
async def test_each_of_a_thousand_gets_each_change_once(stack: RunningStack, *, is_by_events: bool) -> None:
    made = stack.run("projects", "create", f"crowd {uuid.uuid4()}", "--json")
    api_key = str(json.loads(made)["apiKey"])
    with stack.client(api_key) as admin:
        key = admin.post("/api/api-keys", json={"name": "writer", "scope": "WRITE"})
    # A key of its own: the crowd uses up all requests that one may make, and waits for more.
    writer_key = str(key.json()["secret"])
    session = f"session-{uuid.uuid4()}"
    markers = tuple(f"change-{number}-{session}".encode() for number in range(CHANGES))
    crowd = Crowd(
        http_url=stack.http_url,
        api_key=api_key,
        shape={"table": "tasks", "where": "session_id = $1", "params[1]": session, "columns": "id,title"},
        size=CLIENTS,
        is_by_events=is_by_events,
        markers=markers,
    )
    with stack.client(writer_key) as client:
        position = _position(client, dict(crowd.shape))
        before = _resident_bytes(stack)
        async with crowd.waiting_from(position):
            await crowd.until_waiting(timeout_seconds=LIMIT_SECONDS)
            for marker in markers:
                body = {"title": marker.decode(), "sessionId": session}
                assert client.post("/api/tasks", json=body).is_success
                await crowd.until(marker, timeout_seconds=LIMIT_SECONDS)
            assert _resident_bytes(stack) - before < MEMORY_MAX_BYTES
        assert [len(crowd.arrivals[marker]) for marker in markers] == [CLIENTS] * CHANGES
