"""Which spans are kept, how, and what is said of the others."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import UUID

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.helpers.telemetry import (
    PROJECT,
    RECEIVER,
    SECOND_NS,
    SPAN_ID,
    START_NS,
    TRACE_ID,
    as_protobuf,
    key_values,
    moment,
    span,
    traces,
)
from timeloom_observability.ids import Names
from timeloom_observability.limits import (
    ATTRIBUTES_MAX,
    LINKS_MAX,
    MESSAGE_LENGTH_MAX,
    MOMENTS_MAX,
    NAME_LENGTH_MAX,
    REASONS_MAX,
    RECORD_BYTES_MAX,
    TIME_MIN_NS,
    WORD_LENGTH_MAX,
)
from timeloom_observability.model import Event, EventStatus, Link, Score
from timeloom_observability.otlp.outcome import Outcome
from timeloom_observability.otlp.protobuf import PROTOBUF
from timeloom_observability.otlp.receiver import Receiver
from timeloom_observability.otlp.traces import read_traces

OTHER = SPAN_ID[::-1]
DAY_NS = 24 * 3600 * SECOND_NS


def read(*spans: Span, receiver: Receiver = RECEIVER) -> Outcome:
    return read_traces(as_protobuf(traces(*spans)), PROTOBUF, receiver)


def one(sent: Span) -> Event:
    (event,) = read(sent).events
    return event


def test_a_span_that_cannot_be_kept_is_rejected_and_the_others_are_not() -> None:
    outcome = read(span(trace_id=b""), span(span_id=bytes(8), name="b"), span(parent_span_id=b"x"), span())

    assert [event.span_id for event in outcome.events] == [SPAN_ID.hex()]
    assert outcome.rejected_count == 3
    assert outcome.message == (
        f"span {SPAN_ID.hex()} 'work' is rejected: its trace id is not 16 bytes, or all of them are zero; "
        "span 0000000000000000 'b' is rejected: its span id is not 8 bytes, or all of them are zero; "
        f"span {SPAN_ID.hex()} 'work' is rejected: its parent span id is not 8 bytes, or all of them are zero"
    )


def test_only_the_first_reasons_are_told() -> None:
    outcome = read(*(span(trace_id=b"") for _ in range(REASONS_MAX + 3)))

    assert outcome.rejected_count == REASONS_MAX + 3
    assert outcome.message.endswith("; and 3 more")


def test_a_parent_of_zeros_is_none() -> None:
    assert one(span(parent_span_id=bytes(8))).is_root


def test_a_span_with_too_many_attributes_is_rejected() -> None:
    many = {f"x.{number}": 1 for number in range(ATTRIBUTES_MAX + 1)}

    outcome = read(span(many), span(span_id=OTHER))

    assert [event.span_id for event in outcome.events] == [OTHER.hex()]
    assert f"it has {ATTRIBUTES_MAX + 1} attributes; at most {ATTRIBUTES_MAX} are taken" in outcome.message


def test_a_span_that_is_too_large_is_rejected() -> None:
    outcome = read(span({"input.value": "x" * RECORD_BYTES_MAX}), span(span_id=OTHER))

    assert [event.span_id for event in outcome.events] == [OTHER.hex()]
    assert f"at most {RECORD_BYTES_MAX} are taken" in outcome.message


def test_a_rejected_span_leaves_no_moments_or_scores_behind() -> None:
    evaluated = moment("gen_ai.evaluation.result", {"gen_ai.evaluation.name": "a", "x": "y"})
    deep: object = 1
    for _ in range(30):
        deep = [deep]

    outcome = read(span({"deep": deep}, events=[evaluated]), span(events=[moment("m", {"deep": deep})]))

    assert (outcome.events, outcome.scores, outcome.rejected_count) == ([], [], 2)


@pytest.mark.parametrize(
    ("sent_ns", "kept_ns"),
    [
        (START_NS + DAY_NS, START_NS + DAY_NS),
        (TIME_MIN_NS, TIME_MIN_NS),
        (TIME_MIN_NS - 1, TIME_MIN_NS),
        (1, TIME_MIN_NS),
        (0, TIME_MIN_NS),
        (START_NS + 2 * DAY_NS, START_NS // DAY_NS * DAY_NS + 2 * DAY_NS),
        (2**64 - 1, START_NS // DAY_NS * DAY_NS + 2 * DAY_NS),
    ],
)
def test_a_time_far_off_is_kept_within_the_range_and_among_the_attributes(sent_ns: int, kept_ns: int) -> None:
    outcome = read(span(start_time_unix_nano=sent_ns, end_time_unix_nano=sent_ns))

    (event,) = outcome.events
    assert (event.start_ns, event.duration_ns) == (kept_ns, 0)
    if sent_ns == kept_ns:
        assert (outcome.message, event.attributes) == ("", b"{}")
    else:
        assert outcome.rejected_count == 0
        assert "its start time is far off" in outcome.message
        assert json.loads(event.attributes) == {"timeloom.sent.start_time_unix_nano": sent_ns}


def test_what_is_sent_again_later_on_the_day_is_the_same() -> None:
    later = replace(RECEIVER, now_ns=RECEIVER.now_ns + 300 * SECOND_NS)
    sent = [span(start_time_unix_nano=at) for at in (0, START_NS, 2**63)]

    assert read(*sent, receiver=later) == read(*sent)


def test_another_project_names_the_same_span_otherwise() -> None:
    other = replace(RECEIVER, names=Names(UUID(int=PROJECT.int + 1)))

    (event,) = read(span(), receiver=other).events

    assert event.id != one(span()).id


@pytest.mark.parametrize(("end_ns", "duration_ns"), [(START_NS - 5, 0), (0, 0), (2**64 - 1, 2**63 - 1)])
def test_a_duration_is_never_negative_and_always_fits(end_ns: int, duration_ns: int) -> None:
    assert one(span(end_time_unix_nano=end_ns)).duration_ns == duration_ns


def test_what_is_too_long_is_cut_and_stays_whole_in_the_attributes() -> None:
    name, message, model = "n" * (NAME_LENGTH_MAX + 1), "m" * (MESSAGE_LENGTH_MAX + 1), "x" * 300

    event = one(span({"gen_ai.request.model": model}, name=name, status=(2, message)))

    assert (event.name, event.message, event.model) == (
        name[:NAME_LENGTH_MAX],
        message[:MESSAGE_LENGTH_MAX],
        model[:WORD_LENGTH_MAX],
    )
    assert json.loads(event.attributes) == {
        "gen_ai.request.model": model,
        "timeloom.sent.name": name,
        "timeloom.sent.message": message,
    }


def test_a_character_that_the_database_cannot_keep_is_replaced_everywhere() -> None:
    attributes = {
        "a\0": "b\0",
        "user.id": "u\0",
        "input.value": '{"x": "\\u0000\\\\u0000"}',
        "tag.tags": ["t\0"],
    }

    event = one(span(attributes, name="n\0", status=(2, "m\0")))

    assert (event.name, event.message, event.user_id, event.tags) == (
        "n\ufffd",
        "m\ufffd",
        "u\ufffd",
        ("t\ufffd",),
    )
    assert json.loads(event.attributes)["a\ufffd"] == "b\ufffd"
    assert json.loads(event.input or b"") == {"x": "\ufffd\\u0000"}


def test_what_an_event_has_no_field_for_is_among_its_attributes() -> None:
    event = one(
        span(
            kind=Span.SPAN_KIND_SERVER,
            trace_state="a=b",
            dropped_attributes_count=1,
            dropped_events_count=2,
            dropped_links_count=3,
        )
    )

    assert json.loads(event.attributes) == {
        "span.kind": "server",
        "otel.trace_state": "a=b",
        "otel.dropped_attributes_count": 1,
        "otel.dropped_events_count": 2,
        "otel.dropped_links_count": 3,
    }


def test_links_lead_to_other_spans() -> None:
    link = Span.Link(trace_id=TRACE_ID, span_id=OTHER, attributes=key_values({"why": "retry"}))

    event = one(span(links=[link, Span.Link(trace_id=TRACE_ID)]))

    assert event.links == (Link(trace_id=TRACE_ID.hex(), span_id=OTHER.hex(), attributes=b'{"why":"retry"}'),)


def test_moments_and_links_beyond_their_numbers_are_dropped_and_counted() -> None:
    sent = span(
        events=[moment("m", {})] * (MOMENTS_MAX + 2),
        links=[Span.Link(trace_id=TRACE_ID, span_id=OTHER)] * (LINKS_MAX + 1),
        dropped_events_count=3,
    )

    outcome = read(sent)

    assert len(outcome.events) == 1 + MOMENTS_MAX
    assert len({event.id for event in outcome.events}) == 1 + MOMENTS_MAX
    assert len(outcome.events[0].links) == LINKS_MAX
    assert json.loads(outcome.events[0].attributes) == {
        "otel.dropped_events_count": 5,
        "otel.dropped_links_count": 1,
    }
    assert outcome.rejected_count == 0
    assert outcome.message == (
        f"span {SPAN_ID.hex()} 'work': 2 of its events are dropped; {MOMENTS_MAX} are kept; "
        f"span {SPAN_ID.hex()} 'work': 1 of its links are dropped; {LINKS_MAX} are kept"
    )


def test_a_span_that_says_nothing_of_its_outcome_is_well() -> None:
    assert [one(span(status=status)).status for status in (None, (0, ""), (1, ""), (2, ""), (7, ""))] == [
        EventStatus.OK,
        EventStatus.OK,
        EventStatus.OK,
        EventStatus.ERROR,
        EventStatus.OK,
    ]


def test_an_evaluation_in_a_span_is_a_score() -> None:
    judged = {
        "gen_ai.evaluation.name": "relevance",
        "gen_ai.evaluation.score.value": -0.5,
        "gen_ai.evaluation.score.label": "poor",
        "gen_ai.evaluation.explanation": "It misses the point.",
        "gen_ai.conversation.id": "c-1",
    }

    outcome = read(span(events=[moment("gen_ai.evaluation.result", judged)]))

    at = START_NS + SECOND_NS // 2
    assert outcome.scores == [
        Score(
            id=RECEIVER.names.content(at, b"score", TRACE_ID, SPAN_ID, b"relevance"),
            name="relevance",
            value=-0.5,
            label="poor",
            comment="It misses the point.",
            trace_id=TRACE_ID.hex(),
            span_id=SPAN_ID.hex(),
            session_id="c-1",
            create_ns=at,
        )
    ]


@pytest.mark.parametrize(
    "judged",
    [
        {"gen_ai.evaluation.name": "relevance"},
        {"gen_ai.evaluation.name": "", "gen_ai.evaluation.score.value": 1.0},
        {"gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.score.value": True},
        {"gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.score.value": float("nan")},
        {"gen_ai.evaluation.score.value": 1.0},
    ],
)
def test_an_evaluation_without_a_name_or_a_result_is_no_score(judged: dict[str, object]) -> None:
    assert read(span(judged)).scores == []
