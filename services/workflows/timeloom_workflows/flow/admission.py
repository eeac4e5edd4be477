"""How an execution begins: at once, later, when there is a slot for it, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from timeloom_platform.database import Database
from timeloom_platform.errors import AlreadyExistsError, RateLimitedError
from timeloom_workflows.engine.commands import NewExecution, Slot
from timeloom_workflows.flow.rules import FlowRules, has_rules, rules_of
from timeloom_workflows.storage import flow as storage


class FlowAdmission:
    """Applies what definitions say about flow to executions that are to begin."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def admit(
        self, new: NewExecution, definition: Mapping[str, Any], *, keeps_priority: bool = False
    ) -> NewExecution:
        """Returns the execution as it is to begin.

        Args:
            new: As its caller wishes it.
            definition: Of its workflow.
            keeps_priority: Whoever wishes it has said how urgent it is.

        Raises:
            RateLimitedError: Too many began lately.
            AlreadyExistsError: Only one may be alive, and one is.
            InvalidFieldError: An expression has no value for its input.
        """
        if not has_rules(definition):
            return new
        rules = rules_of(new.workflow_id, definition, new.input)
        if rules.flow is not None:
            new = replace(new, flow=rules.flow)
        if rules.priority is not None and not keeps_priority:
            new = replace(new, priority=rules.priority)
        single = next((slot for slot in (rules.flow.slots if rules.flow else ()) if slot.is_single), None)
        if not (single or rules.refusing or rules.delaying):
            return new
        return await self._in_turn(new, rules, single)

    async def _in_turn(self, new: NewExecution, rules: FlowRules, single: Slot | None) -> NewExecution:
        project_id = new.project_id
        async with self._database.transaction(str(project_id)) as connection:
            if new.idempotency_key is not None and await storage.has_begun(
                connection, project_id, new.workflow_id, new.idempotency_key
            ):
                # The commit finds that one again; it takes no other place.
                return replace(new, flow=None)
            if single is not None:
                alive = await storage.select_single(connection, project_id, single.key)
                if alive is not None:
                    raise AlreadyExistsError(
                        f"Execution {alive} of {new.workflow_id} has not ended, and there may be only one.",
                        metadata={"executionId": str(alive)},
                    )
            if rules.refusing is not None:
                seconds = await storage.take(connection, project_id, rules.refusing)
                if seconds > 0:
                    raise RateLimitedError(
                        f"Executions of {new.workflow_id} begin faster than its `rateLimit` allows.",
                        retry_after_seconds=seconds,
                    )
            if rules.delaying is not None:
                turn = await storage.queue_up(connection, project_id, rules.delaying)
                if turn is not None and (new.start_time is None or new.start_time < turn):
                    return replace(new, start_time=turn)
        return new
