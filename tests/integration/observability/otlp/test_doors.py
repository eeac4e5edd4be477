"""Telemetry comes in by each way that OpenTelemetry knows, and is answered as its specification says."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import grpc.aio
import httpx
import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from tests.helpers.telemetry import (
    START_NS,
    as_json,
    as_protobuf,
    key_values,
    logs,
    span,
    traces,
)
from tests.integration.observability.otlp.doors import JSON_TYPE, PAGE, PROTOBUF_TYPE, Doors, open_doors
from timeloom_observability import ingesting
from timeloom_observability.receiving import intake
from timeloom_observability.receiving.bodies import REQUEST_BYTES_MAX
from timeloom_observability.receiving.signals import BY_PATH
from timeloom_platform.auth import Scope
from timeloom_platform.failures import STATUS_DETAILS_METADATA
from timeloom_platform.testing.databases import Databases, Rooms

EMPTY = {
    "/v1/traces": ExportTraceServiceRequest(),
    "/v1/logs": ExportLogsServiceRequest(),
    "/v1/metrics": ExportMetricsServiceRequest(),
}
OWN = ("receive_time", "project_id", "id", "resource_id")
"""What differs between two projects that were sent the same."""

CAPTURED = sorted(Path(os.environ.get("TIMELOOM_TEST_OTLP_PAYLOADS") or os.devnull).glob("*.bin"))
"""Requests as exporters sent them, named after their signals."""

Way = Callable[[Doors, Message], Awaitable[None]]


async def by_grpc(doors: Doors, request: Message) -> None:
    assert await doors.export(request) == ExportTraceServiceResponse()


async def by_gzipped_grpc(doors: Doors, request: Message) -> None:
    assert await doors.export(request, compression=grpc.Compression.Gzip) == ExportTraceServiceResponse()


async def by_protobuf(doors: Doors, request: Message) -> None:
    answer = await doors.post("/v1/traces", as_protobuf(request))
    assert (answer.status_code, answer.headers["content-type"]) == (200, PROTOBUF_TYPE)
    assert ExportTraceServiceResponse.FromString(answer.content) == ExportTraceServiceResponse()


async def by_json(doors: Doors, request: Message) -> None:
    answer = await doors.post("/v1/traces", as_json(request), content_type=f"{JSON_TYPE}; charset=utf-8")
    assert (answer.status_code, answer.headers["content-type"]) == (200, JSON_TYPE)
    assert answer.json() == {}


async def by_gzipped_json(doors: Doors, request: Message) -> None:
    body = gzip.compress(as_json(request))
    answer = await doors.post(
        "/v1/traces", body, content_type=JSON_TYPE, headers={"content-encoding": "gzip"}
    )
    assert answer.json() == {}


async def by_deflated_protobuf(doors: Doors, request: Message) -> None:
    body = zlib.compress(as_protobuf(request))
    answer = await doors.post("/v1/traces", body, headers={"content-encoding": "deflate"})
    assert answer.content == b""


WAYS = (by_grpc, by_gzipped_grpc, by_protobuf, by_json, by_gzipped_json, by_deflated_protobuf)


def conversation() -> Message:
    """What an agent's turn looks like, in the words of the conventions for generative AI."""
    spoken = [{"role": "user", "parts": [{"type": "text", "content": "How warm is it?"}]}]
    said = [
        {"role": "assistant", "parts": [{"type": "text", "content": "12 degrees"}], "finish_reason": "stop"}
    ]
    root, call, tool = (bytes([number]) * 8 for number in (1, 2, 3))
    return traces(
        span(
            {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "weather", "user.id": "ada"},
            span_id=root,
            name="invoke_agent weather",
        ),
        span(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-4o-mini",
                "gen_ai.conversation.id": "conversation 1",
                "gen_ai.usage.input_tokens": 1_000_000,
                "gen_ai.usage.output_tokens": 1_000_000,
                "gen_ai.input.messages": json.dumps(spoken),
                "gen_ai.output.messages": json.dumps(said),
                "vendor.number": 1.5,
                "vendor.list": ["a", True, None],
            },
            span_id=call,
            parent_span_id=root,
            name="chat gpt-4o-mini",
        ),
        span(
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "thermometer",
                "gen_ai.tool.call.arguments": '{"city": "Oslo"}',
                "gen_ai.tool.call.result": '{"degrees": 12}',
                "error.type": "timeout",
            },
            span_id=tool,
            parent_span_id=root,
            name="execute_tool thermometer",
            status=(2, "too late"),
        ),
    )


