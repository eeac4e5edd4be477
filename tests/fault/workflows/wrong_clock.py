"""A module run by a clock that is wrong: `python -m tests.fault.workflows.wrong_clock SECONDS MODULE`."""

from __future__ import annotations

import datetime as dt
import runpy
import sys
import time
from typing import Any

_RIGHT = dt.datetime


class _SameKind(type):
    """Times that others made are times, too."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _RIGHT)


def put_ahead(seconds: int) -> None:
    """Makes the time of day wrong for everything that is imported from now on; the monotonic clock stays."""
    right_time, right_time_ns = time.time, time.time_ns
    ahead = dt.timedelta(seconds=seconds)

    class Wrong(_RIGHT, metaclass=_SameKind):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return _RIGHT.now(tz) + ahead

        @classmethod
        def utcnow(cls) -> Any:
            return _RIGHT.now(dt.UTC).replace(tzinfo=None) + ahead

    time.time = lambda: right_time() + seconds
    time.time_ns = lambda: right_time_ns() + seconds * 1_000_000_000
    dt.datetime = Wrong  # type: ignore[misc]  # that is the point


if __name__ == "__main__":
    put_ahead(int(sys.argv[1]))
    module = sys.argv[2]
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
