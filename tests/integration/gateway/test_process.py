"""`python -m timeloom_gateway`: how the process starts, and how it leaves."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.integration.gateway.house import ROOMS
from timeloom_platform.embedded import ports
from timeloom_platform.testing import Databases, eventually, throw_away_nats

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def running_gateway(databases: Databases) -> AsyncIterator[tuple[asyncio.subprocess.Process, str, str]]:
    """A gateway in a process of its own, with its HTTP address and that of its metrics."""
    taken: set[int] = set()
    for _ in range(3):
        taken.add(ports.choose(taken=frozenset(taken)))
    http, grpc, metrics = sorted(taken)
    async with databases.fresh(ROOMS) as database_url, throw_away_nats() as nats:
        environment = {
            "PATH": os.environ["PATH"],
            "TIMELOOM_DATABASE_URL": database_url,
            "TIMELOOM_NATS_URL": nats.url,
            "TIMELOOM_INTERNAL_SECRET": secrets.token_hex(32),
            "TIMELOOM_HTTP_PORT": str(http),
            "TIMELOOM_GRPC_PORT": str(grpc),
            "TIMELOOM_METRICS_LISTEN": f"127.0.0.1:{metrics}",
            "TIMELOOM_MEMORY_ADDRESS": "127.0.0.1:1",
            "TIMELOOM_MIGRATION_ADDRESS": "127.0.0.1:1",
            "TIMELOOM_OBSERVABILITY_ADDRESS": "127.0.0.1:1",
            "TIMELOOM_SNAPSHOTS_ADDRESS": "127.0.0.1:1",
            "TIMELOOM_WORKFLOWS_ADDRESS": "127.0.0.1:1",
            "TIMELOOM_WORKSPACE_ADDRESS": "127.0.0.1:1",
        }
        process = await _start(environment)
        try:
            yield process, f"http://127.0.0.1:{http}", f"http://127.0.0.1:{metrics}/metrics"
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _start(environment: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "timeloom_gateway"),
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


async def test_it_leaves_without_dropping_a_request(databases: Databases) -> None:
    async with running_gateway(databases) as (process, url, metrics), httpx.AsyncClient() as client:
        await eventually(lambda: _answers(client, f"{url}/healthz"))
        counts = (await client.get(metrics)).text
        refused: list[str] = []
        served = 0

        async def work() -> None:
            nonlocal served
            async with httpx.AsyncClient() as own:
                while True:
                    try:
                        answer = await own.get(f"{url}/openapi.json")
                    except httpx.ConnectError:
                        return  # it does not listen any more: a balancer would have been told by /readyz
                    except httpx.TransportError as error:
                        refused.append(repr(error))
                        return
                    assert answer.status_code == httpx.codes.OK
                    served += 1

        workers = [asyncio.create_task(work()) for _ in range(4)]
        await eventually(lambda: served > 20)
        process.send_signal(signal.SIGTERM)
        await asyncio.gather(*workers)
        assert await process.wait() == 0
        assert refused == []
    assert "http_server_in_flight" in counts
    assert "grpc_server_started" in counts


async def test_settings_that_are_missing_are_named_at_once() -> None:
    process = await _start({"PATH": os.environ["PATH"]})
    _, complaints = await process.communicate()
    assert process.returncode == 2
    for variable in ("TIMELOOM_DATABASE_URL", "TIMELOOM_NATS_URL", "TIMELOOM_INTERNAL_SECRET"):
        assert f"{variable} is missing" in complaints.decode()
