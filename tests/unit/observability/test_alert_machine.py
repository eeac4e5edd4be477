"""Alerts fire once and are resolved once, whatever is measured and whenever somebody looks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_observability.alerts.limits import VANISHED_AFTER
from timeloom_observability.alerts.machine import Move, Reading, Standing, Verdict, move, verdict
from timeloom_observability.alerts.model import AlertStatus, Comparison, Condition, Measured

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ABOVE = Condition(comparison=Comparison.ABOVE, threshold=10, recovery_threshold=5)

Look = tuple[float, float | None]
"""Seconds since the look before, and what was measured."""


def reading(value: float | None, *, events: int = 100, before: float | None = None) -> Reading:
    return Reading(
        now=Measured(value=value, event_count=events),
        before=None if before is None else Measured(value=before, event_count=100),
    )


def moves(condition: Condition, looks: Sequence[Look]) -> list[tuple[datetime, Move]]:
    """Returns what becomes of a group's alerts, without what stays as it is."""
    standing: Standing | None = None
    now, made = NOW, list[tuple[datetime, Move]]()
    for seconds, value in looks:
        now += timedelta(seconds=seconds)
        found = move(condition, standing, reading(value), now)
        standing = after(standing, found, now)
        if found is not Move.STAY:
            made.append((now, found))
    return made


def after(standing: Standing | None, made: Move, now: datetime) -> Standing | None:
    """Returns an alert after a move, as it is kept."""
    if made in (Move.RESOLVE, Move.DROP):
        return None
    if made is Move.STAY:
        return standing
    status = AlertStatus.PENDING if made is Move.BEGIN else AlertStatus.FIRING
    pending_time = now if standing is None else standing.pending_time
    return Standing(status=status, pending_time=pending_time, seen_time=now)


values = st.one_of(
    st.none(), st.sampled_from([0.0, 4.9, 5.0, 5.1, 9.9, 10.0, 10.1, 50.0, math.nan, math.inf])
)
looks = st.lists(st.tuples(st.sampled_from([0.0, 1.0, 30.0, 61.0, 600.0]), values), max_size=40)
conditions = st.builds(
    Condition,
    comparison=st.sampled_from([Comparison.ABOVE, Comparison.BELOW]),
    threshold=st.just(10.0),
    for_seconds=st.sampled_from([0, 30, 60]),
)


@given(condition=conditions, looks=looks)
def test_what_fires_has_not_fired_since_it_was_resolved(condition: Condition, looks: list[Look]) -> None:
    told = [each for _, each in moves(condition, looks) if each in (Move.FIRE, Move.RESOLVE)]
    assert told[::2] == [Move.FIRE] * ((len(told) + 1) // 2)
    assert told[1::2] == [Move.RESOLVE] * (len(told) // 2)


@given(looks=looks)
def test_it_fires_and_is_resolved_with_every_crossing_of_both_thresholds(looks: list[Look]) -> None:
    sides = [
        value > 10
        for _, value in looks
        if value is not None and not math.isnan(value) and (value > 10 or value <= 5)
    ]
    crossings = sum(side is not before for before, side in zip([False, *sides], sides, strict=False))
    assert len(moves(ABOVE, looks)) == crossings


@given(condition=conditions, looks=looks, data=st.data())
def test_whoever_looks_less_often_sees_no_more_episodes(
    condition: Condition, looks: list[Look], data: st.DataObject
) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=len(looks), max_size=len(looks)))
    fewer, waited = list[Look](), 0.0
    for (seconds, value), is_kept in zip(looks, kept, strict=True):
        waited += seconds
        if is_kept:
            fewer.append((waited, value))
            waited = 0.0
    # Without a time to wait for: whoever looks less often may take for steady what was interrupted.
    at_once = Condition(comparison=condition.comparison, threshold=condition.threshold)
    fires = [each for _, each in moves(at_once, looks) if each is Move.FIRE]
    assert len([each for _, each in moves(at_once, fewer) if each is Move.FIRE]) <= len(fires)


@given(condition=conditions, looks=looks)
def test_to_look_twice_is_to_look_once(condition: Condition, looks: list[Look]) -> None:
    twice = [look for seconds, value in looks for look in ((seconds, value), (0.0, value))]
    assert moves(condition, twice) == moves(condition, looks)


@given(condition=conditions, looks=looks)
def test_it_fires_when_it_has_held_for_its_time_and_not_before(
    condition: Condition, looks: list[Look]
) -> None:
    begun: datetime | None = None
    for time, made in moves(condition, looks):
        if made is Move.BEGIN:
            begun = time
        elif made is Move.FIRE:
            assert time - (begun or time) >= timedelta(seconds=condition.for_seconds)
            begun = None


