"""Circuit breakers that all replicas share.

A step names its breaker, and all steps of a project that name it share it: it is a row in the database. A
replica believes for a second what it has read there: a breaker that opens is respected everywhere within a
second, and one that is closed costs a query a second, and nothing a call. When its time is over one caller,
of all replicas together, may try; its success closes the breaker for all.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_platform.bounded import LruCache
from timeloom_platform.database import Database
from timeloom_workflows.actions.call import ActionError
from timeloom_workflows.breakers import Breaker, BreakerPolicy, after_failure
from timeloom_workflows.storage import breakers

BELIEVED_SECONDS: Final = 1.0
BREAKERS_KNOWN_MAX: Final = 10_000


class CircuitOpenError(ActionError):
    """The breaker is open: nothing was tried."""

    def __init__(self, name: str, *, retry_after_seconds: float) -> None:
        """Name the breaker, and when something may be tried again."""
        super().__init__(
            "CircuitOpenError",
            f"The circuit breaker {name} is open: what it guards failed too often",
            retry_after_seconds=retry_after_seconds,
        )


class _Belief(Struct, frozen=True):
    """What was read: whether there was a breaker at all, and when it is to be read again."""

    has_failures: bool
    is_open: bool
    until: float


class Breakers:
    """The breakers of all projects, as this replica sees them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._believed: LruCache[tuple[UUID, str], _Belief] = LruCache(BREAKERS_KNOWN_MAX)

    async def check(self, project_id: UUID, policy: BreakerPolicy, *, try_seconds: float) -> None:
        """Do nothing if something may be tried.

        Args:
            project_id: Whose breaker.
            policy: The breaker.
            try_seconds: How long the try may take: so long others wait for what it comes to.

        Raises:
            CircuitOpenError: It may not.
        """
        belief = self._believed.get((project_id, policy.name))
        if belief is not None and not belief.is_open and _now() < belief.until:
            return
        async with self._database.reading(str(project_id)) as connection:
            breaker, now = await breakers.select(connection, project_id, policy.name)
        self._believe(project_id, policy, breaker)
        if breaker is None or breaker.open_until is None:
            return
        seconds = breaker.seconds_to_wait(now) or await self._begin_trial(project_id, policy, try_seconds)
        if seconds:
            raise CircuitOpenError(policy.name, retry_after_seconds=seconds)

    async def succeeded(self, project_id: UUID, policy: BreakerPolicy) -> None:
        """Close the breaker, if it has seen failures."""
        belief = self._believed.get((project_id, policy.name))
        if belief is None or not belief.has_failures:
            return
        async with self._database.transaction(str(project_id)) as connection:
            await breakers.delete(connection, project_id, policy.name)
        self._believe(project_id, policy, None)

    async def failed(self, project_id: UUID, policy: BreakerPolicy) -> None:
        """Count a failure, which may open it."""
        async with self._database.transaction(str(project_id)) as connection:
            await breakers.lock(connection, project_id, policy.name)
            breaker, now = await breakers.select(connection, project_id, policy.name)
            breaker = after_failure(breaker, policy, now)
            await breakers.put(connection, project_id, policy.name, breaker)
        self._believe(project_id, policy, breaker)

    async def _begin_trial(self, project_id: UUID, policy: BreakerPolicy, try_seconds: float) -> float:
        """Take the trial, and return 0; or how long to wait, because somebody else has it."""
        async with self._database.transaction(str(project_id)) as connection:
            await breakers.lock(connection, project_id, policy.name)
            breaker, now = await breakers.select(connection, project_id, policy.name)
            if breaker is None:
                return 0.0
            if seconds := breaker.seconds_to_wait(now):
                return seconds
            trial = breaker.tried(now, lasts=timedelta(seconds=try_seconds))
            await breakers.put(connection, project_id, policy.name, trial)
            return 0.0

    def _believe(self, project_id: UUID, policy: BreakerPolicy, breaker: Breaker | None) -> None:
        belief = _Belief(
            has_failures=breaker is not None,
            is_open=breaker is not None and breaker.open_until is not None,
            until=_now() + BELIEVED_SECONDS,
        )
        self._believed.put((project_id, policy.name), belief)


def _now() -> float:
    return asyncio.get_running_loop().time()
