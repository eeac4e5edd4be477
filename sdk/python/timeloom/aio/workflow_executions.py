"""Runs of workflows: looking at them, and the hand on them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import Any, Final

from timeloom import _workflow_edits as editing
from timeloom._calls import Connection
from timeloom._ids import uuid7
from timeloom._messages import assign, read, write
from timeloom._pages import AsyncPager
from timeloom.aio import _workflow_waiting as waiting
from timeloom.aio._listing import listed
from timeloom.errors import NotFoundError, UnavailableError
from timeloom.workflow_resources import (
    ApprovalDecision,
    ControlAction,
    Controlled,
    ExecutionChange,
    HistoryEvent,
    Step,
    StepStatus,
    WorkflowExecution,
    WorkflowExecutionFilter,
)
from timeloom.workflows.v1 import workflow_executions_service_pb2 as pb
from timeloom.workflows.v1 import workflows_pb2 as nouns

WATCH_RETRIES_MAX: Final = 10
WATCH_RETRY_SECONDS_MAX: Final = 2.0
CONTROL_TIMEOUT_SECONDS: Final = 120.0
CONTROLLED_MAX: Final = 500
"""How many executions one call of `control` changes: it is soon answered, and can be stopped in between."""

COUNTED_MAX: Final = 10_000
"""How many executions a dry run counts at most."""


class AsyncWorkflowExecutions:
    """The executions of the project's workflows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # -- Looking ----------------------------------------------------------------------

    async def get(self, execution_id: str) -> WorkflowExecution:
        """Return an execution with its input, and its output if it has one."""
        request = pb.GetWorkflowExecutionRequest(execution_id=execution_id)
        method = self._connection.workflow_executions.GetWorkflowExecution
        return read(WorkflowExecution, (await self._connection.unary(method, request)).execution)

    async def wait(self, execution_id: str, *, seconds: float | None = None) -> WorkflowExecution:
        """Return an execution once it has ended, however that is, or after so many seconds at the latest."""
        patience = waiting.Patience(math.inf if seconds is None else seconds)
        return await waiting.until_ended(self._connection, execution_id, patience)

    def list(
        self,
        filter: WorkflowExecutionFilter | None = None,  # noqa: A002 - the word that the API uses
        *,
        order_by: str = "",
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[WorkflowExecution]:
        """List executions, newest first, without their inputs and outputs.

        Args:
            filter: Only what it lets through.
            order_by: `createTime`, `endTime` or `priority`, with ` desc` or ` asc`.
            limit: At most this many; all if None.
            page_size: How many travel together.
        """
        return listed(
            self._connection,
            lambda: self._connection.workflow_executions.ListWorkflowExecutions,
            pb.ListWorkflowExecutionsRequest(filter=_filter(filter), order_by=order_by),
            kind=WorkflowExecution,
            field="executions",
            limit=limit,
            page_size=page_size,
        )

    def steps(
        self,
        execution_id: str,
        *,
        statuses: Iterable[StepStatus] = (),
        parent_id: str = "",
        include_documents: bool = False,
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[Step]:
        """List the steps of an execution, in the order in which they began.

        Args:
            execution_id: The execution.
            statuses: Only those that stand so.
            parent_id: Only those right within this one.
            include_documents: Their inputs and outputs, too.
            limit: At most this many; all if None.
            page_size: How many travel together.
        """
        request = pb.ListStepsRequest(
            execution_id=execution_id, parent_id=parent_id, include_documents=include_documents
        )
        assign(request, "statuses", tuple(statuses))
        return listed(
            self._connection,
            lambda: self._connection.workflow_executions.ListSteps,
            request,
            kind=Step,
            field="steps",
            limit=limit,
            page_size=page_size,
        )

    async def step(self, execution_id: str, step_id: str) -> Step:
        """Return a step with its input and output."""
        request = pb.GetStepRequest(execution_id=execution_id, step_id=step_id)
        response = await self._connection.unary(self._connection.workflow_executions.GetStep, request)
        return read(Step, response.step)

    def history(
        self, execution_id: str, *, after_sequence: int = 0, limit: int | None = None, page_size: int = 200
    ) -> AsyncPager[HistoryEvent]:
        """List what happened to an execution, in order: all of it, or what came after an entry."""
        return listed(
            self._connection,
            lambda: self._connection.workflow_executions.ListHistory,
            pb.ListHistoryRequest(execution_id=execution_id, after_sequence=after_sequence),
            kind=HistoryEvent,
            field="events",
            limit=limit,
            page_size=page_size,
        )

    async def watch(self, execution_id: str, *, after_sequence: int = 0) -> AsyncGenerator[ExecutionChange]:
        """Yield how an execution stands, and again whenever it gets on, until it has ended.

        A connection that breaks is taken up again where it broke.

        Args:
            execution_id: The execution.
            after_sequence: Go on after this entry of its history.
        """
        failures = 0
        while True:
            request = pb.WatchWorkflowExecutionRequest(
                execution_id=execution_id, after_sequence=after_sequence
            )
            try:
                method = self._connection.workflow_executions.WatchWorkflowExecution
                async for response in self._connection.stream(method, request):
                    failures, after_sequence = 0, response.sequence
                    yield read(ExecutionChange, response)
            except UnavailableError as error:
                failures += 1
                if failures > WATCH_RETRIES_MAX:
                    raise
                backoff = min(0.1 * 2**failures, WATCH_RETRY_SECONDS_MAX)
                await asyncio.sleep(error.retry_after_seconds or backoff)
            else:
                return

    # -- The hand on one --------------------------------------------------------------

    async def pause(self, execution_id: str, *, reason: str = "") -> WorkflowExecution:
        """Pause an execution: steps that run end and are kept, and no other begins."""
        request = pb.PauseWorkflowExecutionRequest(execution_id=execution_id, reason=reason)
        method = self._connection.workflow_executions.PauseWorkflowExecution
        return read(WorkflowExecution, (await self._connection.unary(method, request)).execution)

    async def resume(self, execution_id: str, *, reason: str = "") -> WorkflowExecution:
        """Let a paused execution go on."""
        request = pb.ResumeWorkflowExecutionRequest(execution_id=execution_id, reason=reason)
        method = self._connection.workflow_executions.ResumeWorkflowExecution
        return read(WorkflowExecution, (await self._connection.unary(method, request)).execution)

    async def cancel(self, execution_id: str, *, reason: str = "") -> WorkflowExecution:
        """Cancel an execution: what runs is stopped, and what is done is compensated where it says how."""
        request = pb.CancelWorkflowExecutionRequest(execution_id=execution_id, reason=reason)
        method = self._connection.workflow_executions.CancelWorkflowExecution
        return read(WorkflowExecution, (await self._connection.unary(method, request)).execution)

    async def retry(
        self, execution_id: str, *, from_step: str | int = "", version: int = 0, reason: str = ""
    ) -> WorkflowExecution:
        """Take up an execution that failed or was cancelled.

        Args:
            execution_id: The execution.
            from_step: This step, by its id or position, and all that began after it run again; only those
                that failed if empty.
            version: The version to go on with; the one that it has if zero.
            reason: Why, for its history.
        """
        request = pb.RetryWorkflowExecutionRequest(
            execution_id=execution_id,
            from_step_id=await self._step_id(execution_id, from_step),
            version=version,
            reason=reason,
        )
        method = self._connection.workflow_executions.RetryWorkflowExecution
        return read(WorkflowExecution, (await self._connection.unary(method, request)).execution)

    async def fork(
        self,
        execution_id: str,
        step: str | int = "",
        *,
        edits: Mapping[str, Any] | None = None,
        input: Any = None,  # noqa: A002 - the word that the API uses
        outputs: Mapping[str, Any] | None = None,
        version: int = 0,
        reason: str = "",
        tags: Iterable[str] = (),
    ) -> WorkflowExecution:
        """Begin an execution that has had the same steps up to one of them, changed where the call says so.

            fork(execution_id, 3, edits={"steps.fetch.output.title": "another one"})

        Args:
            execution_id: The original, which stays as it is.
            step: The last step that the fork has had, by its id or position; none if empty.
            edits: New values by their places in the state that time travel shows: names with dots, such as
                `input.language`, or JSON pointers, such as `/steps/fetch/output/0`.
            input: Another input; the original's if None.
            outputs: Other outputs of steps that are taken over, by their ids.
            version: The version to go on with; the original's if zero.
            reason: Why, for the history of the original.
            tags: Its tags; the original's if there are none.

        Raises:
            NotFoundError: There is no such execution, or step.
            ValueError: An edit names no place of the input or of a step's output.
        """
        step_id = await self._step_id(execution_id, step)
        if edits:
            input, outputs = await self._edited(execution_id, edits, input, outputs or {})  # noqa: A001
        request = pb.ForkWorkflowExecutionRequest(
            execution_id=execution_id, step_id=step_id, version=version, reason=reason, tags=tags
        )
        assign(request, "input", input)
        assign(request, "outputs", outputs or None)
        method = self._connection.workflow_executions.ForkWorkflowExecution
        return read(WorkflowExecution, (await self._connection.unary(method, request)).execution)

    async def signal(
        self, execution_id: str, name: str, data: Any = None, *, signal_id: str = ""
    ) -> WorkflowExecution:
        """Send a signal to an execution; it is kept until a step waits for it.

        Args:
            execution_id: The execution.
            name: What a step waits for.
            data: Any JSON value; `true` if None.
            signal_id: Of your own: the same signal again counts once. Made here if empty.
        """
        request = pb.SignalWorkflowExecutionRequest(
            execution_id=execution_id, name=name, signal_id=signal_id or uuid7()
        )
        assign(request, "data", data)
        method = self._connection.workflow_executions.SignalWorkflowExecution
        return read(WorkflowExecution, (await self._connection.unary(method, request)).execution)

    async def approve(
        self,
        execution_id: str,
        step_id: str = "",
        *,
        decided_by: str = "",
        comment: str = "",
        data: Any = None,
    ) -> Step:
        """Say yes to what a step asks.

        Args:
            execution_id: The execution.
            step_id: The step that asks; may be empty if only one does.
            decided_by: Who decides.
            comment: Why.
            data: What else they say: any JSON value, which becomes part of the step's output.
        """
        request = pb.ApproveStepRequest(
            execution_id=execution_id, step_id=step_id, decided_by=decided_by, comment=comment
        )
        return await self._decide(request, ApprovalDecision.APPROVED, data)

    async def reject(
        self,
        execution_id: str,
        step_id: str = "",
        *,
        decided_by: str = "",
        comment: str = "",
        data: Any = None,
    ) -> Step:
        """Say no to what a step asks; the arguments are those of `approve`."""
        request = pb.ApproveStepRequest(
            execution_id=execution_id, step_id=step_id, decided_by=decided_by, comment=comment
        )
        return await self._decide(request, ApprovalDecision.REJECTED, data)

    async def delete(self, execution_id: str) -> None:
        """Delete an execution that has ended, with its steps and history."""
        request = pb.DeleteWorkflowExecutionRequest(execution_id=execution_id)
        await self._connection.unary(self._connection.workflow_executions.DeleteWorkflowExecution, request)

    # -- The hand on many -------------------------------------------------------------

    async def control(
        self,
        action: ControlAction,
        filter: WorkflowExecutionFilter,  # noqa: A002 - the word that the API uses
        *,
        reason: str = "",
        limit: int | None = None,
        dry_run: bool = False,
    ) -> Controlled:
        """Do the same to all executions that a filter lets through, the oldest first.

        Args:
            action: What is done.
            filter: To which executions; an empty one means all.
            reason: Why, for their histories.
            limit: At most this many; all if None.
            dry_run: Only count them, up to 10,000.
        """
        if dry_run:
            return await self._control(
                action, filter, reason, min(limit or COUNTED_MAX, COUNTED_MAX), dry_run=True
            )
        changed = skipped = 0
        while True:
            left = CONTROLLED_MAX if limit is None else min(CONTROLLED_MAX, limit - changed)
            done = await self._control(action, filter, reason, left)
            changed, skipped = changed + done.changed_count, skipped + done.skipped_count
            # A call that changes nothing would change nothing the next time, either.
            if changed == limit or not done.more or not done.changed_count:
                return Controlled(changed_count=changed, skipped_count=skipped, more=done.more)

    async def _control(
        self,
        action: ControlAction,
        wanted: WorkflowExecutionFilter,
        reason: str,
        limit: int,
        *,
        dry_run: bool = False,
    ) -> Controlled:
        request = pb.ControlWorkflowExecutionsRequest(
            filter=_filter(wanted), reason=reason, limit=limit, dry_run=dry_run
        )
        assign(request, "action", action)
        response = await self._connection.unary(
            self._connection.workflow_executions.ControlWorkflowExecutions,
            request,
            timeout_seconds=CONTROL_TIMEOUT_SECONDS,
        )
        return read(Controlled, response)

    async def _decide(self, request: pb.ApproveStepRequest, decision: ApprovalDecision, data: Any) -> Step:
        assign(request, "decision", decision)
        assign(request, "data", data)
        response = await self._connection.unary(self._connection.workflow_executions.ApproveStep, request)
        return read(Step, response.step)

    async def _step_id(self, execution_id: str, step: str | int) -> str:
        if isinstance(step, str):
            return step
        async for each in self.steps(execution_id):
            if each.position == step:
                return each.id
        raise NotFoundError(f"The execution {execution_id} has had no step {step}")

    async def _edited(
        self, execution_id: str, edits: Mapping[str, Any], given: Any, outputs: Mapping[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        step_ids = [each.id async for each in self.steps(execution_id)]
        changed = dict(outputs)
        for text, value in edits.items():
            place = editing.place_of(text, step_ids)
            if place.step_id is None:
                if given is None:
                    given = (await self.get(execution_id)).input
                given = editing.edited(given, place.path, value)
                continue
            if place.step_id not in changed:
                changed[place.step_id] = (await self.step(execution_id, place.step_id)).output
            changed[place.step_id] = editing.edited(changed[place.step_id], place.path, value)
        return given, changed


def _filter(wanted: WorkflowExecutionFilter | None) -> nouns.WorkflowExecutionFilter:
    return nouns.WorkflowExecutionFilter() if wanted is None else write(wanted, nouns.WorkflowExecutionFilter)
