"""Which events a filter means."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from timeloom.observability.v1.observability_pb2 import (
    Event,
    EventFilter,
    EventKind,
    EventStatus,
    EventType,
    Severity,
)
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.event_filters import matcher, require_live

EXECUTION = "018f0000-0000-7000-8000-000000000001"
EVENT = Event(
    type=EventType.EVENT_TYPE_SPAN,
    kind=EventKind.EVENT_KIND_LLM,
    name="chat gpt-4o",
    status=EventStatus.EVENT_STATUS_ERROR,
    severity=Severity.SEVERITY_ERROR,
    message="Rate limit reached",
    error_type="RateLimitError",
    trace_id="ab" * 16,
    execution_id=EXECUTION,
    session_id="s-1",
    user_id="ada",
    agent_id="weather",
    model="gpt-4o",
    provider="openai",
    tool_name="search",
    service_name="shop",
    tags=["prod", "eu"],
    start_time=Timestamp(seconds=100, nanos=500),
    duration_ms=250.0,
    input_preview="Weather in Zürich?",
    output_preview="none",
    attributes=b'{"http.status": 429, "flag": true, "name": "x=y", "gone": null, "share": 0.5}',
)

MET: list[dict[str, Any]] = [
    {"types": [EventType.EVENT_TYPE_LOG, EventType.EVENT_TYPE_SPAN]},
    {"kinds": [EventKind.EVENT_KIND_LLM]},
    {"statuses": [EventStatus.EVENT_STATUS_ERROR]},
    {"severity_min": Severity.SEVERITY_ERROR},
    {"severity_min": Severity.SEVERITY_DEBUG},
    {"names": ["x", "chat gpt-4o"]},
    {"agent_ids": ["weather"]},
    {"models": ["gpt-4o"]},
    {"providers": ["openai"]},
    {"tool_names": ["search"]},
    {"service_names": ["shop"]},
    {"error_types": ["RateLimitError"]},
    {"trace_id": "ab" * 16},
    {"execution_id": EXECUTION},
    {"session_id": "s-1"},
    {"user_id": "ada"},
    {"tags": ["eu", "prod"]},
    {"roots_only": True},
    {"started_after": Timestamp(seconds=100, nanos=500)},
    {"started_before": Timestamp(seconds=100, nanos=501)},
    {"duration_ms_min": 250.0},
    {"duration_ms_max": 250.1},
    {"attributes": ["http.status=429", "flag=true", "name=x=y", "share=0.5"]},
    {"words": "RATE zürich, chat"},
    {"words": " ,"},
    {},
]
MISSED: list[dict[str, Any]] = [
    {"types": [EventType.EVENT_TYPE_LOG]},
    {"kinds": [EventKind.EVENT_KIND_TOOL, EventKind.EVENT_KIND_AGENT]},
    {"statuses": [EventStatus.EVENT_STATUS_OK]},
    {"severity_min": Severity.SEVERITY_FATAL},
    {"names": ["chat"]},
    {"agent_ids": ["other"]},
    {"models": ["gpt-4o-mini"]},
    {"providers": ["anthropic"]},
    {"tool_names": ["find"]},
    {"service_names": ["bank"]},
    {"error_types": ["ValueError"]},
    {"trace_id": "cd" * 16},
    {"execution_id": EXECUTION[:-1] + "2"},
    {"session_id": "s-2"},
    {"user_id": "bob"},
    {"tags": ["prod", "us"]},
    {"started_after": Timestamp(seconds=100, nanos=501)},
    {"started_before": Timestamp(seconds=100, nanos=500)},
    {"duration_ms_min": 250.1},
    {"duration_ms_max": 250.0},
    {"attributes": ["http.status=429", "flag=false"]},
    {"attributes": ["gone=null"]},
    {"attributes": ["absent="]},
    {"words": "rate limits"},
]


@pytest.mark.parametrize("fields", MET)
def test_a_filter_means_the_events_that_meet_it(fields: dict[str, Any]) -> None:
    assert matcher(EventFilter(**fields))(EVENT)


@pytest.mark.parametrize("fields", MISSED)
def test_a_filter_does_not_mean_the_others(fields: dict[str, Any]) -> None:
    assert not matcher(EventFilter(**fields))(EVENT)


@given(st.lists(st.sampled_from(MET), max_size=5), st.sampled_from(MISSED))
def test_all_that_is_asked_must_hold(met: list[dict[str, Any]], missed: dict[str, Any]) -> None:
    wanted: dict[str, Any] = {}
    for fields in met:
        wanted |= fields

    assert matcher(EventFilter(**wanted))(EVENT)
    assert not matcher(EventFilter(**(wanted | missed)))(EVENT)


def test_every_field_of_a_filter_is_held_against_events() -> None:
    asked = {name for fields in MISSED for name in fields} | {"roots_only"}

    assert asked == {field.name for field in EventFilter.DESCRIPTOR.fields}


@pytest.mark.parametrize("fields", [{"parent_span_id": "ab" * 8}, {"type": EventType.EVENT_TYPE_SPAN_EVENT}])
def test_a_root_is_a_span_without_a_parent(fields: dict[str, Any]) -> None:
    event = Event()
    event.CopyFrom(EVENT)
    event.MergeFrom(Event(**fields))

    assert not matcher(EventFilter(roots_only=True))(event)


def test_an_event_that_is_told_without_attributes_has_none() -> None:
    assert not matcher(EventFilter(attributes=["a=b"]))(Event())


def test_attributes_cannot_be_followed_live() -> None:
    require_live(EventFilter(models=["m"]))
    with pytest.raises(InvalidFieldError, match=r"filter\.attributes cannot be followed live"):
        require_live(EventFilter(attributes=["a=b"]))
