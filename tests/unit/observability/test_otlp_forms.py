from __future__ import annotations

import base64
import gzip
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.helpers.telemetry import (
    RECEIVER,
    SPAN_ID,
    START_NS,
    TRACE_ID,
    any_value,
    as_json,
    as_protobuf,
    key_values,
    logs,
    moment,
    span,
    traces,
)
from timeloom_observability.errors import MalformedTelemetryError
from timeloom_observability.limits import VALUE_DEPTH_MAX
from timeloom_observability.otlp.json_form import JSON
from timeloom_observability.otlp.logs import read_logs
from timeloom_observability.otlp.metrics import read_metrics
from timeloom_observability.otlp.protobuf import PROTOBUF
from timeloom_observability.otlp.traces import read_traces

INT64 = st.integers(-(2**63), 2**63 - 1)
SCALARS = st.none() | st.booleans() | INT64 | st.floats() | st.text(max_size=20) | st.binary(max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=8), below, max_size=4),
    max_leaves=12,
)
KNOWN = st.sampled_from(
    [
        "gen_ai.operation.name",
        "gen_ai.input.messages",
        "gen_ai.usage.input_tokens",
        "llm.input_messages.0.message.role",
        "llm.output_messages.3.message.content",
        "operation.cost",
        "error.type",
        "exception.message",
        "tag.tags",
        "gen_ai.evaluation.name",
        "gen_ai.evaluation.score.value",
        "timeloom.execution.id",
    ]
)
ATTRIBUTES = st.dictionaries(KNOWN | st.text(max_size=12), VALUES, max_size=6)
IDS = st.sampled_from([SPAN_ID, b"", bytes(8), b"short", SPAN_ID[::-1]])
TIMES = st.sampled_from([0, 1, START_NS, START_NS + 5, 4_000_000_000 * 10**9, 2**64 - 1])


@st.composite
def spans(draw: st.DrawFn) -> Span:
    return span(
        draw(ATTRIBUTES),
        trace_id=draw(st.sampled_from([TRACE_ID, TRACE_ID, b"", bytes(16)])),
        span_id=draw(IDS),
        parent_span_id=draw(IDS),
        name=draw(st.text(max_size=12)),
        kind=draw(st.integers(0, 9)),
        start_time_unix_nano=draw(TIMES),
        end_time_unix_nano=draw(TIMES),
        status=(draw(st.integers(0, 3)), draw(st.text(max_size=8))),
        trace_state=draw(st.sampled_from(["", "a=b"])),
        dropped_attributes_count=draw(st.integers(0, 2)),
        events=[moment("exception", draw(ATTRIBUTES)) for _ in range(draw(st.integers(0, 2)))],
        links=[Span.Link(trace_id=TRACE_ID, span_id=draw(IDS), attributes=key_values({"a": 1}))],
    )


def plain(value: Any) -> Any:
    """What a value is once it is JSON."""
    match value:
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case bytes():
            return base64.b64encode(value).decode()
        case str():
            return value.replace("\0", "\ufffd")
        case list():
            return [plain(item) for item in value]
        case dict():
            return {plain(key): plain(below) for key, below in value.items()}
        case _:
            return value


@settings(max_examples=60)
@given(batch=st.lists(spans(), max_size=3))
def test_json_and_protobuf_of_one_request_are_the_same_events(batch: list[Span]) -> None:
    request = traces(*batch, resource={"deployment.environment.name": "test"})

    told = read_traces(as_protobuf(request), PROTOBUF, RECEIVER)

    assert read_traces(as_json(request), JSON, RECEIVER) == told
    assert len([event for event in told.events if event.type == 1]) + told.rejected_count == len(batch)


@settings(max_examples=60)
@given(
    body=VALUES, attributes=ATTRIBUTES, time=TIMES, observed=TIMES, severity=st.integers(0, 30), span_id=IDS
)
def test_json_and_protobuf_of_one_log_record_are_the_same_event(
    body: Any, attributes: dict[str, Any], time: int, observed: int, severity: int, span_id: bytes
) -> None:
    request = logs(
        LogRecord(
            body=any_value(body),
            attributes=key_values(attributes),
            time_unix_nano=time,
            observed_time_unix_nano=observed,
            severity_number=SeverityNumber.ValueType(severity),
            span_id=span_id,
            event_name="said",
        )
    )

    told = read_logs(as_protobuf(request), PROTOBUF, RECEIVER)

    assert read_logs(as_json(request), JSON, RECEIVER) == told
    assert len(told.events) + told.rejected_count == 1


