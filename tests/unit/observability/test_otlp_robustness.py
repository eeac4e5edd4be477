"""Whatever is sent is kept, rejected or refused, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.helpers.telemetry import (
    RECEIVER,
    SPAN_ID,
    START_NS,
    TRACE_ID,
    as_json,
    as_protobuf,
    key_values,
    moment,
    span,
    traces,
)
from timeloom_observability.errors import MalformedTelemetryError
from timeloom_observability.limits import (
    ATTRIBUTES_MAX,
    DOCUMENT_DEPTH_MAX,
    RESOURCE_BYTES_MAX,
    VALUE_DEPTH_MAX,
)
from timeloom_observability.model import Event, MetricPoint
from timeloom_observability.otlp.json_form import JSON
from timeloom_observability.otlp.logs import read_logs
from timeloom_observability.otlp.metrics import read_metrics
from timeloom_observability.otlp.outcome import Outcome
from timeloom_observability.otlp.protobuf import PROTOBUF
from timeloom_observability.otlp.traces import read_traces

READERS = st.sampled_from([read_traces, read_logs, read_metrics])
SENT = as_protobuf(
    traces(
        span(
            {
                "gen_ai.input.messages": '[{"role":"user","content":"Hi"}]',
                "llm.input_messages.0.message.role": "u",
            },
            events=[moment("exception", {"exception.type": "E"})],
            links=[Span.Link(trace_id=TRACE_ID, span_id=SPAN_ID)],
        )
    )
)

WORDS = st.sampled_from(
    [
        *(
            "resourceSpans",
            "resourceLogs",
            "resourceMetrics",
            "resource",
            "scope",
            "attributes",
            "key",
            "value",
        ),
        *("scopeSpans", "scopeLogs", "scopeMetrics", "spans", "logRecords", "metrics", "events", "links"),
        *("traceId", "spanId", "name", "startTimeUnixNano", "timeUnixNano", "kind", "status", "code", "body"),
        *("sum", "gauge", "histogram", "exponentialHistogram", "summary", "dataPoints", "asInt", "asDouble"),
        *(
            "count",
            "bucketCounts",
            "explicitBounds",
            "scale",
            "positive",
            "offset",
            "severityNumber",
            "flags",
        ),
        *("stringValue", "intValue", "doubleValue", "arrayValue", "kvlistValue", "bytesValue", "values"),
    ]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from(
        [TRACE_ID.hex(), SPAN_ID.hex(), "", "NaN", "-5", "9" * 5_000, "\ud800", "\0", str(START_NS)]
    ),
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(WORDS, below, max_size=4),
    max_leaves=25,
)


def outcome_of(read: Any, data: bytes, form: Any) -> Outcome | None:
    try:
        outcome: Outcome = read(data, form, RECEIVER)
    except MalformedTelemetryError:
        return None
    kept_records: list[Event | MetricPoint] = [*outcome.events, *outcome.points]
    for kept in kept_records:
        assert isinstance(json.loads(kept.attributes), dict)
        assert 0 <= kept.id.int >> 80 <= (RECEIVER.now_ns // 10**6) + 2 * 86_400_000
    return outcome


@settings(max_examples=200)
@given(place=st.integers(0, len(SENT) - 1), byte=st.integers(0, 255), cut=st.booleans(), read=READERS)
def test_damaged_protobuf_is_read_or_refused(*, place: int, byte: int, cut: bool, read: Any) -> None:
    damaged = SENT[:place] if cut else SENT[:place] + bytes([byte]) + SENT[place + 1 :]

    outcome_of(read, damaged, PROTOBUF)


@settings(max_examples=200)
@given(document=DOCUMENTS, read=READERS)
def test_any_json_is_read_or_refused(document: Any, read: Any) -> None:
    outcome_of(read, json.dumps(document).encode(), JSON)


@settings(max_examples=100)
@given(leaf=LEAVES, data=st.data())
def test_a_request_with_any_value_anywhere_is_read_or_refused(leaf: Any, data: st.DataObject) -> None:
    document: Any = msgspec.json.decode(as_json(traces(span({"a": 1}, events=[moment("m", {})]))))
    at = document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    while True:
        step = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not at[step] or not isinstance(at[step], dict | list) or data.draw(st.booleans()):
            break
        at = at[step]
    at[step] = leaf

    outcome_of(read_traces, json.dumps(document).encode(), JSON)


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"messages":'])
@pytest.mark.parametrize("name", ["gen_ai.input.messages", "output.value"])
def test_json_in_a_text_is_a_document_up_to_a_depth_and_a_text_beyond(opening: str, name: str) -> None:
    closing = "]" if opening == "[" else "}"

    for depth in (DOCUMENT_DEPTH_MAX, DOCUMENT_DEPTH_MAX + 1, 990, 100_000):
        text = opening * depth + "1" + closing * depth
        (event,) = read_traces(as_protobuf(traces(span({name: text}))), PROTOBUF, RECEIVER).events
        kept = text if depth <= DOCUMENT_DEPTH_MAX else json.dumps(text)
        assert (event.input or event.output) == kept.encode()


def test_an_index_of_any_size_takes_no_more_than_what_is_sent() -> None:
    far = f"llm.input_messages.{'9' * 4_000}.message.role"
    sent = {far: "user", "llm.input_messages.7.message.role": "assistant", "llm.input_messages.7": "x"}

    (event,) = read_traces(as_protobuf(traces(span(sent))), PROTOBUF, RECEIVER).events

    assert event.input == b'[{"role":"assistant"},{"role":"user"}]'
    assert event.attributes == b'{"llm.input_messages.7":"x"}'


DEEP = json.loads("[" * (VALUE_DEPTH_MAX + 1) + "1" + "]" * (VALUE_DEPTH_MAX + 1))
TOO_MUCH: list[dict[str, Any]] = [
    {"deep": DEEP},
    {"large": "x" * RESOURCE_BYTES_MAX},
    {f"x.{number}": 1 for number in range(ATTRIBUTES_MAX + 1)},
]


@pytest.mark.parametrize("said", TOO_MUCH, ids=["deep", "large", "many"])
@pytest.mark.parametrize("form", [PROTOBUF, JSON], ids=["protobuf", "json"])
def test_a_program_that_says_too_much_of_itself_is_rejected_and_others_are_not(
    said: dict[str, Any], form: Any
) -> None:
    encode = as_protobuf if form is PROTOBUF else as_json
    for request, record, read in (
        (ExportTraceServiceRequest(), span(), read_traces),
        (ExportLogsServiceRequest(), LogRecord(event_name="said"), read_logs),
        (
            ExportMetricsServiceRequest(),
            Metric(name="n", gauge=Gauge(data_points=[NumberDataPoint(as_int=1)])),
            read_metrics,
        ),
    ):
        for attributes in (said, {"service.name": "shop"}):
            of_resource = getattr(request, request.DESCRIPTOR.fields[0].name).add()
            of_resource.resource.attributes.extend(key_values(attributes))
            of_scope = getattr(of_resource, of_resource.DESCRIPTOR.fields[1].name).add()
            getattr(of_scope, of_scope.DESCRIPTOR.fields[1].name).extend([record, record])
        outcome = read(encode(request), form, RECEIVER)
        kept: list[Event | MetricPoint] = [*outcome.events, *outcome.points]
        assert [each.service_name for each in kept] == ["shop", "shop"]
        assert outcome.rejected_count == 2
