"""What an event says, as people read it: to be found by, to be understood, to be shown."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final, Protocol
from uuid import UUID

from timeloom_observability.model import EventKind, EventStatus, EventType
from timeloom_observability.search.documents import Weight
from timeloom_observability.semantics.json_text import decoded, is_array, is_object
from timeloom_observability.semantics.messages import Message, messages_in

DOCUMENT_LENGTH_MAX: Final = 65_536
"""Characters of an input or output as JSON; of a longer one only the beginning is read, as it stands."""

TEXT_LENGTH_MAX: Final = 16_000
"""Characters of an input or output by which an event is found."""

MEANING_LENGTH_MAX: Final = 1_000
"""Characters of what stands for an event's meaning: about what the built-in model reads at once."""

COLUMNS: Final = (
    "id",
    "type",
    "kind",
    "status",
    "severity",
    "name",
    "message",
    "error_type",
    "trace_id",
    "parent_span_id",
    "execution_id",
    "session_id",
    "user_id",
    "agent_id",
    "model",
    "provider",
    "tool_name",
    "service_name",
    "input_preview",
    "output_preview",
    "tags",
)
"""Of the table of events, what is read to make an event findable, besides its input and output."""

_ESCAPES: Final = ("\\n", "\\t", "\\r", '\\"')
_MEANT_KINDS: Final = frozenset({EventKind.LLM, EventKind.TOOL, EventKind.RETRIEVER})
_MEANT_TYPES: Final = frozenset({EventType.LOG, EventType.CUSTOM})
_SEEN: Final = "tool_name", "agent_id", "model", "error_type"


class Row(Protocol):
    """A row of `events`, with the beginnings of its input and output."""

    def __getitem__(self, name: str, /) -> Any:
        """Returns what is in a column."""
        ...


def texts_of(row: Row) -> Iterator[tuple[Weight, str]]:
    """Yields what an event says, the most telling first, from a row of `events`."""
    yield Weight.NAME, row["name"]
    for column in _SEEN:
        if (text := row[column]) and text != row["name"]:
            yield Weight.NAME, text
    if message := row["message"]:
        yield Weight.MESSAGE, message
    for side in ("output", "input"):
        preview, document = row[f"{side}_preview"], row[side]
        # What is hardly longer than its preview is the same text between quotes.
        text = readable(document) if document is not None and len(document) > len(preview) + 2 else ""
        if preview and preview not in text:
            yield Weight.CONTENT, preview
        if text:
            yield Weight.CONTENT, text


def readable(document: str) -> str:
    """Returns what a person would read of a JSON document, or of the beginning of one."""
    if len(document) >= DOCUMENT_LENGTH_MAX:
        return _unescaped(document[:TEXT_LENGTH_MAX])
    try:
        value = decoded(document)
    except ValueError:
        return _unescaped(document[:TEXT_LENGTH_MAX])
    pieces: list[str] = []
    size = 0
    messages = messages_in(value)
    for piece in _said(messages) if messages else _leaves(value):
        pieces.append(piece)
        size += len(piece) + 1
        if size > TEXT_LENGTH_MAX:
            break
    return "\n".join(pieces)[:TEXT_LENGTH_MAX]


def meaning_of(row: Row) -> str:
    """Returns what stands for an event's meaning; empty if it is none that is looked for by it."""
    if not (
        row["kind"] in _MEANT_KINDS
        or row["type"] in _MEANT_TYPES
        or row["status"] == EventStatus.ERROR
        or (row["type"] == EventType.SPAN and row["parent_span_id"] is None)
    ):
        return ""
    said = [row["tool_name"], row["message"], row["input_preview"], row["output_preview"]]
    text = "\n".join(piece for piece in said if piece) or f"{row['name']} {row['error_type']}"
    return text[:MEANING_LENGTH_MAX].strip()


def meaning_id(text: str) -> UUID:
    """Returns the id of a meaning: half of the SHA-256 of its text."""
    return UUID(bytes=hashlib.sha256(text.encode()).digest()[:16])


def _said(messages: list[Message]) -> Iterator[str]:
    """Yields what is said in a conversation, its end first: that is what is new in it."""
    for message in reversed(messages):
        if content := message.get("content"):
            yield content
        for call in message.get("tool_calls", ()):
            yield str(call.get("name", ""))
            yield from _leaves(call.get("arguments"))


def _leaves(value: Any) -> Iterator[str]:
    """Yields the texts and numbers in a value in their order, with the names of what they are."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if is_object(each):
            for name, member in reversed(each.items()):
                waiting += (member, name)
        elif is_array(each):
            waiting.extend(reversed(each))
        elif isinstance(each, str):
            yield each
        elif each is not None:
            yield str(each)


def _unescaped(document: str) -> str:
    for escape in _ESCAPES:
        document = document.replace(escape, " ")
    return document
