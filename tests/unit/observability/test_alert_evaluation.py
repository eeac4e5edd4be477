"""What a check comes to: which alerts there are then, and of which somebody is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from timeloom_observability.alerts import limits
from timeloom_observability.alerts.backtests import check_times
from timeloom_observability.alerts.evaluating import ended, evaluate
from timeloom_observability.alerts.machine import Reading
from timeloom_observability.alerts.model import (
    Alert,
    AlertStatus,
    Comparison,
    Condition,
    Group,
    Measured,
    Measurement,
    Rule,
)
from timeloom_observability.alerts.readings import readings

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RULE = Rule(
    id=UUID(int=1),
    name="costs",
    enabled=True,
    metric=15,
    group_by=("user_id",),
    window_seconds=60,
    comparison=Comparison.ABOVE,
    threshold=10,
    severity=5,
)
NOTHING = Measured(value=0, event_count=0)


def numbered() -> Callable[[], UUID]:
    numbers = iter(range(1_000, 100_000))
    return lambda: UUID(int=next(numbers))


def found(values: Mapping[str, float]) -> Mapping[Group, Reading]:
    return {(user,): Reading(now=Measured(value=value, event_count=1)) for user, value in values.items()}


def alert(user: str, status: AlertStatus = AlertStatus.FIRING, value: float = 11) -> Alert:
    return Alert(
        id=UUID(int=2),
        rule_id=RULE.id,
        rule_name="costs",
        status=status,
        severity=5,
        group=(user,),
        value=value,
        last_value=value,
        threshold=10,
        pending_time=NOW,
        fire_time=NOW if status is AlertStatus.FIRING else None,
        seen_time=NOW,
    )


def test_each_group_has_an_alert_of_its_own() -> None:
    outcome = evaluate(RULE, [], found({"ann": 11, "bob": 9, "eve": 12}), now=NOW, new_id=numbered())
    assert [(each.group, each.status, each.value) for each in outcome.told] == [
        (("ann",), AlertStatus.FIRING, 11),
        (("eve",), AlertStatus.FIRING, 12),
    ]
    assert outcome.kept == outcome.told


def test_an_alert_that_goes_on_is_told_nobody_and_keeps_what_it_fired_with() -> None:
    outcome = evaluate(
        RULE, [alert("ann")], found({"ann": 20}), now=NOW + timedelta(seconds=10), new_id=numbered()
    )
    assert outcome.told == []
    assert [(each.id, each.value, each.last_value) for each in outcome.kept] == [(UUID(int=2), 11, 20)]


def test_what_has_not_changed_is_not_written() -> None:
    outcome = evaluate(
        RULE, [alert("ann")], found({"ann": 11}), now=NOW + timedelta(seconds=10), new_id=numbered()
    )
    assert (outcome.kept, outcome.dropped, outcome.told) == ([], [], [])


def test_when_a_group_was_seen_is_written_now_and_then() -> None:
    later = NOW + limits.SEEN_EVERY
    outcome = evaluate(RULE, [alert("ann")], found({"ann": 11}), now=later, new_id=numbered())
    assert [each.seen_time for each in outcome.kept] == [later]


def test_alerts_are_not_more_than_a_rule_may_have() -> None:
    users = {f"user {number}": 11.0 for number in range(limits.OPEN_ALERTS_MAX + 3)}
    outcome = evaluate(RULE, [], found(users), now=NOW, new_id=numbered())
    assert (len(outcome.kept), outcome.left_out) == (limits.OPEN_ALERTS_MAX, 3)


def test_alerts_that_nobody_checks_any_more_are_over() -> None:
    firing, pending = alert("ann"), alert("bob", AlertStatus.PENDING)
    outcome = ended([firing, pending], now=NOW)
    assert [(each.group, each.status, each.resolve_time) for each in outcome.told] == [
        (("ann",), AlertStatus.RESOLVED, NOW)
    ]
    assert outcome.dropped == [pending]


def test_a_group_that_is_missing_among_all_groups_came_to_nothing() -> None:
    known = readings(RULE.condition, Measurement(groups={}, empty=NOTHING), None, [("ann",)])
    assert known == {("ann",): Reading(now=NOTHING)}


def test_nothing_is_known_of_a_group_that_is_missing_among_some() -> None:
    some = Measurement(groups={}, empty=NOTHING, is_whole=False)
    assert readings(RULE.condition, some, None, [("ann",)]) == {("ann",): None}


def test_a_group_that_was_there_before_is_compared_with_what_it_was() -> None:
    falls = Condition(comparison=Comparison.FALLS_BY, threshold=0.5, is_grouped=True)
    before = Measurement(groups={("ann",): Measured(value=8, event_count=4)}, empty=NOTHING)
    known = readings(falls, Measurement(groups={}, empty=NOTHING), before, [])
    assert known == {("ann",): Reading(now=NOTHING, before=before.groups["ann",])}


def test_a_rule_without_groups_is_held_against_nothing_too() -> None:
    whole = Condition(comparison=Comparison.BELOW, threshold=1)
    known = readings(whole, Measurement(groups={}, empty=NOTHING), None, [])
    assert known == {(): Reading(now=NOTHING)}


@pytest.mark.parametrize(
    ("window_seconds", "seconds"), [(60, 10), (600, 10), (3_600, 60), (86_400, 600), (2_592_000, 600)]
)
def test_the_further_back_a_rule_looks_the_less_often_it_is_checked(
    window_seconds: int, seconds: int
) -> None:
    assert limits.check_interval_seconds(window_seconds) == seconds


@pytest.mark.parametrize(
    ("span", "count"),
    [(timedelta(minutes=10), 61), (limits.BACKTEST_TIME_MAX, limits.BACKTEST_CHECKS_MAX + 1)],
)
def test_the_past_is_checked_as_often_as_it_would_have_been_up_to_a_bound(
    span: timedelta, count: int
) -> None:
    times = check_times(60, NOW - span, NOW)
    assert (len(times), times[0], times[-1]) == (count, NOW - span, NOW)


def test_deliveries_wait_twice_as_long_each_time() -> None:
    waits = [limits.delivery_wait_seconds(count) for count in range(1, limits.DELIVERY_ATTEMPTS_MAX + 1)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 600, 600, 600, 600, 600]
