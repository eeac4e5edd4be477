"""Which steps an execution keeps when it goes back."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_platform.errors import InvalidFieldError
from timeloom_workflows.control.caught import Caught
from timeloom_workflows.control.reruns import carried, rerun
from timeloom_workflows.model import Step, StepStatus, StepType

SUCCEEDED, FAILED, CANCELLED, SKIPPED, RUNNING = (
    StepStatus.SUCCEEDED,
    StepStatus.FAILED,
    StepStatus.CANCELLED,
    StepStatus.SKIPPED,
    StepStatus.RUNNING,
)


def step(
    step_id: str,
    position: int,
    status: StepStatus = SUCCEEDED,
    parent_id: str = "",
    type_: StepType = StepType.ACTION,
) -> Step:
    return Step(
        execution_id=UUID(int=1),
        id=step_id,
        position=position,
        type=type_,
        status=status,
        attempt=1,
        create_time=datetime(2026, 1, 1, tzinfo=UTC),
        parent_id=parent_id,
    )


EACH = [
    step("fetch", 1),
    step("each", 2, FAILED, type_=StepType.FOREACH),
    step("each[0].sum", 3, SUCCEEDED, "each"),
    step("each[1].sum", 4, FAILED, "each"),
    step("after", 5, SKIPPED),
]


def test_a_retry_keeps_what_succeeded_and_goes_on_within_what_had_begun() -> None:
    back = rerun(EACH, from_step_id="")

    assert (back.removed, back.reopened) == (["each[1].sum", "after"], ["each"])


def test_a_retry_from_a_step_takes_back_all_that_began_after_it() -> None:
    back = rerun(EACH, from_step_id="each[0].sum")

    assert (back.removed, back.reopened) == (["each[0].sum", "each[1].sum", "after"], ["each"])


def test_a_step_that_others_are_within_begins_anew_if_it_is_named_itself() -> None:
    back = rerun(EACH, from_step_id="each")

    assert (back.removed, back.reopened) == (["each", "each[0].sum", "each[1].sum", "after"], [])


def test_what_lost_a_race_that_is_decided_does_not_run_again() -> None:
    steps = [
        step("race", 1, SUCCEEDED, type_=StepType.PARALLEL),
        step("race[0].a", 2, SUCCEEDED, "race"),
        step("race[1].b", 3, CANCELLED, "race"),
        step("after", 4, FAILED),
    ]

    assert rerun(steps, from_step_id="").removed == ["after"]
    assert rerun(steps, from_step_id="after").reopened == []
    assert carried(steps, last_step_id="race[1].b", replaced={}) == (steps[:3], [])


def test_what_was_undone_is_done_again() -> None:
    steps = [
        step("book", 1),
        step("pay", 2),
        step("ship", 3, FAILED),
        step("pay.compensate", 4, FAILED, type_=StepType.COMPENSATION),
        step("book.compensate", 5, SUCCEEDED, type_=StepType.COMPENSATION),
    ]

    back = rerun(steps, from_step_id="")

    assert back.removed == ["book", "ship", "pay.compensate", "book.compensate"]


def test_what_code_has_undone_is_done_again() -> None:
    steps = [step("book:2", 1), step("compensate:book:2", 2, type_=StepType.COMPENSATION)]

    assert rerun(steps, from_step_id="").removed == ["book:2", "compensate:book:2"]


def test_a_fork_within_a_loop_leaves_the_loop_open() -> None:
    had, reopened = carried(EACH, last_step_id="each[0].sum", replaced={})

    assert ([each.id for each in had], reopened) == (["fetch", "each", "each[0].sum"], ["each"])


def test_a_fork_takes_a_failure_over_as_it_is() -> None:
    had, reopened = carried(EACH, last_step_id="after", replaced={})

    assert (list(had), reopened) == (EACH, [])


def test_a_fork_has_no_compensations() -> None:
    steps = [step("book", 1), step("book.compensate", 2, type_=StepType.COMPENSATION)]

    had, _ = carried(steps, last_step_id="book.compensate", replaced={})

    assert [each.id for each in had] == ["book"]


def test_a_loop_that_is_given_an_output_has_ended() -> None:
    had, reopened = carried(EACH, last_step_id="each", replaced={"each": b"[]"})

    assert ([each.id for each in had], reopened) == (["fetch", "each"], [])


def test_a_running_step_is_carried_only_with_an_output() -> None:
    steps = [step("a", 1, RUNNING), step("b", 2)]

    assert [each.id for each in carried(steps, last_step_id="b", replaced={})[0]] == ["b"]
    assert [each.id for each in carried(steps, last_step_id="a", replaced={"a": b"1"})[0]] == ["a"]
    with pytest.raises(InvalidFieldError, match="has not ended"):
        carried(steps, last_step_id="a", replaced={})


@st.composite
def executions(draw: st.DrawFn) -> list[Step]:
    """Steps in the order in which they began, each at the top or within one that began before it."""
    steps: list[Step] = []
    for position in range(1, draw(st.integers(1, 12)) + 1):
        containers = [each.id for each in steps if each.type == StepType.PARALLEL]
        steps.append(
            step(
                f"s{position}",
                position,
                draw(st.sampled_from([SUCCEEDED, SUCCEEDED, FAILED, CANCELLED, SKIPPED])),
                draw(st.sampled_from(["", *containers])),
                draw(st.sampled_from([StepType.ACTION, StepType.PARALLEL])),
            )
        )
    return steps


@given(executions(), st.data())
def test_every_retry_leaves_a_tree_in_which_nothing_has_ended_around_what_runs(
    steps: list[Step], data: st.DataObject
) -> None:
    from_step_id = data.draw(st.sampled_from(["", *(each.id for each in steps)]))

    back = rerun(steps, from_step_id=from_step_id)

    removed, reopened = set(back.removed), set(back.reopened)
    assert not removed & reopened
    by_id = {each.id: each for each in steps}
    kept = by_id.keys() - removed - reopened
    first = by_id[from_step_id].position if from_step_id else len(steps) + 1
    assert all(by_id[each].position < first for each in kept | reopened)
    for step_id in removed | reopened:
        parent_id = by_id[step_id].parent_id
        assert parent_id == "" or parent_id in removed | reopened
    for step_id in kept:
        assert by_id[step_id].parent_id not in removed
        inside = by_id[step_id].parent_id in kept
        assert by_id[step_id].status == SUCCEEDED or inside


@given(executions(), st.data())
def test_every_fork_has_had_nothing_that_began_later(steps: list[Step], data: st.DataObject) -> None:
    last = data.draw(st.sampled_from(steps))

    had, reopened = carried(steps, last_step_id=last.id, replaced={last.id: b"1"})

    assert all(each.position <= last.position for each in had)
    ids = {each.id for each in had}
    assert last.id in ids
    assert last.id not in reopened
    assert set(reopened) <= ids
    for each in had:
        assert each.status != CANCELLED or each.parent_id in ids or each is last or each.id in reopened


@given(executions(), st.data())
def test_every_failure_that_was_caught_stays_and_nothing_that_followed_from_another_one(
    steps: list[Step], data: st.DataObject
) -> None:
    at_top = [each.id for each in steps if each.status == FAILED and each.parent_id == ""]
    failures = frozenset(data.draw(st.sets(st.sampled_from(at_top)) if at_top else st.just(set[str]())))
    others = [each.id for each in steps if each.id not in failures and each.type == StepType.ACTION]
    consequences = frozenset(data.draw(st.sets(st.sampled_from(others)) if others else st.just(set[str]())))

    back = rerun(steps, from_step_id="", caught=Caught(failures, consequences))

    opened = {each.parent_id for each in steps if each.id in {*back.removed, *back.reopened}}
    assert failures - opened <= {each.id for each in steps} - {*back.removed, *back.reopened}
    assert consequences <= set(back.removed)
