"""New memories made ready before their transaction: what is there, what came before, and their vectors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import numpy as np
from msgspec import Raw, Struct
from msgspec.structs import replace

from timeloom_memory import limits
from timeloom_memory.model import CONFIDENCE_DEFAULT, CUSTOM_MODEL, Matrix, Memory, Part
from timeloom_memory.sharing.access import Access
from timeloom_memory.sharing.scope import Scope
from timeloom_memory.storage import memories as storage
from timeloom_memory.storage import namespaces, versions
from timeloom_memory.storage.memories import Draft
from timeloom_memory.storage.namespaces import Home
from timeloom_memory.storage.vectors import VectorRows
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import AlreadyExistsError, InvalidFieldError

FIRST_CONTENT_VERSION: Final = 1


class Embedders(Protocol):
    """The models that make vectors of texts."""

    @property
    def default_model(self) -> str:
        """The model of namespaces that are made by their first write; empty if there is none."""
        ...

    def dimension(self, model: str) -> int:
        """Returns how many dimensions the vectors of a model have; 0 if that is not known."""
        ...

    def require(self, model: str, *, field: str) -> None:
        """Does nothing if a request may name the model.

        Raises:
            InvalidFieldError: It is none of ours.
        """
        ...

    async def embed(self, model: str, texts: Sequence[str], *, project_id: UUID | None = None) -> Matrix:
        """Returns a vector of unit length for each text, in rows; those of a project may be remembered."""
        ...


class NewMemory(Struct, frozen=True, kw_only=True):
    """A memory as a caller hands it over.

    Attributes:
        is_named: Whether the caller has chosen its id.
        context: Empty if the session's previous memory is to be it.
        metadata: A JSON document.
        vector: The caller's own, of whatever length; None if the namespace's model is to make it.
        vector_model: What it comes from; empty if its caller does not say so.
        field_prefix: Where it stands in the request, such as `memories[3].`.
    """

    id: UUID
    namespace: str
    content: str
    is_named: bool = False
    key: str = ""
    agent_id: str = ""
    session_id: str = ""
    kind: int
    context: str = ""
    metadata: Raw | None = None
    tags: Sequence[str] = ()
    importance: float
    confidence: float = CONFIDENCE_DEFAULT
    occur_time: datetime | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    expire_time: datetime | None = None
    archived: bool = False
    supersedes: UUID | None = None
    source_ids: Sequence[UUID] = ()
    vector: Matrix | None = None
    vector_model: str = ""
    field_prefix: str = ""


class Prepared(Struct, frozen=True, kw_only=True):
    """New memories, ready to be written.

    Attributes:
        drafts: Those that are to be written, in their order.
        found: Those that are there already, by their places in the caller's list.
        vectors: Of the drafts.
        homes: All namespaces that are written to, with the models of those that there are not yet.
        new_models: Namespaces, models and dimensions that go together for the first time.
    """

    drafts: Sequence[Draft]
    found: dict[int, Memory]
    vectors: Sequence[VectorRows]
    homes: dict[str, str]
    new_models: Sequence[tuple[str, str, int]]


class Preparation:
    """Makes new memories ready: whatever takes long happens here, outside of any transaction."""

    def __init__(self, *, database: Database, embedders: Embedders) -> None:
        self._database = database
        self._embedders = embedders

    async def prepare(
        self,
        project_id: UUID,
        new: Sequence[NewMemory],
        *,
        as_agent_id: str,
        releasing: Collection[UUID] = (),
    ) -> Prepared:
        """Makes new memories ready to be written.

        Args:
            project_id: Whose they will be.
            new: What they will be.
            as_agent_id: The agent that writes them; empty for the project itself.
            releasing: Memories that give up their keys in the transaction that writes them.

        Raises:
            AlreadyExistsError: An id belongs to a memory with another content, or a key to another memory.
            InvalidFieldError: A vector does not fit, or two of them have the same id or key.
            PermissionDeniedError: The agent may not write there.
        """
        _refuse_repetitions(new)
        names = list(dict.fromkeys(memory.namespace for memory in new))
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            for name in names:
                scope.require_write(name)
            homes = await namespaces.select_homes(connection, project_id, names)
            found = await _found(connection, project_id, new, scope)
            wanted: Sequence[NewMemory] = [memory for place, memory in enumerate(new) if place not in found]
            await _refuse_taken_keys(connection, project_id, wanted, releasing)
            wanted = await _with_contexts(connection, project_id, wanted)
        for name in names:
            if name not in homes:
                homes[name] = Home(name=name, embedding_model=self._embedders.default_model, dimensions={})
        vectors = await self._vectors(project_id, wanted, homes)
        described = {
            memory_id: (rows.model, rows.matrix.shape[1])
            for rows in vectors
            if rows.part is Part.CONTENT
            for memory_id in rows.memory_ids
        }
        return Prepared(
            drafts=[_draft(memory, *described.get(memory.id, ("", 0))) for memory in wanted],
            found=found,
            vectors=vectors,
            homes={name: home.embedding_model for name, home in homes.items()},
            new_models=self._new_models(wanted, homes, described),
        )

    async def embed(self, project_id: UUID, model: str, content: str, context: str) -> dict[Part, Matrix]:
        """Returns the vectors of one memory by a model, each as a matrix of one row."""
        texts = [content] if not context else [content, in_context(context, content)]
        matrix = await self._embedders.embed(model, texts, project_id=project_id)
        return {part: matrix[part : part + 1] for part in list(Part)[: len(texts)]}

    def fitting(self, home: Home, vector: Matrix, model: str, field_prefix: str) -> tuple[str, Matrix]:
        """Returns the model of a caller's own vector, and the vector as a matrix of one row of unit length.

        Raises:
            InvalidFieldError: It does not fit.
        """
        model = model or CUSTOM_MODEL
        unit = unit_rows([vector], [field_prefix])
        self._check_dimension(home, model, unit.shape[1], field_prefix)
        return model, unit

    async def _vectors(
        self, project_id: UUID, wanted: Sequence[NewMemory], homes: dict[str, Home]
    ) -> list[VectorRows]:
        given: dict[tuple[str, int], list[NewMemory]] = defaultdict(list)
        texts: dict[str, list[NewMemory]] = defaultdict(list)
        for memory in wanted:
            if memory.vector is not None:
                given[memory.vector_model or CUSTOM_MODEL, memory.vector.shape[0]].append(memory)
            elif model := homes[memory.namespace].embedding_model:
                texts[model].append(memory)
        vectors = [_given_rows(model, some) for (model, _), some in given.items()]
        for model, some in texts.items():
            vectors.extend(await self._embedded_rows(project_id, model, some))
        return vectors

    async def _embedded_rows(
        self, project_id: UUID, model: str, memories: Sequence[NewMemory]
    ) -> list[VectorRows]:
        in_contexts = [memory for memory in memories if memory.context]
        matrix = await self._embedders.embed(
            model,
            [
                *(memory.content for memory in memories),
                *(in_context(memory.context, memory.content) for memory in in_contexts),
            ],
            project_id=project_id,
        )
        rows = [_rows(model, Part.CONTENT, memories, matrix[: len(memories)])]
        if in_contexts:
            rows.append(_rows(model, Part.CONTEXT, in_contexts, matrix[len(memories) :]))
        return rows

    def _new_models(
        self,
        wanted: Sequence[NewMemory],
        homes: dict[str, Home],
        described: dict[UUID, tuple[str, int]],
    ) -> list[tuple[str, str, int]]:
        """Notes which models are new to which namespaces; vectors of other dimensions are refused."""
        new: dict[tuple[str, str], int] = {}
        checked: set[tuple[str, str, int]] = set()
        for memory in wanted:
            model, dimension = described.get(memory.id, ("", 0))
            triple = (memory.namespace, model, dimension)
            if not model or triple in checked:
                continue
            checked.add(triple)
            home = homes[memory.namespace]
            first = new.get(triple[:2])
            if first not in {None, dimension}:
                raise _wrong_dimension(memory.field_prefix, home.name, model, dimension, first or 0)
            if memory.vector is not None:
                self._check_dimension(home, model, dimension, memory.field_prefix)
            if model not in home.dimensions:
                new[triple[:2]] = dimension
        return [(namespace, model, dimension) for (namespace, model), dimension in new.items()]

    def _check_dimension(self, home: Home, model: str, dimension: int, field_prefix: str) -> None:
        expected = home.dimensions.get(model, 0)
        if not expected and model == home.embedding_model:
            expected = self._embedders.dimension(model)
        if expected not in {0, dimension}:
            raise _wrong_dimension(field_prefix, home.name, model, dimension, expected)


def in_context(context: str, content: str) -> str:
    """Returns the text that stands for a memory together with what came before it."""
    return f"{context}\n{content}"


def unit_rows(vectors: Sequence[Matrix], field_prefixes: Sequence[str]) -> Matrix:
    """Returns vectors of one dimension as rows of unit length.

    Raises:
        InvalidFieldError: One has a number that is not finite, or is zero.
    """
    matrix = np.stack(vectors).astype(np.float64)
    norms = np.linalg.norm(matrix, axis=1)
    usable = np.isfinite(norms) & (norms >= limits.VECTOR_NORM_MIN)
    if not usable.all():
        place = int(np.argmin(usable))
        problem = (
            "must not be zero: it has no direction"
            if np.isfinite(norms[place])
            else "must have finite numbers only"
        )
        raise InvalidFieldError.of(f"{field_prefixes[place]}vector", problem)
    unit: Matrix = (matrix / norms[:, np.newaxis]).astype(np.float32)
    return unit


def _given_rows(model: str, memories: Sequence[NewMemory]) -> VectorRows:
    vectors = [memory.vector for memory in memories if memory.vector is not None]
    matrix = unit_rows(vectors, [memory.field_prefix for memory in memories])
    return _rows(model, Part.CONTENT, memories, matrix)


def _rows(model: str, part: Part, memories: Sequence[NewMemory], matrix: Matrix) -> VectorRows:
    return VectorRows(
        memory_ids=[memory.id for memory in memories],
        content_versions=[FIRST_CONTENT_VERSION] * len(memories),
        model=model,
        part=part,
        matrix=matrix,
    )


def _draft(memory: NewMemory, model: str, dimension: int) -> Draft:
    return Draft(
        id=memory.id,
        namespace=memory.namespace,
        key=memory.key,
        agent_id=memory.agent_id,
        session_id=memory.session_id,
        kind=memory.kind,
        content=memory.content,
        context=memory.context,
        metadata=memory.metadata,
        tags=memory.tags,
        importance=memory.importance,
        confidence=memory.confidence,
        occur_time=memory.occur_time,
        valid_from=memory.valid_from,
        valid_to=memory.valid_to,
        expire_time=memory.expire_time,
        archived=memory.archived,
        supersedes=memory.supersedes,
        source_ids=memory.source_ids,
        embedding_model=model,
        dimension=dimension,
    )


async def _found(
    connection: Connection, project_id: UUID, new: Sequence[NewMemory], scope: Scope
) -> dict[int, Memory]:
    """Those that were created before in the same way, by their places."""
    named = {memory.id: place for place, memory in enumerate(new) if memory.is_named}
    if not named:
        return {}
    ids = list(named)
    first = await versions.select_first(connection, project_id, ids)
    readable = await storage.select(connection, project_id, list(first), scope=scope) if first else {}
    for memory_id, beginning in first.items():
        memory = new[named[memory_id]]
        if memory_id not in readable or beginning != (memory.namespace, memory.content):
            raise AlreadyExistsError(f"Another memory has the id {memory_id}.")
    return {named[memory_id]: memory for memory_id, memory in readable.items()}


async def _refuse_taken_keys(
    connection: Connection, project_id: UUID, new: Sequence[NewMemory], releasing: Collection[UUID]
) -> None:
    keys = {(memory.namespace, memory.key) for memory in new if memory.key}
    if not keys:
        return
    taken = await storage.select_keys(connection, project_id, list(keys))
    for (_, key), memory_id in taken.items():
        if memory_id not in releasing:
            raise key_taken(key, memory_id)


async def _with_contexts(
    connection: Connection, project_id: UUID, new: Sequence[NewMemory]
) -> Sequence[NewMemory]:
    """The memories, each with what its session's previous one says, if its caller gave it no context."""
    sessions = {(memory.namespace, memory.session_id) for memory in new if memory.session_id}
    if not sessions:
        return new
    previous = await storage.select_previous(connection, project_id, list(sessions))
    completed: list[NewMemory] = []
    for memory in new:
        session = (memory.namespace, memory.session_id)
        context = memory.context or (previous.get(session, "") if memory.session_id else "")
        completed.append(replace(memory, context=context) if context != memory.context else memory)
        previous[session] = memory.content
    return completed


def key_taken(key: str, memory_id: UUID) -> AlreadyExistsError:
    """Returns the error for a key that another memory has."""
    return AlreadyExistsError(
        f"The memory {memory_id} has the key {key!r} in this namespace.",
        metadata={"memoryId": str(memory_id)},
    )


def _refuse_repetitions(new: Sequence[NewMemory]) -> None:
    ids: set[UUID] = set()
    keys: set[tuple[str, str]] = set()
    for memory in new:
        if memory.id in ids:
            raise InvalidFieldError.of(f"{memory.field_prefix}memoryId", "must not be there twice")
        if memory.key and (memory.namespace, memory.key) in keys:
            raise InvalidFieldError.of(f"{memory.field_prefix}key", "must not be there twice in a namespace")
        ids.add(memory.id)
        keys.add((memory.namespace, memory.key))


def _wrong_dimension(
    field_prefix: str, namespace: str, model: str, dimension: int, expected: int
) -> InvalidFieldError:
    return InvalidFieldError.of(
        f"{field_prefix}vector",
        f"has {dimension} dimensions; vectors of the model {model!r} in the namespace {namespace!r}"
        f" have {expected}",
    )
