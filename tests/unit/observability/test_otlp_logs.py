"""Log records as events."""

from __future__ import annotations

import json
from typing import Any

import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber

from tests.helpers.telemetry import (
    RECEIVER,
    SPAN_ID,
    START_NS,
    TRACE_ID,
    any_value,
    as_protobuf,
    key_values,
    logs,
)
from timeloom_observability.limits import MESSAGE_LENGTH_MAX
from timeloom_observability.model import Event, EventKind, EventStatus, EventType, Severity, TokenUsage
from timeloom_observability.otlp.logs import read_logs
from timeloom_observability.otlp.outcome import Outcome
from timeloom_observability.otlp.protobuf import PROTOBUF


def record(body: Any = None, attributes: dict[str, Any] | None = None, **fields: Any) -> LogRecord:
    return LogRecord(
        body=any_value(body),
        attributes=key_values(attributes or {}),
        **{"time_unix_nano": START_NS, **fields},
    )


def read(*records: LogRecord) -> Outcome:
    return read_logs(as_protobuf(logs(*records)), PROTOBUF, RECEIVER)


def one(sent: LogRecord) -> Event:
    outcome = read(sent)
    assert (outcome.rejected_count, outcome.message) == (0, "")
    (event,) = outcome.events
    return event


def test_a_log_says_its_body() -> None:
    event = one(
        record(
            "paid",
            {"user.id": "ada", "n": 1},
            severity_number=SeverityNumber.SEVERITY_NUMBER_WARN2,
            severity_text="warning",
            trace_id=TRACE_ID,
            span_id=SPAN_ID,
        )
    )

    assert event == Event(
        id=event.id,
        type=EventType.LOG,
        kind=EventKind.OTHER,
        name="log",
        severity=Severity.WARN,
        message="paid",
        trace_id=TRACE_ID.hex(),
        span_id=SPAN_ID.hex(),
        start_ns=START_NS,
        user_id="ada",
        service_name="shop",
        scope_name="tests",
        attributes=b'{"user.id":"ada","n":1,"otel.severity_text":"warning"}',
        resource=b'{"service.name":"shop"}',
    )


DETAILS = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.provider.name": "openai",
    "gen_ai.usage.input_tokens": 57,
    "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "Paris?"}]}],
}


def test_what_a_span_tells_is_not_told_again_by_its_log() -> None:
    event = one(record(None, DETAILS, event_name="details", trace_id=TRACE_ID, span_id=SPAN_ID))

    assert (event.kind, event.usage, event.cost) == (EventKind.OTHER, None, None)
    assert (event.name, event.model, event.input_preview) == ("details", "gpt-4o-mini", "Paris?")


def test_a_log_without_a_span_tells_all_itself() -> None:
    event = one(record(None, DETAILS))

    assert (event.kind, event.usage) == (EventKind.LLM, TokenUsage(input_tokens=57, total_tokens=57))
    assert event.cost is not None


@pytest.mark.parametrize(
    ("number", "severity", "status"),
    [
        (0, Severity.UNSPECIFIED, EventStatus.UNSPECIFIED),
        (1, Severity.TRACE, EventStatus.UNSPECIFIED),
        (4, Severity.TRACE, EventStatus.UNSPECIFIED),
        (5, Severity.DEBUG, EventStatus.UNSPECIFIED),
        (9, Severity.INFO, EventStatus.UNSPECIFIED),
        (16, Severity.WARN, EventStatus.UNSPECIFIED),
        (17, Severity.ERROR, EventStatus.ERROR),
        (24, Severity.FATAL, EventStatus.ERROR),
        (25, Severity.UNSPECIFIED, EventStatus.UNSPECIFIED),
        (-1, Severity.UNSPECIFIED, EventStatus.UNSPECIFIED),
    ],
)
def test_a_severity_is_the_range_of_its_number(number: int, severity: Severity, status: EventStatus) -> None:
    event = one(record("x", severity_number=SeverityNumber.ValueType(number)))

    assert (event.severity, event.status) == (severity, status)


def test_an_exception_makes_a_log_an_error() -> None:
    event = one(record(None, {"exception.type": "ValueError", "exception.message": "no"}))

    assert (event.status, event.severity, event.error_type, event.message) == (
        EventStatus.ERROR,
        Severity.ERROR,
        "ValueError",
        "no",
    )


def test_a_body_that_is_no_text_is_an_attribute() -> None:
    event = one(record({"a": [1, None]}))

    assert (event.message, json.loads(event.attributes)) == ("", {"log.body": {"a": [1, None]}})


def test_a_long_body_is_cut_and_stays_whole_in_the_attributes() -> None:
    said = "x" * (MESSAGE_LENGTH_MAX + 1)

    event = one(record(said))

    assert event.message == said[:MESSAGE_LENGTH_MAX]
    assert json.loads(event.attributes) == {"timeloom.sent.message": said}


@pytest.mark.parametrize(("name", "side"), [("gen_ai.user.message", "input"), ("gen_ai.choice", "output")])
def test_messages_of_older_conventions_are_what_went_in_or_came_out(name: str, side: str) -> None:
    event = one(record({"role": "user", "content": "Hi"}, event_name=name))

    assert getattr(event, side) == b'{"role":"user","content":"Hi"}'
    assert getattr(event, f"{side}_preview") == "Hi"


def test_a_log_is_named_by_its_older_attribute_too() -> None:
    assert one(record("x", {"event.name": "cart.paid"})).name == "cart.paid"


def test_logs_are_known_again_by_what_they_say() -> None:
    sent = [
        record("a"),
        record("b"),
        record("a", {"n": 1}),
        record("a", span_id=SPAN_ID),
        record("a", time_unix_nano=START_NS + 1),
        record("a", severity_number=SeverityNumber.SEVERITY_NUMBER_INFO),
    ]

    assert len({event.id for event in read(*sent, *sent).events}) == len(sent)


def test_the_time_when_it_was_seen_stands_in_for_the_time_when_it_was_said() -> None:
    assert one(record("x", time_unix_nano=0, observed_time_unix_nano=START_NS + 5)).start_ns == START_NS + 5
    assert one(record("x", time_unix_nano=0)).start_ns == RECEIVER.now_ns


def test_a_log_with_a_bad_id_is_rejected_and_the_others_are_not() -> None:
    outcome = read(record("a"), record("b", trace_id=b"short"), record("c", span_id=b"1"))

    assert [event.message for event in outcome.events] == ["a"]
    assert outcome.rejected_count == 2
    assert outcome.message == (
        "log record 2 is rejected: its trace id is not 16 bytes, or all of them are zero; "
        "log record 3 is rejected: its span id is not 8 bytes, or all of them are zero"
    )


def test_a_log_far_off_in_time_is_kept_with_a_warning() -> None:
    outcome = read(record("x", time_unix_nano=1, event_name="said"))

    assert len(outcome.events) == 1
    assert outcome.message == "log record 'said': its time is far off, and kept as near as is allowed"


def test_an_evaluation_in_a_log_is_a_score_of_its_span() -> None:
    judged = {"gen_ai.evaluation.name": "tone", "gen_ai.evaluation.score.label": "kind"}

    (score,) = read(record(None, judged, trace_id=TRACE_ID, span_id=SPAN_ID)).scores

    assert (score.name, score.value, score.label, score.span_id) == ("tone", None, "kind", SPAN_ID.hex())
