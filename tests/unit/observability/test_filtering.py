"""The conditions that a filter means, and those that it cannot mean."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from timeloom.observability.v1 import observability_pb2 as pb
from timeloom_observability.filtering import conditions_of, first_id_at
from timeloom_observability.ids import Names
from timeloom_platform.errors import InvalidFieldError

PROJECT = UUID(int=1)

NANOSECONDS = st.integers(min_value=0, max_value=1 << 62)


def _where(**fields: Any) -> str:
    return conditions_of(PROJECT, pb.EventFilter(**fields)).where


def test_an_empty_filter_means_all_events_of_the_project() -> None:
    conditions = conditions_of(PROJECT, pb.EventFilter())

    assert (conditions.where, conditions.arguments) == ("events.project_id = $1", [PROJECT])


@pytest.mark.parametrize(
    ("fields", "needed"),
    [
        ({"agent_ids": ["a"]}, "events.agent_id = $2 AND events.agent_id <> ''"),
        ({"models": ["b", "a"]}, "events.model = ANY ($2::text []) AND events.model <> ''"),
        ({"session_id": "s"}, "events.session_id = $2 AND events.session_id <> ''"),
        ({"error_types": ["a"]}, "events.error_type = $2 AND events.error_type <> ''"),
        ({"types": [3]}, "events.type = $2 AND events.type <> 1"),
        ({"severity_min": 5}, "events.severity >= 4 AND events.severity >= $2"),
        ({"statuses": [2, 2]}, "events.status = 2"),
        ({"roots_only": True}, "events.type = 1 AND events.parent_span_id IS NULL"),
    ],
)
def test_conditions_say_what_partial_indexes_are_made_for(fields: dict[str, Any], needed: str) -> None:
    assert _where(**fields) == f"events.project_id = $1 AND {needed}"


def test_events_without_an_agent_are_not_left_out_when_they_are_asked_for() -> None:
    assert "<> ''" not in _where(agent_ids=["", "a"])


@given(start_ns=NANOSECONDS, bound_ns=NANOSECONDS)
def test_bounds_of_time_are_bounds_of_ids(start_ns: int, bound_ns: int) -> None:
    event_id = Names(PROJECT).span(start_ns, bytes(16), bytes(8))
    bound = Timestamp(seconds=bound_ns // 10**9, nanos=bound_ns % 10**9)

    _, least, _ = conditions_of(PROJECT, pb.EventFilter(started_after=bound)).arguments
    _, end, _ = conditions_of(PROJECT, pb.EventFilter(started_before=bound)).arguments

    assert isinstance(least, UUID)
    assert isinstance(end, UUID)
    kept_ns = start_ns // 1_000 * 1_000
    assert event_id >= least or kept_ns < bound_ns
    assert event_id < end or kept_ns >= bound_ns


@given(duration_ns=NANOSECONDS, bound_ns=st.integers(min_value=1, max_value=1 << 62))
def test_durations_are_compared_as_they_are_told(duration_ns: int, bound_ns: int) -> None:
    bound_ms = bound_ns / 10**6

    _, least = conditions_of(PROJECT, pb.EventFilter(duration_ms_min=bound_ms)).arguments

    assert isinstance(least, int)
    assert (duration_ns >= least) == (duration_ns / 10**6 >= bound_ms)


@pytest.mark.parametrize("duration_ms", [1e300, math.inf])
def test_no_duration_is_too_long_to_be_asked_for(duration_ms: float) -> None:
    assert conditions_of(PROJECT, pb.EventFilter(duration_ms_min=duration_ms)).arguments[1] == (1 << 63) - 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"started_after": Timestamp(seconds=5), "started_before": Timestamp(seconds=5)}, "startedBefore"),
        ({"started_after": Timestamp(seconds=1 << 60)}, "startedAfter"),
        ({"started_before": Timestamp(nanos=-1)}, "startedBefore"),
        ({"duration_ms_min": -1.0}, "durationMsMin"),
        ({"duration_ms_max": math.nan}, "durationMsMax"),
        ({"duration_ms_min": 2.0, "duration_ms_max": 2.0}, "durationMsMax"),
        ({"attributes": ["a=b", "no"]}, "attributes[1]"),
        ({"attributes": ["=b"]}, "attributes[0]"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidFieldError) as refused:
        conditions_of(PROJECT, pb.EventFilter(**fields), path="rule.filter")

    assert [violation.field for violation in refused.value.violations] == [f"rule.filter.{field}"]


@pytest.mark.parametrize("year", [1, 1969, 9999])
def test_times_far_away_have_ids(year: int) -> None:
    time = datetime(year, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    bound = Timestamp()
    bound.FromDatetime(time)

    conditions = conditions_of(PROJECT, pb.EventFilter(started_before=bound))

    end = conditions.arguments[1]
    assert isinstance(end, UUID)
    assert end >= first_id_at(time)
