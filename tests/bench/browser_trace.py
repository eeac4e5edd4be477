"""What a page does while something is done with it: the tasks of its main thread, from a trace."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import Page

_CATEGORIES: Final = ("devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel")
_TASKS: Final = ("RunTask", "ThreadControllerImpl::RunTask")
_POLL_MS: Final = 50


@dataclass(slots=True)
class Trace:
    """The tasks of a page's main thread.

    Attributes:
        tasks_ms: How long each took, the longest first; known once the trace has ended.
    """

    tasks_ms: list[float] = field(default_factory=list[float])

    @property
    def longest_ms(self) -> float:
        """The longest task."""
        return self.tasks_ms[0]


@contextmanager
def traced(page: Page) -> Generator[Trace]:
    """Traces the page while the block runs; afterwards the trace has the tasks."""
    session = page.context.new_cdp_session(page)
    events: list[dict[str, Any]] = []
    completed: list[bool] = []
    session.on("Tracing.dataCollected", lambda data: events.extend(data["value"]))
    session.on("Tracing.tracingComplete", lambda _: completed.append(True))
    session.send(
        "Tracing.start",
        {"transferMode": "ReportEvents", "traceConfig": {"includedCategories": list(_CATEGORIES)}},
    )
    trace = Trace()
    yield trace
    session.send("Tracing.end")
    while not completed:
        page.wait_for_timeout(_POLL_MS)
    session.detach()
    trace.tasks_ms = _tasks_of(events)


def _tasks_of(events: list[dict[str, Any]]) -> list[float]:
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event.get("name") == "thread_name" and event["args"].get("name") == "CrRendererMain"
    }
    for name in _TASKS:
        tasks = [
            event["dur"] / 1000
            for event in events
            if event.get("name") == name and (event["pid"], event["tid"]) in mains and "dur" in event
        ]
        if tasks:
            return sorted(tasks, reverse=True)
    raise AssertionError("the trace has no tasks of a page's main thread")
