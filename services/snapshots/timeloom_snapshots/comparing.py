"""Comparing executions step by step."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from timeloom_platform.pagination import Cursors, ListIdentity
from timeloom_snapshots.alignment import AlignedStep, AlignmentKind, align_steps
from timeloom_snapshots.surveying import Survey


class ExecutionComparison(Struct, frozen=True, kw_only=True):
    """A page of the steps of two executions side by side, and what there is on all pages."""

    steps: Sequence[AlignedStep]
    first_divergence: AlignedStep | None
    counts: Mapping[AlignmentKind, int]
    next_page_token: str


class Comparing:
    """Compares executions."""

    def __init__(self, *, survey: Survey, cursors: Cursors) -> None:
        self._survey = survey
        self._cursors = cursors

    async def compare(
        self, project_id: UUID, execution_id: UUID, other_execution_id: UUID, *, page_token: str, limit: int
    ) -> ExecutionComparison:
        """Returns a page of the steps on the ways to the heads of two executions, aligned.

        The heads of all pages are those of the first one, whatever is recorded meanwhile.

        Raises:
            NotFoundError: There is no such execution.
            InvalidPageTokenError: The token belongs to another list.
            TooLargeError: An execution has too many snapshots.
        """
        identity = _identity(project_id, execution_id, other_execution_id)
        position = self._cursors.decode(page_token, of=identity)
        start, head, other_head = map(_number, position) if position else (0, None, None)
        way = await self._survey.way(project_id, execution_id, head)
        other_way = await self._survey.way(project_id, other_execution_id, other_head)
        aligned = await asyncio.to_thread(align_steps, way.facts, other_way.facts)
        end = (start or 0) + limit
        token = ""
        if end < len(aligned):
            token = self._cursors.encode([end, way.sequence, other_way.sequence], of=identity)
        return ExecutionComparison(
            steps=aligned[start:end],
            first_divergence=next((each for each in aligned if each.kind is not AlignmentKind.SAME), None),
            counts=Counter(each.kind for each in aligned),
            next_page_token=token,
        )


def _number(value: object) -> int:
    assert isinstance(value, int), "the token was made here"
    return value


def _identity(project_id: UUID, execution_id: UUID, other_execution_id: UUID) -> ListIdentity:
    return {
        "list": "comparison",
        "project": str(project_id),
        "execution": str(execution_id),
        "other": str(other_execution_id),
    }
