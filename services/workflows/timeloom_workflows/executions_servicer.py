"""The WorkflowExecutionsService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.workflows.v1 import workflow_executions_service_pb2 as messages
from timeloom.workflows.v1 import workflow_executions_service_pb2_grpc as services
from timeloom_platform.auth import current_identity
from timeloom_platform.pagination import page_size
from timeloom_platform.server import ServiceBinding
from timeloom_workflows import limits
from timeloom_workflows.answers import execution_message, history_message, step_message
from timeloom_workflows.control import requests
from timeloom_workflows.control.answers import dead_letter_message
from timeloom_workflows.control.approvals import Verdict
from timeloom_workflows.control.bulk import Action
from timeloom_workflows.control.hand import Hand
from timeloom_workflows.model import Step
from timeloom_workflows.starting.requests import wish_of
from timeloom_workflows.starting.starting import Starting, documents_of
from timeloom_workflows.storage.queries import StepFilter

_Context = grpc.aio.ServicerContext[Any, Any]


class WorkflowExecutionsServicer(services.WorkflowExecutionsServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(self, *, starting: Starting, hand: Hand, clock: Callable[[], datetime]) -> None:
        self._starting = starting
        self._hand = hand
        self._clock = clock

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_WorkflowExecutionsServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["WorkflowExecutionsService"],
        )

    # -- Beginning -------------------------------------------------------------

    async def ExecuteWorkflow(
        self, request: messages.ExecuteWorkflowRequest, context: _Context
    ) -> messages.ExecuteWorkflowResponse:
        execution = await self._starting.execute(
            _project_id(),
            wish_of(request, now=self._clock()),
            request.input or None,
            wait_seconds=request.wait_seconds,
        )
        return messages.ExecuteWorkflowResponse(execution=execution_message(execution))

    async def BatchExecuteWorkflow(
        self, request: messages.BatchExecuteWorkflowRequest, context: _Context
    ) -> messages.BatchExecuteWorkflowResponse:
        execution_ids = await self._starting.execute_all(
            _project_id(), wish_of(request, now=self._clock()), documents_of(request.inputs)
        )
        return messages.BatchExecuteWorkflowResponse(execution_ids=map(str, execution_ids))

    # -- Looking ---------------------------------------------------------------

    async def ListWorkflowExecutions(
        self, request: messages.ListWorkflowExecutionsRequest, context: _Context
    ) -> messages.ListWorkflowExecutionsResponse:
        page = await self._hand.reading.list_executions(
            _project_id(),
            wanted=requests.filter_of(request.filter),
            order=requests.order_of(request.order_by),
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListWorkflowExecutionsResponse(
            executions=map(execution_message, page.entries), next_page_token=page.next_page_token
        )

    async def GetWorkflowExecution(
        self, request: messages.GetWorkflowExecutionRequest, context: _Context
    ) -> messages.GetWorkflowExecutionResponse:
        project_id, execution_id = _project_id(), UUID(request.execution_id)
        execution = await self._hand.reading.get(project_id, execution_id, wait_seconds=request.wait_seconds)
        steps: Sequence[Step] = ()
        if request.include_steps:
            steps = await self._hand.reading.first_steps(project_id, execution_id)
        return messages.GetWorkflowExecutionResponse(
            execution=execution_message(execution), steps=map(step_message, steps)
        )

    async def ListSteps(
        self, request: messages.ListStepsRequest, context: _Context
    ) -> messages.ListStepsResponse:
        page = await self._hand.reading.list_steps(
            _project_id(),
            UUID(request.execution_id),
            wanted=StepFilter(
                statuses=tuple(request.statuses), parent_id=requests.text_of(request.parent_id, "parentId")
            ),
            with_documents=request.include_documents,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListStepsResponse(
            steps=map(step_message, page.entries), next_page_token=page.next_page_token
        )

    async def GetStep(self, request: messages.GetStepRequest, context: _Context) -> messages.GetStepResponse:
        step = await self._hand.reading.get_step(
            _project_id(), UUID(request.execution_id), requests.text_of(request.step_id, "stepId")
        )
        return messages.GetStepResponse(step=step_message(step))

    async def ListHistory(
        self, request: messages.ListHistoryRequest, context: _Context
    ) -> messages.ListHistoryResponse:
        page = await self._hand.reading.list_history(
            _project_id(),
            UUID(request.execution_id),
            after_sequence=request.after_sequence,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListHistoryResponse(
            events=map(history_message, page.entries), next_page_token=page.next_page_token
        )

    async def WatchWorkflowExecution(
        self, request: messages.WatchWorkflowExecutionRequest, context: _Context
    ) -> AsyncGenerator[messages.WatchWorkflowExecutionResponse]:
        looks = self._hand.watching.watch(
            _project_id(), UUID(request.execution_id), after_sequence=request.after_sequence
        )
        async with aclosing(looks):
            async for look in looks:
                yield messages.WatchWorkflowExecutionResponse(
                    execution=execution_message(look.execution),
                    steps=map(step_message, look.steps),
                    sequence=look.sequence,
                )

    # -- Taking in hand --------------------------------------------------------

    async def PauseWorkflowExecution(
        self, request: messages.PauseWorkflowExecutionRequest, context: _Context
    ) -> messages.PauseWorkflowExecutionResponse:
        execution = await self._hand.controls.pause(
            _project_id(), UUID(request.execution_id), reason=request.reason
        )
        return messages.PauseWorkflowExecutionResponse(execution=execution_message(execution))

    async def ResumeWorkflowExecution(
        self, request: messages.ResumeWorkflowExecutionRequest, context: _Context
    ) -> messages.ResumeWorkflowExecutionResponse:
        execution = await self._hand.controls.resume(
            _project_id(), UUID(request.execution_id), reason=request.reason
        )
        return messages.ResumeWorkflowExecutionResponse(execution=execution_message(execution))

    async def CancelWorkflowExecution(
        self, request: messages.CancelWorkflowExecutionRequest, context: _Context
    ) -> messages.CancelWorkflowExecutionResponse:
        execution = await self._hand.controls.cancel(
            _project_id(), UUID(request.execution_id), reason=request.reason
        )
        return messages.CancelWorkflowExecutionResponse(execution=execution_message(execution))

    async def RetryWorkflowExecution(
        self, request: messages.RetryWorkflowExecutionRequest, context: _Context
    ) -> messages.RetryWorkflowExecutionResponse:
        execution = await self._hand.controls.retry(
            _project_id(),
            UUID(request.execution_id),
            reason=request.reason,
            from_step_id=request.from_step_id,
            version=request.version,
        )
        return messages.RetryWorkflowExecutionResponse(execution=execution_message(execution))

    async def ForkWorkflowExecution(
        self, request: messages.ForkWorkflowExecutionRequest, context: _Context
    ) -> messages.ForkWorkflowExecutionResponse:
        execution = await self._hand.forking.fork(
            _project_id(),
            UUID(request.execution_id),
            step_id=request.step_id,
            changes=requests.fork_changes_of(request),
            reason=request.reason,
        )
        return messages.ForkWorkflowExecutionResponse(execution=execution_message(execution))

    async def SignalWorkflowExecution(
        self, request: messages.SignalWorkflowExecutionRequest, context: _Context
    ) -> messages.SignalWorkflowExecutionResponse:
        execution = await self._hand.signals.send(
            _project_id(),
            UUID(request.execution_id),
            name=requests.text_of(request.name, "name"),
            data=requests.document_of(request.data, "data"),
            signal_id=requests.text_of(request.signal_id, "signalId"),
        )
        return messages.SignalWorkflowExecutionResponse(execution=execution_message(execution))

    async def ApproveStep(
        self, request: messages.ApproveStepRequest, context: _Context
    ) -> messages.ApproveStepResponse:
        step = await self._hand.approving.decide(
            _project_id(),
            UUID(request.execution_id),
            step_id=requests.text_of(request.step_id, "stepId"),
            verdict=Verdict(request.decision),
            decided_by=request.decided_by,
            comment=request.comment,
            data=requests.document_of(request.data, "data"),
        )
        return messages.ApproveStepResponse(step=step_message(step))

    async def ControlWorkflowExecutions(
        self, request: messages.ControlWorkflowExecutionsRequest, context: _Context
    ) -> messages.ControlWorkflowExecutionsResponse:
        outcome = await self._hand.bulk.control(
            _project_id(),
            Action(request.action),
            wanted=requests.filter_of(request.filter),
            reason=request.reason,
            limit=request.limit or limits.CONTROLLED_DEFAULT,
            dry_run=request.dry_run,
        )
        return messages.ControlWorkflowExecutionsResponse(
            changed_count=outcome.changed_count, skipped_count=outcome.skipped_count, more=outcome.more
        )

    async def DeleteWorkflowExecution(
        self, request: messages.DeleteWorkflowExecutionRequest, context: _Context
    ) -> messages.DeleteWorkflowExecutionResponse:
        await self._hand.controls.delete(_project_id(), UUID(request.execution_id))
        return messages.DeleteWorkflowExecutionResponse()

    # -- What was given up -----------------------------------------------------

    async def ListDeadLetters(
        self, request: messages.ListDeadLettersRequest, context: _Context
    ) -> messages.ListDeadLettersResponse:
        page = await self._hand.dead_letters.list_page(
            _project_id(),
            workflow_id=requests.text_of(request.workflow_id, "workflowId"),
            with_redriven=request.include_redriven,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListDeadLettersResponse(
            dead_letters=map(dead_letter_message, page.entries), next_page_token=page.next_page_token
        )

    async def RedriveDeadLetter(
        self, request: messages.RedriveDeadLetterRequest, context: _Context
    ) -> messages.RedriveDeadLetterResponse:
        letter = await self._hand.dead_letters.redrive(_project_id(), UUID(request.dead_letter_id))
        return messages.RedriveDeadLetterResponse(dead_letter=dead_letter_message(letter))

    async def DeleteDeadLetter(
        self, request: messages.DeleteDeadLetterRequest, context: _Context
    ) -> messages.DeleteDeadLetterResponse:
        await self._hand.dead_letters.delete(_project_id(), UUID(request.dead_letter_id))
        return messages.DeleteDeadLetterResponse()


def _project_id() -> UUID:
    return UUID(current_identity().project_id)
