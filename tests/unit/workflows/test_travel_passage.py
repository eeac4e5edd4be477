"""A history as snapshots: the deltas, applied one after the other, come to what the history says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from timeloom.state import canonical, delta
from timeloom_workflows.model import (
    Execution,
    HistoryRecord,
    HistoryType,
    Stage,
    Status,
    StepStatus,
    StepType,
    TriggerType,
    WaitReason,
    WorkflowKind,
)
from timeloom_workflows.travel.passage import Kind, Mark, Passage, StepOutcome, first_state

NOW = datetime(2026, 11, 1, tzinfo=UTC)
STEP_TYPES = [
    HistoryType.STEP_SCHEDULED,
    HistoryType.STEP_STARTED,
    HistoryType.STEP_WAITING,
    HistoryType.STEP_SUCCEEDED,
    HistoryType.STEP_RETRYING,
    HistoryType.STEP_FAILED,
    HistoryType.STEP_SKIPPED,
    HistoryType.STEP_CANCELLED,
]


def execution(**fields: Any) -> Execution:
    given: dict[str, Any] = dict.fromkeys(Execution.__struct_fields__)
    given |= {
        "project_id": UUID(int=1),
        "id": UUID(int=2),
        "workflow_id": "greet",
        "workflow_version": 1,
        "kind": WorkflowKind.DAG,
        "status": Status.SUCCEEDED,
        "stage": Stage.ENDED,
        "trigger": TriggerType.MANUAL,
        "waiting_for": WaitReason.NONE,
        "tags": (),
        "input": b'{"name": "Ada"}',
        "output": b'"Hello."',
    }
    return Execution(**{**given, **fields})


def record(sequence: int, kind: HistoryType, step_id: str = "", attempt: int = 0) -> HistoryRecord:
    return HistoryRecord(
        sequence=sequence,
        type=kind,
        time=NOW + timedelta(seconds=sequence),
        step_id=step_id,
        attempt=attempt,
        attributes=None,
    )


def outcome(status: StepStatus, output: Any = None, *, step_type: StepType = StepType.ACTION) -> StepOutcome:
    document = None if output is None else json.dumps(output).encode()
    return StepOutcome(type=step_type, status=status, output=document, error=None)


def states_of(marks: list[Mark]) -> list[Any]:
    """The state after each snapshot."""
    states: list[Any] = []
    for mark in marks:
        document = mark.document
        states.append(
            canonical.decode(document) if mark.is_whole else delta.apply(states[-1], delta.decode(document))
        )
    return states


def test_an_execution_is_seen_from_its_start_to_its_end() -> None:
    passage = Passage(execution(), base=first_state(execution(), {}))
    entries = [
        (record(1, HistoryType.EXECUTION_CREATED), None),
        (record(2, HistoryType.EXECUTION_STARTED), None),
        (record(3, HistoryType.STEP_STARTED, "ask", 1), None),
        (
            record(4, HistoryType.STEP_SUCCEEDED, "ask", 1),
            outcome(StepStatus.SUCCEEDED, {"approved": True}, step_type=StepType.HUMAN_APPROVAL),
        ),
        (record(5, HistoryType.EXECUTION_SUCCEEDED), None),
    ]
    marks = [mark for entry, came_to in entries if (mark := passage.take(entry, came_to)) is not None]
    assert [(mark.kind, mark.entry.sequence, mark.step_name, mark.is_whole) for mark in marks] == [
        (Kind.EXECUTION_START, 2, "", True),
        (Kind.DECISION_POINT, 4, "ask", False),
        (Kind.EXECUTION_END, 5, "", False),
    ]
    asked = {"status": "SUCCEEDED", "attempt": 1, "output": {"approved": True}}
    assert states_of(marks) == [
        {"input": {"name": "Ada"}, "steps": {}, "status": "RUNNING"},
        {"input": {"name": "Ada"}, "steps": {"ask": asked}, "status": "RUNNING"},
        {"input": {"name": "Ada"}, "steps": {"ask": asked}, "status": "SUCCEEDED", "output": "Hello."},
    ]


def test_what_a_step_came_to_later_is_not_shown_earlier() -> None:
    passage = Passage(execution(), base=first_state(execution(), {}))
    mark = passage.take(record(1, HistoryType.STEP_FAILED, "a", 1), outcome(StepStatus.SUCCEEDED, "later"))
    assert mark is not None
    assert states_of([mark])[0]["steps"] == {"a": {"status": "FAILED", "attempt": 1}}


def test_a_retried_execution_keeps_only_what_it_keeps() -> None:
    begun = Passage(execution(), base=first_state(execution(), {"a": {"status": "SUCCEEDED"}}))
    failed = begun.take(record(1, HistoryType.STEP_FAILED, "b", 4), None)
    assert failed is not None
    ended = begun.take(record(2, HistoryType.EXECUTION_FAILED), None)
    assert ended is not None
    state = states_of([failed, ended])[-1]
    begun.forget(state, kept=["a"])
    retried = begun.take(record(3, HistoryType.EXECUTION_RETRIED), None)
    assert retried is not None
    assert (retried.kind, retried.label) == (Kind.CHECKPOINT, "retried")
    assert states_of([failed, ended, retried])[-1] == {
        "input": {"name": "Ada"},
        "steps": {"a": {"status": "SUCCEEDED"}},
        "status": "RUNNING",
    }


@given(
    st.lists(st.tuples(st.sampled_from(STEP_TYPES), st.sampled_from("abc"), st.integers(0, 3)), max_size=30),
    st.integers(0, 30),
)
def test_beginning_again_from_any_snapshot_comes_to_the_same(
    happened: list[tuple[HistoryType, str, int]], again_at: int
) -> None:
    """Whoever goes on from a snapshot records what whoever never stopped does."""
    entries = [record(n, *each) for n, each in enumerate(happened, start=1)]
    entries.append(record(len(entries) + 1, HistoryType.EXECUTION_SUCCEEDED))
    came_to = outcome(StepStatus.SUCCEEDED, {"x": [1]})
    whole = Passage(execution(), base=first_state(execution(), {}))
    marks = [mark for entry in entries if (mark := whole.take(entry, came_to)) is not None]

    kept = marks[: again_at % len(marks)]
    after = kept[-1].entry.sequence if kept else 0
    rest = Passage(execution(), base=None if kept else first_state(execution(), {}))
    gone_on = [mark for entry in entries[after:] if (mark := rest.take(entry, came_to)) is not None]
    assert states_of([*kept, *gone_on]) == states_of(marks)

    last = {step_id: kind for kind, step_id, _ in happened}
    shown = states_of(marks)[-1]["steps"]
    assert {name: step["status"] for name, step in shown.items()} == {
        name: kind.name.removeprefix("STEP_").replace("SCHEDULED", "PENDING").replace("STARTED", "RUNNING")
        for name, kind in last.items()
    }
