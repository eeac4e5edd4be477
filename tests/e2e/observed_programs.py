"""The programs of the page of guides, run as they are against an endpoint that answers as OpenAI's does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from tests.e2e.rest import ok
from tests.e2e.running_stack import RunningStack

PAGE: Final = Path(__file__).parents[2] / "docs" / "observability-guides.md"
LIMIT_SECONDS: Final = 120.0

_GUIDE: Final = re.compile(r"^## (.+?)\n.*?^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_OF_THE_RUN: Final = frozenset(
    {
        *("id", "traceId", "spanId", "parentSpanId", "startTime", "endTime", "receiveTime", "durationMs"),
        *("executionId", "resource"),
    }
)
"""What is another one each time, or tells of this machine."""


def programs() -> Mapping[str, str]:
    """Returns the programs of the page by the headings that they stand under."""
    return dict(_GUIDE.findall(PAGE.read_text(encoding="utf-8")))


@dataclass(frozen=True, kw_only=True)
class Run:
    """A program that runs, or has run."""

    name: str
    process: subprocess.Popen[str]

    def said(self) -> str:
        """Waits for its end and returns what it printed."""
        output, errors = self.process.communicate(timeout=LIMIT_SECONDS)
        assert self.process.returncode == 0, f"{self.name}:\n{errors}"
        assert errors == "", f"{self.name} complains:\n{errors}"
        return output


def started(name: str, program: str, *, stack: RunningStack, openai_url: str, api_key: str = "") -> Run:
    """Starts a program against the stack, in an interpreter of its own."""
    inherited = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("TIMELOOM_", "OTEL_", "OPENAI_"))
    }
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env={
            **inherited,
            "TIMELOOM_DATA_DIR": str(stack.data_dir),
            "OPENAI_BASE_URL": openai_url,
            "OPENAI_API_KEY": "sk-of-nobody",
            **({"TIMELOOM_API_KEY": api_key} if api_key else {}),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return Run(name=name, process=process)


def events_of(client: httpx.Client, session_id: str) -> Sequence[Mapping[str, Any]]:
    """Returns the whole events of a session, in the order of its traces' trees, with their parents' names.

    What is another one in each run is left out.
    """
    asked = {"sessionId": session_id, "orderBy": "start_time"}
    traces = ok(client.get("/api/observability/traces", params=asked))["traces"]
    found: list[Mapping[str, Any]] = []
    for trace in traces:
        spans = ok(client.get(f"/api/observability/traces/{trace['id']}"))["spans"]
        listed = [span["event"] for span in spans]
        names = {each["spanId"]: each["name"] for each in listed}
        for each in listed:
            whole = ok(client.get(f"/api/observability/events/{each['id']}"))
            found.append(_without_what_changes(whole, parent=names.get(each["parentSpanId"], "")))
    return found


def _without_what_changes(event: Mapping[str, Any], *, parent: str) -> Mapping[str, Any]:
    kept = {name: value for name, value in event.items() if name not in _OF_THE_RUN}
    # Their values are what the fields were made of, in the words of each library's version.
    kept["attributes"] = sorted(kept.get("attributes", {}))
    return {**kept, "parent": parent}
