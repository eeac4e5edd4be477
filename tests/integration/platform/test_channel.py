"""Channels: what a call carries on, when it is made again, and whom it is made to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest
import pytest_asyncio
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.integration.platform.conftest import EchoServer, NoKeys
from tests.integration.platform.echo import (
    SERVICE,
    TOKENS,
    Echo,
    EchoRequest,
    EchoResponse,
    EchoStub,
    echo_binding,
    token_metadata,
)
from timeloom_platform import calls
from timeloom_platform.auth import Identity, Scope, acting_as
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.channel import open_channel
from timeloom_platform.errors import UnavailableError
from timeloom_platform.server import GrpcServer
from timeloom_platform.telemetry import Tracing
from timeloom_platform.testing import eventually

ADA = Identity(project_id="0199aaaa-0000-7000-8000-00000000000a", scope=Scope.READ, api_key_id="ada")


class Relay(Echo):
    """Answers `relay:…` by asking another echo."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        super().__init__()
        self._stub = EchoStub(channel)

    async def answer(self, text: str, context: Any) -> Any:
        if text.startswith("relay:"):
            return await self._stub.Unary(EchoRequest(text=text.removeprefix("relay:")))
        return await super().answer(text, context)


class Recorder:
    """Tracing of everything into memory."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracing = Tracing(tracer=provider.get_tracer("test"), sample_ratio=0.0)

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest_asyncio.fixture
async def relay(served: EchoServer, recorder: Recorder) -> AsyncIterator[EchoStub]:
    """A stub of a service that calls the echo server in turn."""
    onwards = open_channel(served.address, services=[SERVICE], tokens=TOKENS)
    server = GrpcServer(
        listen="127.0.0.1:0",
        authenticator=CallAuthenticator(tokens=TOKENS, keys=NoKeys()),
        services=[echo_binding(Relay(onwards))],
        tracing=recorder.tracing,
    )
    async with grpc.aio.insecure_channel(await server.start()) as channel, onwards:
        yield EchoStub(channel)
        await server.stop(grace_seconds=0, notice_seconds=0)


async def ask(stub: EchoStub, text: str, **options: Any) -> str:
    return str((await stub.Unary(EchoRequest(text=text), **options)).text)


async def test_carries_the_identity_on(relay: EchoStub) -> None:
    metadata = (("x-timeloom-identity", TOKENS.mint(ADA)),)

    assert await ask(relay, "relay:identity", metadata=metadata) == repr(ADA)


async def test_carries_the_request_id_on(relay: EchoStub) -> None:
    metadata = (*token_metadata(), ("x-request-id", "order-1"))

    assert await ask(relay, "relay:request id", metadata=metadata) == "order-1"


async def test_carries_the_rest_of_the_deadline_on(relay: EchoStub) -> None:
    assert float(await ask(relay, "relay:deadline", metadata=token_metadata(), timeout=5)) < 5.5


async def test_carries_an_unsampled_trace_on_as_it_is(relay: EchoStub, recorder: Recorder) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
    metadata = (*token_metadata(), ("traceparent", traceparent))

    assert await ask(relay, "relay:traceparent", metadata=metadata) == traceparent
    assert recorder.spans == []


async def test_tells_the_next_service_that_a_trace_is_not_sampled(relay: EchoStub) -> None:
    assert (await ask(relay, "relay:traceparent", metadata=token_metadata())).endswith("-00")


async def test_records_both_sides_of_a_sampled_call(relay: EchoStub, recorder: Recorder) -> None:
    metadata = (*token_metadata(), ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))

    seen = await ask(relay, "relay:traceparent", metadata=metadata)

    await eventually(lambda: len(recorder.spans) == 2)
    client, server = sorted(recorder.spans, key=lambda span: span.kind.name)
    for span in (client, server):
        assert span.name == "timeloom.test.v1.EchoService/Unary"
        assert dict(span.attributes or {}) == {
            "rpc.system.name": "grpc",
            "rpc.method": "timeloom.test.v1.EchoService/Unary",
            "rpc.response.status_code": "OK",
        }
        assert span.context is not None
        assert f"{span.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert (client.kind.name, server.kind.name) == ("CLIENT", "SERVER")
    assert server.parent is not None
    assert f"{server.parent.span_id:016x}" == "b7ad6b7169203331"
    assert client.parent is not None
    assert server.context is not None
    assert client.context is not None
    assert client.parent.span_id == server.context.span_id
    assert seen == f"00-0af7651916cd43dd8448eb211c80319c-{client.context.span_id:016x}-01"


async def test_records_how_a_sampled_call_failed(relay: EchoStub, recorder: Recorder) -> None:
    metadata = (*token_metadata(), ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))

    with pytest.raises(grpc.aio.AioRpcError):
        await ask(relay, "relay:raise", metadata=metadata)

    await eventually(lambda: len(recorder.spans) == 2)
    for span in recorder.spans:
        assert span.attributes is not None
        assert span.attributes["error.type"] == span.attributes["rpc.response.status_code"] == "INTERNAL"
        assert span.status.status_code.name == "ERROR"


async def test_leaves_the_metadata_of_the_caller_alone(served: EchoServer) -> None:
    async with open_channel(served.address, services=[SERVICE], tokens=TOKENS) as channel:
        with acting_as(ADA):
            answer = await ask(EchoStub(channel), "identity", metadata=token_metadata(Scope.ADMIN))

    assert "Scope.ADMIN" in answer


async def test_sets_the_deadline_of_the_method(served: EchoServer) -> None:
    async with open_channel(served.address, services=[SERVICE], tokens=TOKENS) as channel:
        with acting_as(ADA):
            quick = await EchoStub(channel).Quick(EchoRequest(text="deadline"))
            usual = await EchoStub(channel).Unary(EchoRequest(text="deadline"))
            stream = [each.text async for each in EchoStub(channel).Down(EchoRequest(text="deadline"))]

    assert 0 < float(quick.text) < 1.5
    assert 25 < float(usual.text) < 31
    assert stream == ["None"]


async def test_makes_no_call_for_longer_than_the_current_one(served: EchoServer) -> None:
    async with open_channel(served.address, services=[SERVICE], tokens=TOKENS) as channel:
        calls.begin_call(request_id="", timeout_seconds=3)
        with acting_as(ADA):
            answer = await EchoStub(channel).Unary(EchoRequest(text="deadline"), timeout=60)

    assert float(answer.text) < 3.5


class Flaky(Echo):
    """Is not available for the first two calls."""

    async def answer(self, text: str, context: Any) -> Any:  # noqa: ARG002 - Echo's
        self.called += 1
        if self.called <= 2:
            raise UnavailableError("not yet")
        return EchoResponse(text=text)


@pytest_asyncio.fixture
async def flaky() -> AsyncIterator[tuple[Flaky, EchoStub]]:
    servicer = Flaky()
    server = GrpcServer(
        listen="127.0.0.1:0",
        authenticator=CallAuthenticator(tokens=TOKENS, keys=NoKeys()),
        services=[echo_binding(servicer)],
    )
    async with open_channel(await server.start(), services=[SERVICE]) as channel:
        yield servicer, EchoStub(channel)
        await server.stop(grace_seconds=0, notice_seconds=0)


async def test_makes_an_idempotent_call_again(flaky: tuple[Flaky, EchoStub]) -> None:
    servicer, stub = flaky

    assert (await ask(stub, "a", metadata=token_metadata()), servicer.called) == ("a", 3)


async def test_makes_any_other_call_once(flaky: tuple[Flaky, EchoStub]) -> None:
    servicer, stub = flaky

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Quick(EchoRequest(text="a"), metadata=token_metadata())

    assert (caught.value.code(), servicer.called) == (grpc.StatusCode.UNAVAILABLE, 1)


async def test_shares_the_calls_among_all_replicas() -> None:
    echoes = [Echo(), Echo()]
    servers = [
        GrpcServer(
            listen="127.0.0.1:0",
            authenticator=CallAuthenticator(tokens=TOKENS, keys=NoKeys()),
            services=[echo_binding(echo)],
        )
        for echo in echoes
    ]
    addresses = [await server.start() for server in servers]

    async with open_channel(",".join(addresses), services=[SERVICE]) as channel:
        stub = EchoStub(channel)

        async def both_called() -> bool:
            await ask(stub, "a", metadata=token_metadata())
            return all(echo.called for echo in echoes)

        await eventually(both_called)

    for server in servers:
        await server.stop(grace_seconds=0, notice_seconds=0)


async def test_finds_a_service_again_within_a_second_of_its_return(served: EchoServer) -> None:
    async with open_channel(served.address, services=[SERVICE]) as channel:
        stub = EchoStub(channel)
        await ask(stub, "a", metadata=token_metadata())
        await served.server.stop(grace_seconds=0, notice_seconds=0)
        with pytest.raises(grpc.aio.AioRpcError):
            await ask(stub, "a", metadata=token_metadata())

        again = GrpcServer(
            listen=served.address,
            authenticator=CallAuthenticator(tokens=TOKENS, keys=NoKeys()),
            services=[echo_binding(Echo())],
        )
        await again.start()
        started = asyncio.get_running_loop().time()

        async def answers() -> bool:
            try:
                return await ask(stub, "a", metadata=token_metadata()) == "a"
            except grpc.aio.AioRpcError:
                return False

        await eventually(answers)
        assert asyncio.get_running_loop().time() - started < 3
        await again.stop(grace_seconds=0, notice_seconds=0)
