"""What is kept when snapshots are pruned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """What is kept: whatever any of the rules keeps. What is shared, and heads, are kept by every policy.

    Attributes:
        keep_last: The newest so many of each execution.
        keep_tagged: Those with a tag or label.
        keep_younger_than: Those that are younger.
        keep_kinds: Those of these kinds.
        delete_ended_after: Whole executions that ended longer ago are deleted.
    """

    keep_last: int
    keep_tagged: bool
    keep_younger_than: timedelta | None
    keep_kinds: tuple[int, ...]
    delete_ended_after: timedelta | None

    @property
    def prunes_snapshots(self) -> bool:
        """Whether single snapshots go: not if no rule says which are kept, for that would be all of them."""
        return bool(
            self.keep_last or self.keep_tagged or self.keep_younger_than is not None or self.keep_kinds
        )

    @property
    def is_empty(self) -> bool:
        """Whether it has no rule at all."""
        return not self.prunes_snapshots and self.delete_ended_after is None
