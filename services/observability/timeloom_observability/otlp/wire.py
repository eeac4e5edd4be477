"""The forms in which OpenTelemetry's requests come: what differs between them, and nothing else.

What is decoded from JSON has the attributes of protobuf's messages and is typed as such, so that what reads
requests does not know which form they had. Only values and presence are told differently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How requests of one form are read.

    Attributes:
        value: Returns an `AnyValue` as what JSON has: None, bool, int, float, str, list or dict; bytes stay.
        attributes: Returns key-value pairs as a dict. Of those with one key, the last counts.
        set_in: Returns which field of a message's oneof is set; an optional field `x` is the oneof `_x`.
    """

    traces: Callable[[bytes], ExportTraceServiceRequest]
    logs: Callable[[bytes], ExportLogsServiceRequest]
    metrics: Callable[[bytes], ExportMetricsServiceRequest]
    value: Callable[[AnyValue], Any]
    attributes: Callable[[Iterable[KeyValue]], dict[str, Any]]
    set_in: Callable[[Message, str], str | None]
