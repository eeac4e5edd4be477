"""What is asked of rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from timeloom_observability.alerts.answers import etag_of
from timeloom_observability.alerts.evaluating import ended
from timeloom_observability.alerts.limits import RULES_MAX
from timeloom_observability.alerts.model import Action, Rule, Webhook, WorkflowEvent
from timeloom_observability.alerts.requests import WantedRule, WantedWebhook
from timeloom_observability.alerts.sealing import sealed
from timeloom_observability.alerts.storage import alerts as alerts_storage
from timeloom_observability.alerts.storage import rules as storage
from timeloom_observability.alerts.telling import keep
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import (
    AlreadyExistsError,
    EtagMismatchError,
    InvalidFieldError,
    NotFoundError,
)
from timeloom_platform.pagination import Cursors, ListIdentity, Page
from timeloom_platform.sealing import MasterKeys

NOW: Final = "SELECT clock_timestamp()"


class Rules:
    """The rules of all projects.

    Args:
        database: The room's.
        cursors: Sign the tokens of pages.
        master_keys: Seal the secrets of webhooks.
        changed: Called when a rule is new, or another one than before.
    """

    def __init__(
        self,
        *,
        database: Database,
        cursors: Cursors,
        master_keys: MasterKeys,
        changed: Callable[[], None],
    ) -> None:
        self._database = database
        self._cursors = cursors
        self._master_keys = master_keys
        self._changed = changed

    async def create(self, project_id: UUID, wanted: WantedRule) -> Rule:
        """Creates a rule; if it was created before in the same way, returns that one.

        Raises:
            AlreadyExistsError: The id belongs to another rule.
            InvalidFieldError: A webhook is to keep a secret, and there is none yet; or there are as many
                rules as there may be.
        """
        rule = wanted.rule
        async with self._database.transaction(str(project_id)) as connection:
            await storage.lock_project(connection, project_id)
            found = await storage.select(connection, project_id, rule.id)
            if found is not None:
                if not _is_alike(found, wanted):
                    raise AlreadyExistsError(f"Another rule has the id {rule.id}.")
                return found
            if (count := await storage.count(connection, project_id)) >= RULES_MAX:
                raise InvalidFieldError.of(
                    "rule", f"would be beside {count} others; at most {RULES_MAX} are allowed in a project"
                )
            actions = await self._actions(connection, project_id, wanted, before=())
            created = await storage.insert(connection, project_id, replace(rule, actions=actions))
        self._changed()
        return created

    async def get(self, project_id: UUID, rule_id: UUID) -> Rule:
        """Returns a rule.

        Raises:
            NotFoundError: There is none.
        """
        async with self._database.reading(str(project_id)) as connection:
            return _found(await storage.select(connection, project_id, rule_id), rule_id)

    async def list_page(self, project_id: UUID, *, page_token: str, limit: int) -> Page[Rule]:
        """Returns a page of rules, by name.

        Raises:
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {"list": "alert rules", "project": str(project_id)}
        position = self._cursors.decode(page_token, of=identity)
        after = (str(position[0]), UUID(str(position[1]))) if position else None
        async with self._database.reading(str(project_id)) as connection:
            found = await storage.select_page(connection, project_id, after=after, limit=limit + 1)
        return self._cursors.page(
            found, limit=limit, of=identity, position=lambda each: (each.name, str(each.id))
        )

    async def update(self, project_id: UUID, wanted: WantedRule, *, etag: str) -> Rule:
        """Replaces a rule, and returns it as it is then.

        Raises:
            NotFoundError: There is none.
            EtagMismatchError: It is another one than the caller read.
            InvalidFieldError: A webhook is to keep a secret, and has none.
        """
        rule_id = wanted.rule.id
        async with self._database.transaction(str(project_id)) as connection:
            before = _found(await storage.lock(connection, project_id, rule_id), rule_id)
            if etag and etag != etag_of(before):
                raise EtagMismatchError(
                    f"Rule {rule_id} has changed: its etag is {etag_of(before)} now.",
                    metadata={"etag": etag_of(before)},
                )
            actions = await self._actions(connection, project_id, wanted, before=before.actions)
            rule = await storage.update(connection, project_id, replace(wanted.rule, actions=actions))
            if not rule.enabled or rule.group_by != before.group_by:
                await self._end_alerts(connection, project_id, rule)
        self._changed()
        return rule

    async def delete(self, project_id: UUID, rule_id: UUID) -> None:
        """Deletes a rule with its alerts.

        Raises:
            NotFoundError: There is none.
        """
        async with self._database.transaction(str(project_id)) as connection:
            if not await storage.delete(connection, project_id, rule_id):
                raise _missing(rule_id)

    async def _end_alerts(self, connection: Connection, project_id: UUID, rule: Rule) -> None:
        """Ends the alerts of a rule that nobody checks any more, or not these groups."""
        now: datetime = await connection.fetchval(NOW)
        standing = await alerts_storage.lock_open(connection, project_id, rule.id)
        await keep(connection, project_id, rule, ended(standing, now=now), now=now)

    async def _actions(
        self, connection: Connection, project_id: UUID, wanted: WantedRule, *, before: Sequence[Action]
    ) -> Sequence[Action]:
        """Returns what a rule is to do, with its secrets sealed."""
        actions: list[Action] = []
        for index, action in enumerate(wanted.actions):
            if isinstance(action, WorkflowEvent):
                actions.append(action)
                continue
            secret: bytes | None = None
            if action.secret:
                secret = await sealed(
                    connection, project_id, wanted.rule.id, action.secret, master_keys=self._master_keys
                )
            elif action.keeps_secret:
                secret = _kept_secret(action, index, before)
            actions.append(Webhook(url=action.url, sealed_secret=secret))
        return actions


def _kept_secret(action: WantedWebhook, index: int, before: Sequence[Action]) -> bytes:
    """Returns the secret that a webhook has already: that of the same URL, or else that of the same place."""
    webhooks = [each for each in before if isinstance(each, Webhook) and each.url == action.url]
    webhooks += [each for each in before[index : index + 1] if isinstance(each, Webhook)]
    for each in webhooks:
        if each.sealed_secret is not None:
            return each.sealed_secret
    raise InvalidFieldError.of(
        f"rule.actions[{index}].webhook.secret", "is required: there is none that could stay as it is"
    )


def _is_alike(found: Rule, wanted: WantedRule) -> bool:
    """Whether a rule is the one that is wanted, but for its secrets, and for what has become of it."""
    actions = tuple(
        WantedWebhook(url=each.url, keeps_secret=each.sealed_secret is not None)
        if isinstance(each, Webhook)
        else each
        for each in found.actions
    )
    asked = tuple(
        replace(each, secret="", keeps_secret=each.keeps_secret or bool(each.secret))
        if isinstance(each, WantedWebhook)
        else each
        for each in wanted.actions
    )
    same = replace(
        wanted.rule,
        actions=found.actions,
        version=found.version,
        create_time=found.create_time,
        update_time=found.update_time,
        check_time=found.check_time,
        check_error=found.check_error,
    )
    return same == found and actions == asked


def _found(rule: Rule | None, rule_id: UUID) -> Rule:
    if rule is None:
        raise _missing(rule_id)
    return rule


def _missing(rule_id: UUID) -> NotFoundError:
    return NotFoundError(f"There is no alert rule {rule_id}.")
