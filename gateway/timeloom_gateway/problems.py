"""Errors as REST shows them: `application/problem+json` (RFC 9457), from the reasons of the contract."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final

import grpc
import grpc.aio
import msgspec
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from timeloom.type.v1 import annotations_pb2 as options
from timeloom_gateway.contracts import Contracts
from timeloom_platform import failures
from timeloom_platform.errors import FieldViolation

PROBLEM_JSON: Final = "application/problem+json"

_REASON_OF_STATUS: Final[Mapping[grpc.StatusCode, str]] = {
    grpc.StatusCode.INVALID_ARGUMENT: "INVALID_FIELD",
    grpc.StatusCode.OUT_OF_RANGE: "INVALID_FIELD",
    grpc.StatusCode.FAILED_PRECONDITION: "CONFLICT",
    grpc.StatusCode.ABORTED: "CONFLICT",
    grpc.StatusCode.ALREADY_EXISTS: "ALREADY_EXISTS",
    grpc.StatusCode.NOT_FOUND: "NOT_FOUND",
    grpc.StatusCode.UNAUTHENTICATED: "UNAUTHENTICATED",
    grpc.StatusCode.PERMISSION_DENIED: "MISSING_SCOPE",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "OVERLOADED",
    grpc.StatusCode.DEADLINE_EXCEEDED: "DEADLINE_EXCEEDED",
    grpc.StatusCode.UNAVAILABLE: "UNAVAILABLE",
    grpc.StatusCode.DATA_LOSS: "DATA_LOSS",
}
"""What a status means when no ErrorInfo says more: such as one that gRPC itself made."""

_TEXT_OF_TRANSPORT: Final[Mapping[str, str]] = {
    "UNAVAILABLE": "A service cannot be reached right now.",
    "DEADLINE_EXCEEDED": "The deadline passed before the answer was ready.",
    "OVERLOADED": "A service refused the call because of its limits.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A value of `timeloom.errors.v1.Reason`."""

    name: str
    http_status: int
    title: str


class Reasons:
    """The reasons by their names."""

    def __init__(self, contracts: Contracts) -> None:
        self._by_name: dict[str, Reason] = {}
        enum = contracts.enum_type("timeloom.errors.v1.Reason")
        for value in enum.values:
            status: Any = value.GetOptions().Extensions[options.http_status]
            name = value.name.removeprefix("REASON_")
            if status:
                title = contracts.comments.get(f"{enum.full_name}.{value.name}", name)
                self._by_name[name] = Reason(name=name, http_status=status, title=title)

    def __getitem__(self, name: str) -> Reason:
        """The reason of this name; one that these contracts do not know counts as a defect."""
        return self._by_name.get(name) or self._by_name["INTERNAL"]

    def __iter__(self) -> Iterator[Reason]:
        return iter(self._by_name.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A request that failed, as its client will see it."""

    reason: Reason
    detail: str
    violations: Sequence[FieldViolation] = ()
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    retry_after_seconds: float | None = None

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.reason.http_status

    def body(self, request_id: str) -> bytes:
        """The problem+json document."""
        members: dict[str, Any] = {
            "type": f"/docs#problem-{self.reason.name.lower().replace('_', '-')}",
            "title": self.reason.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.reason.name,
        }
        if self.violations:
            members["violations"] = [
                {"field": each.field, "description": each.description} for each in self.violations
            ]
        if self.metadata:
            members["metadata"] = dict(self.metadata)
        members["requestId"] = request_id
        return msgspec.json.encode(members)

    def headers(self) -> dict[str, str]:
        """The headers that belong to this problem."""
        found = {"content-type": PROBLEM_JSON, "cache-control": "no-store"}
        if self.retry_after_seconds is not None:
            found["retry-after"] = str(max(math.ceil(self.retry_after_seconds), 1))
        if self.status == HTTPStatus.UNAUTHORIZED:
            found["www-authenticate"] = 'Bearer realm="timeloom"'
        return found


class Problems:
    """Recognises what went wrong in whatever was raised."""

    def __init__(self, contracts: Contracts) -> None:
        self.reasons = Reasons(contracts)

    def of(self, error: Exception) -> Problem:
        """The problem of any exception; the text of one that is not ours stays inside."""
        if isinstance(error, grpc.aio.AioRpcError):
            return self._of_call(error)
        failure = failures.failure_of(error)
        return Problem(
            reason=self.reasons[failure.reason],
            detail=failure.message,
            violations=failure.violations,
            metadata=failure.metadata,
            retry_after_seconds=failure.retry_after_seconds,
        )

    def make(self, reason: str, detail: str, **more: Any) -> Problem:
        """A problem of the gateway's own."""
        return Problem(reason=self.reasons[reason], detail=detail, **more)

    def _of_call(self, error: grpc.aio.AioRpcError) -> Problem:
        details = _Details.of(error)
        if details is not None and details.info is not None:
            return Problem(
                reason=self.reasons[details.info.reason],
                detail=details.status.message,
                violations=details.violations,
                metadata=dict(details.info.metadata),
                retry_after_seconds=details.retry_after_seconds,
            )
        reason = self.reasons[_REASON_OF_STATUS.get(error.code(), "INTERNAL")]
        text = _TEXT_OF_TRANSPORT.get(reason.name, reason.title)
        retryable = reason.http_status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS)
        retry_after = failures.RETRY_AFTER_SECONDS if retryable else None
        return Problem(reason=reason, detail=text, retry_after_seconds=retry_after)


class _Details:
    """The `google.rpc.Status` that a call's trailing metadata holds."""

    def __init__(self, status: Status) -> None:
        self.status = status

    @classmethod
    def of(cls, error: grpc.aio.AioRpcError) -> _Details | None:
        data = dict(error.trailing_metadata() or ()).get(failures.STATUS_DETAILS_METADATA)
        try:
            return cls(Status.FromString(data)) if isinstance(data, bytes) else None
        except DecodeError:
            return None

    @cached_property
    def info(self) -> ErrorInfo | None:
        info = ErrorInfo()
        return info if self._unpack(info) else None

    @cached_property
    def violations(self) -> Sequence[FieldViolation]:
        found = BadRequest()
        self._unpack(found)
        return [
            FieldViolation(field=each.field, description=each.description) for each in found.field_violations
        ]

    @cached_property
    def retry_after_seconds(self) -> float | None:
        found = RetryInfo()
        return found.retry_delay.ToMilliseconds() / 1000 if self._unpack(found) else None

    def _unpack(self, detail: Message) -> bool:
        return any(packed.Unpack(detail) for packed in self.status.details)
