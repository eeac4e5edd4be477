"""Whatever is sent is answered as the specification says: never as a fault of ours, and the rest is kept."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.helpers.telemetry import (
    SECOND_NS,
    START_NS,
    any_value,
    as_json,
    as_protobuf,
    key_values,
    logs,
    moment,
    span,
    traces,
)
from tests.integration.observability.otlp.doors import JSON_TYPE, PROTOBUF_TYPE, Doors
from timeloom_observability.limits import ATTRIBUTES_MAX, VALUE_DEPTH_MAX
from timeloom_observability.otlp.receiver import SENT_START

GOOD = "the good one"
EXAMPLES = 60
YEAR_NS = 366 * 86_400 * SECOND_NS


def good() -> Span:
    return span(span_id=b"goodgood", name=GOOD)


def nested(depth: int) -> Any:
    value: Any = "bottom"
    for _ in range(depth):
        value = [value]
    return value


REJECTED = {
    "trace id of zeros": span(trace_id=bytes(16)),
    "trace id too long": span(trace_id=b"x" * 17),
    "no span id": span(span_id=b""),
    "parent id too short": span(parent_span_id=b"x"),
    "too many attributes": span({f"key {number}": number for number in range(ATTRIBUTES_MAX + 1)}),
    "too deep": span({"deep": nested(VALUE_DEPTH_MAX + 1)}),
}
KEPT = {
    "unknown kind": span(kind=77),
    "unknown status": span(status=(99, "")),
    "NUL": span({"a\0b": "c\0d", "gen_ai.agent.name": "\0", "user.id": "u\0"}, name="n\0"),
    "NUL in a message": span(status=(2, "\0"), events=[moment("\0", {"exception.message": "\0"})]),
    "NUL in JSON": span({"input.value": '{"a": "\\u0000"}', "output.value": "\0"}),
    "NaN": span({"a": float("nan"), "b": float("inf"), "gen_ai.usage.cost": float("nan")}),
    "huge counts": span({"gen_ai.usage.input_tokens": 2**63 - 1, "gen_ai.usage.output_tokens": -(2**63)}),
    "bytes": span({"raw": b"\0\xff", "list": [b"\0"]}),
    "ends before it begins": span(end_time_unix_nano=START_NS - 1),
    "never ended": span(end_time_unix_nano=0),
    "no name": span(name=""),
    "long": span({"gen_ai.request.model": "m" * 100_000}, name="n" * 100_000),
    "1970": span(start_time_unix_nano=1, end_time_unix_nano=2),
    "2100": span(start_time_unix_nano=START_NS + 74 * YEAR_NS, end_time_unix_nano=START_NS + 75 * YEAR_NS),
    "the end of time": span(start_time_unix_nano=2**64 - 2, end_time_unix_nano=2**64 - 1),
}


@pytest_asyncio.fixture(params=[PROTOBUF_TYPE, JSON_TYPE])
async def content_type(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    yield request.param


async def test_a_bad_span_is_rejected_and_the_others_are_kept(doors: Doors, content_type: str) -> None:
    write = as_protobuf if content_type == PROTOBUF_TYPE else as_json
    for reason, bad in REJECTED.items():
        answer = await doors.post(
            "/v1/traces", write(traces(bad, good())), content_type=content_type, headers={"accept": JSON_TYPE}
        )
        assert answer.status_code == 200, (reason, answer.text)
        assert b"is rejected: " in answer.content, reason
    assert [row["name"] for row in await doors.rows()] == [GOOD]


async def test_what_is_strange_is_kept(doors: Doors, content_type: str) -> None:
    write = as_protobuf if content_type == PROTOBUF_TYPE else as_json
    for number, (reason, strange) in enumerate(KEPT.items(), 1):
        strange.trace_id = number.to_bytes(16, "big")
        answer = await doors.post("/v1/traces", write(traces(strange, good())), content_type=content_type)
        assert answer.status_code == 200, (reason, answer.text)
        assert b"rejected: " not in answer.content, (reason, answer.content)
    rows = {row["trace_id"]: row for row in await doors.rows() if row["type"] == 1}
    assert len(rows) == len(KEPT) + 1
    assert all("\0" not in f"{value}" for row in rows.values() for value in row.values() if value)


async def test_a_time_far_off_is_kept_as_near_as_is_allowed_and_as_it_was_sent(doors: Doors) -> None:
    answer = await doors.post("/v1/traces", as_json(traces(KEPT["1970"], good())), content_type=JSON_TYPE)
    partial = answer.json()["partialSuccess"]
    assert ("rejectedSpans" in partial, "far off" in partial["errorMessage"]) == (False, True)
    old = next(row for row in await doors.rows() if row["name"] == "work")
    assert (old["start_time"].year, json.loads(old["attributes"])[SENT_START]) == (2000, 1)


async def test_json_of_another_shape_is_refused(doors: Doors) -> None:
    for document in (
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": 5}]}]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": "soon"}]}]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": -1e400}]}]}]}',
        b'{"resourceSpans": NaN}',
        b'{"resourceSpans": ' + b"[" * 100_000,
        b'"\xff"',
        b"[]",
        b"null",
        b"1",
        b"",
    ):
        answer = await doors.post("/v1/traces", document, content_type=JSON_TYPE)
        assert answer.status_code == 400, (document[:100], answer.text)
        assert answer.json()["message"]


async def test_numbers_beyond_their_type_reject_only_their_record(doors: Doors) -> None:
    sent = json.loads(as_json(traces(span(), good())))
    sent["resourceSpans"][0]["scopeSpans"][0]["spans"][0] |= {
        "startTimeUnixNano": "9" * 30,
        "endTimeUnixNano": str(-(2**70)),
        "droppedLinksCount": 2**40,
    }
    answer = await doors.post("/v1/traces", json.dumps(sent).encode(), content_type=JSON_TYPE)
    assert answer.status_code == 200, answer.text
    assert GOOD in [row["name"] for row in await doors.rows()]


async def test_json_is_read_as_leniently_as_the_specification_wants(doors: Doors) -> None:
    sent = json.loads(as_json(traces(span(kind=3))))
    told = sent["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    told |= {"someNewField": {"a": [1]}, "kind": "SPAN_KIND_OF_TOMORROW", "traceState": None, "flags": "257"}
    told["startTimeUnixNano"] = int(told["startTimeUnixNano"])
    told["attributes"] = [{"key": "lone", "value": {"stringValue": "😀 \\ud800 SURROGATE"}}]
    body = json.dumps(sent).replace("SURROGATE", "\\ud800").encode()
    answer = await doors.post("/v1/traces", body, content_type=JSON_TYPE)
    assert answer.status_code == 200, answer.text
    (row,) = await doors.rows()
    assert (row["name"], json.loads(row["attributes"])["lone"]) == ("work", "😀 \\ud800 �")


async def test_a_bad_log_or_point_is_rejected_and_the_others_are_kept(doors: Doors) -> None:
    records = [
        LogRecord(time_unix_nano=START_NS, trace_id=b"bad", body=any_value("bad")),
        LogRecord(time_unix_nano=2**64 - 1, severity_number=99, body=any_value("late")),  # type: ignore[arg-type]
        LogRecord(body=any_value({"a\0": ["\0", float("nan")]}), attributes=key_values({"event.name": "\0"})),
    ]
    answer = await doors.post("/v1/logs", as_json(logs(*records)), content_type=JSON_TYPE)
    assert answer.json()["partialSuccess"]["rejectedLogRecords"] == "1", answer.text
    assert len(await doors.rows()) == len(records) - 1
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="size")
    metric.histogram.data_points.add(bucket_counts=[1, 2], explicit_bounds=[1, 2, 3], time_unix_nano=START_NS)
    assert (
        "rejectedDataPoints"
        in (await doors.post("/v1/metrics", as_json(request), content_type=JSON_TYPE)).text
    )


# -- Whatever the bytes are ---------------------------------------------------

WHOLE = as_protobuf(traces(span({"input.value": "text", "n": 1}, events=[moment("m", {"a": "b"})]), good()))
WHOLE_JSON = as_json(traces(span({"input.value": "text", "n": 1}, events=[moment("m", {"a": "b"})]), good()))


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_no_bytes_are_a_fault_of_ours(doors: Doors, data: st.DataObject) -> None:
    content_type, whole = data.draw(st.sampled_from([(PROTOBUF_TYPE, WHOLE), (JSON_TYPE, WHOLE_JSON)]))
    path = data.draw(st.sampled_from(["/v1/traces", "/v1/logs", "/v1/metrics"]))
    mutated = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(mutated)))
        mutated[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    body, headers = bytes(mutated), dict[str, str]()
    if data.draw(st.booleans()):
        body, headers = gzip.compress(body, 1), {"content-encoding": "gzip"}
    answer = await doors.post(path, body, content_type=content_type, headers=headers)
    assert answer.status_code in (200, 400), answer.content
    assert answer.headers["content-type"] == content_type
