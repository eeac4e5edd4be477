"""What becomes of the records of a request: what is kept, and what is said of the others."""

from __future__ import annotations

from dataclasses import dataclass, field

from timeloom_observability.limits import REASONS_MAX
from timeloom_observability.model import Event, MetricPoint, Score


class RejectedError(Exception):
    """One record is not kept; the text says why, for whoever sent it."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a request comes to.

    Attributes:
        rejected_count: How many spans, log records or points are not kept, as partial success counts them.
        warning_count: How often something was kept otherwise than it was sent.
    """

    events: list[Event] = field(default_factory=list[Event])
    scores: list[Score] = field(default_factory=list[Score])
    points: list[MetricPoint] = field(default_factory=list[MetricPoint])
    rejected_count: int = 0
    warning_count: int = 0
    _reasons: list[str] = field(default_factory=list[str])
    _untold_count: int = 0

    def reject(self, record: str, reason: object, *, count: int = 1) -> None:
        """Leaves records out, named as their sender knows them."""
        self.rejected_count += count
        self._say(f"{record} is rejected: {reason}")

    def warn(self, record: str, reason: str) -> None:
        """Says that something of a record is not as it was sent."""
        self.warning_count += 1
        self._say(f"{record}: {reason}")

    @property
    def message(self) -> str:
        """What partial success says: the first reasons, and how many more there are; empty if all is well."""
        return "; ".join(
            [*self._reasons, *([f"and {self._untold_count} more"] if self._untold_count else [])]
        )

    def _say(self, reason: str) -> None:
        if len(self._reasons) < REASONS_MAX:
            self._reasons.append(reason)
        else:
            self._untold_count += 1
