"""Which entries of a log later ones make good, so that a client that begins late reads less."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any, Final

import msgspec

from timeloom_workspace.shapes.files import File, Index

SEPARATOR: Final = b","
WRITE_BYTES: Final = 256 * 1024
"""So much is written at a time."""


class Kind(IntEnum):
    """What an entry does to its row."""

    INSERT = 1
    UPDATE = 2
    DELETE = 3


def compacted(texts: mmap.mmap, index: Index, fresh: File) -> Index:
    """Writes a log anew where several updates of a row are one; returns what is where in it.

    It shares a processor with an event loop: there is no step of it that takes long.

    Args:
        texts: The log; closed in the end.
        index: What is where in it.
        fresh: Where it is written.
    """
    written = Index()
    pending = bytearray()
    with texts:
        for group in groups_of(index.kinds, index.rows):
            if written:
                pending += SEPARATOR
            pending += _text(texts, index, group)
            last = group[-1]
            end = fresh.size + len(pending)
            written.add(index.place(last), end=end, kind=index.kinds[last], row=index.rows[last])
            if len(pending) >= WRITE_BYTES:
                fresh.append(bytes(pending))
                pending.clear()
    fresh.append(bytes(pending))
    return written


def _text(texts: mmap.mmap, index: Index, group: Sequence[int]) -> bytes:
    found = [texts[index.start(number) : index.ends[number]] for number in group]
    # Rows whose hashes are the same by chance: the text is that of several entries.
    return found[0] if len(found) == 1 else merged(found) or SEPARATOR.join(found)


def groups_of(kinds: Sequence[int], rows: Sequence[int]) -> Iterator[Sequence[int]]:
    """The indexes of entries that become one, each group in the place of its last, in order.

    Inserts and deletes stay, because a client that has read a part of the log must not see one twice. Updates
    of a row become one with the next update of it; those before its delete are left out.
    """
    pending: dict[int, list[int]] = {}
    # By their last: no group ends where another does.
    groups: list[Sequence[int] | None] = [None] * len(kinds)
    for index, (kind, row) in enumerate(zip(kinds, rows, strict=True)):
        if kind == Kind.UPDATE:
            pending.setdefault(row, []).append(index)
            continue
        updates = pending.pop(row, [])
        if kind == Kind.INSERT:
            # It cannot be that a row is inserted while it is there: better to keep all than to be wrong.
            for update in updates:
                groups[update] = (update,)
        groups[index] = (index,)
    for group in pending.values():
        groups[group[-1]] = group
    return (group for group in groups if group is not None)


def merged(texts: Sequence[bytes]) -> bytes | None:
    """Several updates of a row as one; None if they are not all of the same row."""
    messages: list[dict[str, Any]] = [msgspec.json.decode(text) for text in texts]
    last = messages[-1]
    if any(message["key"] != last["key"] for message in messages):
        return None
    value: dict[str, Any] = {}
    old_value: dict[str, Any] = {}
    txids: dict[int, None] = {}
    for message in messages:
        value.update(message["value"])
        for name, old in message.get("old_value", {}).items():
            old_value.setdefault(name, old)
        txids.update(dict.fromkeys(message["headers"]["txids"]))
    one = {**last, "value": value, "headers": {**last["headers"], "txids": list(txids)}}
    if old_value:
        one["old_value"] = old_value
    return msgspec.json.encode(one)
