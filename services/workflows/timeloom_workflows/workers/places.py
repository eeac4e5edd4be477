"""Room that workers have, kept for what is about to come for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from timeloom_workflows.workers.session import Session

Key = tuple[UUID, str]
"""A project, and the workflow or task in it."""

OFFERS_MAX: Final = 1_000
"""Workflows that one look into the queue asks for."""


class Room:
    """Who takes work of a name, and how much more of it.

    A worker gives credits for all that it runs together; what is kept for one name is not there for another
    one.
    """

    def __init__(self, *, of_tasks: bool) -> None:
        self._of_tasks = of_tasks
        self._sessions: dict[Key, deque[Session]] = {}
        self._kept: dict[Key, dict[Session, int]] = {}
        self._taken: set[Key] = set()

    def add(self, session: Session) -> None:
        """A worker has come."""
        for key in self._keys(session):
            self._sessions.setdefault(key, deque()).append(session)

    def remove(self, session: Session) -> None:
        """A worker has gone, or takes no more."""
        for key in self._keys(session):
            sessions = self._sessions.get(key)
            if sessions is not None and session in sessions:
                sessions.remove(session)
                if not sessions:
                    del self._sessions[key]
            self._kept.get(key, {}).pop(session, None)
            if not self._kept.get(key, True):
                del self._kept[key]

    def keep(self, key: Key) -> bool:
        """Keeps a place with the worker whose turn it is; False if none has room."""
        for session in self._in_turn(key):
            if self._credits(session) > 0:
                self._keep(key, session, 1)
                return True
        return False

    def offer(self, limit: int) -> list[tuple[Key, int]]:
        """Keeps what room there is, at most so much, shared out among names; returns how much of which.

        Names of which something has come since the last offer get most of it, and every other one gets one
        place. So a look that finds nothing says that nothing is there, and empty queues hold no long one up.
        """
        busy = [key for key in self._sessions if key in self._taken]
        others = [key for key in self._sessions if key not in self._taken]
        self._taken.clear()
        offered: dict[Key, int] = {}
        for key in others[: max(1, min(limit // 2, OFFERS_MAX))]:
            if self._offer(key, 1, offered):
                limit -= 1
                self._sessions[key] = self._sessions.pop(key)  # another one is the first next time
        for place, key in enumerate(busy):
            limit -= self._offer(key, limit // (len(busy) - place), offered)
        return list(offered.items())

    def _offer(self, key: Key, count: int, offered: dict[Key, int]) -> int:
        """Keeps places of a name, and returns how many there were."""
        left = count
        for session in self._in_turn(key):
            places = min(self._credits(session), left)
            if places > 0:
                self._keep(key, session, places)
                offered[key] = offered.get(key, 0) + places
                left -= places
        return count - left

    def give_back(self, key: Key, count: int) -> None:
        """Frees places that were kept."""
        kept = self._kept.get(key, {})
        while count > 0 and kept:
            session, places = next(iter(kept.items()))
            freed = min(places, count)
            self._free(key, session, freed)
            self._add_credits(session, freed)
            count -= freed

    def take(self, key: Key, *, rather: Session | None = None) -> Session | None:
        """Takes a place that was kept, rather with this worker; None if there is no worker any more.

        A worker that has gone meanwhile has taken its places along: then another one gets more than it asked
        for.
        """
        self._taken.add(key)
        kept = self._kept.get(key, {})
        if rather is not None and rather.takes(key[1], of_tasks=self._of_tasks):
            if rather in kept:
                self._free(key, rather, 1)
                return rather
            if self._credits(rather) > 0:
                self.give_back(key, 1)
                self._add_credits(rather, -1)
                return rather
        if kept:
            session = next(iter(kept))
            self._free(key, session, 1)
            return session
        any_one = next(self._in_turn(key), None)
        if any_one is not None:
            self._add_credits(any_one, -1)
        return any_one

    def _keys(self, session: Session) -> Iterator[Key]:
        for name in session.tasks if self._of_tasks else session.workflows:
            yield session.project_id, name

    def _in_turn(self, key: Key) -> Iterator[Session]:
        sessions = self._sessions.get(key)
        if sessions is None:
            return
        for _ in range(len(sessions)):
            sessions.rotate(-1)
            yield sessions[-1]

    def _keep(self, key: Key, session: Session, count: int) -> None:
        self._add_credits(session, -count)
        kept = self._kept.setdefault(key, {})
        kept[session] = kept.get(session, 0) + count

    def _free(self, key: Key, session: Session, count: int) -> None:
        kept = self._kept[key]
        if kept[session] > count:
            kept[session] -= count
        else:
            del kept[session]
            if not kept:
                del self._kept[key]

    def _credits(self, session: Session) -> int:
        return session.task_credits if self._of_tasks else session.execution_credits

    def _add_credits(self, session: Session, count: int) -> None:
        if self._of_tasks:
            session.task_credits += count
        else:
            session.execution_credits += count
