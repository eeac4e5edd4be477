"""What is wrong with what begins a workflow, and with what holds it back."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from timeloom_workflows.definitions import expressions
from timeloom_workflows.definitions.document import Place
from timeloom_workflows.definitions.fields import check_template
from timeloom_workflows.definitions.findings import CONTRADICTION, Findings
from timeloom_workflows.definitions.kinds import list_of, object_of, text_of
from timeloom_workflows.triggers.cron import Cron, CronError, zone_of

DUPLICATE_TRIGGER: Final = "DUPLICATE_TRIGGER"

_PERIODS: Final = {
    "rateLimit": ("period",),
    "throttle": ("period",),
    "debounce": ("period", "timeout"),
    "batch": ("timeout",),
    "singleton": (),
}


def check_triggers(findings: Findings, definition: dict[str, Any]) -> None:
    """Looks at what begins a workflow by itself."""
    seen: dict[tuple[str, ...], int] = {}
    for index, value in enumerate(list_of(definition.get("triggers"))):
        trigger = object_of(value)
        if trigger is None:
            continue
        place: Place = ("triggers", index)
        kind = text_of(trigger, "type")
        same = _identity(kind, trigger)
        if same in seen:
            what = "another webhook" if kind == "webhook" else f"the same as triggers[{seen[same]}]"
            findings.add(place, DUPLICATE_TRIGGER, f"is {what}: it would begin everything twice")
        seen.setdefault(same, index)
        if kind == "cron":
            _check_schedule(findings, trigger, place)
        findings.expression(
            trigger.get("match"), (*place, "match"), expressions.IN_TRIGGER, is_condition=True
        )
        check_template(findings, trigger.get("input"), (*place, "input"), expressions.IN_TRIGGER)


def check_flow_control(findings: Findings, value: Any) -> None:
    """Looks at what holds executions back."""
    flow = object_of(value)
    if flow is None:
        return
    for index, each in enumerate(list_of(flow.get("concurrency"))):
        limit = object_of(each)
        if limit is not None:
            _check_key(findings, limit, ("flowControl", "concurrency", index))
            if limit.get("scope") == "project" and "key" not in limit:
                findings.add(
                    ("flowControl", "concurrency", index, "scope"),
                    CONTRADICTION,
                    "needs a `key`: it counts together what has the same value of it",
                )
    for name, durations in _PERIODS.items():
        part = object_of(flow.get(name))
        if part is None:
            continue
        place = ("flowControl", name)
        _check_key(findings, part, place)
        found = {key: findings.duration(part, key, place) for key in durations}
        for key, seconds in found.items():
            if seconds == 0:
                findings.add((*place, key), CONTRADICTION, "must be longer than nothing")
        if name == "debounce" and (found["timeout"] or 1e18) < (found["period"] or 0):
            findings.add(
                (*place, "timeout"), CONTRADICTION, "is shorter than `period`, which would never pass"
            )
    if "debounce" in flow and "batch" in flow:
        findings.add(
            ("flowControl", "batch"),
            CONTRADICTION,
            "collects inputs, and `debounce` drops all but the last one: use one of them",
        )
    if isinstance(flow.get("priority"), str):
        findings.expression(flow["priority"], ("flowControl", "priority"), expressions.IN_FLOW)


def _check_key(findings: Findings, part: dict[str, Any], place: Place) -> None:
    findings.expression(part.get("key"), (*place, "key"), expressions.IN_FLOW)


def _check_schedule(findings: Findings, trigger: dict[str, Any], place: Place) -> None:
    if expression := text_of(trigger, "cron"):
        try:
            Cron.parse(expression)
        except CronError as error:
            findings.add((*place, "cron"), "INVALID_CRON", str(error))
    if zone := text_of(trigger, "timeZone"):
        try:
            zone_of(zone)
        except CronError as error:
            findings.add((*place, "timeZone"), "INVALID_TIME_ZONE", str(error))
    findings.duration(trigger, "jitter", place)


def _identity(kind: str, trigger: dict[str, Any]) -> tuple[str, ...]:
    """Returns what makes a trigger the same as another one."""
    if kind == "webhook":
        return (kind,)
    told = {key: value for key, value in trigger.items() if key not in ("input", "catchUp", "jitter")}
    return (kind, msgspec.json.encode(told, order="sorted").decode())
