"""Executions of definitions with steps, from their beginning to their end, over the real service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.integration.workflows.dags import ran
from tests.integration.workflows.http_server import Answer, HttpServer, http_server
from tests.integration.workflows.service import Replica, running_replica


@pytest_asyncio.fixture
async def replica(database_url: str) -> AsyncIterator[Replica]:
    async with running_replica(database_url, with_ping=False) as running:
        yield running


@pytest_asyncio.fixture
async def server() -> AsyncIterator[HttpServer]:
    async with http_server(lambda request: Answer.of({"asked": request.target})) as running:
        yield running


def transform(step_id: str, value: Any, **fields: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "transform", "value": value, **fields}


def get(step_id: str, url: str, **fields: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "action", "action": {"type": "http", "url": url}, **fields}


async def test_steps_follow_one_another(replica: Replica) -> None:
    steps = [transform("one", "${ input.n + 1 }"), transform("two", {"n": "${ steps.one.output * 2 }"})]
    done = await ran(replica, steps, {"n": 1})
    assert (done.status, done.output) == ("SUCCEEDED", {"n": 4})
    assert done.statuses == {"one": "SUCCEEDED", "two": "SUCCEEDED"}


async def test_an_action_is_done(replica: Replica, server: HttpServer) -> None:
    done = await ran(replica, [get("ask", server.url + "/${ input.name }")], {"name": "tea"})
    assert (done.status, done.output["body"]) == ("SUCCEEDED", {"asked": "/tea"})
    assert [request.headers["idempotency-key"] for request in server.requests] == [f"{done.execution.id}/ask"]
