"""What is wrong with the fields of a request, gathered with the path of each.

Readers raise `Invalid` with the path relative to themselves; each level of nesting puts its
own segment in front while the exception passes. The happy path therefore carries no paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from timeloom_platform.errors import FieldViolation, InvalidFieldError

VIOLATIONS_MAX = 20
"""No more are gathered: enough to correct a request, little enough to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A field, named as in REST (`snapshots[2].stepName`), and what it must be."""

    field: str
    description: str


class Invalid(Exception):  # noqa: N818  # it is caught where it is raised, and reads as a word
    """One or more fields cannot be read."""

    def __init__(self, *violations: Violation) -> None:
        super().__init__("; ".join(f"{each.field}: {each.description}" for each in violations))
        self.violations = violations

    @classmethod
    def value(cls, description: str) -> Self:
        """The value itself is wrong; whoever holds it names it."""
        return cls(Violation(field="", description=description))

    @classmethod
    def at(cls, name: str, description: str) -> Self:
        """The member of this name is wrong."""
        return cls(Violation(field=name, description=description))

    def below(self, segment: str) -> Sequence[Violation]:
        """The violations as seen from one level above: `segment` is a name or an index in brackets."""
        return [
            Violation(field=_join(segment, each.field), description=each.description)
            for each in self.violations
        ]


def invalid_field(error: Invalid) -> InvalidFieldError:
    """Returns what a client is told of a request that cannot be read."""
    violations = [FieldViolation(field=each.field, description=each.description) for each in error.violations]
    first = violations[0]
    summary = f"{first.field} {first.description}" if first.field else f"the body {first.description}"
    return InvalidFieldError(summary, violations=violations)


def _join(segment: str, rest: str) -> str:
    if not rest or rest.startswith("["):
        return segment + rest
    return f"{segment}.{rest}"
