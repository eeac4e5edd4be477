"""Records workflow executions as agent executions, from where they are recorded to where they stand."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from timeloom_platform.database import Database
from timeloom_workflows.model import Execution, HistoryRecord, HistoryType, Stage
from timeloom_workflows.storage import queries, travel_marks
from timeloom_workflows.storage import travel as storage
from timeloom_workflows.travel.chronicle import Chronicle, OvertakenError, Standing
from timeloom_workflows.travel.passage import (
    STEP_ENDS,
    Mark,
    Passage,
    StepOutcome,
    first_state,
    step_state,
)

KNOWN_MAX: Final = 10_000
"""How many executions are remembered with how far they are recorded; for others the service is asked."""

ENTRIES: Final = 500
"""Entries of a history that are read at once."""

OUTPUT_BYTES: Final = 8 * 1024 * 1024
"""Outputs of steps that are read at once, and that travel in one call."""

MARKS: Final = 200
"""Snapshots that travel in one call."""

CARRIED_MAX: Final = 10_000
"""Steps of a fork that its first snapshot shows."""

LOOKS_MAX: Final = 5
"""How often it is looked again where an execution stands, when others record it, too."""

FORKS_MAX: Final = 100
"""Forks of forks that are followed to where a step was run."""

_DRIVEN: Final = (Stage.QUEUED, Stage.OWNED)


class Recorder:
    """Brings agent executions up to their workflow executions. Repeating it, anywhere, changes nothing."""

    def __init__(self, *, database: Database, chronicle: Chronicle) -> None:
        self._database = database
        self._chronicle = chronicle
        self._known: OrderedDict[UUID, Standing] = OrderedDict()

    async def record(self, project_id: UUID, execution_id: UUID, *, is_quiet: bool = False) -> None:
        """Records all that an execution's history has by now.

        Args:
            project_id: Its project.
            execution_id: Its id.
            is_quiet: It has not got on for a while, though somebody may drive it.

        Raises:
            UnavailableError: The snapshots service, or the database, is away.
            OvertakenError: Others record it again and again.
        """
        for look in range(LOOKS_MAX):
            async with self._database.reading(str(project_id)) as connection:
                execution = await queries.select(connection, project_id, execution_id)
            if execution is None:
                self._known.pop(execution_id, None)
                return
            try:
                await self._catch_up(execution)
                if is_quiet or execution.stage not in _DRIVEN:
                    await self._mark(execution)
            except OvertakenError:
                self._known.pop(execution_id, None)
                if look == LOOKS_MAX - 1:
                    raise
            else:
                return

    async def _catch_up(self, execution: Execution) -> None:
        # Forgotten until it is brought up to date: if that fails, the service is asked again.
        standing = self._known.pop(execution.id, None) or await self._opened(execution)
        run = _Run(execution, standing, chronicle=self._chronicle, database=self._database)
        standing = await run.to_the_end()
        self._known[execution.id] = standing
        while len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)

    async def _mark(self, execution: Execution) -> None:
        """Notes how far an execution is recorded of which nothing more is told for now."""
        async with self._database.transaction(str(execution.project_id)) as connection:
            await travel_marks.mark(
                connection, execution.project_id, execution.id, history_length=execution.history_length
            )

    async def _opened(self, execution: Execution) -> Standing:
        found = await self._chronicle.find(execution.project_id, execution.id)
        if found is not None:
            return found
        async with self._database.reading(str(execution.project_id)) as connection:
            root = await storage.select_root(connection, execution.project_id, execution.id)
        if execution.forked_from_id is not None:
            await self.record(execution.project_id, execution.forked_from_id)
            sequence = await self._place_of(execution)
            if sequence is not None:
                return await self._chronicle.fork(
                    execution, original_id=execution.forked_from_id, sequence=sequence, session_id=root
                )
        return await self._chronicle.create(execution, session_id=root)

    async def _place_of(self, execution: Execution) -> int | None:
        """Returns the original's snapshot that a fork stands on; None if there is none, or none any more."""
        project_id, original_id = execution.project_id, execution.forked_from_id
        step_id = execution.forked_from_step_id or ""
        for _ in range(FORKS_MAX):
            if original_id is None or not step_id:
                return None
            async with self._database.reading(str(project_id)) as connection:
                entry = await storage.select_end_of_step(connection, project_id, original_id, step_id)
                original = await queries.select_light(connection, project_id, original_id)
            if entry is not None:
                return await self._chronicle.sequence_of(project_id, original_id, entry)
            # A fork has not run the step itself: its snapshot is that of the execution it was forked from.
            original_id = None if original is None else original.forked_from_id
        return None


