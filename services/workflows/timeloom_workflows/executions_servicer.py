"""The WorkflowExecutionsService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import grpc.aio

from timeloom.workflows.v1 import workflow_executions_service_pb2 as messages
from timeloom.workflows.v1 import workflow_executions_service_pb2_grpc as services
from timeloom_platform.errors import UnimplementedError
from timeloom_platform.server import ServiceBinding

_Context = grpc.aio.ServicerContext[Any, Any]


class WorkflowExecutionsServicer(services.WorkflowExecutionsServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_WorkflowExecutionsServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["WorkflowExecutionsService"],
        )

    async def ExecuteWorkflow(
        self, request: messages.ExecuteWorkflowRequest, context: _Context
    ) -> messages.ExecuteWorkflowResponse:
        raise UnimplementedError("ExecuteWorkflow")

    async def BatchExecuteWorkflow(
        self, request: messages.BatchExecuteWorkflowRequest, context: _Context
    ) -> messages.BatchExecuteWorkflowResponse:
        raise UnimplementedError("BatchExecuteWorkflow")

    async def ListWorkflowExecutions(
        self, request: messages.ListWorkflowExecutionsRequest, context: _Context
    ) -> messages.ListWorkflowExecutionsResponse:
        raise UnimplementedError("ListWorkflowExecutions")

    async def GetWorkflowExecution(
        self, request: messages.GetWorkflowExecutionRequest, context: _Context
    ) -> messages.GetWorkflowExecutionResponse:
        raise UnimplementedError("GetWorkflowExecution")

    async def ListSteps(
        self, request: messages.ListStepsRequest, context: _Context
    ) -> messages.ListStepsResponse:
        raise UnimplementedError("ListSteps")

    async def GetStep(self, request: messages.GetStepRequest, context: _Context) -> messages.GetStepResponse:
        raise UnimplementedError("GetStep")

    async def ListHistory(
        self, request: messages.ListHistoryRequest, context: _Context
    ) -> messages.ListHistoryResponse:
        raise UnimplementedError("ListHistory")

    async def WatchWorkflowExecution(
        self, request: messages.WatchWorkflowExecutionRequest, context: _Context
    ) -> AsyncGenerator[messages.WatchWorkflowExecutionResponse]:
        raise UnimplementedError("WatchWorkflowExecution")
        yield messages.WatchWorkflowExecutionResponse()

    async def PauseWorkflowExecution(
        self, request: messages.PauseWorkflowExecutionRequest, context: _Context
    ) -> messages.PauseWorkflowExecutionResponse:
        raise UnimplementedError("PauseWorkflowExecution")

    async def ResumeWorkflowExecution(
        self, request: messages.ResumeWorkflowExecutionRequest, context: _Context
    ) -> messages.ResumeWorkflowExecutionResponse:
        raise UnimplementedError("ResumeWorkflowExecution")

    async def CancelWorkflowExecution(
        self, request: messages.CancelWorkflowExecutionRequest, context: _Context
    ) -> messages.CancelWorkflowExecutionResponse:
        raise UnimplementedError("CancelWorkflowExecution")

    async def RetryWorkflowExecution(
        self, request: messages.RetryWorkflowExecutionRequest, context: _Context
    ) -> messages.RetryWorkflowExecutionResponse:
        raise UnimplementedError("RetryWorkflowExecution")

    async def ForkWorkflowExecution(
        self, request: messages.ForkWorkflowExecutionRequest, context: _Context
    ) -> messages.ForkWorkflowExecutionResponse:
        raise UnimplementedError("ForkWorkflowExecution")

    async def SignalWorkflowExecution(
        self, request: messages.SignalWorkflowExecutionRequest, context: _Context
    ) -> messages.SignalWorkflowExecutionResponse:
        raise UnimplementedError("SignalWorkflowExecution")

    async def ApproveStep(
        self, request: messages.ApproveStepRequest, context: _Context
    ) -> messages.ApproveStepResponse:
        raise UnimplementedError("ApproveStep")

    async def ControlWorkflowExecutions(
        self, request: messages.ControlWorkflowExecutionsRequest, context: _Context
    ) -> messages.ControlWorkflowExecutionsResponse:
        raise UnimplementedError("ControlWorkflowExecutions")

    async def DeleteWorkflowExecution(
        self, request: messages.DeleteWorkflowExecutionRequest, context: _Context
    ) -> messages.DeleteWorkflowExecutionResponse:
        raise UnimplementedError("DeleteWorkflowExecution")

    async def ListDeadLetters(
        self, request: messages.ListDeadLettersRequest, context: _Context
    ) -> messages.ListDeadLettersResponse:
        raise UnimplementedError("ListDeadLetters")

    async def RedriveDeadLetter(
        self, request: messages.RedriveDeadLetterRequest, context: _Context
    ) -> messages.RedriveDeadLetterResponse:
        raise UnimplementedError("RedriveDeadLetter")

    async def DeleteDeadLetter(
        self, request: messages.DeleteDeadLetterRequest, context: _Context
    ) -> messages.DeleteDeadLetterResponse:
        raise UnimplementedError("DeleteDeadLetter")
