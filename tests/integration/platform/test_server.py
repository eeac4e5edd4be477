# ruff: noqa: ARG002, N802 - a servicer's methods are shaped and named by its contract
"""What happens around a call, over a real connection, for each of the four kinds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import grpc
import grpc.aio
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tests.integration.platform.conftest import EchoServer, NoKeys
from tests.integration.platform.echo import (
    KINDS,
    SERVICE,
    TOKENS,
    Echo,
    EchoRequest,
    EchoResponse,
    EchoStub,
    echo_binding,
    raw_handlers,
    requests,
    token_metadata,
)
from timeloom_platform.auth import Scope
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.contract import ContractError
from timeloom_platform.errors import NotFoundError, StaleParentError
from timeloom_platform.metrics import RpcMetrics
from timeloom_platform.server import GrpcServer, Limits, ServiceBinding
from timeloom_platform.testing import eventually

LIMIT_SECONDS = 30

each_kind = pytest.mark.parametrize("kind", KINDS)


def details(error: grpc.aio.AioRpcError) -> Status:
    trailing = dict(error.trailing_metadata())
    return Status.FromString(trailing["grpc-status-details-bin"])


def detail(error: grpc.aio.AioRpcError, message: Any) -> Any:
    for packed in details(error).details:
        if packed.Unpack(message):
            return message
    return None


async def failure(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


@each_kind
async def test_answers(served: EchoServer, kind: str) -> None:
    assert await KINDS[kind](served.stub, "a", metadata=token_metadata()) == "a"


@each_kind
async def test_gives_the_servicer_the_identity(served: EchoServer, kind: str) -> None:
    answer = await KINDS[kind](served.stub, "identity", metadata=token_metadata())

    assert answer == (
        "Identity(project_id='0199aaaa-0000-7000-8000-000000000001', scope=<Scope.WRITE: 3>, "
        "api_key_id='', agent_id='')"
    )


@each_kind
async def test_refuses_a_call_without_credentials(served: EchoServer, kind: str) -> None:
    error = await failure(KINDS[kind](served.stub, "a"))

    assert (error.code(), detail(error, ErrorInfo()).reason, served.echo.called) == (
        grpc.StatusCode.UNAUTHENTICATED,
        "UNAUTHENTICATED",
        0,
    )


@each_kind
async def test_names_the_fields_that_break_their_rules(served: EchoServer, kind: str) -> None:
    error = await failure(KINDS[kind](served.stub, "", metadata=token_metadata()))

    assert (error.code(), error.details(), served.echo.called) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "text is required",
        0,
    )
    assert detail(error, BadRequest()) == BadRequest(
        field_violations=[BadRequest.FieldViolation(field="text", description="is required")]
    )


async def test_checks_each_message_of_a_stream_as_it_comes(served: EchoServer) -> None:
    stream = served.stub.Both(requests("a", ""), metadata=token_metadata())
    assert (await stream.read()).text == "a"

    error = await failure(stream.read())

    assert error.details() == "text is required"


@each_kind
async def test_answers_an_error_of_ours_with_its_status(served: EchoServer, kind: str) -> None:
    served.echo.failure = StaleParentError(
        "The head is 7.", metadata={"headSequence": "7"}, retry_after_seconds=1.5
    )

    error = await failure(KINDS[kind](served.stub, "raise", metadata=token_metadata()))

    assert (error.code(), error.details()) == (grpc.StatusCode.ABORTED, "The head is 7.")
    assert detail(error, ErrorInfo()) == ErrorInfo(
        reason="STALE_PARENT", domain="timeloom.dev", metadata={"headSequence": "7"}
    )
    assert detail(error, RetryInfo()).retry_delay.ToMilliseconds() == 1500


@each_kind
async def test_keeps_the_text_of_a_defect_to_itself(served: EchoServer, kind: str) -> None:
    error = await failure(KINDS[kind](served.stub, "raise", metadata=token_metadata()))

    assert (error.code(), detail(error, ErrorInfo()).reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert "the text of a defect" not in str(details(error)) + str(error.details())


@each_kind
async def test_returns_the_request_id_that_it_was_given(served: EchoServer, kind: str) -> None:
    metadata = (*token_metadata(), ("x-request-id", "order-1"))

    assert await KINDS[kind](served.stub, "request id", metadata=metadata) == "order-1"
    error = await failure(KINDS[kind](served.stub, "raise", metadata=metadata))
    assert dict(error.trailing_metadata())["x-request-id"] == "order-1"


@pytest.mark.parametrize("given", ["", "with a space", "x" * 129, "<script>"])
async def test_makes_a_request_id_where_none_is_fit(served: EchoServer, given: str) -> None:
    call = served.stub.Unary(
        EchoRequest(text="request id"), metadata=(*token_metadata(), ("x-request-id", given))
    )

    answer = (await call).text

    assert len(answer) == 32
    assert dict(await call.trailing_metadata())["x-request-id"] == answer


@pytest.mark.parametrize(
    ("method", "allowed"),
    [
        ("Unary", {Scope.READ, Scope.WRITE, Scope.ADMIN, Scope.INTERNAL}),
        ("Up", {Scope.WRITE, Scope.ADMIN, Scope.INTERNAL}),
        ("Manage", {Scope.ADMIN, Scope.INTERNAL}),
        ("Internal", {Scope.INTERNAL}),
    ],
)
@pytest.mark.parametrize("scope", [Scope.READ, Scope.WRITE, Scope.ADMIN, Scope.INTERNAL])
async def test_lets_a_scope_do_what_it_allows(
    served: EchoServer, method: str, allowed: set[Scope], scope: Scope
) -> None:
    request = requests("a") if method == "Up" else EchoRequest(text="a")
    call = getattr(served.stub, method)(request, metadata=token_metadata(scope))

    if scope in allowed:
        assert (await call).text == "a"
    else:
        error = await failure(call)
        assert (error.code(), detail(error, ErrorInfo()).reason) == (
            grpc.StatusCode.PERMISSION_DENIED,
            "MISSING_SCOPE",
        )


async def test_refuses_work_on_a_project_to_credentials_that_name_none(served: EchoServer) -> None:
    nobody = token_metadata(Scope.INTERNAL, project_id="")

    assert (await served.stub.Internal(EchoRequest(text="a"), metadata=nobody)).text == "a"
    assert (await failure(served.stub.Unary(EchoRequest(text="a"), metadata=nobody))).code() is (
        grpc.StatusCode.PERMISSION_DENIED
    )


async def test_serves_a_public_method_to_anybody(served: EchoServer) -> None:
    assert (await served.stub.Open(EchoRequest(text="a"))).text == "a"


async def test_follows_the_deadline_of_the_caller(served: EchoServer) -> None:
    remaining = await KINDS["Unary"](served.stub, "deadline", metadata=token_metadata(), timeout=7)

    assert 0 < float(remaining) < 8


async def test_sets_the_default_deadline_where_the_caller_sets_none(served: EchoServer) -> None:
    remaining = await KINDS["Unary"](served.stub, "deadline", metadata=token_metadata())

    assert 8 < float(remaining) <= 20


async def test_sets_no_deadline_for_streams(served: EchoServer) -> None:
    assert await KINDS["Down"](served.stub, "deadline", metadata=token_metadata()) == "None"


async def test_ends_a_call_at_the_deadline_of_its_method(served: EchoServer) -> None:
    error = await failure(served.stub.Quick(EchoRequest(text="wait"), metadata=token_metadata()))

    assert (error.code(), detail(error, ErrorInfo()).reason) == (
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "DEADLINE_EXCEEDED",
    )
    assert served.echo.cancelled.is_set()


@each_kind
async def test_cancels_the_servicer_at_the_deadline_of_the_caller(served: EchoServer, kind: str) -> None:
    for timeout in (0.1, 1.0, 10.0):
        # A call whose time was over before it got there says nothing: the next has more.
        error = await failure(KINDS[kind](served.stub, "wait", metadata=token_metadata(), timeout=timeout))
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        if served.echo.waiting.is_set():
            break

    await asyncio.wait_for(served.echo.cancelled.wait(), LIMIT_SECONDS)


@each_kind
async def test_cancels_the_servicer_when_the_caller_has_gone(served: EchoServer, kind: str) -> None:
    calling = asyncio.create_task(KINDS[kind](served.stub, "wait", metadata=token_metadata()))
    await asyncio.wait_for(served.echo.waiting.wait(), LIMIT_SECONDS)

    calling.cancel()

    await asyncio.wait_for(served.echo.cancelled.wait(), LIMIT_SECONDS)


async def test_closes_a_stream_that_its_caller_no_longer_reads() -> None:
    class Endless(Echo):
        async def Down(self, request: Any, context: Any) -> AsyncIterator[Any]:
            try:
                while True:
                    yield EchoResponse(text="x" * 10_000)
            finally:
                self.cancelled.set()

    endless, metrics = Endless(), RpcMetrics()
    server = server_of(endless, metrics=metrics)
    async with grpc.aio.insecure_channel(await server.start()) as channel:
        stream = EchoStub(channel).Down(EchoRequest(text="a"), metadata=token_metadata())
        await stream.read()
        stream.cancel()
        await asyncio.wait_for(endless.cancelled.wait(), LIMIT_SECONDS)
        await eventually(lambda: counted(metrics)["grpc_server_in_flight", "Down", ""] == 0)
    assert counted(metrics)["grpc_server_handled_total", "Down", "Cancelled"] == 1
    await server.stop(grace_seconds=0, notice_seconds=0)


@each_kind
async def test_passes_on_what_a_servicer_aborts_with_itself(served: EchoServer, kind: str) -> None:
    error = await failure(KINDS[kind](served.stub, "abort", metadata=token_metadata()))

    assert (error.code(), error.details()) == (grpc.StatusCode.OUT_OF_RANGE, "by the servicer")
    # It is counted when the servicer has ended, of which its caller hears before.
    await eventually(lambda: counted(served.metrics)["grpc_server_in_flight", kind, ""] == 0)
    assert counted(served.metrics)["grpc_server_handled_total", kind, "OutOfRange"] == 1


@pytest.mark.parametrize("server_options", [{"limits": Limits(calls=2, streams=1)}])
async def test_refuses_what_is_too_much_and_says_when_to_come_back(served: EchoServer) -> None:
    waiting = [
        asyncio.create_task(KINDS["Unary"](served.stub, "wait", metadata=token_metadata())) for _ in range(2)
    ]
    await eventually(lambda: served.echo.called == 2)

    error = await failure(KINDS["Unary"](served.stub, "a", metadata=token_metadata()))

    assert (error.code(), detail(error, ErrorInfo()).reason) == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "OVERLOADED",
    )
    assert detail(error, RetryInfo()).retry_delay.ToMilliseconds() == 1000
    # Streams and health have doors of their own.
    assert await KINDS["Down"](served.stub, "a", metadata=token_metadata()) == "a"
    assert await health_of(served.channel) == health_pb2.HealthCheckResponse.SERVING
    served.echo.release.set()
    assert await asyncio.gather(*waiting) == ["wait", "wait"]
    assert await KINDS["Unary"](served.stub, "a", metadata=token_metadata()) == "a"


async def test_answers_unknown_methods_with_a_reason(served: EchoServer) -> None:
    for path in ("/timeloom.test.v1.EchoService/Missing", "/some.Service/Method"):
        unary: Any = served.channel.unary_unary(path)
        error = await failure(unary(b""))
        assert (error.code(), detail(error, ErrorInfo()).reason) == (
            grpc.StatusCode.UNIMPLEMENTED,
            "UNIMPLEMENTED",
        )
        stream: Any = served.channel.stream_stream(path)
        assert (await failure(stream().read())).code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("server_options", [{"max_message_bytes": 10_000}])
async def test_refuses_a_message_above_the_limit(served: EchoServer) -> None:
    assert len(await KINDS["Unary"](served.stub, "x" * 9_000, metadata=token_metadata())) == 9_000

    error = await failure(KINDS["Unary"](served.stub, "x" * 11_000, metadata=token_metadata()))

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_describes_itself_by_reflection(served: EchoServer) -> None:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(cast("Any", served.channel))

    async def ask() -> AsyncIterator[Any]:
        yield reflection_pb2.ServerReflectionRequest(list_services="*")

    answers = [answer async for answer in stub.ServerReflectionInfo(ask())]

    assert [each.name for each in answers[0].list_services_response.service] == [
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
        "timeloom.test.v1.EchoService",
    ]


def counted(metrics: RpcMetrics) -> dict[tuple[str, str, str], float]:
    """Return the samples by name, method and code."""
    return {
        (sample.name, sample.labels["grpc_method"], sample.labels.get("grpc_code", "")): sample.value
        for metric in metrics.collect()
        for sample in metric.samples
    }


_ENDS_OF_A_LATE_CALL = ("DeadlineExceeded", "Cancelled")


async def test_counts_calls_by_method_and_status(served: EchoServer) -> None:
    await KINDS["Unary"](served.stub, "a", metadata=token_metadata())
    served.echo.failure = NotFoundError("There is none.")
    await failure(KINDS["Unary"](served.stub, "raise", metadata=token_metadata()))
    await failure(KINDS["Down"](served.stub, "wait", metadata=token_metadata(), timeout=1))
    await asyncio.wait_for(served.echo.cancelled.wait(), LIMIT_SECONDS)

    await eventually(lambda: counted(served.metrics)["grpc_server_in_flight", "Down", ""] == 0)
    samples = counted(served.metrics)
    assert samples["grpc_server_started_total", "Unary", ""] == 2
    assert samples["grpc_server_handled_total", "Unary", "OK"] == 1
    assert samples["grpc_server_handled_total", "Unary", "NotFound"] == 1
    # The caller's word that it has gone may be there before the deadline is.
    ends = [samples.get(("grpc_server_handled_total", "Down", end), 0) for end in _ENDS_OF_A_LATE_CALL]
    assert sum(ends) == 1
    assert samples["grpc_server_handling_seconds_count", "Unary", ""] == 2


async def health_of(channel: grpc.aio.Channel, service: str = "") -> int:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
    return int(answer.status)


async def test_tells_its_health_before_it_leaves_and_lets_calls_finish(served: EchoServer) -> None:
    stub: Any = health_pb2_grpc.HealthStub(served.channel)
    watch = stub.Watch(health_pb2.HealthCheckRequest(service=""))
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
    assert await health_of(served.channel, "timeloom.test.v1.EchoService") == 1
    running = asyncio.create_task(KINDS["Unary"](served.stub, "wait", metadata=token_metadata()))
    await asyncio.wait_for(served.echo.waiting.wait(), LIMIT_SECONDS)

    stopping = asyncio.create_task(served.server.stop(grace_seconds=10, notice_seconds=0.2))

    assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert await KINDS["Unary"](served.stub, "still here", metadata=token_metadata()) == "still here"
    served.echo.release.set()
    assert await running == "wait"
    watch.cancel()
    await asyncio.wait_for(stopping, LIMIT_SECONDS)


async def test_says_plainly_that_its_address_is_taken(served: EchoServer) -> None:
    second = server_of(Echo(), listen=served.address)

    with pytest.raises(OSError, match=f"cannot listen on {served.address}"):
        await second.start()


def server_of(servicer: Any, *, listen: str = "127.0.0.1:0", metrics: RpcMetrics | None = None) -> GrpcServer:
    return GrpcServer(
        listen=listen,
        metrics=metrics,
        authenticator=CallAuthenticator(tokens=TOKENS, keys=NoKeys()),
        services=[echo_binding(servicer)],
    )


async def test_refuses_a_servicer_that_would_block_the_loop() -> None:
    class Blocking(Echo):
        def Unary(self, request: Any, context: Any) -> Any:
            return None

    with pytest.raises(ContractError, match="Unary is not async"):
        server_of(Blocking())


async def test_refuses_a_servicer_that_leaves_methods_out() -> None:
    class Half:
        async def Unary(self, request: Any, context: Any) -> Any:
            return request

    with pytest.raises(ContractError, match="EchoService/Quick is in the contract, but not served"):
        server_of(Half())


async def test_leaves_the_messages_of_an_opaque_service_alone() -> None:
    class Proxy(Echo):
        async def Unary(self, request: bytes, context: Any) -> bytes:
            return request

    def add(servicer: Any, server: grpc.aio.Server) -> None:
        handlers = raw_handlers(servicer)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE.full_name, handlers),))

    server = GrpcServer(
        listen="127.0.0.1:0",
        authenticator=CallAuthenticator(tokens=TOKENS, keys=NoKeys()),
        services=[ServiceBinding(add=add, servicer=Proxy(), descriptor=SERVICE, opaque=True)],
    )
    async with grpc.aio.insecure_channel(await server.start()) as channel:
        assert await KINDS["Unary"](EchoStub(channel), "", metadata=token_metadata()) == ""
        error = await failure(KINDS["Unary"](EchoStub(channel), ""))
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    await server.stop(grace_seconds=0, notice_seconds=0)
