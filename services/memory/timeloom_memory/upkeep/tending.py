"""Looking after a namespace: duplicates, what to put away, clusters and summaries, as work in the background.

Everything is planned before anything is done. A run that is begun again after a crash plans anew: what was
done by then is not there to be planned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID, uuid5

import numpy as np
from msgspec.structs import replace

from timeloom_memory import events
from timeloom_memory.model import Change, Memory, MemoryFilter
from timeloom_memory.storage import clusters as cluster_storage
from timeloom_memory.storage import materials, memories, proposals, vectors
from timeloom_memory.storage.clusters import NewCluster
from timeloom_memory.storage.materials import Material
from timeloom_memory.storage.memories import Reason
from timeloom_memory.storage.proposals import NewProposal
from timeloom_memory.upkeep.archive import CHANGE_MAX, Archive
from timeloom_memory.upkeep.clusters import REPRESENTATIVES
from timeloom_memory.upkeep.decay import Usage
from timeloom_memory.upkeep.plan import Floats, Piece, Plan, Surroundings, Task, Wish, main_model, plan
from timeloom_memory.upkeep.proposals import Proposals
from timeloom_memory.upkeep.report import report_of
from timeloom_memory.upkeep.summaries import ClusterSummaries
from timeloom_memory.upkeep.summarizing import Tokenizer, without_summaries
from timeloom_platform import outbox
from timeloom_platform.database import Database
from timeloom_platform.errors import TimeloomError

MEMORIES_MAX: Final = 50_000
"""The memories that one run looks at, newest first."""

WORDS: Final = "looked after"
"""The reason that the history of a memory gives."""


class Progress(Protocol):
    """Whom a run tells how far it is."""

    async def __call__(self, phase: str, done: int, total: int) -> None:
        """Notes how much of a phase is done."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What a plan is made from."""

    pieces: Sequence[Piece]
    matrix: Floats
    model: tuple[str, int]
    around: Surroundings
    memory_count: int


