"""Hooks: how calls of libraries get onto the tape, without a change in the code that makes them.

A hook replaces methods of a library's classes for as long as somebody needs it, and puts the original ones
back. Calls that belong to no tape, or to a recording that did not ask for the hook, pass as if it were not
there.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Protocol

from timeloom.replay import tape

HTTP: Final = "http"
LANGCHAIN: Final = "langchain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A member of a class or module, and what takes its place, made of the original."""

    owner: Any
    name: str
    replacement: Callable[[Any], Any]


class Recorded(Protocol):
    """What has a tape: an execution that is recorded or replayed."""

    @property
    def tape(self) -> tape.Tape:
        """Where its effects go."""
        ...


_lock = threading.Lock()
_uses: Counter[str] = Counter()
_originals: dict[str, list[tuple[Any, str, Any]]] = {}


def hooked(hook: str) -> tape.Tape | None:
    """Return the tape for a call that a hook has caught; None if it must pass."""
    on = tape.current()
    return on if on is not None and (on.answers or hook in on.hooks) else None


@contextmanager
def installed(library: str, patches: Callable[[], list[Patch]]) -> Generator[None]:
    """Hook a library for the block; blocks may overlap, in any threads."""
    with _lock:
        _uses[library] += 1
        if _uses[library] == 1:
            _originals[library] = [_applied(patch) for patch in patches()]
    try:
        yield
    finally:
        with _lock:
            _uses[library] -= 1
            if not _uses[library]:
                for owner, name, original in reversed(_originals.pop(library)):
                    setattr(owner, name, original)


def _applied(patch: Patch) -> tuple[Any, str, Any]:
    original = patch.owner.__dict__[patch.name]
    setattr(patch.owner, patch.name, patch.replacement(original))
    return patch.owner, patch.name, original


# Where the patches of each library are; a library that is not installed needs none.
_HTTP_LIBRARIES: Final = {
    "httpx": "timeloom.replay.http.httpx_hook",
    "requests": "timeloom.replay.http.requests_hook",
}


@contextmanager
def http_hooks() -> Generator[None]:
    """Hook the HTTP libraries that are installed."""
    with ExitStack() as stack:
        for library, module in _HTTP_LIBRARIES.items():
            if importlib.util.find_spec(library) is not None:
                stack.enter_context(installed(library, import_module(module).patches))
        yield


@contextmanager
def langchain_hooks() -> Generator[None]:
    """Hook the chat models and tools of LangChain."""
    with installed(LANGCHAIN, import_module("timeloom.replay.langchain").patches):
        yield


@contextmanager
def every_hook() -> Generator[None]:
    """Hook everything that is there, for a replay."""
    with ExitStack() as stack:
        stack.enter_context(http_hooks())
        # It takes a second to load. Code that has not loaded it makes no calls through it; `ReplaySaver`
        # hooks it for code that is about to.
        if "langchain_core" in sys.modules:
            stack.enter_context(langchain_hooks())
        yield


@contextmanager
def capture_http(execution: Recorded) -> Generator[None]:
    """Record the HTTP calls of httpx and requests that are made in the block, bodies and streams included.

    What authorises a call is replaced before anything is kept: headers, query parameters and members of
    bodies whose names say that they are secret. A replay needs no such block: it always answers.

    Args:
        execution: Which execution they belong to.
    """
    with http_hooks(), _hook_named(execution.tape, HTTP):
        yield


@contextmanager
def capture_langchain(execution: Recorded) -> Generator[None]:
    """Record what LangChain's chat models and tools answer in the block, and not what they do for it.

    Args:
        execution: Which execution they belong to.
    """
    with langchain_hooks(), _hook_named(execution.tape, LANGCHAIN):
        yield


@contextmanager
def _hook_named(on: tape.Tape, hook: str) -> Generator[None]:
    added = hook not in on.hooks
    on.hooks.add(hook)
    try:
        yield
    finally:
        if added:
            on.hooks.discard(hook)
