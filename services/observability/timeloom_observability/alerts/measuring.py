"""What the metric of a rule comes to, in a window or in two."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from timeloom_observability.alerts.model import RELATIVE, Measurement, Rule


class Meter(Protocol):
    """Reckons metrics."""

    async def measure(
        self,
        project_id: UUID,
        *,
        metric: int,
        event_filter: bytes,
        group_by: Sequence[str],
        after: datetime,
        before: datetime,
    ) -> Measurement:
        """Returns what a metric comes to for the groups with most events.

        Args:
            project_id: Whose events are meant.
            metric: The number of the contract's.
            event_filter: An EventFilter of the contract without times, encoded.
            group_by: By which fields groups are told apart; there is one group if empty. Events without one
                of them are in no group.
            after: Events began at this time, or later,
            before: and before this one.

        Raises:
            TimeloomError: It cannot be reckoned.
        """
        ...


async def measured(
    meter: Meter, project_id: UUID, rule: Rule, *, at: datetime
) -> tuple[Measurement, Measurement | None]:
    """Returns what a rule's metric comes to in the window that ends at a time, and in the one before.

    The one before is None unless the rule compares with it.

    Raises:
        TimeloomError: It cannot be reckoned.
    """
    window = timedelta(seconds=rule.window_seconds)

    async def measure(before: datetime) -> Measurement:
        return await meter.measure(
            project_id,
            metric=rule.metric,
            event_filter=rule.filter,
            group_by=rule.group_by,
            after=before - window,
            before=before,
        )

    now = await measure(at)
    return now, await measure(at - window) if rule.comparison in RELATIVE else None
