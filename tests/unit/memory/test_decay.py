"""Decay: falls with time, rises with use, and never leaves its bounds."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_memory.upkeep.decay import (
    BOOST_MAX,
    RECENT_USES_MAX,
    DecayModel,
    DecayPolicy,
    Usage,
    base_level,
    boost,
    retention,
)

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
models = st.sampled_from(DecayModel)
days = st.floats(min_value=0, max_value=3650)


def after(number: float) -> datetime:
    return BEGINNING + timedelta(days=number)


def used(at: list[float], *, earlier: int = 0) -> Usage:
    times = [after(day) for day in sorted(at)]
    kept = times[-RECENT_USES_MAX:]
    return Usage(create_time=BEGINNING, access_count=len(times) + earlier, recent=kept)


@st.composite
def usages(draw: st.DrawFn) -> tuple[Usage, float]:
    """A usage, and the day of its last use."""
    uses = draw(st.lists(days, max_size=14))
    return used(uses), max(uses, default=0.0)


@given(usages(), days, days, models)
def test_a_memory_that_is_not_used_fades(
    used_until: tuple[Usage, float], first: float, second: float, model: DecayModel
) -> None:
    usage, last = used_until
    policy = DecayPolicy(model=model)
    sooner, later = sorted((last + first, last + second))
    assert retention(usage, after(later), policy) <= retention(usage, after(sooner), policy) + 1e-12


@given(st.lists(days, max_size=RECENT_USES_MAX - 1), days, days, models)
def test_a_use_never_makes_a_memory_fade(
    uses: list[float], pause: float, wait: float, model: DecayModel
) -> None:
    policy = DecayPolicy(model=model)
    again = max(uses, default=0.0) + pause
    now = after(again + wait)
    assert retention(used([*uses, again]), now, policy) >= retention(used(uses), now, policy) - 1e-12


@given(st.lists(days, min_size=RECENT_USES_MAX, max_size=40), days, days)
def test_by_the_base_level_no_use_makes_a_memory_fade_even_where_earlier_ones_are_approximated(
    uses: list[float], pause: float, wait: float
) -> None:
    again = max(uses) + pause
    now = after(again + wait)
    assert base_level(used([*uses, again]), now) >= base_level(used(uses), now) - 1e-9


@given(usages(), days, models, st.floats(min_value=0, max_value=1))
def test_what_is_recalled_is_a_probability_and_its_boost_is_bounded(
    used_until: tuple[Usage, float], wait: float, model: DecayModel, weight: float
) -> None:
    usage, last = used_until
    recalled = retention(usage, after(last + wait), DecayPolicy(model=model))
    assert 0.0 <= recalled <= 1.0
    assert abs(boost(recalled, weight=weight) - 1.0) <= weight / 2 + 1e-12
    assert abs(boost(recalled) - 1.0) <= BOOST_MAX / 2 + 1e-12


@given(usages(), models)
def test_a_clock_that_stands_before_the_last_use_does_no_harm(
    used_until: tuple[Usage, float], model: DecayModel
) -> None:
    usage, _ = used_until
    assert 0.0 <= retention(usage, BEGINNING - timedelta(days=1), DecayPolicy(model=model)) <= 1.0


def test_the_base_level_is_the_sum_of_anderson_and_schooler() -> None:
    usage = used([10.0, 25.0])
    ages = (30.0, 20.0, 5.0)
    assert base_level(usage, after(30)) == pytest.approx(math.log(sum(age**-0.5 for age in ages)))


def test_earlier_uses_are_approximated_closely() -> None:
    uses = [float(day) for day in range(2, 400, 2)]
    exact = math.log(sum((400 - day) ** -0.5 for day in (0.0, *uses)))
    assert base_level(used(uses), after(400)) == pytest.approx(exact, abs=0.02)


def test_fsrs_keeps_its_definition_nine_of_ten_at_the_stability() -> None:
    policy = DecayPolicy(model=DecayModel.FSRS)
    assert retention(used([]), after(3.7145), policy) == pytest.approx(0.9)


def test_fsrs_remembers_longer_what_was_used_in_intervals() -> None:
    policy = DecayPolicy(model=DecayModel.FSRS)
    crammed, spaced = used([0.1, 0.2, 0.3, 20.0]), used([5.0, 10.0, 15.0, 20.0])
    assert retention(spaced, after(120), policy) > retention(crammed, after(120), policy)


def test_an_exponential_memory_is_half_forgotten_after_its_half_life() -> None:
    policy = DecayPolicy(model=DecayModel.EXPONENTIAL, half_life_days=10)
    assert retention(used([4.0]), after(14), policy) == pytest.approx(0.5)


def test_by_act_r_what_was_never_used_is_recalled_half_of_the_time_after_a_month() -> None:
    assert retention(used([]), after(30), DecayPolicy()) == pytest.approx(0.5)
