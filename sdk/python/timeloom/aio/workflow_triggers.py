"""What makes workflows begin and wakes those that wait, and what was given up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from timeloom import _convert as convert
from timeloom._calls import Connection
from timeloom._ids import uuid7
from timeloom._messages import read, write
from timeloom._pages import AsyncPager
from timeloom.aio._listing import listed
from timeloom.workflow_resources import DeadLetter, Trigger, WebhookSecret, WorkflowEvent
from timeloom.workflows.v1 import workflow_executions_service_pb2 as executions_pb
from timeloom.workflows.v1 import workflow_triggers_service_pb2 as pb
from timeloom.workflows.v1 import workflows_pb2 as nouns


class AsyncWorkflowTriggers:
    """Events, schedules, webhooks and dead letters: a part of the workflows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # -- Events -----------------------------------------------------------------------

    async def publish(
        self, name: str, data: Any = None, *, event_id: str = "", occur_time: datetime | None = None
    ) -> WorkflowEvent:
        """Publish an event, and return it with the executions that it began and woke.

        Args:
            name: Such as `document/uploaded`.
            data: Any JSON value.
            event_id: Of your own: the same event again counts once. Made here if empty.
            occur_time: When it happened; now if None.
        """
        event = WorkflowEvent(id=event_id, name=name, data=data, occur_time=occur_time)
        (published,) = await self.publish_many([event])
        return published

    async def publish_many(self, events: Iterable[WorkflowEvent]) -> tuple[WorkflowEvent, ...]:
        """Publish up to 1,000 events, and return them in order with what they did."""
        request = pb.PublishEventsRequest(events=[_event(each) for each in events])
        response = await self._connection.unary(self._connection.workflow_triggers.PublishEvents, request)
        return tuple(read(WorkflowEvent, each) for each in response.events)

    def events(
        self,
        name: str = "",
        *,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[WorkflowEvent]:
        """List events, newest first: all, or those of a name."""
        request = pb.ListWorkflowEventsRequest(
            name=name,
            created_after=convert.timestamp(created_after),
            created_before=convert.timestamp(created_before),
        )
        return listed(
            self._connection,
            lambda: self._connection.workflow_triggers.ListWorkflowEvents,
            request,
            kind=WorkflowEvent,
            field="events",
            limit=limit,
            page_size=page_size,
        )

    # -- Triggers ---------------------------------------------------------------------

    def triggers(
        self, workflow_id: str = "", *, limit: int | None = None, page_size: int = 200
    ) -> AsyncPager[Trigger]:
        """List what makes workflows begin by themselves: all of them, or one."""
        return listed(
            self._connection,
            lambda: self._connection.workflow_triggers.ListTriggers,
            pb.ListTriggersRequest(workflow_id=workflow_id),
            kind=Trigger,
            field="triggers",
            limit=limit,
            page_size=page_size,
        )

    async def webhook_secret(self, workflow_id: str, index: int) -> WebhookSecret:
        """Return what a webhook's callers sign with; it takes the key of an administrator.

        Args:
            workflow_id: The workflow.
            index: The webhook's place in the definition's `triggers`.
        """
        request = pb.GetWebhookSecretRequest(workflow_id=workflow_id, index=index)
        method = self._connection.workflow_triggers.GetWebhookSecret
        response = await self._connection.unary(method, request)
        return read(WebhookSecret, response)

    async def rotate_webhook_secret(self, workflow_id: str, index: int) -> str:
        """Give a webhook another secret and return it; the old one is refused from now on."""
        request = pb.RotateWebhookSecretRequest(workflow_id=workflow_id, index=index)
        method = self._connection.workflow_triggers.RotateWebhookSecret
        return (await self._connection.unary(method, request)).secret

    # -- Dead letters -----------------------------------------------------------------

    def dead_letters(
        self,
        workflow_id: str = "",
        *,
        include_redriven: bool = False,
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[DeadLetter]:
        """List work that was given up, newest first; `include_redriven` shows what was tried again, too."""
        return listed(
            self._connection,
            lambda: self._connection.workflow_executions.ListDeadLetters,
            executions_pb.ListDeadLettersRequest(workflow_id=workflow_id, include_redriven=include_redriven),
            kind=DeadLetter,
            field="dead_letters",
            limit=limit,
            page_size=page_size,
        )

    async def redrive(self, dead_letter_id: str) -> DeadLetter:
        """Try work again that was given up."""
        request = executions_pb.RedriveDeadLetterRequest(dead_letter_id=dead_letter_id)
        method = self._connection.workflow_executions.RedriveDeadLetter
        return read(DeadLetter, (await self._connection.unary(method, request)).dead_letter)

    async def delete_dead_letter(self, dead_letter_id: str) -> None:
        """Forget work that was given up."""
        request = executions_pb.DeleteDeadLetterRequest(dead_letter_id=dead_letter_id)
        await self._connection.unary(self._connection.workflow_executions.DeleteDeadLetter, request)


def _event(event: WorkflowEvent) -> nouns.WorkflowEvent:
    message = nouns.WorkflowEvent(id=event.id or uuid7(), name=event.name)
    given = write(WorkflowEvent(name=event.name, data=event.data, occur_time=event.occur_time), type(message))
    message.MergeFrom(given)
    return message
