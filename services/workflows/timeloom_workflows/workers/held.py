"""Which executions workers have, and which they keep while these rest."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom_workflows.workers.holding import Holding, Kept
from timeloom_workflows.workers.session import Session

KEPT_MAX: Final = 100_000
"""Executions that workers keep, as far as the engine remembers."""


class Held:
    """The executions of all workers of this replica."""

    def __init__(self) -> None:
        self._held: dict[UUID, Holding] = {}
        self._kept: dict[UUID, tuple[Session, Kept]] = {}

    def get(self, execution_id: UUID) -> Holding | None:
        """Returns an execution that a worker here holds."""
        return self._held.get(execution_id)

    def has(self, holding: Holding) -> bool:
        """Whether its worker still holds it."""
        return self._held.get(holding.id) is holding

    def all(self) -> list[Holding]:
        """Returns what workers hold."""
        return list(self._held.values())

    def by(self, session: Session) -> list[Holding]:
        """Returns what a worker holds."""
        return [each for each in self._held.values() if each.session is session]

    def add(self, holding: Holding) -> None:
        """Takes note of what a worker holds from now on."""
        self._held[holding.id] = holding

    def forget(self, holding: Holding) -> None:
        """Its worker holds it no longer."""
        holding.stop_timers()
        if self.has(holding):
            del self._held[holding.id]
        holding.session.suspects.release(holding.id)

    def keep(self, holding: Holding) -> None:
        """Remembers that its worker keeps an execution, so that next time only what is new is sent."""
        self._kept[holding.id] = (
            holding.session,
            Kept(token=holding.token, open={**holding.open, **holding.untold}),
        )
        while len(self._kept) > KEPT_MAX:
            del self._kept[next(iter(self._kept))]

    def kept(self, execution_id: UUID) -> tuple[Session | None, Kept | None]:
        """Returns who keeps an execution, and forgets it: somebody takes it now."""
        return self._kept.pop(execution_id, (None, None))

    def forget_kept(self, session: Session) -> None:
        """A worker keeps nothing any more."""
        for execution_id in [each for each, (keeper, _) in self._kept.items() if keeper is session]:
            del self._kept[execution_id]
