"""What the contract-driven gateway costs beside a route written by hand, and beside gRPC without HTTP.

A JSON POST of about 1 KB, through the same gRPC service, which answers at once. The route by hand is what one
would write with Starlette and msgspec: it has the same duties (check the API key, call the service for its
project with a deadline and a request id, answer errors as JSON) and the same server underneath. All serve in
processes of their own and take turns, burst by burst, so that whatever else the machine does disturbs them
alike; ratios are medians of the bursts' own ratios. Still, run it on a quiet machine.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import Any

import grpc.aio
import msgspec
import uvloop

from tests.bench.gateway_contenders import API_KEY, PATH, START, TOKENS
from tests.bench.report import Figure, Report, console, median, percentiles
from timeloom.snapshots.v1 import snapshots_service_pb2 as pb
from timeloom_platform.auth import INTERNAL_TOKEN_METADATA, Identity, Scope
from timeloom_platform.process import spare_the_collector

ROUNDS = 30
BURST = 512
CONCURRENCIES = (1, 64)
SERIAL_BURST = 128
SHARE_MIN = 0.9
"""Of the requests that the route by hand serves."""

_BODY = {
    "agentId": "planner",
    "sessionId": "conversation-7",
    "name": "Plan the week",
    "tags": ["weekly", "calendar"],
    "input": {"messages": [{"role": "user", "content": "What is on this week? " * 4}] * 8},
}


@dataclass(slots=True, kw_only=True)
class Contender:
    """What is measured, and what was found at each concurrency."""

    name: str
    call: Callable[[int], Awaitable[None]]
    cpu_seconds: Callable[[], float] | None = None
    rates: dict[int, list[float]] = field(default_factory=dict[int, list[float]])
    durations: dict[int, list[float]] = field(default_factory=dict[int, list[float]])
    cpu_microseconds: list[float] = field(default_factory=list[float])

    async def burst(self, concurrency: int, *, counts: bool) -> None:
        """Makes a burst of requests, `concurrency` at a time."""
        total = BURST if concurrency > 1 else SERIAL_BURST
        durations: list[float] = []

        async def work(worker: int) -> None:
            for _ in range(total // concurrency):
                begin = time.perf_counter()
                await self.call(worker)
                durations.append(time.perf_counter() - begin)

        cpu_before = self.cpu_seconds() if self.cpu_seconds else 0.0
        begin = time.perf_counter()
        await asyncio.gather(*(work(worker) for worker in range(concurrency)))
        seconds = time.perf_counter() - begin
        if counts:
            self.rates.setdefault(concurrency, []).append(total / seconds)
            self.durations.setdefault(concurrency, []).extend(durations)
            if self.cpu_seconds and concurrency > 1:
                self.cpu_microseconds.append((self.cpu_seconds() - cpu_before) / total * 1e6)


def main() -> Report:
    """Starts everything, lets the contenders take turns, and compares."""
    report = Report(
        title="The gateway",
        peer="a route by hand (Starlette + msgspec)",
        notes=(f"{ROUNDS} rounds in turn; POST of {len(msgspec.json.encode(_BODY))} bytes",),
    )
    context = multiprocessing.get_context("spawn")
    processes: list[Any] = []

    def start(name: str, *arguments: str) -> tuple[str, Connection]:
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(name, there, *arguments), daemon=True)
        process.start()
        processes.append(process)
        return here.recv(), here

    try:
        service, _ = start("service")
        servers = {name: start(name, service) for name in ("by hand", "gateway")}
        uvloop.run(_measure(service, servers, report))
    finally:
        for process in processes:
            process.terminate()
            process.join()
    report.show(console())
    return report


def _serve(name: str, connection: Connection, *arguments: str) -> None:
    def answer_with_cpu_seconds() -> None:
        while connection.recv():
            connection.send(time.process_time())

    async def serve() -> None:
        address = await START[name](*arguments)
        spare_the_collector()  # as every service of Timeloom does
        connection.send(address)
        await asyncio.get_running_loop().run_in_executor(None, answer_with_cpu_seconds)

    uvloop.run(serve())


async def _measure(service: str, servers: dict[str, tuple[str, Connection]], report: Report) -> None:
    by_hand, ours = [await _http_contender(name, *servers[name]) for name in ("by hand", "gateway")]
    direct = _grpc_contender(service)
    for number in range(ROUNDS + 1):
        for concurrency in CONCURRENCIES:
            for contender in (by_hand, ours, direct):
                await contender.burst(concurrency, counts=number > 0)
    for concurrency in CONCURRENCIES:
        section = report.section(f"{concurrency} at a time")
        section.add(
            _compared("requests", ours, by_hand, concurrency, factor_min=SHARE_MIN),
            *percentiles(
                "duration", ours.durations[concurrency], by_hand.durations[concurrency], factor_min=SHARE_MIN
            ),
            _compared("requests", ours, direct, concurrency, versus="gRPC without HTTP"),
            *(
                replace(figure, factor_min=None)
                for figure in percentiles(
                    "duration",
                    ours.durations[concurrency],
                    direct.durations[concurrency],
                    factor_min=0,
                    versus="gRPC without HTTP",
                )
            ),
        )
    pairs = list(zip(ours.cpu_microseconds, by_hand.cpu_microseconds, strict=True))
    mine = median([own for own, _ in pairs])
    theirs = mine * median([other / own for own, other in pairs])
    report.section("The server's own work").add(
        Figure(name="CPU a request", unit="µs", ours=mine, peer=theirs, better="lower", factor_min=SHARE_MIN)
    )


def _compared(
    name: str,
    ours: Contender,
    peer: Contender,
    concurrency: int,
    *,
    factor_min: float | None = None,
    versus: str = "",
) -> Figure:
    pairs = list(zip(ours.rates[concurrency], peer.rates[concurrency], strict=True))
    rate = median([mine for mine, _ in pairs])
    return Figure(
        name=name,
        unit="a second",
        ours=rate,
        peer=rate / median([mine / theirs for mine, theirs in pairs]),
        factor_min=factor_min,
        versus=versus,
    )


async def _http_contender(name: str, address: str, connection: Connection) -> Contender:
    body = msgspec.json.encode(_BODY)
    head = (
        f"POST {PATH} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {API_KEY}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    request = head.encode() + body
    host, _, port = address.partition(":")
    clients = [await _Client.connect(host, int(port)) for _ in range(max(CONCURRENCIES))]

    async def call(worker: int) -> None:
        await clients[worker].request(request)

    def cpu_seconds() -> float:
        connection.send("cpu")
        return float(connection.recv())

    return Contender(name=name, call=call, cpu_seconds=cpu_seconds)


class _Client(asyncio.Protocol):
    """The least that an HTTP client can be: the servers are measured, not it."""

    def __init__(self) -> None:
        self._data = b""
        self._answered: asyncio.Future[None] | None = None
        self._transport: Any = None

    @classmethod
    async def connect(cls, host: str, port: int) -> _Client:
        _, client = await asyncio.get_running_loop().create_connection(cls, host, port)
        return client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    async def request(self, request: bytes) -> None:
        self._data = b""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        await self._answered

    def data_received(self, data: bytes) -> None:
        self._data += data
        end = self._data.find(b"\r\n\r\n")
        if end < 0 or self._answered is None:
            return
        head = self._data[:end].lower()
        if not head.startswith(b"http/1.1 200"):
            self._answered.set_exception(AssertionError(self._data.decode()))
            return
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(self._data) >= end + 4 + length:
            self._answered.set_result(None)


def _grpc_contender(address: str) -> Contender:
    channel = grpc.aio.insecure_channel(address)
    _keep.append(channel)
    stub: Any = channel.unary_unary(
        "/timeloom.snapshots.v1.SnapshotsService/CreateExecution",
        request_serializer=pb.CreateExecutionRequest.SerializeToString,
        response_deserializer=pb.CreateExecutionResponse.FromString,
    )
    request = pb.CreateExecutionRequest(
        agent_id="planner",
        session_id="conversation-7",
        name="Plan the week",
        tags=["weekly", "calendar"],
        input=msgspec.json.encode(_BODY["input"]),
    )
    token = TOKENS.mint(Identity(project_id="019a7f3e-5c1b-7d42-9f0e-3b2a6c8d1e47", scope=Scope.WRITE), 600)

    async def call(_worker: int) -> None:
        await stub(request, metadata=((INTERNAL_TOKEN_METADATA, token),), timeout=30)

    return Contender(name="gRPC", call=call)


_keep: list[object] = []
