"""What the engine commits for executions that workers have."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from timeloom_workflows.engine.commands import Advance, Advanced, NewExecution, Outcome, Requeued
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.model import Execution, HistoryEntry, Step, StepType
from timeloom_workflows.workers import records
from timeloom_workflows.workers.holding import Holding
from timeloom_workflows.workers.waits import Waits


class Commits:
    """Hands what is to be committed to the engine's committer."""

    def __init__(self, engine: Engine, waits: Waits) -> None:
        self._engine = engine
        self._waits = waits

    def advance(
        self,
        holding: Holding,
        outcome: Outcome,
        *,
        steps: Sequence[Step] = (),
        children: Sequence[NewExecution] = (),
        entries: Sequence[HistoryEntry] = (),
        is_new: bool = False,
    ) -> asyncio.Future[Advanced]:
        """Commits steps, with the sleeps that are over, and tells tasks to begin."""
        if holding.slept and not isinstance(outcome, Requeued):
            steps = [*holding.slept.values(), *steps]
            holding.slept.clear()
        if is_new:
            steps = self._waits.reserved(holding, steps)
            holding.take_steps(tuple(steps))
        answer = self._engine.advance(
            Advance(
                project_id=holding.project_id,
                execution_id=holding.id,
                token=holding.token,
                outcome=outcome,
                steps=steps,
                entries=[*_entries_of(steps), *entries],
                children=children,
            )
        )
        if is_new:
            self._waits.dispatch_after(answer, holding, steps)
        return answer

    def advance_unheld(self, execution: Execution, outcome: Outcome) -> None:
        """Says how an execution goes on that no worker has got."""
        self._engine.advance(
            Advance(
                project_id=execution.project_id,
                execution_id=execution.id,
                token=execution.token,
                outcome=outcome,
            )
        )


def _entries_of(steps: Sequence[Step]) -> list[HistoryEntry]:
    return [records.entry_of(step) for step in steps if step.type is not StepType.PATCH]
