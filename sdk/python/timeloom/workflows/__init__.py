"""Durable workflows in plain Python: functions that go on where they stood, whatever stops meanwhile.

    from timeloom.workflows import Retry, Worker, gather, sleep, step, workflow

    @step(retry=Retry(max_attempts=5))
    async def charge(order): ...

    @workflow(id="order")
    async def order(input):
        receipt = await charge(input["order"])
        await sleep("1h")
        await gather(ship(receipt), mail(receipt))
        return {"receipt": receipt}

    async with Worker(workflows=[order]) as worker:
        await worker.run()

What a step returns is remembered: when the function is run again, in another process or after a year, the
step answers from memory. A step runs at least once: again, if its worker is lost before its result is
committed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from timeloom.workflows._current import Running as Running
    from timeloom.workflows._current import heartbeat as heartbeat
    from timeloom.workflows._current import running as running
    from timeloom.workflows.definitions import workflow as workflow
    from timeloom.workflows.errors import CompensationError as CompensationError
    from timeloom.workflows.errors import FinalError as FinalError
    from timeloom.workflows.errors import NonDeterminismError as NonDeterminismError
    from timeloom.workflows.errors import StepError as StepError
    from timeloom.workflows.errors import WorkflowError as WorkflowError
    from timeloom.workflows.functions import Durability as Durability
    from timeloom.workflows.functions import Step as Step
    from timeloom.workflows.functions import Task as Task
    from timeloom.workflows.functions import Workflow as Workflow
    from timeloom.workflows.functions import step as step
    from timeloom.workflows.retries import Retry as Retry
    from timeloom.workflows.waiting import Approval as Approval
    from timeloom.workflows.waiting import approval as approval
    from timeloom.workflows.waiting import child as child
    from timeloom.workflows.waiting import execution_id as execution_id
    from timeloom.workflows.waiting import gather as gather
    from timeloom.workflows.waiting import generator as generator
    from timeloom.workflows.waiting import now as now
    from timeloom.workflows.waiting import patched as patched
    from timeloom.workflows.waiting import random as random
    from timeloom.workflows.waiting import sleep as sleep
    from timeloom.workflows.waiting import task as task
    from timeloom.workflows.waiting import uuid4 as uuid4
    from timeloom.workflows.waiting import wait_for_event as wait_for_event
    from timeloom.workflows.waiting import wait_for_signal as wait_for_signal
    from timeloom.workflows.worker import Worker as Worker

__all__ = [
    "Approval",
    "CompensationError",
    "Durability",
    "FinalError",
    "NonDeterminismError",
    "Retry",
    "Running",
    "Step",
    "StepError",
    "Task",
    "Worker",
    "Workflow",
    "WorkflowError",
    "approval",
    "child",
    "execution_id",
    "gather",
    "generator",
    "heartbeat",
    "now",
    "patched",
    "random",
    "running",
    "sleep",
    "step",
    "task",
    "uuid4",
    "wait_for_event",
    "wait_for_signal",
    "workflow",
]

_HOMES: Final = {
    "CompensationError": "errors",
    "Durability": "functions",
    "FinalError": "errors",
    "NonDeterminismError": "errors",
    "Retry": "retries",
    "Running": "_current",
    "Step": "functions",
    "StepError": "errors",
    "Task": "functions",
    "Worker": "worker",
    "Workflow": "functions",
    "WorkflowError": "errors",
    "heartbeat": "_current",
    "running": "_current",
    "step": "functions",
    "workflow": "definitions",
}


def __getattr__(name: str) -> Any:
    # Loaded at first use: services import this package for its stubs, and need no worker.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'waiting')}"), name)
    globals()[name] = value
    return value
