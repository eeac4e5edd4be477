"""When a step is tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_workflows.model import Failure
from timeloom_workflows.retries import ONCE, RetryPolicy, is_tried_again, wait_after

FAILURE = Failure(type="HttpError", message="503")
policies = st.builds(
    RetryPolicy,
    max_attempts=st.integers(1, 1000),
    initial_interval=st.timedeltas(timedelta(milliseconds=1), timedelta(days=1)),
    backoff=st.floats(1, 100),
    max_interval=st.timedeltas(timedelta(milliseconds=1), timedelta(days=30)),
    jitter=st.floats(0, 1),
)


def test_waits_double_from_a_second_up_to_the_longest() -> None:
    policy = RetryPolicy(jitter=0, max_interval=timedelta(seconds=5))
    waits = [wait_after(policy, attempt=attempt, seed="a").total_seconds() for attempt in range(1, 6)]
    assert waits == [1, 2, 4, 5, 5]


@given(policy=policies, attempt=st.integers(1, 1000), seed=st.text())
def test_a_wait_lies_within_its_policy(policy: RetryPolicy, attempt: int, seed: str) -> None:
    wait = wait_after(policy, attempt=attempt, seed=seed)
    assert timedelta() <= wait <= policy.max_interval
    assert wait == wait_after(policy, attempt=attempt, seed=seed)


def test_steps_that_failed_together_do_not_come_back_together() -> None:
    policy = RetryPolicy(jitter=0.5)
    waits = {wait_after(policy, attempt=1, seed=f"execution/each[{place}]") for place in range(100)}
    assert len(waits) == 100
    assert max(waits) - min(waits) > timedelta(seconds=0.4)


def test_the_other_side_may_ask_for_a_longer_wait() -> None:
    policy = RetryPolicy(max_interval=timedelta(seconds=2))
    assert wait_after(policy, attempt=1, seed="a", retry_after_seconds=30) == timedelta(seconds=30)
    assert wait_after(policy, attempt=9, seed="a", retry_after_seconds=0.5) > timedelta(seconds=1)


@pytest.mark.parametrize(
    ("policy", "failure", "attempt"),
    [
        (RetryPolicy(), FAILURE, 4),
        (ONCE, FAILURE, 1),
        (RetryPolicy(final_errors=("HttpError",)), FAILURE, 1),
        (RetryPolicy(), Failure(type="HttpError", is_final=True), 1),
    ],
)
def test_no_other_try_follows(policy: RetryPolicy, failure: Failure, attempt: int) -> None:
    assert not is_tried_again(policy, failure, attempt=attempt)


@pytest.mark.parametrize("policy", [RetryPolicy(), RetryPolicy(final_errors=("OtherError",))])
def test_another_try_follows(policy: RetryPolicy) -> None:
    assert is_tried_again(policy, FAILURE, attempt=3)
