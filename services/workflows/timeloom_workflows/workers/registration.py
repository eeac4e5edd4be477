"""Workflows that workers bring along: a changed definition is a new version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from msgspec.structs import replace

from timeloom.state import canonical
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import FieldViolation
from timeloom_workflows import limits
from timeloom_workflows.definitions.document import DefinitionDocument
from timeloom_workflows.errors import InvalidDefinitionError
from timeloom_workflows.model import Workflow, WorkflowKind
from timeloom_workflows.starting.versions import Versions
from timeloom_workflows.storage import workflows as storage

ID_LENGTH_MAX: Final = 128


class Registration:
    """Makes versions of workflows whose code workers have."""

    def __init__(self, *, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions

    async def register(self, project_id: UUID, definitions: Sequence[bytes]) -> frozenset[str]:
        """Makes a new version of each definition that changed, and returns the ids of all.

        Raises:
            InvalidDefinitionError: One is none, or has the id of a workflow that the engine runs by itself.
        """
        documents = [_document_of(text, index) for index, text in enumerate(definitions)]
        # In the order of their ids, so that workers that come at the same time wait for one another, and not in a circle.
        documents.sort(key=lambda document: document.id)
        changed: list[str] = []
        async with self._database.transaction(str(project_id)) as connection:
            for document in documents:
                if await _register(connection, project_id, document):
                    changed.append(document.id)
        for workflow_id in changed:
            self._versions.forget(project_id, workflow_id)
        return frozenset(document.id for document in documents)


async def _register(connection: Connection, project_id: UUID, document: DefinitionDocument) -> bool:
    """Makes a version if the definition is new, and tells whether it is."""
    known = await storage.select(connection, project_id, document.id)
    if known is not None and known.definition_hash == document.hash and known.kind is WorkflowKind.CODE:
        return False
    before = await storage.claim(connection, project_id, document.id, kind=WorkflowKind.CODE, enabled=True)
    if before is not None and before.definition_hash == document.hash:
        return False
    if before is not None and before.kind is not WorkflowKind.CODE:
        raise _invalid(document.id, "is the id of a workflow that the engine runs by itself")
    now = datetime.now(UTC) if before is None else before.update_time  # the rows have the database's
    workflow = Workflow(
        project_id=project_id,
        id=document.id,
        version=0,
        kind=WorkflowKind.CODE,
        enabled=True if before is None else before.enabled,
        description=document.description,
        tags=() if before is None else before.tags,
        revision=0,
        definition=document.text,
        definition_hash=document.hash,
        create_time=now,
        update_time=now,
    )
    version = await storage.insert_version(connection, workflow)
    await storage.update(connection, replace(workflow, version=version))
    return True


def _document_of(text: bytes, index: int) -> DefinitionDocument:
    place = f"workflows[{index}].definition"
    if len(text) > limits.DEFINITION_BYTES_MAX:
        raise _invalid(place, f"must have at most {limits.DEFINITION_BYTES_MAX:,} bytes")
    try:
        value: Any = canonical.decode(text)
    except canonical.CanonicalError as error:
        raise _invalid(place, f"is not JSON: {error}") from None
    workflow_id = value.get("id") if isinstance(value, dict) else None
    if not isinstance(workflow_id, str) or not 0 < len(workflow_id) <= ID_LENGTH_MAX:
        raise _invalid(place, f"must be an object with an `id` of 1 to {ID_LENGTH_MAX} characters")
    if "steps" in value:
        raise _invalid(place, "must have no `steps`: they are in the worker's code")
    return DefinitionDocument.of(text, kind=WorkflowKind.CODE)


def _invalid(place: str, problem: str) -> InvalidDefinitionError:
    return InvalidDefinitionError(
        f"{place} {problem}.", violations=[FieldViolation(field=place, description=problem)]
    )
