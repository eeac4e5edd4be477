"""What the committer promises of a batch."""

from __future__ import annotations

from tests.integration.workflows.service import Replica, step
from timeloom_workflows.engine.commands import Advanced, Ended, Running
from timeloom_workflows.model import HistoryEntry, HistoryType, Stage, Status, StepStatus


async def test_an_execution_runs_from_its_beginning_to_its_end_in_two_commits(
    workflows_service: Replica,
) -> None:
    claimed = await workflows_service.owned()

    advanced = await workflows_service.advance(
        claimed,
        Ended(status=Status.SUCCEEDED, output=b'"hello"'),
        steps=[step(claimed, output=b"1")],
        entries=[HistoryEntry(type=HistoryType.STEP_SUCCEEDED, step_id="one", attempt=1)],
    )

    assert advanced == Advanced(committed=True, stage=Stage.ENDED, history_length=4)
    execution = await workflows_service.execution(claimed.execution.id)
    assert (execution.status, execution.stage, execution.output) == (
        Status.SUCCEEDED,
        Stage.ENDED,
        b'"hello"',
    )
    assert (execution.step_count, execution.succeeded_step_count, execution.history_length) == (1, 1, 4)
    history = await workflows_service.history(claimed.execution.id)
    assert [entry.type for entry in history] == [
        HistoryType.EXECUTION_CREATED,
        HistoryType.EXECUTION_STARTED,
        HistoryType.STEP_SUCCEEDED,
        HistoryType.EXECUTION_SUCCEEDED,
    ]


async def test_a_step_that_has_ended_is_never_overwritten(workflows_service: Replica) -> None:
    claimed = await workflows_service.owned()
    await workflows_service.advance(claimed, Running(), steps=[step(claimed, output=b"1")])

    entry = HistoryEntry(type=HistoryType.STEP_FAILED, step_id="one")
    failed = step(claimed, status=StepStatus.FAILED, output=None)
    advanced = await workflows_service.advance(claimed, Running(), steps=[failed], entries=[entry])

    assert (advanced.committed, advanced.history_length) == (True, 2)
    (kept,) = await workflows_service.steps(claimed.execution.id)
    assert (kept.status, kept.output) == (StepStatus.SUCCEEDED, b"1")
    execution = await workflows_service.execution(claimed.execution.id)
    assert (execution.step_count, execution.succeeded_step_count, execution.failed_step_count) == (1, 1, 0)
