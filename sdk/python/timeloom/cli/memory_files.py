"""Memories as lines of JSON: what `timeloom memory export` writes and `import` reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, TextIO

import click

from timeloom.cli import documents
from timeloom.client import Memories
from timeloom.memories import Memory, MemoryKind, NewMemory
from timeloom.state._kinds import is_object

_TIMES = frozenset({"occur_time", "valid_from", "valid_to", "expire_time"})
_TEXTS = frozenset(
    {"content", "namespace", "memory_id", "key", "agent_id", "session_id", "context", "vector_model"}
)
_NAMES = {documents.camel(field.name): field.name for field in fields(NewMemory)} | {
    "id": "memory_id",
    "embeddingModel": "vector_model",
}
_IGNORED = frozenset(documents.camel(field.name) for field in fields(Memory)) - _NAMES.keys()
"""What a memory has that its writer does not choose."""


def write(
    file: TextIO,
    memories: Memories,
    namespaces: Iterable[str],
    *,
    with_vectors: bool,
    progress: Callable[[int], None],
) -> int:
    """Write memories, and return how many there were."""
    count = 0
    for memory in memories.list(namespaces=namespaces, order_by="create_time"):
        whole = memories.get(memory.id, include_vector=True) if with_vectors else memory
        document = documents.document(whole)
        if not with_vectors:
            del document["vector"]
        file.write(documents.compact(document) + "\n")
        count += 1
        progress(count)
    return count


def read(file: TextIO, *, into: str) -> Iterator[NewMemory]:
    """Yield the memories that lines describe.

    Args:
        file: The lines.
        into: The namespace of all of them, as new memories; their own if empty.

    Raises:
        click.ClickException: A line describes none; the message names it.
    """
    for number, line in enumerate(file, start=1):
        if line.strip():
            try:
                new = _memory(json.loads(line))
            except (ValueError, TypeError) as error:
                raise click.ClickException(f"Line {number}: {error}") from None
            yield replace(new, namespace=into, memory_id="") if into else new


def _memory(document: Any) -> NewMemory:
    if not is_object(document):
        raise TypeError("not a JSON object")
    given: dict[str, Any] = {}
    for name, value in document.items():
        if name in _IGNORED or value is None:
            continue
        if name not in _NAMES:
            raise ValueError(f"a memory has no {name!r}")
        given[_NAMES[name]] = _value(_NAMES[name], value)
    if not given.get("content"):
        raise ValueError("content is missing")
    if not given.get("vector"):
        # Without it the namespace's own model makes one.
        given.pop("vector_model", None)
    return NewMemory(**given)


def _value(name: str, value: Any) -> Any:
    if name in _TIMES:
        return datetime.fromisoformat(value)
    if name == "kind":
        return MemoryKind(str(value).upper().replace("-", "_"))
    if name in _TEXTS and not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value
