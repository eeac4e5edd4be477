"""What the engine and those who drive executions want of one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from timeloom_workflows.model import Execution, Step


class Claimed(Struct, frozen=True, kw_only=True):
    """An execution that this engine owns from now on.

    Attributes:
        execution: As it is after the claim; its token is what every `Advance` names.
        steps: All that it has had, by position.
    """

    execution: Execution
    steps: Sequence[Step] = ()


class Places(Struct, frozen=True, kw_only=True):
    """Places for executions that are kept free for whoever asked for them.

    Attributes:
        project_id: Only for those of this project; of any if None.
        workflow_id: Only for those of this workflow; of any if None.
    """

    count: int
    project_id: UUID | None = None
    workflow_id: str | None = None


class Driver(Protocol):
    """Drives executions of one kind: decides what comes next in them, and commits what was done.

    An execution that it was given is its own until an `Advance` parks, requeues or ends it, or comes back as
    not committed, or `drop` takes it away. None of these methods blocks, fails, or waits.
    """

    def reserve(self, project_id: UUID, workflow_id: str) -> bool:
        """Keeps a place for one execution that is about to come; False if there is none."""
        ...

    def offer(self, limit: int) -> Sequence[Places]:
        """Keeps all places that are free, at most `limit` of them, for what is queued, and tells which."""
        ...

    def give_back(self, places: Places) -> None:
        """Frees places that were kept and are not needed: nothing came for them."""
        ...

    def drive(self, claimed: Claimed) -> None:
        """Takes an execution, for which a place was kept."""
        ...

    def poke(self, execution_id: UUID) -> None:
        """Something came from outside for an execution that it drives: it looks into the database."""
        ...

    def drop(self, execution_id: UUID) -> None:
        """Forgets an execution at once: somebody else goes on with it."""
        ...
