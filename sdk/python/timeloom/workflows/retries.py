"""When and how often something is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from timeloom.workflows.durations import Duration, seconds_of, text_of
from timeloom.workflows.v1 import workflows_pb2 as pb


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Waits that grow: `initial`, then `backoff` times as long each time, up to `longest`.

    Attributes:
        max_attempts: All tries together; 1 means never again.
        jitter: How much of a wait is left to chance, from 0 to 1.
        final_errors: Classes of errors, or their names, after which trying again is useless.
    """

    max_attempts: int = 4
    initial: Duration = 1.0
    backoff: float = 2.0
    longest: Duration = "1h"
    jitter: float = 0.1
    final_errors: tuple[type[BaseException] | str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.max_attempts <= 1000:
            raise ValueError(f"max_attempts must be between 1 and 1,000, not {self.max_attempts}")
        if self.backoff < 1:
            raise ValueError(f"backoff must be at least 1, not {self.backoff}")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"jitter must be between 0 and 1, not {self.jitter}")
        for duration in (self.initial, self.longest):
            seconds_of(duration)

    def gives_up(self, error: pb.WorkflowError, attempt: int) -> bool:
        """Whether an error ends the tries, of which this was one, counted from 1."""
        return error.is_final or attempt >= self.max_attempts or error.type in self._final_names()

    def seconds_before(self, attempt: int, *, chance: float) -> float:
        """Return how long to wait before a try from the second on.

        Args:
            attempt: The number of the try that is waited for.
            chance: Between 0 and 1: where in what is left to chance the wait ends.
        """
        grown = seconds_of(self.initial) * self.backoff ** min(attempt - 2, 64)
        longest = min(grown, seconds_of(self.longest))
        return longest * (1 - self.jitter * chance)

    def message(self) -> pb.RetryPolicy:
        """Return the policy as the API knows it."""
        policy = pb.RetryPolicy(
            max_attempts=self.max_attempts,
            backoff=self.backoff,
            jitter=self.jitter,
            final_errors=self._final_names(),
        )
        policy.initial_interval.FromTimedelta(timedelta(seconds=seconds_of(self.initial)))
        policy.max_interval.FromTimedelta(timedelta(seconds=seconds_of(self.longest)))
        return policy

    def document(self) -> dict[str, Any]:
        """Return the policy as definitions write it."""
        return {
            "maxAttempts": self.max_attempts,
            "initialInterval": text_of(self.initial),
            "backoff": self.backoff,
            "maxInterval": text_of(self.longest),
            "jitter": self.jitter,
            "finalErrors": self._final_names(),
        }

    def _final_names(self) -> list[str]:
        return [each if isinstance(each, str) else each.__name__ for each in self.final_errors]
