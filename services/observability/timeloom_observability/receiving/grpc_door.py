"""OpenTelemetry over gRPC: the three services as bytes, on a port of their own."""

from __future__ import annotations

import asyncio
from typing import Any, Final, NoReturn

import grpc
import grpc.aio
import structlog
from google.protobuf.message import Message

from timeloom import keepalive
from timeloom_observability.errors import MalformedTelemetryError
from timeloom_observability.otlp.protobuf import PROTOBUF
from timeloom_observability.receiving.bodies import REQUEST_BYTES_MAX
from timeloom_observability.receiving.counts import DoorCounts
from timeloom_observability.receiving.intake import Intake
from timeloom_observability.receiving.signals import BY_METHOD, Signal
from timeloom_platform import failures
from timeloom_platform.errors import DeadlineExceededError

TRANSPORT: Final = "grpc"
READ_SECONDS_MAX: Final = 30.0
"""A request that is not whole by then is given up."""

_logger = structlog.get_logger(__name__)


class GrpcDoor:
    """Takes OpenTelemetry over gRPC.

    Args:
        listen: `host:port`; port 0 takes a free one.
        intake: Takes requests in.
        counts: Counts them.
    """

    def __init__(self, listen: str, *, intake: Intake, counts: DoorCounts) -> None:
        self._listen = listen
        self._intake = intake
        self._counts = counts
        self._server: grpc.aio.Server | None = None
        self.address = ""

    async def start(self) -> None:
        """Listens.

        Raises:
            OSError: The address is taken or not ours.
        """
        server = grpc.aio.server(options=_OPTIONS)
        server.add_generic_rpc_handlers((_Handlers(self),))
        try:
            port = server.add_insecure_port(self._listen)
        except RuntimeError as error:
            await server.stop(None)
            raise OSError(
                f"cannot take OpenTelemetry on {self._listen}: taken, or not an address of this host; "
                "TIMELOOM_OTLP_GRPC_LISTEN names another"
            ) from error
        await server.start()
        self._server = server
        self.address = f"{self._listen.rpartition(':')[0]}:{port}"
        _logger.info("taking OpenTelemetry", transport=TRANSPORT, address=self.address)

    async def stop(self, grace_seconds: float) -> None:
        """Takes no more requests, and returns when those that are there are answered."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop(grace_seconds)

    async def export(self, signal: Signal, context: Any) -> Message:
        """Answers one request.

        It is read here and not before: nobody sends much who may not send at all.
        """
        try:
            project_id = await self._intake.project_of(dict(context.invocation_metadata() or ()))
            with self._intake.passage() as passage:
                data = await _read(context)
                passage.grow(len(data))
                outcome = await self._intake.take(
                    signal, PROTOBUF, data, project_id=project_id, passage=passage
                )
        except asyncio.CancelledError:
            self._counts.answered(TRANSPORT, signal.name, "CANCELLED")
            raise
        except Exception as error:  # noqa: BLE001 - the boundary of a call: any error becomes a status
            await self._fail(signal, context, error)
        self._counts.answered(TRANSPORT, signal.name, "OK")
        return signal.answer(outcome)

    async def _fail(self, signal: Signal, context: Any, error: Exception) -> NoReturn:
        failure = failures.failure_of(error)
        self._counts.answered(TRANSPORT, signal.name, failure.status)
        if failure.status == "INTERNAL":
            _logger.error("telemetry failed", signal=signal.name, exc_info=error)
        await context.abort(
            failures.status_code(failure),
            failures.message_of(failure),
            trailing_metadata=((failures.STATUS_DETAILS_METADATA, failures.status_details(failure)),),
        )
        raise AssertionError("abort raises")


async def _read(context: Any) -> bytes:
    try:
        async with asyncio.timeout(READ_SECONDS_MAX):
            data = await context.read()
    except TimeoutError:
        raise DeadlineExceededError(f"The request was not whole after {READ_SECONDS_MAX:g} s.") from None
    if data is grpc.aio.EOF:
        raise MalformedTelemetryError("The call brought no request.")
    return bytes(data)


class _Handlers(grpc.GenericRpcHandler):
    """Finds the method of a call. On the wire, a call with one request is a stream of one message."""

    def __init__(self, door: GrpcDoor) -> None:
        self._handlers = {method: _handler(door, signal) for method, signal in BY_METHOD.items()}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        return self._handlers.get(handler_call_details.method)


def _handler(door: GrpcDoor, signal: Signal) -> Any:
    async def export(_requests: Any, context: Any) -> Message:
        return await door.export(signal, context)

    make: Any = grpc.stream_unary_rpc_method_handler
    return make(export, response_serializer=_serialized)


def _serialized(answer: Message) -> bytes:
    return answer.SerializeToString()


_OPTIONS: Final = (
    # Counts after decompression, too: gRPC holds no more than that of a message.
    ("grpc.max_receive_message_length", REQUEST_BYTES_MAX),
    # Without this two processes could share a port by mistake, each getting half of the calls.
    ("grpc.so_reuseport", 0),
    *keepalive.server_options(),
)
