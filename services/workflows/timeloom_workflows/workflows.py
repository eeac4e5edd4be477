"""Workflows: make, find, change, switch and delete them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from msgspec.structs import replace

from timeloom.events.v1 import events_pb2
from timeloom_platform import outbox
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import AlreadyExistsError, InvalidFieldError, NotFoundError
from timeloom_platform.pagination import Cursors, ListIdentity, Page
from timeloom_workflows.definitions.document import DefinitionDocument, Problem
from timeloom_workflows.definitions.validation import checked, problems_of
from timeloom_workflows.errors import refuse_nul
from timeloom_workflows.etags import check_etag
from timeloom_workflows.model import Workflow, WorkflowKind
from timeloom_workflows.storage import workflows as storage
from timeloom_workflows.storage.workflows import VERSION_END, WorkflowFilter

TOPIC: Final = "workflows"
TAG_LENGTH_MAX: Final = 100


class WorkflowFollower(Protocol):
    """Somebody whose tables follow the definitions: what begins workflows, and what holds them back."""

    async def workflow_changed(
        self, connection: Connection, workflow: Workflow, document: DefinitionDocument
    ) -> None:
        """Brings what follows a workflow up to date, in the transaction that changes the workflow."""

    async def workflow_deleted(self, connection: Connection, project_id: UUID, workflow_id: str) -> None:
        """Takes away what followed a workflow, in the transaction that deletes it."""


class Workflows:
    """The workflows of all projects."""

    def __init__(
        self,
        *,
        database: Database,
        cursors: Cursors,
        clock: Callable[[], datetime],
        followers: Sequence[WorkflowFollower] = (),
    ) -> None:
        self._database = database
        self._cursors = cursors
        self._clock = clock
        self._followers = followers

    async def create(
        self, project_id: UUID, definition: bytes, *, tags: Sequence[str], enabled: bool
    ) -> Workflow:
        """Makes a workflow from a definition.

        Raises:
            InvalidDefinitionError: The definition has problems.
            AlreadyExistsError: There is another workflow of its id.
        """
        document = await _checked(definition, kind=WorkflowKind.DAG)
        async with self._database.transaction(str(project_id)) as connection:
            before = await storage.claim(
                connection, project_id, document.id, kind=document.kind, enabled=enabled
            )
            if before is not None:
                if before.definition_hash == document.hash and tuple(before.tags) == tuple(tags):
                    return before
                raise AlreadyExistsError(f"There is a workflow {document.id} already.")
            new = self._new(project_id, document, tags=checked_tags(tags), enabled=enabled)
            return await self._put(connection, new, document)

    async def update(
        self, project_id: UUID, workflow_id: str, definition: bytes, *, tags: Sequence[str], etag: str
    ) -> Workflow:
        """Makes a new version of a workflow, or makes the workflow.

        Raises:
            InvalidDefinitionError: The definition has problems.
            InvalidFieldError: The definition is another workflow's.
            EtagMismatchError: The workflow has another etag by now.
            AlreadyExistsError: The workflow is a worker's.
        """
        document = await _checked(definition, kind=WorkflowKind.DAG)
        if document.id != workflow_id:
            raise InvalidFieldError.of("definition", f"must have the id {workflow_id}, as the path says")
        return await self._change(project_id, document, tags=tags, etag=etag)

    async def register_code(self, project_id: UUID, definition: bytes) -> Workflow:
        """Makes a workflow, or a new version of it, whose steps are a worker's code.

        Raises:
            InvalidDefinitionError: The definition has problems.
            AlreadyExistsError: There is a workflow of its id that has steps of its own.
        """
        document = await _checked(definition, kind=WorkflowKind.CODE)
        return await self._change(project_id, document, tags=(), etag="")

    async def get(self, project_id: UUID, workflow_id: str, *, version: int = 0) -> Workflow:
        """Returns a workflow in its newest version, or in the one that is asked for.

        Raises:
            NotFoundError: There is none.
        """
        async with self._database.reading(str(project_id)) as connection:
            found = await storage.select(connection, project_id, workflow_id, version=version)
        if found is None and version:
            raise NotFoundError(f"There is no version {version} of a workflow {workflow_id}.")
        return _found(found, workflow_id)

    async def list_page(
        self, project_id: UUID, *, wanted: WorkflowFilter, page_token: str, limit: int
    ) -> Page[Workflow]:
        """Returns a page of workflows, by id.

        Raises:
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "workflows",
            "project": str(project_id),
            "tags": tuple(wanted.tags),
            "kind": wanted.kind,
            "text": wanted.text,
        }
        position = self._cursors.decode(page_token, of=identity)
        async with self._database.reading(str(project_id)) as connection:
            found = await storage.select_page(
                connection,
                project_id,
                wanted=wanted,
                after=str(position[0]) if position else "",
                limit=limit + 1,
            )
        return self._cursors.page(found, limit=limit, of=identity, position=lambda each: (each.id,))

    async def list_versions(
        self, project_id: UUID, workflow_id: str, *, page_token: str, limit: int
    ) -> Page[Workflow]:
        """Returns a page of a workflow's versions, newest first.

        Raises:
            NotFoundError: There is no such workflow.
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "workflow versions",
            "project": str(project_id),
            "workflow": workflow_id,
        }
        position = self._cursors.decode(page_token, of=identity)
        before = int(position[0] or 0) if position else VERSION_END
        async with self._database.reading(str(project_id)) as connection:
            found = await storage.select_versions(
                connection, project_id, workflow_id, before=before, limit=limit + 1
            )
        if not found and not position:
            raise _not_found(workflow_id)
        return self._cursors.page(found, limit=limit, of=identity, position=lambda each: (each.version,))

    async def switch(self, project_id: UUID, workflow_id: str, *, enabled: bool) -> Workflow:
        """Lets a workflow's triggers fire, or keeps them from it.

        Raises:
            NotFoundError: There is no such workflow.
        """
        async with self._database.transaction(str(project_id)) as connection:
            before = _found(await storage.lock(connection, project_id, workflow_id), workflow_id)
            if before.enabled == enabled:
                return before
            assert before.definition is not None, "it was selected with it"
            document = DefinitionDocument.of(before.definition, kind=before.kind)
            after = await storage.update(connection, replace(before, enabled=enabled))
            await self._tell(connection, after, document)
        return after

    async def delete(self, project_id: UUID, workflow_id: str, *, etag: str) -> None:
        """Deletes a workflow with what begins it. Executions that have begun go on.

        Raises:
            NotFoundError: There is no such workflow.
            EtagMismatchError: It has another etag by now.
        """
        async with self._database.transaction(str(project_id)) as connection:
            before = _found(await storage.lock(connection, project_id, workflow_id), workflow_id)
            check_etag(before, workflow_id, etag)
            for follower in self._followers:
                await follower.workflow_deleted(connection, project_id, workflow_id)
            await storage.delete(connection, project_id, workflow_id)
            await outbox.enqueue(connection, str(project_id), [_changed(workflow_id, 0, enabled=False)])

    async def validate(self, definition: bytes) -> Sequence[Problem]:
        """Returns all that is wrong with a definition."""
        return await asyncio.to_thread(problems_of, definition, kind=WorkflowKind.DAG)

    async def _change(
        self, project_id: UUID, document: DefinitionDocument, *, tags: Sequence[str], etag: str
    ) -> Workflow:
        wanted_tags = checked_tags(tags)
        async with self._database.transaction(str(project_id)) as connection:
            before = await storage.claim(
                connection, project_id, document.id, kind=document.kind, enabled=True
            )
            check_etag(before, document.id, etag)
            if before is None:
                new = self._new(project_id, document, tags=wanted_tags, enabled=True)
                return await self._put(connection, new, document)
            if before.kind != document.kind:
                raise AlreadyExistsError(
                    f"The workflow {document.id} is a worker's code."
                    if before.kind == WorkflowKind.CODE
                    else f"The workflow {document.id} has a definition with steps; delete it first."
                )
            kept_tags = wanted_tags or tuple(before.tags)
            if before.definition_hash == document.hash:
                if kept_tags == tuple(before.tags):
                    return before
                return await self._write(connection, replace(before, tags=kept_tags), document)
            new = replace(
                self._new(project_id, document, tags=kept_tags, enabled=before.enabled),
                version=before.version,
            )
            return await self._put(connection, new, document)

    def _new(
        self, project_id: UUID, document: DefinitionDocument, *, tags: tuple[str, ...], enabled: bool
    ) -> Workflow:
        now = self._clock()
        return Workflow(
            project_id=project_id,
            id=document.id,
            version=0,
            kind=document.kind,
            enabled=enabled,
            description=document.description,
            tags=tags,
            revision=0,
            definition=document.text,
            definition_hash=document.hash,
            create_time=now,
            update_time=now,
        )

    async def _put(
        self, connection: Connection, workflow: Workflow, document: DefinitionDocument
    ) -> Workflow:
        version = await storage.insert_version(connection, workflow)
        return await self._write(connection, replace(workflow, version=version), document)

    async def _write(
        self, connection: Connection, workflow: Workflow, document: DefinitionDocument
    ) -> Workflow:
        written = await storage.update(connection, workflow)
        await self._tell(connection, written, document)
        return written

    async def _tell(self, connection: Connection, workflow: Workflow, document: DefinitionDocument) -> None:
        for follower in self._followers:
            await follower.workflow_changed(connection, workflow, document)
        event = _changed(workflow.id, workflow.version, enabled=workflow.enabled)
        await outbox.enqueue(connection, str(workflow.project_id), [event])


def checked_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Returns tags, each once.

    Raises:
        InvalidFieldError: One of them cannot be a tag.
    """
    for index, tag in enumerate(tags):
        if not tag or len(tag) > TAG_LENGTH_MAX:
            raise InvalidFieldError.of(f"tags[{index}]", f"must have 1 to {TAG_LENGTH_MAX} characters")
        refuse_nul(f"tags[{index}]", tag)
    return tuple(dict.fromkeys(tags))


async def _checked(definition: bytes, *, kind: WorkflowKind) -> DefinitionDocument:
    # Looking through a large definition takes longer than other calls should wait.
    return await asyncio.to_thread(checked, definition, kind=kind)


def _found(workflow: Workflow | None, workflow_id: str) -> Workflow:
    if workflow is None:
        raise _not_found(workflow_id)
    return workflow


def _not_found(workflow_id: str) -> NotFoundError:
    return NotFoundError(f"There is no workflow {workflow_id}.")


def _changed(workflow_id: str, version: int, *, enabled: bool) -> events_pb2.Event:
    changed = events_pb2.WorkflowChanged(workflow_id=workflow_id, version=version, enabled=enabled)
    return events_pb2.Event(topic=TOPIC, workflow_changed=changed)
