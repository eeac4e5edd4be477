"""What the contract says of each method: who may call it, for how long, and whether it may be repeated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, MethodDescriptor, ServiceDescriptor

from timeloom.type.v1 import annotations_pb2
from timeloom_platform.auth import Scope

_IDEMPOTENCY_UNKNOWN = 0


class ContractError(Exception):
    """The contract leaves open what the platform must know, so that the service does not start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodContract:
    """One method, as the contract describes it.

    Attributes:
        path: As gRPC names it: `/timeloom.snapshots.v1.SnapshotsService/GetSnapshot`.
        service: The service's full name.
        name: The method's own name.
        scope: What a caller needs.
        timeout_seconds: How long a call may take whose caller sets no deadline; None for the default.
        idempotent: A call may be made again without harm.
        streams_requests: The client sends a stream.
        streams_responses: The server sends a stream.
        request: The request's type.
    """

    path: str
    service: str
    name: str
    scope: Scope
    timeout_seconds: float | None
    idempotent: bool
    streams_requests: bool
    streams_responses: bool
    request: Descriptor

    @property
    def streams(self) -> bool:
        """Either side sends a stream, so that no default deadline applies."""
        return self.streams_requests or self.streams_responses


def methods_of(services: Iterable[ServiceDescriptor]) -> Mapping[str, MethodContract]:
    """Return the methods of the services by their paths.

    Raises:
        ContractError: A method names no scope; all such methods are named.
    """
    pairs = [(service, method) for service in services for method in service.methods]
    unguarded = [f"{service.full_name}/{method.name}" for service, method in pairs if not _scope(method)]
    if unguarded:
        raise ContractError(f"these methods name no scope: {', '.join(sorted(unguarded))}")
    return {each.path: each for each in (_method(service, method) for service, method in pairs)}


def _scope(method: MethodDescriptor) -> int:
    options: Any = method.GetOptions()
    return int(options.Extensions[annotations_pb2.scope])


def _method(service: ServiceDescriptor, method: MethodDescriptor) -> MethodContract:
    options: Any = method.GetOptions()
    return MethodContract(
        path=f"/{service.full_name}/{method.name}",
        service=service.full_name,
        name=method.name,
        scope=Scope(_scope(method)),
        timeout_seconds=options.Extensions[annotations_pb2.timeout_seconds] or None,
        idempotent=options.idempotency_level != _IDEMPOTENCY_UNKNOWN,
        streams_requests=method.client_streaming,
        streams_responses=method.server_streaming,
        request=method.input_type,
    )
