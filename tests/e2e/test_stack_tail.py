"""Following an execution over server-sent events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.e2e import events
from tests.e2e.events import Event
from tests.e2e.rest import STATES, create, ok, problem, record, recorded

pytestmark = pytest.mark.xdist_group("stack")


@contextmanager
def tail(client: httpx.Client, execution_id: str, **headers: str) -> Iterator[Iterator[Event]]:
    path = f"/api/agent-executions/{execution_id}/tail"
    with client.stream("GET", path, headers={"Accept": "text/event-stream", **headers}) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events.read(answer)


def snapshot_event(snapshot: dict[str, Any]) -> Event:
    return Event(id=str(snapshot["sequence"]), event="snapshot", data={"snapshot": snapshot})


def test_a_tail_shows_what_is_there_then_what_comes_until_the_end(client: httpx.Client) -> None:
    execution_id = create(client)["id"]
    first = record(client, execution_id, STATES[0], stepName="look up")
    with tail(client, execution_id) as received:
        assert next(received) == snapshot_event(first)
        for state in STATES[1:]:
            snapshot = record(client, execution_id, state)
            assert next(received) == snapshot_event(snapshot)
        complete = f"/api/agent-executions/{execution_id}:complete"
        ended = ok(client.post(complete, json={"status": "SUCCEEDED", "output": "2962 m"}))
        last = next(received)
        assert (last.event, last.data) == ("execution", {"execution": ended})
        assert list(received) == [Event(id="", event="end", data={})]


def test_a_tail_resumes_after_the_last_event_that_its_reader_had(client: httpx.Client) -> None:
    execution_id = recorded(client)
    with tail(client, execution_id) as received:
        second = [next(received) for _ in range(2)][-1]
    with tail(client, execution_id, **{"Last-Event-ID": second.id}) as received:
        assert next(received).id == "3"


def test_a_tail_of_nothing_is_a_problem(client: httpx.Client) -> None:
    path = "/api/agent-executions/00000000-0000-7000-8000-000000000000/tail"
    problem(client.get(path, headers={"Accept": "text/event-stream"}), 404, "NOT_FOUND")
