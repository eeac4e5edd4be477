"""Channels to other services: balanced over healthy replicas, retried where the contract allows it.

A call through such a channel carries on what the current call knows: request id, trace context, the rest of
the deadline and, if the channel was given the tokens, the caller's identity. A server that is about to leave
is left alone as soon as its health says so, which is what makes a rolling restart lose no call.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Self

import grpc
import grpc.aio
from google.protobuf.descriptor import ServiceDescriptor

from timeloom import keepalive
from timeloom_platform import calls
from timeloom_platform.auth import INTERNAL_TOKEN_METADATA, InternalTokens, identity_or_none
from timeloom_platform.contract import MethodContract, methods_of
from timeloom_platform.telemetry import (
    TRACEPARENT_METADATA,
    ClientSpan,
    current_traceparent,
    current_tracing,
    outgoing_traceparent,
)

MESSAGE_BYTES_MAX = 72 * 1024 * 1024
METADATA_BYTES_MAX = 64 * 1024
TIMEOUT_SECONDS = 30.0
REQUEST_ID_METADATA = calls.REQUEST_ID_METADATA

_RETRY_POLICY = {
    "maxAttempts": 4,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
# Retries stop while more than half of the tokens are spent: a service that is down is not to be stormed.
_RETRY_THROTTLING = {"maxTokens": 100, "tokenRatio": 0.5}
_OPTIONS = (
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_metadata_size", METADATA_BYTES_MAX),
    *keepalive.client_options(),
    # A service is back within a second; gRPC's own backoff would have its clients wait for two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 250),
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),
)


def open_channel(
    address: str,
    *,
    services: Sequence[ServiceDescriptor] = (),
    tokens: InternalTokens | None = None,
    options: Sequence[tuple[str, Any]] = (),
) -> grpc.aio.Channel:
    """Open a channel to all replicas of an address.

    Args:
        address: `host:port`, several of them with commas, or a gRPC target such as `dns:///name:port`.
        services: Those that are called; the idempotent methods of these are retried, and unary calls get
            the deadline of their method unless the caller sets one.
        tokens: Makes the current identity known to the other service.
        options: gRPC's own, beyond the usual ones.
    """
    methods = methods_of(services)
    channel = grpc.aio.insecure_channel(
        _target(address),
        options=[*_OPTIONS, ("grpc.service_config", json.dumps(_service_config(methods.values()))), *options],
    )
    return _CarryingChannel(channel, methods, tokens)


def _target(address: str) -> str:
    return address if "," not in address or "://" in address else f"ipv4:{address}"


def _service_config(methods: Iterable[MethodContract]) -> dict[str, Any]:
    idempotent = [{"service": each.service, "method": each.name} for each in methods if each.idempotent]
    config: dict[str, Any] = {
        "loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": ""},
        "retryThrottling": _RETRY_THROTTLING,
    }
    if idempotent:
        config["methodConfig"] = [{"name": idempotent, "retryPolicy": _RETRY_POLICY}]
    return config


class _CarryingChannel(grpc.aio.Channel):
    """A channel whose calls carry on what the current call knows.

    Not an interceptor: grpc.aio runs those in a task of their own, which costs more than the call.
    """

    def __init__(
        self,
        channel: grpc.aio.Channel,
        methods: Mapping[str, MethodContract],
        tokens: InternalTokens | None,
    ) -> None:
        self._channel = channel
        self._methods = methods
        self._tokens = tokens

    def unary_unary(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return self._carrying(method, self._channel.unary_unary(method, *args, **kwargs), TIMEOUT_SECONDS)

    def unary_stream(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return self._carrying(method, self._channel.unary_stream(method, *args, **kwargs), None)

    def stream_unary(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return self._carrying(method, self._channel.stream_unary(method, *args, **kwargs), None)

    def stream_stream(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return self._carrying(method, self._channel.stream_stream(method, *args, **kwargs), None)

    def _carrying(self, method: str, inner: Any, default_seconds: float | None) -> _CarryingCallable:
        contract = self._methods.get(method)
        if default_seconds is not None and contract is not None and contract.timeout_seconds is not None:
            default_seconds = contract.timeout_seconds
        return _CarryingCallable(
            name=method.removeprefix("/"), inner=inner, timeout_seconds=default_seconds, tokens=self._tokens
        )

    async def close(self, grace: float | None = None) -> None:
        await self._channel.close(grace)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:  # noqa: FBT001, FBT002 - grpc's
        return self._channel.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        await self._channel.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        await self._channel.channel_ready()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class _CarryingCallable:
    """Makes calls of one method."""

    def __init__(
        self, *, name: str, inner: Any, timeout_seconds: float | None, tokens: InternalTokens | None
    ) -> None:
        self._name = name
        self._inner = inner
        self._timeout_seconds = timeout_seconds
        self._tokens = tokens

    def __call__(
        self,
        request: Any = None,
        *,
        timeout: float | None = None,
        metadata: Any = None,
        **kwargs: Any,
    ) -> Any:
        remaining = calls.remaining_seconds()
        limit = self._timeout_seconds if timeout is None else timeout
        if remaining is not None:
            limit = remaining if limit is None else min(limit, remaining)
        if current_traceparent():
            return self._recorded(request, limit, metadata, kwargs)
        return self._inner(request, timeout=limit, metadata=self._carried(metadata), **kwargs)

    def _recorded(self, request: Any, limit: float | None, metadata: Any, kwargs: dict[str, Any]) -> Any:
        span = current_tracing().start_client(self._name)
        carried = self._carried(metadata, traceparent=span.traceparent)
        call = self._inner(request, timeout=limit, metadata=carried, **kwargs)
        call.add_done_callback(partial(_end_span, span))
        return call

    def _carried(self, metadata: Any, *, traceparent: str = "") -> tuple[tuple[str, str | bytes], ...]:
        """Return the metadata of the caller with what the current call adds; the caller's own stands."""
        given: tuple[tuple[str, str | bytes], ...] = tuple(metadata) if metadata else ()
        named = {key for key, _ in given}
        known = {
            REQUEST_ID_METADATA: calls.current_request_id(),
            TRACEPARENT_METADATA: traceparent or outgoing_traceparent(),
        }
        if self._tokens is not None and INTERNAL_TOKEN_METADATA not in named:
            identity = identity_or_none()
            if identity is not None:
                known[INTERNAL_TOKEN_METADATA] = self._tokens.mint(identity)
        return (*given, *((key, value) for key, value in known.items() if value and key not in named))


def _end_span(span: ClientSpan, call: Any) -> None:
    # The status of a call that is done is asked for by a coroutine, but needs no waiting.
    ending = asyncio.create_task(_end_with_code(span, call))
    _endings.add(ending)
    ending.add_done_callback(_endings.discard)


async def _end_with_code(span: ClientSpan, call: Any) -> None:
    code: grpc.StatusCode = await call.code()
    span.end(code.name)


# Tasks that nobody else holds may be collected before they ran.
_endings: set[asyncio.Task[None]] = set()
