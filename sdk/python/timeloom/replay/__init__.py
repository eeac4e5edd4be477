"""Recorded replay: an agent's code runs again, and the outside world answers from the recording.

from timeloom.replay import effect

@effect
def ask(prompt: str) -> str: ...

with client.replay(execution_id) as replay:
agent(replay.execution)
print(replay.result)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from timeloom.replay.divergence import Divergence as Divergence
    from timeloom.replay.divergence import DivergenceKind as DivergenceKind
    from timeloom.replay.divergence import ReplayDiverged as ReplayDiverged
    from timeloom.replay.divergence import ReplayResult as ReplayResult
    from timeloom.replay.divergence import ReplayStatus as ReplayStatus
    from timeloom.replay.effects import effect as effect
    from timeloom.replay.hooks import capture_http as capture_http
    from timeloom.replay.hooks import capture_langchain as capture_langchain
    from timeloom.replay.offline import replay as replay
    from timeloom.replay.outcomes import RecordedError as RecordedError
    from timeloom.replay.recording import RecordedStep as RecordedStep
    from timeloom.replay.recording import Recording as Recording
    from timeloom.replay.sources import generator as generator
    from timeloom.replay.sources import idempotency_key as idempotency_key
    from timeloom.replay.sources import now as now
    from timeloom.replay.sources import random as random
    from timeloom.replay.sources import time as time
    from timeloom.replay.sources import uuid as uuid

_HOMES = {
    "divergence": ("Divergence", "DivergenceKind", "ReplayDiverged", "ReplayResult", "ReplayStatus"),
    "effects": ("effect",),
    "hooks": ("capture_http", "capture_langchain"),
    "offline": ("replay",),
    "outcomes": ("RecordedError",),
    "recording": ("RecordedStep", "Recording"),
    "sources": ("generator", "idempotency_key", "now", "random", "time", "uuid"),
}

__all__ = [
    "Divergence",
    "DivergenceKind",
    "RecordedError",
    "RecordedStep",
    "Recording",
    "ReplayDiverged",
    "ReplayResult",
    "ReplayStatus",
    "capture_http",
    "capture_langchain",
    "effect",
    "generator",
    "idempotency_key",
    "now",
    "random",
    "replay",
    "time",
    "uuid",
]


def __getattr__(name: str) -> Any:
    # Loaded at first use: the recorder imports parts of this package, of which other parts are made.
    for module, names in _HOMES.items():
        if name in names:
            value = getattr(import_module(f"{__name__}.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