@given(seconds=st.lists(st.sampled_from([1.0, 30.0, 61.0]), min_size=1, max_size=20))
def test_what_goes_on_holding_fires_as_soon_as_somebody_looks_after_its_time(seconds: list[float]) -> None:
    steady = Condition(comparison=Comparison.ABOVE, threshold=10, for_seconds=60)
    waits = [sum(seconds[1 : count + 1]) for count in range(len(seconds))]
    late = next((wait for wait in waits if wait >= 60), None)
    made = moves(steady, [(each, 50.0) for each in seconds])
    begun = NOW + timedelta(seconds=seconds[0])
    fires = [] if late is None else [(begun + timedelta(seconds=late), Move.FIRE)]
    assert made == [(begun, Move.BEGIN), *fires]


@pytest.mark.parametrize(
    ("condition", "found", "expected"),
    [
        (ABOVE, reading(10.1), Verdict.HOLDS),
        (ABOVE, reading(10), Verdict.BETWEEN),
        (ABOVE, reading(5.1), Verdict.BETWEEN),
        (ABOVE, reading(5), Verdict.OVER),
        (ABOVE, reading(None), Verdict.UNKNOWN),
        (ABOVE, reading(math.nan), Verdict.UNKNOWN),
        (ABOVE, None, Verdict.UNKNOWN),
        (Condition(comparison=Comparison.ABOVE, threshold=10), reading(10), Verdict.OVER),
        (Condition(comparison=Comparison.BELOW, threshold=10), reading(9.9), Verdict.HOLDS),
        (Condition(comparison=Comparison.BELOW, threshold=10), reading(10), Verdict.OVER),
        (
            Condition(comparison=Comparison.BELOW, threshold=10, recovery_threshold=12),
            reading(11),
            Verdict.BETWEEN,
        ),
        (
            Condition(comparison=Comparison.ABOVE, threshold=10, event_count_min=101),
            reading(11),
            Verdict.UNKNOWN,
        ),
        (
            Condition(comparison=Comparison.ABOVE, threshold=10, event_count_min=100),
            reading(11),
            Verdict.HOLDS,
        ),
        (Condition(comparison=Comparison.RISES_BY, threshold=0.5), reading(16, before=10), Verdict.HOLDS),
        (Condition(comparison=Comparison.RISES_BY, threshold=0.5), reading(15, before=10), Verdict.OVER),
        (Condition(comparison=Comparison.RISES_BY, threshold=0.5), reading(16), Verdict.UNKNOWN),
        (Condition(comparison=Comparison.RISES_BY, threshold=0.5), reading(1, before=0), Verdict.HOLDS),
        (Condition(comparison=Comparison.RISES_BY, threshold=0.5), reading(0, before=0), Verdict.OVER),
        (Condition(comparison=Comparison.FALLS_BY, threshold=0.5), reading(4, before=10), Verdict.HOLDS),
        (Condition(comparison=Comparison.FALLS_BY, threshold=0.5), reading(5, before=10), Verdict.OVER),
        (
            Condition(comparison=Comparison.FALLS_BY, threshold=0.5, event_count_min=10),
            reading(0, events=0, before=10),
            Verdict.HOLDS,
        ),
    ],
)
def test_a_metric_is_held_against_a_condition(
    condition: Condition, found: Reading | None, expected: Verdict
) -> None:
    assert verdict(condition, found) is expected


@pytest.mark.parametrize(
    ("status", "expected"), [(AlertStatus.FIRING, Move.RESOLVE), (AlertStatus.PENDING, Move.DROP)]
)
@pytest.mark.parametrize("found", [None, reading(None, events=0)])
def test_an_alert_whose_group_has_vanished_is_over_after_a_while(
    status: AlertStatus, expected: Move, found: Reading | None
) -> None:
    grouped = Condition(comparison=Comparison.ABOVE, threshold=10, is_grouped=True)
    standing = Standing(status=status, pending_time=NOW, seen_time=NOW)
    almost = NOW + VANISHED_AFTER - timedelta(microseconds=1)
    assert move(grouped, standing, found, almost) is Move.STAY
    assert move(grouped, standing, found, NOW + VANISHED_AFTER) is expected


def test_silence_that_a_rule_waits_for_goes_on_firing() -> None:
    silence = Condition(comparison=Comparison.BELOW, threshold=1)
    standing = Standing(status=AlertStatus.FIRING, pending_time=NOW, seen_time=NOW)
    assert move(silence, standing, reading(0, events=0), NOW + 2 * VANISHED_AFTER) is Move.STAY
