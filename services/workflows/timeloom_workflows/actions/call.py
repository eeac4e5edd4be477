"""What an action is given, what it comes to, and how it fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol
from uuid import UUID

from msgspec import Struct

from timeloom_workflows.model import Failure

MESSAGE_LENGTH_MAX: Final = 2_000
"""Of what an error says, so much is kept."""

RETRY_AFTER_SECONDS_MAX: Final = 3_600.0
"""No server that is called decides that a step waits for longer."""


class Call(Struct, frozen=True, kw_only=True):
    """One try of an action.

    Attributes:
        action: The rendered action, with its secrets.
        timeout_seconds: How long the try may take.
    """

    project_id: UUID
    execution_id: UUID
    step_id: str
    attempt: int
    action: Mapping[str, Any]
    timeout_seconds: float

    @property
    def idempotency_key(self) -> str:
        """The same in every try, so that whoever is called can tell a repetition from something new."""
        return f"{self.execution_id}/{self.step_id}"


class Runner(Protocol):
    """Does one type of action."""

    async def run(self, call: Call) -> bytes:
        """Returns the output as a JSON document.

        Raises:
            ActionError: It failed.
        """
        ...


class ActionError(Exception):
    """An action failed in a way that its execution may know."""

    def __init__(
        self, type_: str, message: str, *, is_final: bool = False, retry_after_seconds: float | None = None
    ) -> None:
        """Say what happened.

        Args:
            type_: The class of the error, as retry policies name it.
            message: For people.
            is_final: Trying again cannot help.
            retry_after_seconds: When trying again makes sense.
        """
        super().__init__(message)
        self.type = type_
        self.message = message[:MESSAGE_LENGTH_MAX]
        self.is_final = is_final
        self.retry_after_seconds = (
            None
            if retry_after_seconds is None
            else min(max(retry_after_seconds, 0.0), RETRY_AFTER_SECONDS_MAX)
        )

    def failure(self, step_id: str) -> Failure:
        """Return it as the step keeps it."""
        return Failure(type=self.type, message=self.message, step_id=step_id, is_final=self.is_final)


class InvalidActionError(ActionError):
    """The action is not one that can be done as it is; trying again cannot help."""

    def __init__(self, message: str) -> None:
        """Say what is wrong with it."""
        super().__init__("InvalidActionError", message, is_final=True)