@settings(max_examples=60)
@given(values=st.dictionaries(st.text(max_size=8).map("x.".__add__), VALUES, max_size=5))
def test_every_value_of_an_attribute_survives(values: dict[str, Any]) -> None:
    request = traces(span(values))

    for form, data in ((PROTOBUF, as_protobuf(request)), (JSON, as_json(request))):
        (event,) = read_traces(data, form, RECEIVER).events
        assert json.loads(event.attributes) == plain(values)


def test_numbers_may_be_texts_and_texts_may_be_null_and_what_is_unknown_is_ignored() -> None:
    sent = {
        "resourceSpans": [
            {
                "resource": None,
                "schemaUrl": "x",
                "scopeSpans": [
                    {
                        "spans": [
                            {
                                "traceId": TRACE_ID.hex().upper(),
                                "spanId": SPAN_ID.hex(),
                                "parentSpanId": None,
                                "name": "work",
                                "kind": "SPAN_KIND_CLIENT",
                                "startTimeUnixNano": str(START_NS),
                                "endTimeUnixNano": START_NS + 7,
                                "attributes": [{"key": "n", "value": {"intValue": "12"}}, {"key": "nothing"}],
                                "status": {"code": 99},
                                "invented": {"a": [1, None]},
                            }
                        ]
                    }
                ],
            }
        ]
    }

    (event,) = read_traces(json.dumps(sent).encode(), JSON, RECEIVER).events

    assert (event.trace_id, event.duration_ns, event.parent_span_id) == (TRACE_ID.hex(), 7, "")
    assert json.loads(event.attributes) == {"n": 12, "nothing": None}


def test_an_id_that_is_no_hex_rejects_its_span_alone() -> None:
    request = json.loads(as_json(traces(span(), span(span_id=SPAN_ID[::-1]))))
    request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["spanId"] = "no hex"

    outcome = read_traces(json.dumps(request).encode(), JSON, RECEIVER)

    assert [event.span_id for event in outcome.events] == [SPAN_ID[::-1].hex()]
    assert (
        outcome.message == "span 3f 'work' is rejected: its span id is not 8 bytes, or all of them are zero"
    )


@pytest.mark.parametrize(
    ("form", "data"),
    [
        (PROTOBUF, b"\xff\xff"),
        (PROTOBUF, b"{}"),
        (PROTOBUF, gzip.compress(b"", mtime=0)),
        (JSON, b""),
        (JSON, b"\x00"),
        (JSON, b"[]"),
        (JSON, b'{"resourceSpans": 1, "resourceLogs": 1, "resourceMetrics": 1}'),
        (JSON, b"[" * 100_000),
    ],
)
@pytest.mark.parametrize("read", [read_traces, read_logs, read_metrics])
def test_what_is_no_request_is_refused_as_a_whole(read: Any, form: Any, data: bytes) -> None:
    with pytest.raises(MalformedTelemetryError):
        read(data, form, RECEIVER)


def test_json_that_does_not_fit_is_refused_with_the_place() -> None:
    sent = b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": 7}]}]}]}'

    with pytest.raises(MalformedTelemetryError, match=r"scopeSpans\[0\].spans\[0\].name"):
        read_traces(sent, JSON, RECEIVER)


@pytest.mark.parametrize("form", [PROTOBUF, JSON])
@pytest.mark.parametrize("read", [read_traces, read_logs, read_metrics])
def test_an_empty_request_is_a_success(read: Any, form: Any) -> None:
    outcome = read(b"" if form is PROTOBUF else b"{}", form, RECEIVER)

    assert (outcome.events, outcome.points, outcome.rejected_count, outcome.message) == ([], [], 0, "")


@pytest.mark.parametrize("shape", ["list", "dict"])
def test_a_value_may_be_nested_up_to_a_depth(shape: str) -> None:
    value: Any = "deep"
    for _ in range(VALUE_DEPTH_MAX):
        value = [value] if shape == "list" else {"a": value}
    fits, too_deep = traces(span({"x": value})), traces(span({"x": [value]}))
    for form, encode in ((PROTOBUF, as_protobuf), (JSON, as_json)):
        assert json.loads(read_traces(encode(fits), form, RECEIVER).events[0].attributes) == {"x": value}
        outcome = read_traces(encode(too_deep), form, RECEIVER)
        assert (outcome.rejected_count, outcome.events) == (1, [])
        assert outcome.message.endswith(f"a value is nested more than {VALUE_DEPTH_MAX} deep")
