"""Where code stands, in words: for errors that a person has to find the place of."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

_OURS: Final = str(Path(__file__).parent)
_THEIRS: Final = str(Path(asyncio.__file__).parent)
DEPTH_MAX: Final = 100


def of_caller() -> str:
    """Return the place in the user's code that is running now."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as logging does
    while frame is not None and not _is_users(frame.f_code):
        frame = frame.f_back
    return _place(frame.f_code, frame.f_lineno) if frame is not None else "an unknown place"


def of_tasks(tasks: Iterable[asyncio.Task[Any]]) -> str:
    """Return the places where tasks wait; an empty text if none does."""
    places = (_innermost(task.get_coro()) for task in tasks)
    return " and ".join(dict.fromkeys(place for place in places if place))


def of_function(function: Callable[..., Any]) -> str:
    """Return where a function begins."""
    code = getattr(function, "__code__", None)
    return _place(code, code.co_firstlineno) if code is not None else repr(function)


def _innermost(coroutine: Any) -> str:
    """Return the deepest place of the user's code that a coroutine waits in."""
    place = ""
    for _ in range(DEPTH_MAX):
        frame: FrameType | None = getattr(coroutine, "cr_frame", None)
        if frame is None:
            break
        if _is_users(frame.f_code):
            place = _place(frame.f_code, frame.f_lineno)
        coroutine = getattr(coroutine, "cr_await", None)
    return place


def _is_users(code: CodeType) -> bool:
    return not code.co_filename.startswith((_OURS, _THEIRS, "<"))


def _place(code: CodeType, line: int) -> str:
    return f"{code.co_filename}:{line} in {code.co_name}"