class _Run:
    """One way of an execution from where it is recorded to where it stands."""

    def __init__(
        self, execution: Execution, standing: Standing, *, chronicle: Chronicle, database: Database
    ) -> None:
        self._execution = execution
        self._standing = standing
        self._chronicle = chronicle
        self._database = database
        self._marks: list[Mark] = []
        self._bytes = 0

    async def to_the_end(self) -> Standing:
        """Records what is missing, and returns how far it is recorded then."""
        base = None if self._standing.recorded else await self._base()
        passage = Passage(self._execution, base=base)
        last = self._standing.recorded
        async for entry, outcome in self._entries():
            if entry.type is HistoryType.EXECUTION_RETRIED:
                await self._take_up(passage)
            mark = passage.take(entry, outcome)
            if mark is not None:
                await self._add(mark)
            last = entry.sequence
        await self._flush()
        # What came after the execution was read is recorded when it is told of.
        is_over = self._execution.status.has_ended and last == self._execution.history_length
        if is_over and not self._standing.has_ended:
            self._standing = await self._chronicle.complete(self._execution, self._standing)
        return self._standing

    async def _base(self) -> dict[str, Any]:
        execution = self._execution
        if execution.forked_from_id is None:
            return first_state(execution, {})
        async with self._database.reading(str(execution.project_id)) as connection:
            carried = await storage.select_carried(
                connection, execution.project_id, execution.id, limit=CARRIED_MAX
            )
        steps = {step_id: step_state(had.status, attempt, had) for step_id, attempt, had in carried}
        return first_state(execution, steps)

    async def _take_up(self, passage: Passage) -> None:
        await self._flush()
        execution = self._execution
        if self._standing.has_ended:
            self._standing = await self._chronicle.reopen(execution, self._standing)
        if not self._standing.head:
            return
        state = await self._chronicle.state(execution.project_id, execution.id, self._standing.head)
        async with self._database.reading(str(execution.project_id)) as connection:
            kept = await storage.select_kept(connection, execution.project_id, execution.id)
        had = {name for name, step in state["steps"].items() if step["status"] in ("SUCCEEDED", "SKIPPED")}
        passage.forget(state, kept=[name for name in kept if name in had])

    async def _entries(self) -> AsyncGenerator[tuple[HistoryRecord, StepOutcome | None]]:
        """Yields what happened since, with what the steps came to."""
        after = self._standing.recorded
        while True:
            async with self._database.reading(str(self._execution.project_id)) as connection:
                page = await queries.select_history(
                    connection,
                    self._execution.project_id,
                    self._execution.id,
                    after_sequence=after,
                    limit=ENTRIES,
                )
            known: Mapping[str, StepOutcome | None] = {}
            for place, entry in enumerate(page):
                if entry.type in STEP_ENDS and entry.step_id not in known:
                    known = await self._outcomes(page[place:])
                yield entry, known.get(entry.step_id) if entry.type in STEP_ENDS else None
            if len(page) < ENTRIES:
                return
            after = page[-1].sequence

    async def _outcomes(self, entries: Sequence[HistoryRecord]) -> Mapping[str, StepOutcome | None]:
        step_ids = dict.fromkeys(entry.step_id for entry in entries if entry.type in STEP_ENDS)
        async with self._database.reading(str(self._execution.project_id)) as connection:
            return await storage.select_outcomes(
                connection,
                self._execution.project_id,
                self._execution.id,
                list(step_ids),
                bytes_max=OUTPUT_BYTES,
            )

    async def _add(self, mark: Mark) -> None:
        self._marks.append(mark)
        self._bytes += len(mark.document)
        if len(self._marks) >= MARKS or self._bytes >= OUTPUT_BYTES:
            await self._flush()

    async def _flush(self) -> None:
        if self._marks:
            marks, self._marks, self._bytes = self._marks, [], 0
            self._standing = await self._chronicle.record(self._execution, self._standing, marks)
