"""What a definition's `flowControl` asks for, read. Pure.

Every limit counts for each value of its `key` apart, and for all executions together if there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Struct

from timeloom.state import canonical
from timeloom_platform.errors import InvalidFieldError
from timeloom_workflows.definitions import expressions
from timeloom_workflows.definitions.durations import parse_duration
from timeloom_workflows.definitions.expressions import EvaluationError, LazyExpression
from timeloom_workflows.engine.commands import Flow, Slot

PRIORITY_MAX: Final = 100
KEY_LENGTH_MAX: Final = 200
"""Of what a key's value is written as; one that is longer is told from others by its hash."""


class Rate(Struct, frozen=True, kw_only=True):
    """So many within a time, evenly, with some room for those that come at once.

    Attributes:
        key: Of the row that keeps it.
        interval: Between two of them, when they come as fast as they may.
        burst: How many may come at once.
    """

    key: str
    interval: timedelta
    burst: int


class Collecting(Struct, frozen=True, kw_only=True):
    """What comes is collected before one execution begins with it.

    Attributes:
        is_batch: All of it is kept, not only what came last.
        period: It begins so long after the last one came; for batches, after the first.
        timeout: But not later than so long after the first; None if that does not matter.
        size_max: It begins when there are so many; None if that does not matter.
    """

    key: str
    is_batch: bool
    period: timedelta
    timeout: timedelta | None = None
    size_max: int | None = None


class FlowRules(Struct, frozen=True, kw_only=True):
    """What holds executions of a workflow back, for one input.

    Attributes:
        priority: None if the definition says nothing of it.
        refusing: What is faster does not begin.
        delaying: What is faster begins later.
    """

    flow: Flow | None = None
    priority: int | None = None
    refusing: Rate | None = None
    delaying: Rate | None = None
    collecting: Collecting | None = None


NO_RULES: Final = FlowRules()


def has_rules(definition: Mapping[str, Any]) -> bool:
    """Whether anything holds executions of a definition back."""
    return "flowControl" in definition or "start" in definition.get("timeouts", {})


def rules_of(workflow_id: str, definition: Mapping[str, Any], document: bytes | None) -> FlowRules:
    """Returns what holds an execution back that is given an input.

    Raises:
        InvalidFieldError: An expression has no value for this input.
    """
    if not has_rules(definition):
        return NO_RULES
    reader = _Reader(workflow_id, document)
    control: Mapping[str, Any] = definition.get("flowControl") or {}
    return FlowRules(
        flow=_flow(reader, control, definition.get("timeouts", {})),
        priority=reader.priority(control.get("priority")),
        refusing=_rate(reader, control.get("rateLimit"), "rateLimit"),
        delaying=_rate(reader, control.get("throttle"), "throttle"),
        collecting=_collecting(reader, control),
    )


class _Reader:
    """Reads the parts of `flowControl` for one input."""

    def __init__(self, workflow_id: str, document: bytes | None) -> None:
        self._workflow_id = workflow_id
        self._document = document
        self._variables: dict[str, Any] | None = None

    def key(self, name: str, part: Mapping[str, Any], *, for_project: bool = False) -> str:
        """The key under which what counts together is counted."""
        owner = "" if for_project else self._workflow_id
        if "key" not in part:
            return f"{name}/{owner}"
        text = canonical.encode(self._value(f"flowControl.{name}.key", part["key"])).decode()
        if len(text) > KEY_LENGTH_MAX or "\x00" in text:
            text = sha256(text.encode()).hexdigest()
        return f"{name}/{owner}/{text}"

    def priority(self, given: int | str | None) -> int | None:
        """The priority, within its bounds."""
        if not isinstance(given, str):
            return given
        value = self._value("flowControl.priority", given)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidFieldError.of("input", "makes `flowControl.priority` something else than a number")
        return max(-PRIORITY_MAX, min(PRIORITY_MAX, round(value)))

    def _value(self, place: str, text: str) -> Any:
        if self._variables is None:
            self._variables = {expressions.INPUT: msgspec.json.decode(self._document or b"null")}
        try:
            return LazyExpression(text, expressions.IN_FLOW).value(self._variables)
        except EvaluationError as error:
            raise InvalidFieldError.of("input", f"gives `{place}` no value: {error}") from None


def _flow(reader: _Reader, control: Mapping[str, Any], timeouts: Mapping[str, Any]) -> Flow | None:
    slots: Sequence[Slot] = [*_concurrency(reader, control), *_singleton(reader, control)]
    start = timeouts.get("start")
    if not slots and start is None:
        return None
    return Flow(
        slots=slots,
        start_ms=None if start is None else round(parse_duration(start) / timedelta(milliseconds=1)),
    )


def _concurrency(reader: _Reader, control: Mapping[str, Any]) -> Sequence[Slot]:
    slots: dict[str, Slot] = {}
    for number, part in enumerate(control.get("concurrency", ())):
        for_project = part.get("scope") == "project"
        name = "concurrency" if for_project else f"concurrency[{number}]"
        key = reader.key(name, part, for_project=for_project)
        if key not in slots or slots[key].limit > part["limit"]:
            slots[key] = Slot(key=key, limit=part["limit"])
    return list(slots.values())


def _singleton(reader: _Reader, control: Mapping[str, Any]) -> Sequence[Slot]:
    part = control.get("singleton")
    if part is None:
        return ()
    replaces = part.get("mode", "skip") == "cancel"
    return (Slot(key=reader.key("singleton", part), limit=1, is_single=not replaces, replaces=replaces),)


def _rate(reader: _Reader, part: Mapping[str, Any] | None, name: str) -> Rate | None:
    if part is None:
        return None
    limit = part["limit"]
    burst = part.get("burst", limit if name == "rateLimit" else 1)
    return Rate(key=reader.key(name, part), interval=parse_duration(part["period"]) / limit, burst=burst)


def _collecting(reader: _Reader, control: Mapping[str, Any]) -> Collecting | None:
    if part := control.get("debounce"):
        timeout = part.get("timeout")
        return Collecting(
            key=reader.key("debounce", part),
            is_batch=False,
            period=parse_duration(part["period"]),
            timeout=None if timeout is None else parse_duration(timeout),
        )
    if part := control.get("batch"):
        return Collecting(
            key=reader.key("batch", part),
            is_batch=True,
            period=parse_duration(part["timeout"]),
            size_max=part["maxSize"],
        )
    return None
