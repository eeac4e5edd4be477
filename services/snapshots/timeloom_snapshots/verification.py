"""Verifying executions in the database."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import NotFoundError
from timeloom_snapshots import limits, work
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.model import Execution
from timeloom_snapshots.storage import executions, lineage, removal
from timeloom_snapshots.storage import verification as storage
from timeloom_snapshots.storage.lineage import Line
from timeloom_snapshots.storage.verification import Page
from timeloom_snapshots.verify import Damage, Verifier

BYTES_PER_STORED_BYTE: Final = 16
"""What is looked at for each byte that is stored, roughly: deltas and keyframes uncompressed, and states."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found.

    Attributes:
        snapshot_count: How many snapshots were verified.
        problems: What is wrong, in the order of the snapshots; nothing if nothing is.
        is_truncated: There is more that is wrong.
    """

    snapshot_count: int
    problems: Sequence[Damage]
    is_truncated: bool


class Verifications:
    """Verifies all that is stored of executions' snapshots, those that they share among them."""

    def __init__(self, *, database: Database, codec: Codec) -> None:
        self._database = database
        self._codec = codec

    async def verify(self, project_id: UUID, execution_id: UUID) -> Verification:
        """Verifies the snapshots that an execution has now; others may be recorded meanwhile.

        Raises:
            NotFoundError: There is no such execution.
        """
        async with self._database.transaction(str(project_id)) as connection:
            # Kept, so that nothing is deleted before it is read.
            execution = await executions.keep(connection, project_id, execution_id)
            if execution is None:
                raise NotFoundError(f"There is no execution {execution_id}.")
            lines = await lineage.select_lines(connection, project_id, execution_id)
            deleted = await removal.select_deleted(connection, project_id, execution_id)
            verifier = Verifier(project_id, deleted=deleted, codec=self._codec)
            await self._check_all(connection, project_id, execution, verifier)
            if not verifier.is_full:
                await self._check_rest(connection, project_id, execution, lines, verifier)
        problems = sorted(verifier.problems, key=_place)
        return Verification(
            snapshot_count=verifier.snapshot_count,
            problems=problems[: limits.PROBLEMS_MAX],
            is_truncated=verifier.is_full,
        )

    async def _check_all(
        self, connection: Connection, project_id: UUID, execution: Execution, verifier: Verifier
    ) -> None:
        pages = storage.select_all(connection, project_id, execution.id, last=execution.snapshot_count)
        async with aclosing(pages):
            async for page in pages:
                await work.on(_size_of(page), verifier.check, page)
                if verifier.is_full:
                    return
        verifier.miss_until(execution.snapshot_count + 1, owner_id=execution.id)

    async def _check_rest(
        self,
        connection: Connection,
        project_id: UUID,
        execution: Execution,
        lines: Sequence[Line],
        verifier: Verifier,
    ) -> None:
        """Verifies that there is nothing else, and that the execution stands on one of its snapshots."""
        if any(line.last_sequence + 1 != after.first_sequence for line, after in pairwise(lines)):
            verifier.add(execution.id, 0, "what the execution shares does not fit together")
        if await storage.has_more(connection, project_id, execution.id):
            verifier.add(execution.id, 0, "there are more snapshots than the execution has")
        if not 0 <= execution.head_sequence <= execution.snapshot_count:
            verifier.add(execution.id, 0, "the head is no snapshot")
        named = {each.sequence for each in verifier.problems}
        for owner_id, sequence in await storage.select_stray_keyframes(
            connection, project_id, execution.id, limit=limits.PROBLEMS_MAX
        ):
            if sequence not in named:
                verifier.add(owner_id, sequence, "the keyframe belongs to no snapshot")


def _size_of(page: Page) -> int:
    """Returns how much there is to work on: a snapshot for itself takes little, whatever its state's size."""
    return sum(each.snapshot.stored_bytes for each in page.snapshots) * BYTES_PER_STORED_BYTE


def _place(damage: Damage) -> int:
    return damage.sequence