class Tending:
    """Looks after namespaces."""

    def __init__(
        self,
        *,
        database: Database,
        archive: Archive,
        proposals: Proposals,
        summaries: ClusterSummaries,
        tokenizer: Tokenizer,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._archive = archive
        self._proposals = proposals
        self._summaries = summaries
        self._tokenizer = tokenizer
        self._clock = clock

    async def run(
        self, project_id: UUID, namespace: str, wish: Wish, *, dry_run: bool, progress: Progress
    ) -> dict[str, Any]:
        """Looks after a namespace, or works out what that would do, and returns the report."""
        await progress("reading", 0, 1)
        read = await self._read(project_id, namespace)
        await progress("planning", 0, 1)
        made = await asyncio.to_thread(plan, read.pieces, read.matrix, wish, read.around)
        if not dry_run:
            await self._carry_out(project_id, namespace, made, wish=wish, model=read.model, progress=progress)
        await progress("done", 1, 1)
        return report_of(made, wish.tasks, memory_count=read.memory_count)

    async def _read(self, project_id: UUID, namespace: str) -> _Read:
        wanted = without_summaries(MemoryFilter())
        async with self._database.transaction(str(project_id)) as connection:
            count = await materials.count(connection, project_id, wanted, namespace=namespace)
            found = await materials.select(
                connection,
                project_id,
                wanted,
                namespace=namespace,
                below=False,
                scope=None,
                limit=MEMORIES_MAX,
            )
            model = main_model([(each.embedding_model, each.dimension) for each in found if each.vector])
            model = model or ("", 1)
            apart = await proposals.select_apart(connection, project_id, namespace)
            known = await cluster_storage.select_centres(
                connection, project_id, namespace, model=model[0], dimension=model[1]
            )
        pieces, matrix = await asyncio.to_thread(_pieces, found, model)
        around = Surroundings(
            origin=uuid5(project_id, namespace),
            now=self._clock(),
            apart=apart,
            known=known,
            count_tokens=self._tokenizer.count,
        )
        return _Read(pieces=pieces, matrix=matrix, model=model, around=around, memory_count=count)

    async def _carry_out(
        self,
        project_id: UUID,
        namespace: str,
        made: Plan,
        *,
        wish: Wish,
        model: tuple[str, int],
        progress: Progress,
    ) -> None:
        merged: Mapping[UUID, UUID] = {}
        if Task.DUPLICATES in wish.tasks:
            merged = await self._merge(project_id, namespace, made, progress)
        if made.archived:
            await progress("archiving", 0, len(made.archived))
            why = Reason(change=Change.ARCHIVED, words="faded")
            await self._archive.move(
                project_id, [merged.get(each, each) for each in made.archived], why, archived=True
            )
        if made.clusters is not None:
            await self._cluster(project_id, namespace, made, model=model[0], merged=merged, progress=progress)
        for place, each in enumerate(made.summaries):
            await progress("summarising", place, len(made.summaries))
            sources = [merged.get(source, source) for source in each.summary.source_ids]
            await self._summaries.keep(project_id, namespace, each.cluster_id, each.summary.text, sources)

    async def _merge(
        self, project_id: UUID, namespace: str, made: Plan, progress: Progress
    ) -> dict[UUID, UUID]:
        """Makes the proposals, carries them out if that is asked for, and returns what became of which."""
        wanted = [
            NewProposal(id=each.id, memory_ids=each.group.memory_ids, similarity=each.group.similarity)
            for each in made.proposed
        ]
        async with self._database.transaction(str(project_id)) as connection:
            await proposals.replace_open(connection, project_id, namespace, wanted)
        merged: dict[UUID, UUID] = {}
        if not made.merges:
            return merged
        for place, each in enumerate(made.proposed):
            await progress("merging", place, len(made.proposed))
            try:
                applied = await self._proposals.apply(project_id, each.id, as_agent_id="")
            except TimeloomError:
                # Somebody changed one of them since; the proposal stays for whoever looks at it.
                continue
            merged[each.group.memory_ids[0]] = applied.memory.id
        return merged

    async def _cluster(
        self,
        project_id: UUID,
        namespace: str,
        made: Plan,
        *,
        model: str,
        merged: Mapping[UUID, UUID],
        progress: Progress,
    ) -> None:
        assert made.clusters is not None, "clusters were asked for"
        found = [
            NewCluster(
                id=each.id,
                name=each.name,
                terms=each.terms,
                memory_count=len(each.rows),
                silhouette=each.silhouette,
                representative_ids=[
                    merged.get(memory_id, memory_id) for memory_id in made.members[each.id][:REPRESENTATIVES]
                ],
                centre=each.centre,
            )
            for each in made.clusters.found
        ]
        async with self._database.transaction(str(project_id)) as connection:
            await cluster_storage.replace_all(connection, project_id, namespace, found, model=model)
        moves = {merged.get(each, each): cluster_id for each, cluster_id in made.moves.items()}
        # A merged memory is a new one, in no cluster yet.
        homes = {each: cluster_id for cluster_id, some in made.members.items() for each in some}
        moves |= {new: homes[old] for old, new in merged.items() if old in homes}
        ids = list(moves)
        for start in range(0, len(ids), CHANGE_MAX):
            await progress("clustering", start, len(ids))
            await self._move(project_id, {each: moves[each] for each in ids[start : start + CHANGE_MAX]})

    async def _move(self, project_id: UUID, moves: Mapping[UUID, UUID | None]) -> None:
        why = Reason(change=Change.CLUSTERED, words=WORDS)
        async with self._database.transaction(str(project_id)) as connection:
            locked = await memories.lock(connection, project_id, list(moves))
            wanted: list[Memory] = [
                replace(memory, cluster_id=moves[memory.id])
                for memory in locked
                if memory.cluster_id != moves[memory.id] and memory.delete_time is None
            ]
            if wanted:
                written = await memories.write(connection, project_id, wanted, why)
                told = events.memories_changed(written, Change.CLUSTERED)
                await outbox.enqueue(connection, str(project_id), told)


def _pieces(found: Sequence[Material], model: tuple[str, int]) -> tuple[list[Piece], Floats]:
    """Returns memories as they are looked after, and the vectors of those whose vector is of the model."""
    held: dict[UUID, int] = {}
    forms: list[bytes] = []
    for each in found:
        if each.vector is not None and (each.embedding_model, each.dimension) == model:
            held[each.id] = len(forms)
            forms.append(each.vector)
    matrix = vectors.decoded(forms, model[1]) if forms else np.zeros((0, model[1]), dtype=np.float32)
    pieces = [
        Piece(
            memory_id=each.id,
            content=each.content,
            importance=each.importance,
            create_time=each.create_time,
            occur_time=each.occur_time,
            cluster_id=each.cluster_id,
            usage=Usage(create_time=each.create_time, access_count=each.access_count, recent=each.recent),
            vector=held.get(each.id),
        )
        for each in found
    ]
    return pieces, matrix
