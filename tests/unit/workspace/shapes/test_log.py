"""A shape's log: what is read from anywhere is what was written, before and after it is compacted."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from timeloom_workspace.shapes.compaction import Kind
from timeloom_workspace.shapes.log import Entry, ShapeLog
from timeloom_workspace.shapes.offsets import BEFORE_ALL, Offset


def entry(number: int, kind: Kind, key: str, **value: str) -> Entry:
    message = {
        "key": key,
        "value": value,
        "headers": {"operation": kind.name.lower(), "txids": [number]},
    }
    return Entry(offset=Offset(100 + number, 0), data=json.dumps(message).encode(), kind=kind, key=key)


def messages(log: ShapeLog, offset: Offset) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        part = log.after(offset)
        found += json.loads(b"[" + part.body + b"]")
        offset = part.end
        if part.is_last:
            return found


def replayed(found: list[dict[str, Any]], rows: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """The rows of a client that had some and was sent these; nothing may come twice."""
    rows = {key: dict(value) for key, value in rows.items()}
    for message in found:
        key, operation = message["key"], message["headers"]["operation"]
        if operation == "insert":
            assert key not in rows
            rows[key] = message["value"]
        elif operation == "update":
            rows[key].update(message["value"])
        else:
            del rows[key]
    return rows


def test_a_snapshot_is_cut_where_a_chunk_is_full(tmp_path: Path) -> None:
    log = ShapeLog(tmp_path, chunk_bytes=10)
    log.add_rows([b"123456", b"7890", b"ab"])
    log.end_snapshot()
    first = log.after(BEFORE_ALL)
    assert (first.body, first.end, first.is_last) == (b"123456,7890", Offset(0, 0), False)
    assert log.after(first.end).body == b"ab"
    log.remove()
    assert not list(tmp_path.glob("*"))


@given(
    steps=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.booleans()), max_size=40),
    meanwhile=st.integers(min_value=0, max_value=10),
    chunk_bytes=st.sampled_from((1, 150, 10_000)),
)
def test_wherever_a_client_stands_it_ends_with_the_same_rows(
    tmp_path_factory: Any, steps: list[tuple[str, str, bool]], meanwhile: int, chunk_bytes: int
) -> None:
    log = ShapeLog(tmp_path_factory.mktemp("log"), chunk_bytes=chunk_bytes)
    log.end_snapshot()
    rows: dict[str, dict[str, str]] = {}
    made: list[Entry] = []
    seen = [(Offset(0, 0), rows)]
    for number, (key, field, is_delete) in enumerate(steps):
        if key not in rows:
            made.append(entry(number, Kind.INSERT, key, x="0", y="0", z="0"))
        elif is_delete:
            made.append(entry(number, Kind.DELETE, key))
        else:
            made.append(entry(number, Kind.UPDATE, key, **{field: str(number)}))
        rows = replayed([json.loads(made[-1].data)], rows)
        seen.append((made[-1].offset, rows))

    async def compact_while_writing() -> None:
        count = max(len(made) - meanwhile, 0)
        log.append(made[:count])
        compaction = asyncio.create_task(log.compact())
        await asyncio.sleep(0)
        log.append(made[count:])
        for offset, known in seen:
            assert replayed(messages(log, offset), known) == rows
        await compaction
        for offset, known in seen:
            assert replayed(messages(log, offset), known) == rows

    try:
        asyncio.run(compact_while_writing())
    finally:
        log.remove()


def test_a_log_may_be_removed_while_it_is_compacted(tmp_path: Path) -> None:
    log = ShapeLog(tmp_path / "log", chunk_bytes=10)
    log.append([entry(number, Kind.UPDATE, "a") for number in range(3)])

    async def remove_meanwhile() -> None:
        compaction = asyncio.create_task(log.compact())
        await asyncio.sleep(0)
        log.remove()
        await compaction

    asyncio.run(remove_meanwhile())
    assert list(tmp_path.iterdir()) == []