def kept(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was kept of a request, apart from when and where, in an order that projects have in common."""
    shown = [{name: row[name] for name in row if name not in OWN} for row in rows]
    return sorted(shown, key=repr)


async def test_a_request_means_the_same_by_each_way(databases: Databases, rooms: Rooms) -> None:
    found: list[list[dict[str, Any]]] = []
    async with databases.fresh(rooms) as url:
        for way in WAYS:
            async with open_doors(url, project_id=uuid4()) as doors:
                await way(doors, conversation())
                found.append(kept(await doors.rows()))
    assert all(rows == found[0] for rows in found)
    by_name = {row["name"]: row for row in found[0]}
    call, tool = by_name["chat gpt-4o-mini"], by_name["execute_tool thermometer"]
    assert by_name["invoke_agent weather"]["agent_id"] == "weather"
    assert {
        name: call[name] for name in ("session_id", "model", "provider", "input_tokens", "total_tokens")
    } == {
        "session_id": "conversation 1",
        "model": "gpt-4o-mini",
        "provider": "openai",
        "input_tokens": 1_000_000,
        "total_tokens": 2_000_000,
    }
    assert call["cost"] == pytest.approx(0.75)
    assert "How warm is it?" in call["input_preview"]
    assert "12 degrees" in call["output_preview"]
    assert json.loads(call["attributes"])["vendor.list"] == ["a", True, None]
    assert (tool["tool_name"], tool["status"], tool["error_type"], tool["message"]) == (
        "thermometer",
        2,
        "timeout",
        "too late",
    )


@pytest.mark.skipif(not CAPTURED, reason="TIMELOOM_TEST_OTLP_PAYLOADS names no folder")
async def test_what_was_captured_means_the_same_by_each_way(databases: Databases, rooms: Rooms) -> None:
    for file in CAPTURED:
        path = next(path for path in EMPTY if path.removeprefix("/v1/") in file.name)
        request = type(EMPTY[path]).FromString(file.read_bytes())
        found: list[list[dict[str, Any]]] = []
        async with databases.fresh(rooms) as url:
            for body, content_type in (
                (None, ""),
                (as_protobuf(request), PROTOBUF_TYPE),
                (as_json(request), JSON_TYPE),
            ):
                async with open_doors(url, project_id=uuid4()) as doors:
                    if body is None:
                        assert not (await doors.export(request)).ByteSize()
                    else:
                        answer = await doors.post(path, body, content_type=content_type)
                        assert answer.content in (b"", b"{}")
                    found.append(kept(await doors.rows()))
        assert found[0] == found[1] == found[2]
        assert found[0] or path == "/v1/metrics"


@pytest.mark.parametrize("path", EMPTY)
async def test_an_empty_request_is_a_success(doors: Doors, path: str) -> None:
    request = EMPTY[path]
    assert not (await doors.export(request)).ByteSize()
    assert (await doors.post(path, b"")).status_code == httpx.codes.OK
    assert (await doors.post(path, b"{}", content_type=JSON_TYPE)).json() == {}


async def test_one_bad_record_is_told_and_the_others_are_kept(doors: Doors) -> None:
    request = traces(span(), span(span_id=b"short", name="bad"))

    answer = await doors.export(request)
    told = await doors.post("/v1/traces", as_json(request), content_type=JSON_TYPE)

    assert isinstance(answer, ExportTraceServiceResponse)
    assert answer.partial_success.rejected_spans == 1
    assert "'bad' is rejected: its span id is not 8 bytes" in answer.partial_success.error_message
    assert told.json()["partialSuccess"]["rejectedSpans"] == "1"
    assert [row["name"] for row in await doors.rows()] == ["work"]


async def test_logs_and_metrics_have_their_own_counts(doors: Doors) -> None:
    bad = LogRecord(trace_id=b"short", time_unix_nano=START_NS)
    good = LogRecord(body=key_values({"x": "said"})[0].value, time_unix_nano=START_NS, severity_number=17)  # type: ignore[arg-type]
    answer = await doors.post("/v1/logs", as_json(logs(bad, good)), content_type=JSON_TYPE)
    assert answer.json()["partialSuccess"]["rejectedLogRecords"] == "1"
    assert [(row["message"], row["severity"]) for row in await doors.rows()] == [("said", 5)]


# -- Who may send -------------------------------------------------------------


async def test_a_key_is_taken_from_either_header(doors: Doors) -> None:
    client = doors.client
    headers = {"content-type": PROTOBUF_TYPE}
    assert (await client.post("/v1/traces", headers=headers)).status_code == httpx.codes.UNAUTHORIZED
    headers["x-api-key"] = doors.key
    assert (await client.post("/v1/traces", headers=headers)).status_code == httpx.codes.OK
    headers["x-api-key"] = "tl_wrong"
    refused = await client.post("/v1/traces", headers=headers)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert Status.FromString(refused.content).code == grpc.StatusCode.UNAUTHENTICATED.value[0]


async def test_a_key_that_only_reads_sends_nothing(doors: Doors) -> None:
    key = doors.keys.new(doors.service.project_id, Scope.READ)
    refused = await doors.post("/v1/traces", b"", key=key)
    assert refused.status_code == httpx.codes.FORBIDDEN
    with pytest.raises(grpc.aio.AioRpcError) as called:
        await doors.export(traces(span()), key=key)
    assert called.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_each_key_writes_to_its_own_project(doors: Doors) -> None:
    await doors.export(traces(span()), key=doors.keys.new(uuid4()))
    assert await doors.rows() == []


# -- What is refused ----------------------------------------------------------


async def test_what_is_no_telemetry_is_told_so_in_its_own_form(doors: Doors) -> None:
    for body, content_type, headers, status in (
        (b"\xff\xff", PROTOBUF_TYPE, {}, 400),
        (b'{"resourceSpans": [', JSON_TYPE, {}, 400),
        (b'{"resourceSpans": 1}', JSON_TYPE, {}, 400),
        (b"\xff", JSON_TYPE, {}, 400),
        (b"not gzip", PROTOBUF_TYPE, {"content-encoding": "gzip"}, 400),
        (gzip.compress(b"x" * 100)[:-9], PROTOBUF_TYPE, {"content-encoding": "gzip"}, 400),
        (b"", PROTOBUF_TYPE, {"content-encoding": "br"}, 415),
        (b"<xml/>", "text/xml", {}, 415),
    ):
        answer = await doors.post("/v1/traces", body, content_type=content_type, headers=headers)
        assert answer.status_code == status, (body, answer.text)
        if content_type == PROTOBUF_TYPE:
            assert answer.headers["content-type"] == PROTOBUF_TYPE
            assert Status.FromString(answer.content).message
        else:
            assert answer.headers["content-type"] == JSON_TYPE
            assert json_format.Parse(answer.content, Status()).message
    with pytest.raises(grpc.aio.AioRpcError) as called:
        await doors.call(BY_PATH["/v1/traces"].method, b"\xff\xff")
    assert called.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_other_paths_and_methods_are_told_where_to_go(doors: Doors) -> None:
    elsewhere = await doors.client.get("/")
    assert (elsewhere.status_code, "/v1/traces" in elsewhere.json()["message"]) == (404, True)
    wrong = await doors.client.get("/v1/traces")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    with pytest.raises(grpc.aio.AioRpcError) as called:
        await doors.call("/no.Service/Method", b"")
    assert called.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_what_is_too_large_decompressed_is_refused_for_good(doors: Doors) -> None:
    bomb = gzip.compress(b"\0" * (REQUEST_BYTES_MAX + 1), 1)
    refused = await doors.post("/v1/traces", bomb, headers={"content-encoding": "gzip"})
    assert (refused.status_code, "retry-after" in refused.headers) == (413, False)
    request = traces(span({"large": "x" * REQUEST_BYTES_MAX}))
    with pytest.raises(grpc.aio.AioRpcError) as called:
        await doors.export(request, compression=grpc.Compression.Gzip)
    assert called.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert retry_seconds(called.value) is None


def retry_seconds(error: grpc.aio.AioRpcError) -> float | None:
    """When an error says to come again."""
    for name, value in error.trailing_metadata() or ():
        if name == STATUS_DETAILS_METADATA and isinstance(value, bytes):
            info = RetryInfo()
            if any(detail.Unpack(info) for detail in Status.FromString(value).details):
                return info.retry_delay.ToMilliseconds() / 1000
    return None


async def test_who_finds_no_room_is_told_to_come_again(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "UNDER_WAY_MAX", 0)
    with pytest.raises(grpc.aio.AioRpcError) as called:
        await doors.export(traces(span()))
    assert called.value.code() is grpc.StatusCode.UNAVAILABLE
    assert retry_seconds(called.value) == ingesting.RETRY_AFTER_SECONDS
    refused = await doors.post("/v1/traces", b"")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")


async def test_a_large_request_is_read_beside_the_others(doors: Doors) -> None:
    spans = [span({"text": "x" * 1_000}, span_id=number.to_bytes(8, "big")) for number in range(1, 5_001)]
    await asyncio.gather(doors.export(traces(*spans)), doors.export(traces(span(trace_id=b"2" * 16))))
    async with doors.service.rows() as connection:
        assert await connection.fetchval("SELECT count(*) FROM events") == len(spans) + 1
        assert await connection.fetchval("SELECT max(span_count) FROM traces") == len(spans)


async def test_pages_of_the_origins_that_are_allowed_may_send(doors: Doors) -> None:
    asked = {"origin": PAGE, "access-control-request-method": "POST"}
    allowed = await doors.client.options("/v1/traces", headers=asked)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (204, PAGE)
    assert "authorization" in allowed.headers["access-control-allow-headers"]
    asked["origin"] = "https://other.example"
    refused = await doors.client.options("/v1/traces", headers=asked)
    assert "access-control-allow-origin" not in refused.headers
    sent = await doors.post("/v1/traces", b"", headers={"origin": PAGE})
    assert sent.headers["access-control-allow-origin"] == PAGE
