"""OpenTelemetry's requests, made by hand."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from timeloom_observability.ids import Names
from timeloom_observability.otlp.receiver import Receiver
from timeloom_observability.pricing.prices import built_in_prices
from timeloom_observability.pricing.table import PriceTable

PROJECT = UUID("018f0000-0000-7000-8000-000000000001")
TRACE_ID = bytes.fromhex("5b8efff798038103d269b633813fc60c")
SPAN_ID = bytes.fromhex("eee19b7ec3c1b174")
START_NS = 1_795_391_478_074_223_336
SECOND_NS = 1_000_000_000

RECEIVER = Receiver(
    names=Names(PROJECT), prices=PriceTable((), built_in_prices()), now_ns=START_NS + 60 * SECOND_NS
)


def any_value(value: Any) -> AnyValue:
    """Returns a Python value as OpenTelemetry has it."""
    match value:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=map(any_value, value)))
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=key_values(value)))
        case _:
            raise TypeError(type(value))


def key_values(attributes: Mapping[str, Any]) -> list[KeyValue]:
    """Returns attributes as OpenTelemetry has them."""
    return [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]


def span(attributes: Mapping[str, Any] | None = None, **fields: Any) -> Span:
    """Returns a span of one second; everything can be said otherwise."""
    status = fields.pop("status", None)
    made = Span(
        **{
            "trace_id": TRACE_ID,
            "span_id": SPAN_ID,
            "name": "work",
            "start_time_unix_nano": START_NS,
            "end_time_unix_nano": START_NS + SECOND_NS,
            **fields,
        },
        attributes=key_values(attributes or {}),
    )
    if status is not None:
        made.status.CopyFrom(Status(code=status[0], message=status[1]))
    return made


def moment(name: str, attributes: Mapping[str, Any], **fields: Any) -> Span.Event:
    """Returns what OpenTelemetry calls an event of a span."""
    at = {"time_unix_nano": START_NS + SECOND_NS // 2, **fields}
    return Span.Event(name=name, attributes=key_values(attributes), **at)


def traces(*spans: Span, scope: str = "tests", resource: Mapping[str, Any] | None = None) -> Message:
    """Returns a request with spans of one program."""
    request = ExportTraceServiceRequest()
    of_resource = request.resource_spans.add()
    of_resource.resource.attributes.extend(key_values({"service.name": "shop", **(resource or {})}))
    of_scope = of_resource.scope_spans.add()
    of_scope.scope.name = scope
    of_scope.spans.extend(spans)
    return request


def logs(*records: LogRecord) -> Message:
    """Returns a request with log records of one program."""
    request = ExportLogsServiceRequest()
    of_resource = request.resource_logs.add()
    of_resource.resource.attributes.extend(key_values({"service.name": "shop"}))
    of_scope = of_resource.scope_logs.add()
    of_scope.scope.name = "tests"
    of_scope.log_records.extend(records)
    return request


def as_protobuf(request: Message) -> bytes:
    """Returns a request as protobuf."""
    return request.SerializeToString()


def as_json(request: Message) -> bytes:
    """Returns a request as OTLP/JSON: with ids in hex."""
    document = MessageToDict(request, use_integers_for_enums=True)
    return json.dumps(_with_hex_ids(document)).encode()


def _with_hex_ids(value: Any) -> Any:
    match value:
        case dict():
            return {key: _hex(below) if key in _IDS else _with_hex_ids(below) for key, below in value.items()}
        case list():
            return [_with_hex_ids(item) for item in value]
        case _:
            return value


_IDS = frozenset({"traceId", "spanId", "parentSpanId"})


def _hex(encoded: str) -> str:
    return base64.b64decode(encoded).hex()
