"""From what was measured in one window, or in two, to what is known of each group. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from timeloom_observability.alerts.machine import Reading
from timeloom_observability.alerts.model import Condition, Group, Measured, Measurement

WHOLE: Group = ()
"""The group of a rule that does not group."""


def readings(
    condition: Condition, now: Measurement, before: Measurement | None, known: Iterable[Group]
) -> Mapping[Group, Reading | None]:
    """Returns what is known of each group; None for one of which nothing is.

    Args:
        condition: Of the rule.
        now: What was measured.
        before: In the window before; None if the comparison does not ask for it.
        known: Groups that have an alert already.
    """
    groups = {*now.groups, *(before.groups if before else ()), *known}
    if not condition.is_grouped:
        groups.add(WHOLE)
    found: dict[Group, Reading | None] = {}
    for group in groups:
        measured = _of(now, group)
        found[group] = (
            None
            if measured is None
            else Reading(now=measured, before=None if before is None else _of(before, group))
        )
    return found


def _of(measurement: Measurement, group: Group) -> Measured | None:
    """Returns what a group came to: that of one that is not there is only known if all others are."""
    return measurement.groups.get(group, measurement.empty if measurement.is_whole else None)
