"""Executions whose worker was lost while it had them: one at a time for each worker.

What takes its worker down takes others along, which are no more to blame than the worker is. Given alone,
those come through, and only the one that takes its worker down again and again is given up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from uuid import UUID


class Suspects:
    """The suspects of one worker: the one that it has, and those that wait for their turn."""

    def __init__(self) -> None:
        self._current: UUID | None = None
        self._waiting: deque[tuple[UUID, Callable[[], None]]] = deque()
        self._is_closed = False

    def admit(self, execution_id: UUID, begin: Callable[[], None]) -> bool:
        """Tells whether an execution may begin; if not, `begin` is called when it may."""
        if self._current in (None, execution_id):
            self._current = execution_id
            return True
        self._waiting.append((execution_id, begin))
        return False

    def is_waiting(self, execution_id: UUID) -> bool:
        """Tells whether an execution waits: its worker has never had it."""
        return any(waiting == execution_id for waiting, _ in self._waiting)

    def release(self, execution_id: UUID) -> None:
        """An execution has got on, or is this worker's no longer: the next one has its turn."""
        if self._is_closed:
            return
        if self._current != execution_id:
            self._waiting = deque(each for each in self._waiting if each[0] != execution_id)
        elif self._waiting:
            self._current, begin = self._waiting.popleft()
            begin()
        else:
            self._current = None

    def close(self) -> None:
        """The worker is gone: nobody's turn comes any more."""
        self._is_closed = True
