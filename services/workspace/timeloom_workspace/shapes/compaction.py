"""Which entries of a log later ones make good, so that a client that begins late reads less."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import IntEnum
from typing import Any


class Kind(IntEnum):
    """What an entry does to its row."""

    INSERT = 1
    UPDATE = 2
    DELETE = 3


def groups_of(kinds: Sequence[int], rows: Sequence[int]) -> list[list[int]]:
    """The indexes of entries that become one, each group in the place of its last, in order.

    Inserts and deletes stay, because a client that has read a part of the log must not see one twice. Updates
    of a row become one with the next update of it; those before its delete are left out.
    """
    pending: dict[int, list[int]] = {}
    groups: list[list[int]] = []
    for index, (kind, row) in enumerate(zip(kinds, rows, strict=True)):
        if kind == Kind.UPDATE:
            pending.setdefault(row, []).append(index)
            continue
        updates = pending.pop(row, [])
        if kind == Kind.INSERT and updates:
            # It cannot be that a row is inserted while it is there: better to keep all than to be wrong.
            groups.extend([update] for update in updates)
        groups.append([index])
    groups.extend(pending.values())
    groups.sort(key=lambda group: group[-1])
    return groups


def merged(texts: Sequence[bytes]) -> bytes | None:
    """Several updates of a row as one; None if they are not all of the same row."""
    messages: list[dict[str, Any]] = [json.loads(text) for text in texts]
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
    return json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode()
