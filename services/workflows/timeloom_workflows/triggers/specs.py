"""What a definition's `triggers` ask for, read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from timeloom_workflows.definitions import expressions
from timeloom_workflows.definitions.durations import parse_duration
from timeloom_workflows.definitions.expressions import LazyExpression
from timeloom_workflows.definitions.templates import Template
from timeloom_workflows.model import TriggerType

TYPES: Final = {"event": TriggerType.EVENT, "cron": TriggerType.CRON, "webhook": TriggerType.WEBHOOK}
_KEPT_MAX: Final = 2_000


class TriggerSpec(Struct, frozen=True, kw_only=True):
    """What makes a workflow begin by itself.

    Attributes:
        expression: The name of an event, or the expression of a schedule.
        match: What must hold of the event; None if nothing must.
        input: What the execution is given; None for the event's data.
        catch_up: What becomes of times that were missed: `none` of them, `one`, or `all`.
        jitter: It fires up to so much later.
    """

    type: TriggerType
    expression: str
    time_zone: str
    match: LazyExpression | None
    input: Template | None
    catch_up: str
    jitter: timedelta


class Happening(Struct, frozen=True, kw_only=True):
    """What made a trigger fire, as its expressions see it.

    Attributes:
        data: As JSON; None if there is none.
    """

    id: str
    name: str
    data: bytes | None
    occur_time: datetime

    def variable(self) -> dict[str, Any]:
        """Returns what expressions call `event`."""
        return {
            "id": self.id,
            "name": self.name,
            "data": msgspec.json.decode(self.data) if self.data else None,
            "occurTime": time_text(self.occur_time),
        }

    def document(self) -> bytes:
        """Returns the same as JSON, with the data as they came."""
        head = msgspec.json.encode({"id": self.id, "name": self.name})[:-1]
        time = msgspec.json.encode(time_text(self.occur_time))
        return head + b',"data":' + (self.data or b"null") + b',"occurTime":' + time + b"}"


@lru_cache(maxsize=_KEPT_MAX)
def spec_of(text: bytes) -> TriggerSpec:
    """Reads a trigger of a definition that was checked."""
    document: Mapping[str, Any] = msgspec.json.decode(text)
    kind = TYPES[document["type"]]
    match, jitter = document.get("match"), document.get("jitter")
    return TriggerSpec(
        type=kind,
        expression=document.get("event", document.get("cron", "")),
        time_zone=document.get("timeZone", "UTC"),
        match=None if match is None else LazyExpression(match, expressions.IN_TRIGGER),
        input=Template(document["input"], expressions.IN_TRIGGER) if "input" in document else None,
        catch_up=document.get("catchUp", "one"),
        jitter=timedelta(0) if jitter is None else parse_duration(jitter),
    )


def time_text(time: datetime) -> str:
    """Returns a time as JSON has it, such as `2026-11-23T08:00:00Z`."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
