"""Webhooks: calls from outside that make a workflow begin, and the secrets that their callers sign with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_platform.database import Database
from timeloom_platform.errors import InvalidFieldError, NotFoundError
from timeloom_workflows.errors import WrongStatusError, refuse_nul
from timeloom_workflows.model import TriggerType
from timeloom_workflows.storage import triggers as storage
from timeloom_workflows.storage.triggers import Trigger
from timeloom_workflows.triggers.beginning import Beginnings
from timeloom_workflows.triggers.signatures import WebhookSecrets, verify
from timeloom_workflows.triggers.specs import Happening

PATH: Final = "/api/workflows/hooks/"
EVENT_NAME: Final = "timeloom/webhook"


class Received(Struct, frozen=True, kw_only=True):
    """A webhook's call.

    Attributes:
        delivery_id: A call that is repeated with it counts once; empty if the caller gives none.
    """

    hook_id: str
    body: bytes
    signature: str
    delivery_id: str


class Webhooks:
    """Takes calls, and gives those who may ask the secrets to sign them with."""

    def __init__(
        self,
        *,
        database: Database,
        beginnings: Beginnings,
        secrets: WebhookSecrets,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._beginnings = beginnings
        self._secrets = secrets
        self._clock = clock

    async def receive(self, call: Received) -> UUID | None:
        """Begins the workflow of a webhook, if the call is signed as it has to be.

        Returns:
            The execution; None if the trigger's condition does not hold, or the body is collected first.

        Raises:
            NotFoundError: There is no such webhook.
            InvalidSignatureError: The signature is wrong or too old.
            WrongStatusError: The workflow is switched off.
            InvalidFieldError: The body is not what the workflow takes.
            RateLimitedError: Too many began lately.
            AlreadyExistsError: Only one may be alive, and one is.
        """
        refuse_nul("deliveryId", call.delivery_id)
        # Whoever calls belongs to no project: the address says which is meant.
        async with self._database.system_transaction() as connection:
            trigger = await storage.select_by_hook(connection, call.hook_id)
        if trigger is None:
            raise NotFoundError("There is no such webhook.")
        now = self._clock()
        verify(call.signature, call.body, secret=self._secret_of(trigger), now=now.timestamp())
        if not trigger.enabled:
            raise WrongStatusError(f"The workflow {trigger.workflow_id} is switched off.")
        # Without an id of its own, a call is known by its signature: sent once more as it is, it counts once.
        delivery = call.delivery_id or hashlib.sha256(call.signature.encode()).hexdigest()
        happening = Happening(id=delivery, name=EVENT_NAME, data=call.body or None, occur_time=now)
        return await self._beginnings.begin(
            trigger, happening, trigger_id=delivery, key=f"webhook/{trigger.number}/{delivery}"
        )

    async def secret(self, project_id: UUID, workflow_id: str, number: int) -> tuple[str, str]:
        """Returns the secret of a webhook, and the path to call.

        Raises:
            NotFoundError: The workflow has no trigger at this place.
            InvalidFieldError: It is no webhook.
        """
        async with self._database.reading(str(project_id)) as connection:
            trigger = await storage.select_by_number(connection, project_id, workflow_id, number)
        found = _webhook(trigger, workflow_id, number)
        return self._secret_of(found), path_of(found)

    async def rotate(self, project_id: UUID, workflow_id: str, number: int) -> str:
        """Gives a webhook another secret, and returns it; the old one is refused from then on.

        Raises:
            NotFoundError: The workflow has no trigger at this place.
            InvalidFieldError: It is no webhook.
        """
        async with self._database.transaction(str(project_id)) as connection:
            before = await storage.select_by_number(connection, project_id, workflow_id, number)
            _webhook(before, workflow_id, number)
            after = await storage.rotate(connection, project_id, workflow_id, number)
        return self._secret_of(_webhook(after, workflow_id, number))

    def _secret_of(self, trigger: Trigger) -> str:
        assert trigger.hook_id is not None, "it is a webhook"
        return self._secrets.secret(trigger.hook_id, trigger.hook_generation)


def path_of(trigger: Trigger) -> str:
    """Returns where a webhook is called; empty for other triggers."""
    return PATH + trigger.hook_id if trigger.hook_id else ""


def _webhook(trigger: Trigger | None, workflow_id: str, number: int) -> Trigger:
    if trigger is None:
        raise NotFoundError(f"The workflow {workflow_id} has no triggers[{number}].")
    if trigger.type is not TriggerType.WEBHOOK:
        raise InvalidFieldError.of("index", f"names a trigger of the kind {trigger.type.name}, not a webhook")
    return trigger
