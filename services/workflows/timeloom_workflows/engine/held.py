"""What this engine owns right now."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from msgspec import Struct

from timeloom_workflows.engine.drivers import Driver
from timeloom_workflows.model import Execution


class Held(Struct, kw_only=True):
    """An execution that one of this engine's drivers has.

    Attributes:
        inbox: How much of what came from outside its driver was told of.
        history_length: How long its history was after the last commit.
    """

    project_id: UUID
    id: UUID
    token: int
    workflow_id: str
    driver: Driver
    inbox: int
    history_length: int
    traceparent: str = ""
    has_parent: bool = False
    holds_slots: bool = False

    @classmethod
    def of(cls, execution: Execution, driver: Driver) -> Held:
        """Returns an execution that was just claimed."""
        return cls(
            project_id=execution.project_id,
            id=execution.id,
            token=execution.token,
            workflow_id=execution.workflow_id,
            driver=driver,
            inbox=execution.inbox,
            history_length=execution.history_length,
            traceparent=execution.traceparent,
            has_parent=execution.parent_id is not None,
            holds_slots=execution.holds_slots,
        )


class Holdings:
    """All that the engine holds, by id."""

    def __init__(self) -> None:
        self._held: dict[UUID, Held] = {}
        self._turn = 0

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Held]:
        return iter(list(self._held.values()))

    def get(self, execution_id: UUID) -> Held | None:
        """Returns an execution that is held."""
        return self._held.get(execution_id)

    def add(self, held: Held) -> None:
        """Holds an execution."""
        self._held[held.id] = held

    def remove(self, execution_id: UUID, token: int) -> Held | None:
        """Holds an execution no more, if it was held under this token."""
        held = self._held.get(execution_id)
        if held is None or held.token != token:
            return None
        return self._held.pop(execution_id)

    def clear(self) -> list[Held]:
        """Holds nothing more, and returns what was held."""
        held = list(self._held.values())
        self._held.clear()
        return held

    def take_turn(self, limit: int) -> list[Held]:
        """Returns the next so many, in turn: who asks again and again sees all of them."""
        if self._turn >= len(self._held):
            self._turn = 0
        turn = list(islice(self._held.values(), self._turn, self._turn + limit))
        self._turn += limit
        return turn
