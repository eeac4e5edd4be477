"""An execution as a tree of its steps: what is seen of it at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from timeloom._messages import read
from timeloom.cli.workflow_tree import SHOWN_CHILDREN_MAX, StepTree
from timeloom.workflow_resources import ExecutionChange, Step, WorkflowExecution
from timeloom.workflows.v1 import workflow_executions_service_pb2 as service
from timeloom.workflows.v1 import workflows_pb2 as pb

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def execution(**fields: Any) -> WorkflowExecution:
    message = pb.WorkflowExecution(
        id="e1",
        workflow_id="order",
        workflow_version=3,
        status=pb.WORKFLOW_EXECUTION_STATUS_RUNNING,
        **fields,
    )
    message.create_time.FromDatetime(NOW - timedelta(seconds=12))
    return read(WorkflowExecution, message)


def step_message(step_id: str, status: str, position: int, *, wake_in: int = 0, **fields: Any) -> pb.Step:
    message = pb.Step(id=step_id, position=position, **fields)
    message.status = pb.StepStatus.Value(f"STEP_STATUS_{status}")
    message.start_time.FromDatetime(NOW - timedelta(seconds=2))
    if message.status in (pb.STEP_STATUS_SUCCEEDED, pb.STEP_STATUS_FAILED):
        message.end_time.FromDatetime(NOW - timedelta(seconds=1))
    if wake_in:
        message.wake_time.FromDatetime(NOW + timedelta(seconds=wake_in))
    return message


def step(*args: Any, **fields: Any) -> Step:
    return read(Step, step_message(*args, **fields))


def lines(tree: StepTree) -> list[str]:
    console = Console(width=200, color_system=None, legacy_windows=False)
    with console.capture() as captured:
        console.print(tree.render(NOW))
    return [line.rstrip() for line in captured.get().splitlines()]


def test_each_step_tells_how_it_stands() -> None:
    error = pb.WorkflowError(type="HttpError", message="503\nand much more")
    tree = StepTree(
        execution(),
        [
            step("fetch", "SUCCEEDED", 1),
            step("pages", "RUNNING", 2),
            step("pages[0].read", "SUCCEEDED", 3, parent_id="pages"),
            step("pages[1].read", "RETRYING", 4, parent_id="pages", attempt=2, wake_in=3, error=error),
            step("may", "WAITING", 5, waiting_for=pb.WAIT_REASON_APPROVAL, waiting_name="Ship?", wake_in=60),
            step("nap", "WAITING", 6, waiting_for=pb.WAIT_REASON_TIME, wake_in=30),
            step("left", "SKIPPED", 7),
            step("bad", "FAILED", 8, error=error),
        ],
    )
    assert lines(tree) == [
        "order v3 running 12.0 s  e1",
        "├── ✓ fetch 1.0 s",
        "├── ⠋ pages 2.0 s",
        "│   ├── ✓ pages[0].read 1.0 s",
        "│   └── ↻ pages[1].read 2.0 s try 2  again in 3.0 s  HttpError: 503",
        "├── ◷ may 2.0 s  asks: Ship?, for 1 min 0 s at most",
        "├── ◷ nap 2.0 s  waits 30.0 s",
        "├── → left",
        "└── ✗ bad 1.0 s  HttpError: 503",
    ]


def test_an_execution_tells_what_it_waits_for() -> None:
    (line,) = lines(StepTree(execution(waiting_for=pb.WAIT_REASON_APPROVAL)))
    assert line == "order v3 running 12.0 s  waits for a decision  e1"


def test_what_changed_is_taken() -> None:
    tree = StepTree(execution(), [step("a", "RUNNING", 1)])
    change = service.WatchWorkflowExecutionResponse(steps=[step_message("a", "SUCCEEDED", 1)], sequence=4)
    change.execution.id, change.execution.status = "e1", pb.WORKFLOW_EXECUTION_STATUS_PAUSED
    change.execution.create_time.FromDatetime(NOW)
    tree.take(read(ExecutionChange, change))
    shown = lines(tree)
    assert (" paused " in shown[0], shown[1]) == (True, "└── ✓ a 1.0 s")


def test_many_that_succeeded_are_counted() -> None:
    items = [step(f"all[{n}].do", "SUCCEEDED", n + 2, parent_id="all") for n in range(100)]
    items.append(step("all[100].do", "FAILED", 102, parent_id="all"))
    shown = lines(StepTree(execution(), [step("all", "RUNNING", 1), *items]))
    assert len(shown) == 2 + 1 + SHOWN_CHILDREN_MAX
    assert shown[2].endswith(f"… {101 - SHOWN_CHILDREN_MAX} more that succeeded")
    assert shown[-1].endswith("✗ all[100].do 1.0 s")
