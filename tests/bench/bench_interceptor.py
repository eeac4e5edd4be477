"""What identity, scope, deadline, validation, counts and traces cost a call: 1 KB echoed with and without.

Four servers in processes of their own take turns, burst by burst, so that whatever else the machine does
disturbs them alike. What counts is the CPU time that a server spends on a call, compared burst by burst: it
depends less than the rate on how much of the machine the server gets. Still, run it on a quiet machine.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import grpc
import grpc.aio
import uvloop

from tests.bench.report import Figure, Report, console, median
from tests.integration.platform.conftest import NoKeys
from tests.integration.platform.echo import (
    TOKENS,
    Echo,
    EchoRequest,
    EchoResponse,
    add_echo,
    echo_binding,
    token_metadata,
)
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.server import GrpcServer
from timeloom_platform.telemetry import Tracing

ROUNDS = 80
CONCURRENCY = 64
CALLS_EACH = 4
PAYLOAD = "x" * 1_000
SHARE_MIN = 0.85
"""Of the bare server's figure: the aim is to cost at most 15 %."""

_PATH = "/timeloom.test.v1.EchoService/Unary"


class Fast(Echo):
    """Answers at once."""

    async def answer(self, text: str, context: Any) -> Any:  # noqa: ARG002 - Echo's
        return EchoResponse(text=text)


async def _start_bare() -> str:
    server = grpc.aio.server()
    add_echo(Fast(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    _keep.append(server)
    return f"127.0.0.1:{port}"


async def _start_with_empty_interceptors() -> str:
    class Empty(grpc.aio.ServerInterceptor):
        async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
            return await continuation(handler_call_details)

    server = grpc.aio.server(interceptors=[Empty(), Empty(), Empty()])
    add_echo(Fast(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    _keep.append(server)
    return f"127.0.0.1:{port}"


async def _start_ours() -> str:
    return await _start_guarded(Tracing.disabled())


async def _start_ours_sampled() -> str:
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - in the process that is measured
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - as above
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: PLC0415 - as above
        InMemorySpanExporter,
    )

    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(InMemorySpanExporter()))
    return await _start_guarded(Tracing(tracer=provider.get_tracer("bench"), sample_ratio=0.05))


async def _start_guarded(tracing: Tracing) -> str:
    server = GrpcServer(
        listen="127.0.0.1:0",
        authenticator=CallAuthenticator(tokens=TOKENS, keys=NoKeys()),
        services=[echo_binding(Fast())],
        tracing=tracing,
    )
    _keep.append(server)
    return await server.start()


# A server that nobody holds stops.
_keep: list[object] = []

_STARTS: dict[str, Callable[[], Any]] = {
    "bare": _start_bare,
    "three empty interceptors": _start_with_empty_interceptors,
    "Timeloom, not traced": _start_ours,
    "Timeloom, 5 % sampled": _start_ours_sampled,
}


def _serve(name: str, connection: Connection) -> None:
    def answer_with_cpu_seconds() -> None:
        while connection.recv():
            connection.send(time.process_time())

    async def serve() -> None:
        connection.send(await _STARTS[name]())
        await asyncio.get_running_loop().run_in_executor(None, answer_with_cpu_seconds)

    uvloop.run(serve())


@dataclass(slots=True, kw_only=True)
class Contender:
    """A server that is measured, and what was found."""

    name: str
    connection: Connection
    stub: Any
    cpu_microseconds: list[float] = field(default_factory=list[float])

    async def burst(self) -> None:
        """Make a burst of calls, and note what each cost."""
        request, metadata = EchoRequest(text=PAYLOAD).SerializeToString(), token_metadata()

        async def work() -> None:
            for _ in range(CALLS_EACH):
                await self.stub(request, metadata=metadata, timeout=30)

        made = CALLS_EACH * CONCURRENCY
        begin = self._cpu_seconds()
        await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
        self.cpu_microseconds.append((self._cpu_seconds() - begin) / made * 1e6)

    def _cpu_seconds(self) -> float:
        self.connection.send("cpu")
        return float(self.connection.recv())


def main() -> Report:
    """Start the servers, let them take turns, and compare."""
    report = Report(
        title="The interceptor",
        peer="grpc.aio alone",
        notes=(
            f"{ROUNDS} rounds of {CONCURRENCY * CALLS_EACH} calls to each in turn, {CONCURRENCY} at once",
        ),
    )
    context = multiprocessing.get_context("spawn")
    processes: list[Any] = []
    started: dict[str, tuple[str, Connection]] = {}
    try:
        for name in _STARTS:
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(name, there), daemon=True)
            process.start()
            processes.append(process)
            started[name] = (here.recv(), here)
        uvloop.run(_measure(started, report))
    finally:
        for process in processes:
            process.terminate()
            process.join()
    report.show(console())
    return report


async def _measure(started: dict[str, tuple[str, Connection]], report: Report) -> None:
    channels = {name: grpc.aio.insecure_channel(address) for name, (address, _) in started.items()}
    contenders: list[Contender] = []
    for name, (_, connection) in started.items():
        stub: Any = channels[name].unary_unary(_PATH)
        contenders.append(Contender(name=name, connection=connection, stub=stub))
    for number in range(ROUNDS + 1):
        # Another one begins each round: what follows on what must not matter.
        first = number % len(contenders)
        for contender in (*contenders[first:], *contenders[:first]):
            await contender.burst()
    for channel in channels.values():
        await channel.close()
    bare, *others = contenders
    section = report.section("1 KB echo")
    for other in others:
        section.add(_compare(other, bare))


def _compare(ours: Contender, bare: Contender) -> Figure:
    # The first burst warms up. The peer's figure is scaled to the median of the bursts' own ratios, because
    # two bursts that follow each other have more in common than two medians.
    pairs = list(zip(ours.cpu_microseconds, bare.cpu_microseconds, strict=True))[1:]
    figure = median([mine for mine, _ in pairs])
    return Figure(
        name=f"server's CPU a call: {ours.name}",
        unit="µs",
        ours=figure,
        peer=figure * median([theirs / mine for mine, theirs in pairs]),
        better="lower",
        factor_min=SHARE_MIN if ours.name.startswith("Timeloom") else None,
    )
