"""A workflow's step sends a secret of an environment; nothing that the stack keeps or tells has it."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.e2e.running_stack import RunningStack
from tests.integration.workflows.http_server import Answer, HttpServer, Request, http_server
from timeloom_platform.testing import eventually

pytestmark = pytest.mark.xdist_group("stack")

LIMIT_SECONDS = 30.0
ENDED = {"SUCCEEDED", "FAILED"}
SECRET = f"ghp_{secrets.token_hex(18)}"
PLACE = f"harbour {secrets.token_hex(8)}"


def echo(request: Request) -> Answer:
    """Says what it was told, wherever an answer can."""
    told = request.headers.get("authorization", "")
    answer = Answer.of({"you said": told}, status=401 if request.target == "/refused" else 200)
    return Answer(status=answer.status, headers={**answer.headers, "x-echo": told}, body=answer.body)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[HttpServer]:
    async with http_server(echo) as running:
        yield running


@pytest_asyncio.fixture
async def caller(stack: RunningStack) -> AsyncIterator[httpx.AsyncClient]:
    """Calls the stack while the server answers."""
    headers = {"Authorization": f"Bearer {stack.api_key}"}
    async with httpx.AsyncClient(
        base_url=stack.http_url, headers=headers, timeout=LIMIT_SECONDS, trust_env=False
    ) as client:
        yield client


class Calls:
    """Calls the stack, and keeps all that it answers."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.told: list[str] = []

    async def call(self, method: str, path: str, body: object = None) -> Any:
        answer = await self._client.request(method, path, json=body)
        self.told.append(answer.text)
        assert answer.is_success, answer.text
        return answer.json()

    async def ended(self, workflow_id: str, url: str, secret: str) -> Any:
        """Runs a workflow that sends a secret, and returns the execution when it is recorded to its end."""
        headers = {"authorization": f"Bearer ${{ {secret} }}"}
        step = {"id": "ask", "type": "action", "action": {"type": "http", "url": url, "headers": headers}}
        definition = {"id": workflow_id, "steps": [step], "output": "${ steps.ask.output }"}
        await self.call("POST", "/api/workflows", {"definition": definition})
        begun = await self.call("POST", f"/api/workflows/{workflow_id}/execute", {})
        path = f"/api/workflows/executions/{begun['id']}"

        async def is_recorded() -> bool:
            found = (await self.call("GET", path))["execution"]
            answer = await self._client.get(f"/api/executions/{begun['id']}")
            return found["status"] in ENDED and answer.is_success and "endTime" in answer.json()

        await eventually(is_recorded, timeout_seconds=LIMIT_SECONDS, describe="it has ended")
        for part in ("/steps", "/steps/ask", "/history"):
            await self.call("GET", path + part)
        for snapshot in (await self.call("GET", f"/api/executions/{begun['id']}/snapshots"))["snapshots"]:
            await self.call("GET", f"/api/executions/{begun['id']}/snapshots/{snapshot['sequence']}")
        return (await self.call("GET", path))["execution"]


def files_with(text: str, directory: Path) -> list[Path]:
    """Returns the files that have a text in them; those that go meanwhile have nothing."""
    found: list[Path] = []
    for file in directory.rglob("*"):
        with suppress(FileNotFoundError):
            if file.is_file() and text.encode() in file.read_bytes():
                found.append(file)
    return found


async def test_a_step_sends_a_secret_that_nothing_else_ever_shows(
    stack: RunningStack, caller: httpx.AsyncClient, server: HttpServer
) -> None:
    calls = Calls(caller)
    await calls.call("POST", "/api/environments", {"name": PLACE, "secrets": {"TOKEN": SECRET}})
    echoed = await calls.ended("echoed", f"{server.url}/", f'secret("{PLACE}", "TOKEN")')
    refused = await calls.ended("refused", f"{server.url}/refused", f"secret('{PLACE}', 'TOKEN')")
    missing = await calls.ended("missing", f"{server.url}/", f'secret("{PLACE}", "OTHER")')

    assert [each.headers["authorization"] for each in server.requests] == [f"Bearer {SECRET}"] * 2
    assert echoed["output"]["body"] == {"you said": "Bearer ***"}
    assert echoed["output"]["headers"]["x-echo"] == "Bearer ***"
    assert "Bearer ***" in json.dumps(refused["error"])
    assert f"There is no secret OTHER of the environment {PLACE}." in json.dumps(missing["error"])
    assert SECRET not in "".join(calls.told)
    # In the files of PostgreSQL and NATS, and in the logs of all services; what is no secret is found there.
    assert await asyncio.to_thread(files_with, PLACE, stack.data_dir) != []
    assert await asyncio.to_thread(files_with, SECRET, stack.data_dir) == []
