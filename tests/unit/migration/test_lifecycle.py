"""The statuses of migrations: from everywhere something leads on, and progress keeps its word."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_migration import lifecycle
from timeloom_migration.lifecycle import ENDED, WORKING, Command, Goal, Phase, Status, allows

PHASES = st.sampled_from([each for each in Phase if each is not Phase.NOTHING])
GOALS = st.sampled_from([Goal.PLAN, Goal.MIGRATE])


@pytest.mark.parametrize("status", Status)
def test_every_status_takes_some_command(status: Status) -> None:
    assert any(allows(status, command) for command in Command)


@pytest.mark.parametrize("status", Status)
def test_what_works_is_not_deleted_and_what_does_not_is_not_paused(status: Status) -> None:
    assert allows(status, Command.DELETE) is (status not in WORKING)
    assert allows(status, Command.PAUSE) is (status in WORKING or status is Status.PAUSED)


def test_a_phase_of_nothing_has_no_work() -> None:
    with pytest.raises(ValueError, match="nothing is done"):
        lifecycle.working(Phase.NOTHING)


@given(phase=PHASES, goal=GOALS, conflicts=st.booleans(), sound=st.booleans())
def test_the_status_says_whether_a_phase_follows(
    *, phase: Phase, goal: Goal, conflicts: bool, sound: bool
) -> None:
    status, following = lifecycle.after(phase, goal, has_open_conflicts=conflicts, is_sound=sound)
    if following is Phase.NOTHING:
        assert status not in WORKING
    else:
        assert status is lifecycle.working(following)


@given(phase=PHASES, goal=GOALS, conflicts=st.booleans(), sound=st.booleans())
def test_work_comes_to_rest(*, phase: Phase, goal: Goal, conflicts: bool, sound: bool) -> None:
    status = lifecycle.working(phase)
    for _ in Phase:
        if phase is Phase.NOTHING:
            break
        status, phase = lifecycle.after(phase, goal, has_open_conflicts=conflicts, is_sound=sound)
    assert phase is Phase.NOTHING
    assert status in ENDED | {Status.PLANNED, Status.WAITING}


@given(
    count=st.integers(0, 50),
    steps=st.lists(
        st.tuples(
            st.sampled_from([Phase.READING, Phase.MATCHING, Phase.WRITING, Phase.VERIFYING]),
            st.integers(0, 60),
        ),
        max_size=30,
    ),
)
def test_progress_never_falls_and_is_a_share(count: int, steps: list[tuple[Phase, int]]) -> None:
    seen = [lifecycle.uploaded(count, count)]
    for phase, done in steps:
        seen.append(lifecycle.progress(phase, done=done, count=count, before=seen[-1]))
    assert all(0 <= before <= after <= 1 for before, after in pairwise(seen))


@given(count=st.integers(0, 50), before=st.floats(0, 1))
def test_progress_ends_at_one_and_a_rollback_at_zero(count: int, before: float) -> None:
    assert lifecycle.progress(Phase.VERIFYING, done=count, count=count, before=before) == 1.0
    assert lifecycle.progress(Phase.RESTORING, done=count, count=count, before=before) == 0.0


@given(before=st.floats(0, 1), done=st.lists(st.integers(0, 20), max_size=10))
def test_progress_only_falls_while_it_is_rolled_back(before: float, done: list[int]) -> None:
    seen = [before]
    for each in sorted(done):
        seen.append(lifecycle.progress(Phase.RESTORING, done=each, count=20, before=seen[-1]))
    assert seen == sorted(seen, reverse=True)
