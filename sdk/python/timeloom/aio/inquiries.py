"""The questions that a debugger asks of recorded executions."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, cast

from timeloom import _travel_convert as convert
from timeloom._calls import Connection
from timeloom._pages import PAGE_SIZE_MAX, AsyncPager
from timeloom.aio.snapshots import AsyncSnapshots
from timeloom.bisecting import Predicate, bisected
from timeloom.snapshots.v1 import time_travel_service_pb2 as pb
from timeloom.time_travel import (
    AlignedStep,
    Bisection,
    Comparison,
    TimelineEntry,
    ValueChange,
    Verification,
)

VERIFY_TIMEOUT_SECONDS: Final = 120.0


class AsyncInquiries:
    """Value history, bisection, comparison, timeline and verification: the part of executions that asks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def history(
        self,
        execution_id: str,
        path: str = "",
        *,
        sequence: int = 0,
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[ValueChange]:
        """Tell when a value changed, from what to what, at which step; oldest first.

        Args:
            execution_id: The execution.
            path: A JSON pointer to the value; the whole state if empty.
            sequence: The snapshot whose past is asked for; the head if zero.
            limit: Stop after this many; None for all.
            page_size: How many a call fetches.
        """
        request = pb.GetValueHistoryRequest(execution_id=execution_id, path=path, sequence=sequence)

        async def fetch(size: int, token: str) -> tuple[list[ValueChange], str]:
            request.page_size, request.page_token = size, token
            response = await self._connection.unary(self._connection.time_travel.GetValueHistory, request)
            return [convert.value_change(each) for each in response.changes], response.next_page_token

        return AsyncPager(fetch, limit=limit, page_size=page_size)

    def timeline(
        self,
        execution_id: str,
        *,
        descending: bool = False,
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[TimelineEntry]:
        """List all that happened, by time: snapshots, effects, moves of the head, forks, beginning and end.

        Args:
            execution_id: The execution.
            descending: Newest first.
            limit: Stop after this many; None for all.
            page_size: How many a call fetches.
        """
        request = pb.GetTimelineRequest(execution_id=execution_id, descending=descending)

        async def fetch(size: int, token: str) -> tuple[list[TimelineEntry], str]:
            request.page_size, request.page_token = size, token
            response = await self._connection.unary(self._connection.time_travel.GetTimeline, request)
            return [convert.timeline_entry(each) for each in response.entries], response.next_page_token

        return AsyncPager(fetch, limit=limit, page_size=page_size)

    async def compare(
        self, execution_id: str, other_execution_id: str, *, limit: int | None = None
    ) -> Comparison:
        """Compare two executions step by step: which are the same, different, missing in the other, extra.

        Args:
            execution_id: One of them.
            other_execution_id: The other one.
            limit: Return at most this many steps; the counts and the first divergence are of all.
        """
        request = pb.CompareExecutionsRequest(
            execution_id=execution_id, other_execution_id=other_execution_id
        )
        steps: list[AlignedStep] = []
        while True:
            request.page_size = min(PAGE_SIZE_MAX, PAGE_SIZE_MAX if limit is None else max(limit, 1))
            response = await self._connection.unary(self._connection.time_travel.CompareExecutions, request)
            steps += [convert.aligned_step(each) for each in response.steps]
            request.page_token = response.next_page_token
            if not request.page_token or (limit is not None and len(steps) >= limit):
                return convert.comparison(response, steps[:limit])

    async def verify(self, execution_id: str) -> Verification:
        """Check that all that is stored of an execution is as it was recorded, and say where it is not."""
        request = pb.VerifyExecutionRequest(execution_id=execution_id)
        method = self._connection.time_travel.VerifyExecution
        timeout = max(VERIFY_TIMEOUT_SECONDS, self._connection.timeout_seconds)
        return convert.verification(await self._connection.unary(method, request, timeout_seconds=timeout))

    async def bisect(
        self,
        execution_id: str,
        predicate: str | Callable[..., bool | Awaitable[bool]] = "",
        *,
        good_sequence: int = 0,
        bad_sequence: int = 0,
        good_execution_id: str = "",
        exhaustive: bool = False,
    ) -> Bisection:
        """Find the first bad state with few questions: about as many as the number of steps has bits.

        Args:
            execution_id: The execution.
            predicate: What is true of bad states. A CEL expression over `state` and `snapshot` (and `good`)
                is evaluated by the server. A function is called here with the state (and that of the same
                step of the good execution, None where it lacks it). Nothing, beside a good execution: a
                state is bad that differs.
            good_sequence: A snapshot known to be good; none if zero.
            bad_sequence: A snapshot known to be bad; the head if zero.
            good_execution_id: An execution in which all went well; its steps are aligned with this one's.
            exhaustive: Ask of every state afterwards, to find out whether the predicate is monotone.

        Raises:
            InvalidExpressionError: The expression is not CEL, or fails on a state.
            InvalidFieldError: The good snapshot is not on the way to the bad one.
        """
        if not isinstance(predicate, str):
            return await self._bisect_here(
                execution_id, predicate, good_sequence, bad_sequence, good_execution_id, exhaustive=exhaustive
            )
        request = pb.BisectExecutionRequest(
            execution_id=execution_id,
            expression=predicate,
            good_sequence=good_sequence,
            bad_sequence=bad_sequence,
            good_execution_id=good_execution_id,
            exhaustive=exhaustive,
        )
        response = await self._connection.unary(self._connection.time_travel.BisectExecution, request)
        return convert.bisection(response)

    async def _bisect_here(
        self,
        execution_id: str,
        function: Callable[..., bool | Awaitable[bool]],
        good_sequence: int,
        bad_sequence: int,
        good_execution_id: str,
        *,
        exhaustive: bool,
    ) -> Bisection:
        snapshots = AsyncSnapshots(self._connection)
        last = bad_sequence or (await snapshots.get(execution_id)).sequence
        listed = snapshots.list(execution_id, after_sequence=good_sequence, page_size=PAGE_SIZE_MAX)
        parents = {each.sequence: each.parent_sequence async for each in listed if each.sequence <= last}
        counterparts: dict[int, int] = {}
        if good_execution_id:
            aligned = await self.compare(execution_id, good_execution_id)
            counterparts = {step.sequence: step.other_sequence for step in aligned.steps}

        async def ask(sequence: int) -> bool:
            state = (await snapshots.get(execution_id, sequence)).state
            arguments = [state]
            if good_execution_id:
                other = counterparts.get(sequence, 0)
                good = (await snapshots.get(good_execution_id, other)).state if other else None
                arguments.append(good)
            answer = function(*arguments)
            return bool(await cast("Awaitable[Any]", answer) if inspect.isawaitable(answer) else answer)

        path = _path(parents, last, good_sequence)
        if path is None:
            path = await self._path_told(execution_id, last, good_sequence)
        predicate: Predicate = ask
        return await bisected(path, predicate, good=good_sequence, exhaustive=exhaustive)

    async def _path_told(self, execution_id: str, last: int, good: int) -> list[int]:
        """Return what led to the last snapshot, as the server knows it, which looks at all of it.

        Raises:
            InvalidFieldError: The good snapshot is not among it.
        """
        request = pb.BisectExecutionRequest(
            execution_id=execution_id,
            expression="false",
            good_sequence=good,
            bad_sequence=last,
            exhaustive=True,
        )
        response = await self._connection.unary(self._connection.time_travel.BisectExecution, request)
        return sorted(each.sequence for each in response.evaluations if each.sequence != good)


def _path(parents: Mapping[int, int], last: int, good: int) -> list[int] | None:
    """Return what led from the good snapshot to the last one, oldest first, without branches that were left.

    None if something on the way was deleted, so that nobody here knows what it was made from, or if the good
    one is not on the way.
    """
    path: list[int] = []
    while last > good:
        if last not in parents:
            return None
        path.append(last)
        last = parents[last]
    return path[::-1] if last == good else None
