"""Beginning an execution because a trigger fired."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from timeloom_platform.bounded import LruCache
from timeloom_platform.database import Database
from timeloom_platform.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidFieldError,
    MalformedJsonError,
    NotFoundError,
    RateLimitedError,
    TimeloomError,
    TooLargeError,
)
from timeloom_platform.ids import uuid7
from timeloom_platform.telemetry import current_traceparent
from timeloom_workflows.definitions import expressions
from timeloom_workflows.definitions.expressions import EvaluationError, LazyExpression
from timeloom_workflows.engine.commands import NewExecution, VersionCheck
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.flow.admission import FlowAdmission
from timeloom_workflows.flow.rules import rules_of
from timeloom_workflows.limits import DOCUMENT_BYTES_MAX
from timeloom_workflows.model import TriggerType
from timeloom_workflows.starting.starting import check_input
from timeloom_workflows.starting.versions import Version, Versions
from timeloom_workflows.storage import flow as flow_storage
from timeloom_workflows.storage import triggers as storage
from timeloom_workflows.storage.flow import Collection
from timeloom_workflows.storage.triggers import Trigger
from timeloom_workflows.triggers.specs import Happening, spec_of

ATTEMPTS_MAX: Final = 5
"""How often a version may turn out to be outdated."""

NOTES_KEPT_MAX: Final = 10_000
PROBLEM_LENGTH_MAX: Final = 500

REFUSALS: Final = (
    AlreadyExistsError,
    EvaluationError,
    InvalidFieldError,
    MalformedJsonError,
    NotFoundError,
    RateLimitedError,
    TooLargeError,
)
"""Why an execution does not begin, whoever tries it again."""

logger = structlog.get_logger(__name__)


class Beginnings:
    """Begins executions for triggers, and keeps with each trigger what became of it."""

    def __init__(
        self, *, engine: Engine, versions: Versions, database: Database, admission: FlowAdmission
    ) -> None:
        self._engine = engine
        self._versions = versions
        self._database = database
        self._admission = admission
        self._notes: LruCache[tuple[UUID, str, int], str] = LruCache(NOTES_KEPT_MAX)

    async def try_to_begin(
        self, trigger: Trigger, happening: Happening, *, trigger_id: str, key: str
    ) -> UUID | None:
        """Begins an execution, and notes with the trigger why, if it does not.

        Returns:
            Its id; None if it does not begin, or what came is collected first.

        Raises:
            UnavailableError: Nobody knows whether it began; its key makes it begin once.
            OverloadedError: Too much waits already.
        """
        try:
            execution_id = await self.begin(trigger, happening, trigger_id=trigger_id, key=key)
        except REFUSALS as error:
            await self._note(trigger, str(error)[:PROBLEM_LENGTH_MAX])
            return None
        await self._note(trigger, "")
        return execution_id

    async def begin(
        self, trigger: Trigger, happening: Happening, *, trigger_id: str, key: str
    ) -> UUID | None:
        """Begins an execution, once for a key.

        Returns:
            Its id; None if the trigger's condition does not hold, or what came is collected first.

        Raises:
            NotFoundError: There is no such workflow any more.
            EvaluationError: An expression of the trigger has no value.
            InvalidFieldError: The input is not what the workflow's schema asks for.
            RateLimitedError: Too many began lately.
            AlreadyExistsError: Only one may be alive, and one is.
        """
        spec = spec_of(trigger.definition)
        if spec.match is not None and not await _holds(spec.match, happening.variable()):
            return None
        document = happening.data
        if spec.input is not None:
            document = msgspec.json.encode(spec.input.render({expressions.EVENT: happening.variable()}))
            if len(document) > DOCUMENT_BYTES_MAX:
                raise TooLargeError(f"The input has more than {DOCUMENT_BYTES_MAX:,} bytes.")
        version = await self._versions.get(trigger.project_id, trigger.workflow_id)
        rules = rules_of(trigger.workflow_id, version.definition, document)
        if rules.collecting is None:
            return await self._begin(version, document, spec.type, trigger_id=trigger_id, key=key)
        if not rules.collecting.is_batch:
            check_input(version, document, "input")
        async with self._database.transaction(str(trigger.project_id)) as connection:
            await flow_storage.collect(
                connection,
                trigger.project_id,
                rules.collecting,
                document,
                workflow_id=trigger.workflow_id,
                trigger=spec.type,
                trigger_id=trigger_id,
                idempotency_key=key,
            )
        return None

    async def begin_collected(self, collection: Collection, document: bytes) -> UUID | None:
        """Begins an execution with what was collected, once; None if its workflow refuses it.

        Raises:
            UnavailableError: Nobody knows whether it began.
            OverloadedError: Too much waits already.
        """
        try:
            version = await self._versions.get(collection.project_id, collection.workflow_id)
            return await self._begin(
                version,
                document,
                collection.trigger,
                trigger_id=collection.trigger_id,
                key=f"collection/{collection.id}",
            )
        except REFUSALS as error:
            async with self._database.transaction(str(collection.project_id)) as connection:
                triggers: Sequence[Trigger] = await storage.select_of_workflow(
                    connection, collection.project_id, collection.workflow_id
                )
            for trigger in triggers:
                if trigger.type is collection.trigger:
                    await self._note(trigger, str(error)[:PROBLEM_LENGTH_MAX])
            return None

    async def _begin(
        self, version: Version, document: bytes | None, kind: TriggerType, *, trigger_id: str, key: str
    ) -> UUID:
        for _ in range(ATTEMPTS_MAX):
            check_input(version, document, "input")
            new = NewExecution(
                project_id=version.project_id,
                id=uuid7(),
                workflow_id=version.workflow_id,
                workflow_version=version.version,
                version_check=VersionCheck.IS_NEWEST,
                kind=version.kind,
                input=document,
                trigger=kind,
                trigger_id=trigger_id,
                time_allowed=version.time_allowed,
                idempotency_key=key,
                traceparent=current_traceparent(),
            )
            begun = await self._engine.start(await self._admission.admit(new, version.definition))
            if not begun.is_outdated:
                return begun.execution_id
            self._versions.forget(version.project_id, version.workflow_id)
            version = await self._versions.get(version.project_id, version.workflow_id)
        raise ConflictError(f"The workflow {version.workflow_id} changes all the time.")

    async def _note(self, trigger: Trigger, problem: str) -> None:
        """Keeps what became of a trigger; the same as before is not written again, for many events come."""
        place = (trigger.project_id, trigger.workflow_id, trigger.number)
        known = self._notes.get(place)
        if known == problem or (known is None and trigger.problem == problem and trigger.last_fire_time):
            return
        if problem:
            logger.info("trigger did not fire", workflow_id=trigger.workflow_id, number=trigger.number)
        try:
            async with self._database.transaction(str(trigger.project_id)) as connection:
                await storage.note(connection, trigger, problem)
        except TimeloomError as error:
            logger.warning("trigger not noted", workflow_id=trigger.workflow_id, error=error)
            return
        self._notes.put(place, problem)


async def _holds(match: LazyExpression, event: dict[str, Any]) -> bool:
    variables = {expressions.EVENT: event}
    if match.compiled.may_take_long:
        return await asyncio.to_thread(match.holds, variables)
    return match.holds(variables)
