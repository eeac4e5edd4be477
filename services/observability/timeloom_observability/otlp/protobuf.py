"""Requests as protobuf has them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from timeloom_observability.errors import MalformedTelemetryError
from timeloom_observability.limits import VALUE_DEPTH_MAX
from timeloom_observability.otlp.outcome import RejectedError
from timeloom_observability.otlp.wire import Form

MessageT = TypeVar("MessageT", bound=Message)


def attributes_of(pairs: Iterable[Any], depth: int = 0) -> dict[str, Any]:
    """Returns attributes as a dict.

    Nearly all values are texts or whole numbers: asking for these first spares looking which one is set.
    """
    attributes: dict[str, Any] = {}
    for pair in pairs:
        value = pair.value
        attributes[pair.key] = value.string_value or value.int_value or value_of(value, depth)
    return attributes


def value_of(value: Any, depth: int = 0) -> Any:
    """Returns an `AnyValue` as what JSON has."""
    which: str | None = value.WhichOneof("value")
    if which is None:
        return None
    held = getattr(value, which)
    if which == "double_value" and not math.isfinite(held):
        return named(held)
    if which == "array_value":
        return [value_of(item, deeper(depth)) for item in held.values]
    if which == "kvlist_value":
        return attributes_of(held.values, deeper(depth))
    return held


def deeper(depth: int) -> int:
    """Returns the depth below; a record whose values are nested too deep is rejected."""
    if depth == VALUE_DEPTH_MAX:
        raise RejectedError(f"a value is nested more than {VALUE_DEPTH_MAX} deep")
    return depth + 1


def named(number: float) -> str:
    """Returns the name that protobuf's JSON has for what is no number in JSON."""
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _set_in(message: Message, oneof: str) -> str | None:
    """Returns which field of a oneof is set."""
    which: str | None = message.WhichOneof(oneof)
    return which


def _decoder(message: type[MessageT]) -> Callable[[bytes], MessageT]:
    def decode(data: bytes) -> MessageT:
        try:
            return message.FromString(data)
        except DecodeError as error:
            raise MalformedTelemetryError(f"the body is no {message.DESCRIPTOR.full_name}") from error

    return decode


PROTOBUF = Form(
    traces=_decoder(ExportTraceServiceRequest),
    logs=_decoder(ExportLogsServiceRequest),
    metrics=_decoder(ExportMetricsServiceRequest),
    value=value_of,
    attributes=attributes_of,
    set_in=_set_in,
)
