"""Beginning executions of a workflow: one, or many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from timeloom_platform.database import Database
from timeloom_platform.errors import (
    ConflictError,
    InvalidFieldError,
    MalformedJsonError,
    NotFoundError,
    TooLargeError,
)
from timeloom_platform.ids import uuid7
from timeloom_platform.telemetry import current_traceparent
from timeloom_workflows import limits
from timeloom_workflows.engine.commands import Begun, NewExecution, VersionCheck
from timeloom_workflows.engine.engine import Engine, execution_of_new
from timeloom_workflows.model import Execution, TriggerType
from timeloom_workflows.starting.reader import Reader
from timeloom_workflows.starting.versions import Version, Versions

NOTHING: Final = b"null"
"""The input of an execution that is given none, as far as its schema is concerned."""


ATTEMPTS_MAX: Final = 5
"""How often a version may turn out to be outdated in one call."""


class Wish(Struct, frozen=True, kw_only=True):
    """How executions are to begin.

    Attributes:
        version: The newest if zero.
        priority: What the definition says if None.
        start_time: At once if None.
    """

    workflow_id: str
    version: int = 0
    priority: int | None = None
    tags: Sequence[str] = ()
    attributes: bytes | None = None
    start_time: datetime | None = None
    idempotency_key: str | None = None


class Admission(Protocol):
    """Says how an execution begins: at once, or held back until there is a slot, or its turn, for it."""

    async def admit(
        self, new: NewExecution, definition: Mapping[str, Any], *, keeps_priority: bool = False
    ) -> NewExecution:
        """Returns the execution as it is to begin; with `keeps_priority`, as urgent as it is.

        Raises:
            TimeloomError: It is not to begin at all.
        """
        ...


class Starting:
    """Begins executions by a call."""

    def __init__(
        self, *, engine: Engine, versions: Versions, database: Database, admission: Admission | None = None
    ) -> None:
        self._engine = engine
        self._versions = versions
        self._reader = Reader(database)
        self._admission = admission

    async def execute(
        self, project_id: UUID, wish: Wish, document: bytes | None, *, wait_seconds: float = 0
    ) -> Execution:
        """Begins an execution, or finds the one that began with the same key.

        Returns:
            How it stands after the commit; with `wait_seconds`, when it has ended or the wait is over.

        Raises:
            NotFoundError: There is no such workflow, or no such version of it.
            MalformedJsonError: The input does not parse.
            InvalidFieldError: The input is not what the workflow's schema asks for.
            ConflictError: The workflow got new versions all the time.
            OverloadedError: Too much waits already.
        """
        for attempt in range(ATTEMPTS_MAX):
            version = await self._version(project_id, wish, attempt)
            check_input(version, document, "input")
            new = await self._admitted(_new(version, wish, document), version, wish)
            execution = await self._begin(new, wait_seconds)
            if execution is not None:
                return execution
        raise _changes_too_often(wish)

    async def execute_all(self, project_id: UUID, wish: Wish, documents: Sequence[bytes]) -> Sequence[UUID]:
        """Begins an execution for each input, all or none, and returns their ids in the order of the inputs.

        Raises:
            NotFoundError: There is no such workflow, or no such version of it.
            MalformedJsonError: An input does not parse.
            InvalidFieldError: An input is not what the workflow's schema asks for.
            ConflictError: The workflow got new versions all the time.
            OverloadedError: Too much waits already.
        """
        for attempt in range(ATTEMPTS_MAX):
            version = await self._version(project_id, wish, attempt)
            for index, document in enumerate(documents):
                check_input(version, document, f"inputs[{index}]")
            news = [await self._admitted(_new(version, wish, each), version, wish) for each in documents]
            begun = await self._engine.start_all(news)
            if not any(each.is_outdated for each in begun):
                return [each.execution_id for each in begun]
        raise _changes_too_often(wish)

    async def _version(self, project_id: UUID, wish: Wish, attempt: int) -> Version:
        """The version to begin with; what is kept of it may be outdated, which the commit finds out."""
        if attempt:
            self._versions.forget(project_id, wish.workflow_id)
        return await self._versions.get(project_id, wish.workflow_id, wish.version)

    async def _begin(self, new: NewExecution, wait_seconds: float) -> Execution | None:
        """Begins an execution and returns how it stands; None if its version is outdated."""
        if wait_seconds:
            return await self._begin_and_wait(new, wait_seconds)
        begun = await self._engine.start(new)
        if begun.is_outdated:
            return None
        return execution_of_new(new, begun) if begun.is_new else await self._select(new.project_id, begun)

    async def _begin_and_wait(self, new: NewExecution, seconds: float) -> Execution | None:
        deadline = asyncio.get_running_loop().time() + seconds
        # Waiting begins before the execution does: its end is not missed.
        waiting = asyncio.ensure_future(self._engine.waiters.wait(new.project_id, new.id, seconds))
        try:
            begun = await self._engine.start(new)
            if begun.is_outdated:
                return None
            if begun.is_new:
                await waiting
                return await self._select(new.project_id, begun)
        finally:
            waiting.cancel()
        left = deadline - asyncio.get_running_loop().time()
        return await self._wait_for_other(new.project_id, begun, left)

    async def _wait_for_other(self, project_id: UUID, begun: Begun, seconds: float) -> Execution:
        """Waits for the end of an execution that began with the same key before."""
        waiting = asyncio.ensure_future(
            self._engine.waiters.wait(project_id, begun.execution_id, max(0.0, seconds))
        )
        try:
            execution = await self._select(project_id, begun)
            if execution.status.has_ended:
                return execution
            await waiting
        finally:
            waiting.cancel()
        return await self._select(project_id, begun)

    async def _admitted(self, new: NewExecution, version: Version, wish: Wish) -> NewExecution:
        if self._admission is None:
            return new
        return await self._admission.admit(new, version.definition, keeps_priority=wish.priority is not None)

    async def _select(self, project_id: UUID, begun: Begun) -> Execution:
        execution = await self._reader.get(project_id, begun.execution_id)
        if execution is None:
            raise NotFoundError(f"The execution {begun.execution_id} was deleted.")
        return execution


def documents_of(inputs: bytes) -> list[bytes]:
    """Splits a JSON array into the documents that are its elements.

    Raises:
        MalformedJsonError: It does not parse.
        InvalidFieldError: It is no array, or has no elements, or too many.
        TooLargeError: An element is too large.
    """
    try:
        documents = msgspec.json.decode(inputs, type=list[Raw])
    except msgspec.ValidationError:
        raise InvalidFieldError.of("inputs", "must be an array") from None
    except msgspec.DecodeError:
        raise MalformedJsonError("inputs is not JSON.") from None
    if not 0 < len(documents) <= limits.BATCH_MAX:
        raise InvalidFieldError.of("inputs", f"must have 1 to {limits.BATCH_MAX:,} elements")
    for index, document in enumerate(documents):
        if len(document) > limits.DOCUMENT_BYTES_MAX:
            raise TooLargeError(
                f"inputs[{index}] has {len(document):,} bytes; "
                f"at most {limits.DOCUMENT_BYTES_MAX:,} are allowed."
            )
    return [bytes(document) for document in documents]


def check_input(version: Version, document: bytes | None, field: str) -> None:
    """Does nothing if a workflow takes an input.

    Raises:
        MalformedJsonError: It does not parse.
        InvalidFieldError: It is not what the workflow's schema asks for.
    """
    try:
        value = msgspec.json.decode(document or NOTHING)
    except msgspec.DecodeError:
        raise MalformedJsonError(f"{field} is not JSON.") from None
    if version.schema is not None:
        version.schema.check(value, field)


def _changes_too_often(wish: Wish) -> ConflictError:
    return ConflictError(f"The workflow {wish.workflow_id} changes all the time; try again.")


def _new(version: Version, wish: Wish, document: bytes | None) -> NewExecution:
    return NewExecution(
        project_id=version.project_id,
        id=uuid7(),
        workflow_id=version.workflow_id,
        workflow_version=version.version,
        version_check=VersionCheck.EXISTS if wish.version else VersionCheck.IS_NEWEST,
        kind=version.kind,
        input=document,
        trigger=TriggerType.MANUAL,
        priority=wish.priority or 0,
        tags=wish.tags,
        attributes=wish.attributes,
        start_time=wish.start_time,
        time_allowed=version.time_allowed,
        idempotency_key=wish.idempotency_key,
        traceparent=current_traceparent(),
    )
