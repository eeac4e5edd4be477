"""Timeloom's Python client: records agents step by step, and steps back through what they did.

    from timeloom import Timeloom

    client = Timeloom()
    with client.record(agent_id="researcher", name="first try") as execution:
        execution.step("plan", {"question": "Why is the sky blue?", "notes": []})

`AsyncTimeloom` is the same for asyncio. `timeloom.langgraph.TimeloomSaver` records LangGraph agents.
`timeloom.observe()` sends what a program does as OpenTelemetry, and `@timeloom.observe` marks its functions.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from timeloom.aio import AsyncTimeloom as AsyncTimeloom
    from timeloom.client import Timeloom as Timeloom
    from timeloom.errors import TimeloomError as TimeloomError
    from timeloom.observing import observe as observe
    from timeloom.resources import Change as Change
    from timeloom.resources import ChangeKind as ChangeKind
    from timeloom.resources import Diff as Diff
    from timeloom.resources import Effect as Effect
    from timeloom.resources import EffectKind as EffectKind
    from timeloom.resources import Execution as Execution
    from timeloom.resources import ExecutionFailure as ExecutionFailure
    from timeloom.resources import ExecutionStatus as ExecutionStatus
    from timeloom.resources import Snapshot as Snapshot
    from timeloom.resources import SnapshotKind as SnapshotKind

__all__ = [
    "AsyncTimeloom",
    "Change",
    "ChangeKind",
    "Diff",
    "Effect",
    "EffectKind",
    "Execution",
    "ExecutionFailure",
    "ExecutionStatus",
    "Snapshot",
    "SnapshotKind",
    "Timeloom",
    "TimeloomError",
    "observe",
]

_HOMES = {
    "AsyncTimeloom": "timeloom.aio",
    "Timeloom": "timeloom.client",
    "TimeloomError": "timeloom.errors",
    "observe": "timeloom.observing",
}


def __getattr__(name: str) -> Any:
    # Loaded at first use: services import this package for its stubs and states, and need no client.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES.get(name, "timeloom.resources")), name)
    globals()[name] = value
    return value
