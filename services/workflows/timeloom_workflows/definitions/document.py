"""A definition as a JSON document, and what can be said about a place in it."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Self, TypeAlias

from msgspec import Struct

from timeloom.state import canonical
from timeloom_workflows.model import WorkflowKind

Place: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the document's root."""


class Problem(Struct, frozen=True, kw_only=True):
    """What is wrong at a place of a definition.

    Attributes:
        place: Such as `steps[2].retry.maxAttempts`; empty for the whole.
        step_id: The step that it is in; empty if it is in none.
        code: Such as `CYCLE`, for programs.
        message: What is wrong and what to do, for people.
    """

    place: str
    step_id: str = ""
    code: str
    message: str


class DefinitionDocument(Struct, frozen=True, kw_only=True):
    """A definition that was checked.

    Attributes:
        text: As it came.
        value: The same, decoded.
        hash: Of its canonical form.
    """

    id: str
    kind: WorkflowKind
    description: str
    text: bytes
    value: dict[str, Any]
    hash: bytes

    @classmethod
    def of(cls, text: bytes, *, kind: WorkflowKind) -> Self:
        """Returns the document of a definition that has no problems."""
        value: dict[str, Any] = canonical.decode(text)
        return cls(
            id=value["id"],
            kind=kind,
            description=value.get("description", ""),
            text=text,
            value=value,
            hash=sha256(canonical.encode(value)).digest(),
        )


def place_text(place: Sequence[str | int]) -> str:
    """Returns a place as people write it, such as `steps[2].cases[0].steps[1].id`."""
    text = ""
    for key in place:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text
