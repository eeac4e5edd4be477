"""The life of a process: its signals, exit codes and settings, its metrics, and what it costs to start."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import urllib.request
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import grpc
import grpc.aio
import pytest
import pytest_asyncio

from tests.integration.platform.echo import SECRET, EchoRequest, EchoStub, token_metadata
from timeloom_platform.api_keys import new_api_key

LIMIT_SECONDS = 20
Start = Callable[..., Coroutine[None, None, Process]]

PRELUDE = """
import asyncio, sys
from timeloom_platform.server import run
"""


@pytest_asyncio.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Run a program in a process of its own, which ends with the test."""
    processes: list[Process] = []

    async def start(program: str, **environ: str) -> Process:
        file = tmp_path / "program.py"
        file.write_text(PRELUDE + textwrap.dedent(program) + "\nsys.exit(run(main, service='sample'))\n")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TIMELOOM_")}
        process = await create_subprocess_exec(
            sys.executable, str(file), stdout=PIPE, stderr=PIPE, env={**inherited, **environ}
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def outcome(process: Process) -> tuple[int | None, list[dict[str, object]], str]:
    """Return a process's exit code, its events and its errors."""
    stdout, stderr = await asyncio.wait_for(process.communicate(), LIMIT_SECONDS)
    return process.returncode, [json.loads(line) for line in stdout.splitlines()], stderr.decode()


async def first_line(process: Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), LIMIT_SECONDS)).decode()


WAITS = """
async def main(stop):
    print('{"event": "ready"}', flush=True)
    await stop.wait()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_drains_when_it_is_told_to_stop(start: Start, number: signal.Signals) -> None:
    process = await start(WAITS)
    await first_line(process)

    process.send_signal(number)

    code, events, _ = await outcome(process)
    assert (code, [(each["event"], each["signal"]) for each in events]) == (0, [("stopping", number.name)])


async def test_stops_at_once_when_it_is_told_twice(start: Start) -> None:
    process = await start("""
        async def main(stop):
            print("ready", flush=True)
            await stop.wait()
            print("draining", flush=True)
            await asyncio.Event().wait()
    """)
    await first_line(process)
    process.send_signal(signal.SIGTERM)
    while "draining" not in await first_line(process):
        pass

    process.send_signal(signal.SIGTERM)

    code, events, _ = await outcome(process)
    assert (code, events[-1]["event"]) == (1, "stopping at once")


async def test_tells_a_failure_by_its_log_and_exit_code(start: Start) -> None:
    process = await start("""
        async def main(stop):
            raise ValueError("the disk is full")
    """)

    code, events, _ = await outcome(process)

    assert code == 1
    assert (events[-1]["event"], events[-1]["level"], events[-1]["service"]) == (
        "process failed",
        "critical",
        "sample",
    )
    assert "ValueError: the disk is full" in str(events[-1]["exception"])


async def test_names_every_bad_setting(start: Start) -> None:
    process = await start(WAITS, TIMELOOM_LOG_FORMAT="xml", TIMELOOM_LOG_LEVEL="loud")

    code, events, errors = await outcome(process)

    assert (code, events) == (2, [])
    assert errors.splitlines() == [
        "sample: TIMELOOM_LOG_FORMAT must be one of json, console",
        "sample: TIMELOOM_LOG_LEVEL must be one of debug, info, warning, error",
    ]


async def test_shows_its_metrics(start: Start) -> None:
    process = await start("""
        from timeloom_platform import metrics

        async def main(stop):
            print(metrics.serve("127.0.0.1:0"), flush=True)
            await stop.wait()
    """)
    address = (await first_line(process)).strip()

    def scrape() -> tuple[int, str]:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=LIMIT_SECONDS) as answer:
            return answer.status, answer.read().decode()

    status, text = await asyncio.to_thread(scrape)

    assert status == 200
    assert "process_resident_memory_bytes" in text


async def test_logs_no_secret_and_no_payload(start: Start) -> None:
    """Also where credentials are wrong, requests are bad, and a defect quotes what it was given."""
    process = await start(
        """
        from tests.integration.platform.conftest import NoKeys
        from tests.integration.platform.echo import TOKENS, Echo, echo_binding
        from timeloom_platform.authentication import CallAuthenticator
        from timeloom_platform.server import GrpcServer

        class Indiscreet(Echo):
            async def answer(self, text, context):
                raise ValueError(f"{text} {dict(context.invocation_metadata())}")

        async def main(stop):
            authenticator = CallAuthenticator(tokens=TOKENS, keys=NoKeys())
            server = GrpcServer(
                listen="127.0.0.1:0", authenticator=authenticator, services=[echo_binding(Indiscreet())]
            )
            await server.start()
            await stop.wait()
            await server.stop(notice_seconds=0)
        """,
        TIMELOOM_LOG_LEVEL="debug",
        PYTHONPATH=str(Path(__file__).parents[3]),
    )
    address = json.loads(await first_line(process))["address"]
    api_key, token = str(new_api_key()), token_metadata()
    async with grpc.aio.insecure_channel(address) as channel:
        for text, metadata in (
            ("a", (("authorization", f"Bearer {api_key}"),)),
            ("", token),
            (f"Bearer {api_key}", (*token, ("authorization", f"Bearer {api_key}"))),
        ):
            with pytest.raises(grpc.aio.AioRpcError):
                await EchoStub(channel).Unary(EchoRequest(text=text), metadata=metadata)

    process.send_signal(signal.SIGTERM)
    code, events, errors = await outcome(process)

    statuses = [each["status"] for each in events if "status" in each]
    assert (code, statuses) == (0, ["UNAUTHENTICATED", "INVALID_ARGUMENT", "INTERNAL"])
    written = json.dumps(events) + errors
    assert "ValueError: Bearer tl_" in written
    for secret in (api_key, api_key.split("_", 2)[2], token[0][1], SECRET):
        assert secret not in written


async def test_loads_nothing_that_it_does_not_use(start: Start) -> None:
    process = await start("""
        import timeloom_platform.channel, timeloom_platform.log, timeloom_platform.pagination

        async def main(stop):
            heavy = ("rich", "pygments", "opentelemetry", "asyncpg", "nats", "prometheus_client")
            print([name for name in heavy if sys.modules.get(name)], flush=True)
    """)

    assert await first_line(process) == "[]\n"


@pytest.mark.parametrize("package", ["timeloom_gateway", "timeloom_memory", "timeloom_snapshots"])
def test_a_service_begins_without_what_only_some_work_needs(package: str) -> None:
    heavy = {
        *("rich", "pygments", "jwt", "cryptography", "opentelemetry", "prometheus_client"),
        *("mcp", "pydantic", "httpx", "cel_expr_python"),
        *("onnxruntime", "onnx", "tokenizers", "faiss", "sklearn", "scipy"),
    }
    program = f"import sys, {package}.__main__\nprint(sorted({heavy!r} & set(sys.modules)))"

    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert told.stdout == "[]\n"
