"""Circuit breakers as functions of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from timeloom_workflows.breakers import Breaker, BreakerPolicy, after_failure

START = datetime(2026, 11, 1, tzinfo=UTC)
POLICY = BreakerPolicy(
    name="mail", failures_max=3, window=timedelta(minutes=1), open_for=timedelta(seconds=30)
)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def after(*seconds: float) -> Breaker:
    breaker: Breaker | None = None
    for each in seconds:
        breaker = after_failure(breaker, POLICY, at(each))
    assert breaker is not None
    return breaker


def test_it_opens_with_one_failure_too_many_within_the_window() -> None:
    assert after(0, 10).open_until is None
    assert after(0, 10, 59).open_until == at(89)


def test_failures_that_lie_further_apart_do_not_open_it() -> None:
    assert after(0, 30, 60, 90).open_until is None


def test_a_call_that_began_before_it_opened_does_not_keep_it_open() -> None:
    assert after(0, 1, 2, 20) == after(0, 1, 2)


def test_there_is_one_trial_at_a_time_and_its_failure_opens_it_again() -> None:
    breaker = after(0, 1, 2)
    assert breaker.seconds_to_wait(at(2)) == 30
    assert breaker.seconds_to_wait(at(32)) == 0
    trial = breaker.tried(at(32), lasts=timedelta(seconds=10))
    assert trial.seconds_to_wait(at(33)) == 9
    assert trial.seconds_to_wait(at(42)) == 0
    assert after_failure(trial, POLICY, at(40)).seconds_to_wait(at(40)) == 30


def test_one_that_is_closed_makes_nobody_wait() -> None:
    assert after(0, 1).seconds_to_wait(at(1)) == 0
