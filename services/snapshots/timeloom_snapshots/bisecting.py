"""Bisecting executions: within one, or beside one in which all went well."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from uuid import UUID

from msgspec import Struct

from timeloom.bisecting import Search
from timeloom.time_travel import Bisection
from timeloom_platform.errors import InvalidFieldError, NotFoundError
from timeloom_platform.expressions import Expression
from timeloom_snapshots import work
from timeloom_snapshots.alignment import align_steps
from timeloom_snapshots.facts import Fact
from timeloom_snapshots.playback import snapshot_variable
from timeloom_snapshots.reader import ReadState, StateReader
from timeloom_snapshots.surveying import Survey
from timeloom_snapshots.walk import Walk


class Question(Struct, frozen=True, kw_only=True):
    """What is asked of an execution.

    Attributes:
        expression: True of bad states; None beside a good execution: then a state is bad that differs.
        good_sequence: A snapshot known to be good; zero if there is none.
        bad_sequence: A snapshot known to be bad; zero for the head.
        is_exhaustive: Asks all, to find out whether the predicate is monotone.
    """

    execution_id: UUID
    expression: Expression | None
    good_sequence: int
    bad_sequence: int
    good_execution_id: UUID | None
    is_exhaustive: bool


class Bisecting:
    """Bisects executions."""

    def __init__(self, *, survey: Survey, reader: StateReader, walk: Walk) -> None:
        self._survey = survey
        self._reader = reader
        self._walk = walk

    async def bisect(self, project_id: UUID, question: Question) -> Bisection:
        """Finds the first bad snapshot on the way to a bad one.

        Raises:
            NotFoundError: There is no such execution or snapshot.
            InvalidFieldError: The good snapshot is not on the way to the bad one.
            InvalidExpressionError: The expression has no answer for a state.
            DataLossError: A state cannot be read or, where all are asked, does not have its hash.
            TooLargeError: An execution has too many snapshots.
        """
        bad_sequence = question.bad_sequence or None
        way = (await self._survey.way(project_id, question.execution_id, bad_sequence)).facts
        candidates = _candidates(way, question)
        counterparts: Mapping[int, Fact] = {}
        if question.good_execution_id is not None:
            good_way = (await self._survey.way(project_id, question.good_execution_id, None)).facts
            counterparts = await asyncio.to_thread(_counterparts, way, good_way)
        jury = _Jury(self._reader, project_id, question, way, counterparts)
        search = Search(candidates, jury.is_bad, good=question.good_sequence)
        await search.run()
        if question.is_exhaustive:
            if question.expression is not None:
                await self._read_all(project_id, question, search, jury)
            for sequence in search.unasked():
                await search.ask(sequence)
        return search.result()

    async def _read_all(self, project_id: UUID, question: Question, search: Search, jury: _Jury) -> None:
        """Asks what was not asked yet, in one walk."""
        unasked = search.unasked()
        wanted = set(unasked)
        if not wanted:
            return
        walk = self._walk.forward(project_id, question.execution_id, first=unasked[0], last=unasked[-1])
        async with aclosing(walk):
            async for steps in walk:
                for step in steps:
                    if step.sequence in wanted:
                        jury.show(
                            ReadState(snapshot=step.snapshot, state=step.state, state_hash=step.state_hash)
                        )
                        await search.ask(step.sequence)


class _Jury:
    """Tells whether snapshots are bad."""

    def __init__(
        self,
        reader: StateReader,
        project_id: UUID,
        question: Question,
        way: Sequence[Fact],
        counterparts: Mapping[int, Fact],
    ) -> None:
        self._reader = reader
        self._project_id = project_id
        self._question = question
        self._hashes = {each.sequence: each.state_hash for each in way}
        self._counterparts = counterparts
        self._shown: ReadState | None = None

    def show(self, read: ReadState) -> None:
        """Hands over the state of the snapshot that is asked about next."""
        self._shown = read

    async def is_bad(self, sequence: int) -> bool:
        """Tells whether a snapshot is bad."""
        expression = self._question.expression
        counterpart = self._counterparts.get(sequence)
        if expression is None:
            return counterpart is None or counterpart.state_hash != self._hashes[sequence]
        read, self._shown = self._shown, None
        if read is None or read.snapshot.sequence != sequence:
            read = await self._read(self._question.execution_id, sequence)
        good = None
        if counterpart is not None and expression.names("good"):
            good = await self._read(self._question.good_execution_id, counterpart.sequence)
        variables = {
            "state": read.state,
            "snapshot": snapshot_variable(read.snapshot),
            "good": good.state if good else None,
        }
        if expression.may_take_long:
            return await asyncio.to_thread(expression.holds, variables)
        return await work.on(read.snapshot.state_bytes, expression.holds, variables)

    async def _read(self, execution_id: UUID | None, sequence: int) -> ReadState:
        assert execution_id is not None, "it has snapshots"
        read = await self._reader.read(self._project_id, execution_id, sequence)
        if read is None:
            raise NotFoundError(f"Execution {execution_id} has no snapshot {sequence} any more.")
        return read


def _candidates(way: Sequence[Fact], question: Question) -> list[int]:
    """Returns what is asked: what lies after the good snapshot on the way to the bad one."""
    sequences = [each.sequence for each in way]
    if not sequences:
        raise NotFoundError(f"Execution {question.execution_id} has no snapshot yet.")
    if question.good_sequence and question.good_sequence not in sequences[:-1]:
        raise InvalidFieldError.of("goodSequence", "must be a snapshot on the way to the bad one")
    return [each for each in sequences if each > question.good_sequence]


def _counterparts(way: Sequence[Fact], good_way: Sequence[Fact]) -> Mapping[int, Fact]:
    """Returns the same step of the good execution for each snapshot that has one."""
    good = {each.sequence: each for each in good_way}
    return {
        each.sequence: good[each.other_sequence]
        for each in align_steps(way, good_way)
        if each.sequence and each.other_sequence
    }
