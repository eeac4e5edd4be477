"""The time, randomness and identifiers, recorded as effects.

Code that asks these instead of `datetime`, `random` and `uuid` runs the same when it is replayed. Outside of
a recording and a replay they answer like those.
"""

from __future__ import annotations

import random as _random
import time as _time
import uuid as _uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from timeloom.replay import performing, tape
from timeloom.replay.performing import PlainCodec
from timeloom.resources import EffectKind

_CODEC = PlainCodec()


def now(*, on: tape.Tape | None = None) -> datetime:
    """Return the time of day, in UTC."""
    text = _answer(on, EffectKind.CLOCK, "now", lambda: datetime.now(UTC).isoformat())
    return datetime.fromisoformat(text)


def time(*, on: tape.Tape | None = None) -> float:
    """Return the seconds since 1970, as `time.time` does."""
    return float(_answer(on, EffectKind.CLOCK, "time", _time.time))


def random(*, on: tape.Tape | None = None) -> float:
    """Return a random number from 0 up to, but not including, 1."""
    return float(_answer(on, EffectKind.RANDOM, "random", _random.random))


def generator(*, on: tape.Tape | None = None) -> _random.Random:
    """Return a source of any kind of randomness, such as choices and shuffles; only its seed is recorded."""
    seed = _answer(on, EffectKind.RANDOM, "seed", lambda: _random.getrandbits(53))
    return _random.Random(seed)  # noqa: S311 - what is recorded guards nothing


def uuid(*, on: tape.Tape | None = None) -> _uuid.UUID:
    """Return a random UUID."""
    return _uuid.UUID(_answer(on, EffectKind.ID, "uuid", lambda: str(_uuid.uuid4())))


def idempotency_key() -> str:
    """Return a key for the effect that is happening: for services that take one with a request.

    It is made of the execution, the step and the question, so that it stays the same when the effect is tried
    again from the same state, by a resumed execution too, and is another one in a fork.

    Raises:
        RuntimeError: No recorded effect is happening here.
    """
    call = tape.current_call()
    if call is None:
        raise RuntimeError("There is no idempotency key outside of a recorded effect")
    return call.idempotency_key


def _answer(on: tape.Tape | None, kind: EffectKind, name: str, ask: Callable[[], Any]) -> Any:
    on = tape.current() if on is None else on
    if on is None:
        return ask()
    return performing.result(on, tape.question(kind, name, None), ask, _CODEC)
