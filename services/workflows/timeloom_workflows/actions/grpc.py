"""Actions that make a gRPC call: `{"type": "grpc", "address", "method", "message", "metadata", "tls"}`.

The message is JSON, and so is the output: what they are made of, the server says itself by reflection.
Methods take and return one message.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import grpc
import grpc.aio
import msgspec
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from timeloom_platform.bounded import LruCache
from timeloom_platform.outgoing.addresses import Addresses
from timeloom_workflows.actions import fields
from timeloom_workflows.actions.call import Call, InvalidActionError
from timeloom_workflows.actions.grpc_errors import error_of
from timeloom_workflows.actions.http_client import failing_as_actions
from timeloom_workflows.actions.reflection import reflected_method
from timeloom_workflows.limits import DOCUMENT_BYTES_MAX

IDEMPOTENCY_METADATA: Final = "idempotency-key"
METHODS_KNOWN_MAX: Final = 256
METHOD_KNOWN_SECONDS: Final = 60.0
"""After so long a server is asked again what its method takes."""

_PORT_MAX: Final = 65_535


class GrpcRunner:
    """Calls methods of servers that describe themselves."""

    def __init__(self, addresses: Addresses) -> None:
        """Take what may be connected to."""
        self._addresses = addresses
        self._methods: LruCache[tuple[str, str], tuple[MethodDescriptor, float]] = LruCache(METHODS_KNOWN_MAX)

    async def run(self, call: Call) -> bytes:
        """Calls one."""
        action = call.action
        address, path = fields.text(action, "address"), fields.text(action, "method")
        service, separator, method = path.strip("/").rpartition("/")
        if not separator:
            raise InvalidActionError("`method` must be `<package>.<Service>/<Method>`")
        channel = await self._opened(address, is_secure=fields.flag(action, "tls", default=False))
        try:
            descriptor = await self._described(channel, address, service, method, call.timeout_seconds)
            return await _called(channel, descriptor, call)
        except grpc.aio.AioRpcError as error:
            raise error_of(error, asked=f"{service}/{method} at {address}") from None
        finally:
            await channel.close()

    async def _opened(self, address: str, *, is_secure: bool) -> grpc.aio.Channel:
        """Return a channel to an address that was looked up and checked."""
        host, port = _host_and_port(address)
        with failing_as_actions():
            found = await self._addresses.lookup(host, port)
        targets = [f"[{each}]:{port}" if ":" in each else f"{each}:{port}" for each in found]
        is_six = targets[0].startswith("[")
        chosen = [each for each in targets if each.startswith("[") == is_six]
        target = ("ipv6:" if is_six else "ipv4:") + ",".join(chosen)
        options = [
            ("grpc.default_authority", address),
            ("grpc.max_receive_message_length", DOCUMENT_BYTES_MAX),
            ("grpc.enable_http_proxy", 0),
            # A channel lives for one call: one that is shared would hide which server's answer it was.
            ("grpc.use_local_subchannel_pool", 1),
        ]
        if is_secure:
            options.append(("grpc.ssl_target_name_override", host))
            return grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(), options=options)
        return grpc.aio.insecure_channel(target, options=options)

    async def _described(
        self, channel: grpc.aio.Channel, address: str, service: str, method: str, timeout_seconds: float
    ) -> MethodDescriptor:
        now = asyncio.get_running_loop().time()
        key = (address, f"{service}/{method}")
        known = self._methods.get(key)
        if known is not None and known[1] > now:
            return known[0]
        descriptor = await reflected_method(channel, service, method, timeout_seconds=timeout_seconds)
        if descriptor.client_streaming or descriptor.server_streaming:
            raise InvalidActionError(f"{service}/{method} is a stream: only single messages can be called")
        self._methods.put(key, (descriptor, now + METHOD_KNOWN_SECONDS))
        return descriptor


async def _called(channel: grpc.aio.Channel, method: MethodDescriptor, call: Call) -> bytes:
    request = message_factory.GetMessageClass(method.input_type)()
    try:
        json_format.ParseDict(dict(fields.mapping(call.action, "message")), request)
    except json_format.ParseError as error:
        raise InvalidActionError(f"`message` does not fit {method.input_type.full_name}: {error}") from None
    answer_type = message_factory.GetMessageClass(method.output_type)
    path = f"/{method.containing_service.full_name}/{method.name}"
    invoke = channel.unary_unary(
        path, request_serializer=_serialized, response_deserializer=answer_type.FromString
    )
    answer: Message = await invoke(request, timeout=call.timeout_seconds, metadata=_metadata(call))
    value: Any = json_format.MessageToDict(answer, always_print_fields_with_no_presence=True)
    return msgspec.json.encode(value)


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()


def _metadata(call: Call) -> tuple[tuple[str, str], ...]:
    given = fields.headers(call.action, "metadata")
    if any(name.startswith("grpc-") or name.endswith("-bin") for name, _ in given):
        raise InvalidActionError("`metadata` can have no names that begin with grpc- or end with -bin")
    named = {name for name, _ in given}
    own = () if IDEMPOTENCY_METADATA in named else ((IDEMPOTENCY_METADATA, call.idempotency_key),)
    return (*own, *given)


def _host_and_port(address: str) -> tuple[str, int]:
    host, separator, port = address.rpartition(":")
    if not separator or not host or not port.isascii() or not port.isdecimal() or int(port) > _PORT_MAX:
        raise InvalidActionError("`address` must be `host:port`")
    return host.removeprefix("[").removesuffix("]"), int(port)
