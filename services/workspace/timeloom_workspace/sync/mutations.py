"""The batches of offline queues: in order, each mutation once, whatever becomes of the call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import asyncpg

from timeloom_platform.database import Database
from timeloom_platform.errors import AlreadyExistsError, ConflictError, InvalidFieldError
from timeloom_workspace.clocks import DRIFT_MS_MAX, Clock, HybridClock, InvalidClockError
from timeloom_workspace.sync.applying import REFUSALS, Applying
from timeloom_workspace.sync.limits import ATTEMPTS_MAX, MUTATIONS_PER_TRANSACTION
from timeloom_workspace.sync.model import Mutation, Result
from timeloom_workspace.sync.preparing import record_ids_of
from timeloom_workspace.sync.storage import answers, policies, states

# Another transaction was in the way; begun again, this one meets what that has written.
_IN_THE_WAY = (
    AlreadyExistsError,
    asyncpg.UniqueViolationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)


class Mutations:
    """Takes what clients changed."""

    def __init__(self, *, database: Database, clock: HybridClock) -> None:
        self._database = database
        self._clock = clock

    async def apply(
        self, project_id: UUID, client_id: str, mutations: Sequence[Mutation]
    ) -> tuple[Result, ...]:
        """Applies mutations in order; one that was sent before only gets its answer again.

        They are applied some at a time: those before a failure stay, and are recognised when they come again.

        Raises:
            ConflictError: Other writers were in the way again and again.
            InvalidFieldError: A text that names the client or a mutation cannot be kept.
            OverloadedError: There are too many conflicts or dead letters.
        """
        _refuse_nul("clientId", client_id)
        for index, mutation in enumerate(mutations):
            _refuse_nul(f"mutations[{index}].id", mutation.id)
        results: list[Result] = []
        for start in range(0, len(mutations), MUTATIONS_PER_TRANSACTION):
            some = mutations[start : start + MUTATIONS_PER_TRANSACTION]
            results += await self._insistently(project_id, client_id, some)
        return tuple(results)

    def clock_after(self, mutations: Sequence[Mutation]) -> str:
        """Returns the service's clock, later than those of the mutations that can be believed."""
        return self._clock.next(*(each.clock for each in mutations if self._is_believed(each.clock)))

    async def _insistently(
        self, project_id: UUID, client_id: str, mutations: Sequence[Mutation]
    ) -> list[Result]:
        is_careful = False
        for _ in range(ATTEMPTS_MAX):
            try:
                return await self._apply_some(project_id, client_id, mutations, is_careful=is_careful)
            except _IN_THE_WAY:
                continue
            except REFUSALS:
                # One of them is refused: which one, the next attempt finds out.
                if is_careful:
                    raise
                is_careful = True
        raise ConflictError("Other changes of the same records came in between; try again.")

    async def _apply_some(
        self, project_id: UUID, client_id: str, mutations: Sequence[Mutation], *, is_careful: bool
    ) -> list[Result]:
        async with self._database.transaction(str(project_id)) as connection:
            await answers.lock_client(connection, project_id, client_id)
            known = await answers.select(connection, project_id, [each.id for each in mutations])
            news = [each for each in mutations if each.id not in known]
            await states.lock_in_order(connection, project_id, record_ids_of(news))
            applying = Applying(
                connection=connection,
                transaction=states.Transaction(connection),
                project_id=project_id,
                client_id=client_id,
                policies=await policies.select(connection, project_id),
                clock=self._clock,
                is_careful=is_careful,
            )
            results: list[Result] = []
            for mutation in mutations:
                result = known.get(mutation.id)
                if result is None:
                    result = await applying.apply(mutation)
                    known[mutation.id] = replace(result, is_repeated=True)
                results.append(result)
            await answers.insert(connection, project_id, applying.answered.values())
            return results

    def _is_believed(self, text: str) -> bool:
        try:
            return Clock.parse(text).milliseconds - self._clock.now_ms() <= DRIFT_MS_MAX
        except InvalidClockError:
            return False


def _refuse_nul(name: str, text: str) -> None:
    if "\x00" in text:
        raise InvalidFieldError.of(name, "must not contain the character U+0000")
