"""What is said twice counts once, and what is said too early is not lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import grpc.aio
import pytest

from tests.fault.workflows.caller import Caller
from tests.fault.workflows.house import House
from timeloom.workflows.v1 import workflow_executions_service_pb2, workflows_pb2
from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages

pytestmark = [pytest.mark.fault, pytest.mark.timeout(60)]

ANSWER_SECONDS = 30.0


class HandWorker:
    """A worker made by hand, which may say things twice."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._call: Any = None

    async def say(self, **message: Any) -> None:
        """Says something."""
        await self._call.write(messages.WorkRequest(**message))

    async def hear(self, kind: str) -> Any:
        """Returns the next message of a kind."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                response = await self._call.read()
                assert response is not grpc.aio.EOF
                if response.WhichOneof("message") == kind:
                    return getattr(response, kind)

    async def greet(self, *, workflow_id: str, tasks: tuple[str, ...] = ()) -> None:
        """Says what it has, as soon as the engine is ready to hear it, and that it takes one of each."""
        definition = messages.CodeWorkflow(definition=json.dumps({"id": workflow_id}).encode())
        hello = messages.WorkerHello(worker_id=f"hand-{uuid4()}", workflows=[definition], tasks=tasks)

        async def say_hello() -> None:
            self._call = self._caller.worker.Work(metadata=self._caller.metadata)
            await self.say(hello=hello)
            await self.hear("welcome")

        await self._caller.certainly(say_hello)
        await self.say(credits=messages.WorkerCredits(executions=1, tasks=1))

    def leave(self) -> None:
        """Ends the stream."""
        if self._call is not None:
            self._call.cancel()


@asynccontextmanager
async def hand_worker(caller: Caller) -> AsyncGenerator[HandWorker]:
    """Lends a worker that does what the test does."""
    worker = HandWorker(caller)
    try:
        yield worker
    finally:
        worker.leave()


def ended_step(step_id: str, position: int, output: bytes) -> messages.StepRecord:
    record = messages.StepRecord(
        id=step_id,
        type=workflows_pb2.STEP_TYPE_RUN,
        status=workflows_pb2.STEP_STATUS_SUCCEEDED,
        position=position,
        attempt=1,
        output=output,
    )
    record.start_time.GetCurrentTime()
    record.end_time.GetCurrentTime()
    return record


async def test_progress_that_is_sent_twice_is_recorded_once(house: House) -> None:
    engine = await house.engine()
    async with house.caller(engine) as caller, hand_worker(caller) as worker:
        await worker.greet(workflow_id="by-hand")
        execution_id = await caller.execute("by-hand")
        (task,) = (await worker.hear("executions")).executions
        progress = messages.ExecutionProgress(
            execution_id=execution_id,
            token=task.token,
            number=1,
            steps=[ended_step("one", 1, b"1"), ended_step("two", 2, b"2")],
            running=messages.ExecutionRunning(),
        )
        other = messages.ExecutionProgress()
        other.CopyFrom(progress)
        other.steps[0].output = b"another"

        await worker.say(progress=messages.ExecutionProgressBatch(executions=[progress]))
        await worker.hear("acks")
        for again in (progress, other):
            await worker.say(progress=messages.ExecutionProgressBatch(executions=[again]))
        end = messages.ExecutionProgress(
            execution_id=execution_id,
            token=task.token,
            number=2,
            steps=[ended_step("three", 3, b"3")],
            succeeded=messages.ExecutionSucceeded(output=b"6"),
        )
        for _ in range(2):
            await worker.say(progress=messages.ExecutionProgressBatch(executions=[end]))

        assert await caller.output(execution_id) == 6
        assert await caller.recorded(execution_id) == ["one", "two", "three"]
        request = workflow_executions_service_pb2.ListStepsRequest(
            execution_id=execution_id, include_documents=True
        )
        steps = await caller.executions.ListSteps(request, metadata=caller.metadata)
        assert [step.output for step in steps.steps] == [b"1", b"2", b"3"]


async def test_a_result_of_a_task_that_is_sent_twice_is_recorded_once(house: House) -> None:
    engine = await house.engine()
    async with house.caller(engine) as caller, hand_worker(caller) as worker:
        await worker.greet(workflow_id="by-hand", tasks=("by-hand",))
        action = {"type": "action", "action": {"type": "task", "task": "by-hand", "input": "${ input }"}}
        await caller.define({"id": "calls", "steps": [{"id": "call", **action}]})
        execution_id = await caller.execute("calls", 1)
        (task,) = (await worker.hear("tasks")).tasks
        results = [
            messages.TaskResult(
                execution_id=execution_id, step_id=task.step_id, token=task.token, output=output
            )
            for output in (b"1", b"1", b"2")
        ]

        for result in results:
            await worker.say(results=messages.TaskResultBatch(results=[result]))

        await caller.output(execution_id)
        assert await caller.recorded(execution_id) == ["call"]
        request = workflow_executions_service_pb2.ListStepsRequest(
            execution_id=execution_id, include_documents=True
        )
        steps = await caller.executions.ListSteps(request, metadata=caller.metadata)
        assert [step.output for step in steps.steps] == [b"1"]


async def test_an_event_that_is_published_twice_wakes_once_and_counts_once(house: House) -> None:
    engine = await house.engine()
    await house.worker(engine)
    house.gate.touch()
    async with house.caller(engine) as caller:
        execution_id = await caller.execute("wait_for_order", "one")
        await caller.waits(execution_id, workflows_pb2.WAIT_REASON_EVENT)

        for _ in range(3):
            await caller.publish("paid", {"order": "one"}, event_id="event-1")

        assert await caller.output(execution_id) == "one"
        assert await caller.recorded(execution_id) == ["held", "event:paid", "last"]
        assert house.runs_of(execution_id) == ["held", "last"]


async def test_an_event_that_comes_before_its_wait_is_registered_is_not_missed(house: House) -> None:
    engine = await house.engine()
    await house.worker(engine)
    async with house.caller(engine) as caller:
        execution_id = await caller.execute("wait_for_order", "two")
        await house.begun("held")

        await caller.publish("paid", {"order": "one"})
        await caller.publish("paid", {"order": "two"})
        house.gate.touch()

        assert await caller.output(execution_id) == "two"
        assert await caller.recorded(execution_id) == ["held", "event:paid", "last"]


async def test_a_call_that_is_repeated_begins_one_execution(house: House) -> None:
    engine = await house.engine()
    await house.worker(engine)
    async with house.caller(engine) as caller:
        request = workflow_executions_service_pb2.ExecuteWorkflowRequest(
            workflow_id="chain", input=b"3", idempotency_key="order 17"
        )
        answers = await asyncio.gather(
            *(caller.executions.ExecuteWorkflow(request, metadata=caller.metadata) for _ in range(20))
        )

        (execution_id,) = {answer.execution.id for answer in answers}
        assert await caller.output(execution_id) == 3
        assert len(house.runs()) == 3
