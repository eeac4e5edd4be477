"""From triggers and events to the messages of the contract, and back."""

from __future__ import annotations

from timeloom.workflows.v1 import workflows_pb2
from timeloom_platform.times import time_of, timestamp
from timeloom_workflows.storage.events import Event, NewEvent
from timeloom_workflows.storage.triggers import Trigger
from timeloom_workflows.triggers.webhooks import path_of


def new_event_of(message: workflows_pb2.WorkflowEvent, place: str) -> NewEvent:
    """Reads an event that is to be published; `place` is what the request calls it.

    Raises:
        InvalidFieldError: Its time is none.
    """
    time = message.occur_time
    return NewEvent(
        id=message.id,
        name=message.name,
        data=message.data or None,
        occur_time=time_of(time, f"{place}.occurTime") if message.HasField("occur_time") else None,
    )


def event_message(event: Event) -> workflows_pb2.WorkflowEvent:
    """Returns an event with what it did."""
    return workflows_pb2.WorkflowEvent(
        id=event.id,
        name=event.name,
        data=event.data or b"",
        occur_time=timestamp(event.occur_time),
        create_time=timestamp(event.create_time),
        started_execution_ids=[str(each) for each in event.started_execution_ids],
        woken_execution_ids=[str(each) for each in event.woken_execution_ids],
    )


def trigger_message(trigger: Trigger) -> workflows_pb2.Trigger:
    """Returns a trigger."""
    message = workflows_pb2.Trigger(
        workflow_id=trigger.workflow_id,
        index=trigger.number,
        type=workflows_pb2.TriggerType.ValueType(trigger.type),
        expression=trigger.expression,
        time_zone=trigger.time_zone,
        path=path_of(trigger),
        problem=trigger.problem,
    )
    if trigger.next_fire_time is not None:
        message.next_fire_time.CopyFrom(timestamp(trigger.next_fire_time))
    if trigger.last_fire_time is not None:
        message.last_fire_time.CopyFrom(timestamp(trigger.last_fire_time))
    return message
