"""Server-sent events as a browser reads them (WHATWG HTML, 9.2.6)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event, with its data decoded."""

    id: str
    event: str
    data: Any


def read(answer: httpx.Response) -> Iterator[Event]:
    """Yields the events of an answer until it ends; comments, which only keep it alive, are skipped."""
    fields: dict[str, list[str]] = {}
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
        elif "data" in fields:
            data = json.loads("\n".join(fields["data"]))
            yield Event(
                id="".join(fields.get("id", ())), event="".join(fields.get("event", ("message",))), data=data
            )
            fields = {}
        else:
            fields = {}
