"""Messages of logical replication, byte by byte."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_workspace.shapes import pgoutput
from timeloom_workspace.shapes.replication import Assembler
from timeloom_workspace.shapes.shape import RowChange, Transaction


def text(value: str) -> bytes:
    return b"t" + struct.pack("!i", len(value.encode())) + value.encode()


def row(*values: bytes) -> bytes:
    return struct.pack("!h", len(values)) + b"".join(values)


def relation(identity: bytes = b"f") -> bytes:
    columns = b"".join(b"\x01" + name + b"\0" + struct.pack("!Ii", 25, -1) for name in (b"id", b"title"))
    return b"R" + struct.pack("!I", 7) + b"workspace\0tasks\0" + identity + struct.pack("!h", 2) + columns


BEGIN = b"B" + struct.pack("!QqI", 500, 0, 42)
COMMIT = b"C" + struct.pack("!BQQq", 0, 500, 548, 0)
NEW = b"N" + row(text("1"), text("ä"))
TASKS = ("workspace", "tasks")


def test_each_kind_is_read() -> None:
    assert pgoutput.decode(BEGIN) == pgoutput.Begin(lsn=500, xid=42)
    assert pgoutput.decode(COMMIT) == pgoutput.Commit(lsn=500, end_lsn=548)
    assert pgoutput.decode(relation()) == pgoutput.Relation(
        id=7, schema="workspace", name="tasks", columns=("id", "title"), is_full=True
    )
    head = struct.pack("!I", 7)
    assert pgoutput.decode(b"I" + head + NEW) == pgoutput.Insert(relation_id=7, new=("1", "ä"))
    old = b"O" + row(text("1"), b"n")
    assert pgoutput.decode(b"U" + head + old + b"N" + row(text("1"), b"u")) == pgoutput.Update(
        relation_id=7, old=("1", None), new=("1", pgoutput.UNCHANGED)
    )
    assert pgoutput.decode(b"D" + head + old) == pgoutput.Delete(relation_id=7, old=("1", None))
    assert pgoutput.decode(b"T" + struct.pack("!iBI", 1, 0, 7)) == pgoutput.Truncate(relation_ids=(7,))
    assert pgoutput.decode(b"M") is None


@given(st.binary(max_size=60))
def test_what_is_broken_is_said_to_be(data: bytes) -> None:
    try:
        pgoutput.decode(data)
    except pgoutput.DecodeError:
        return


@pytest.mark.parametrize("length", range(5, len(NEW) + 4))
def test_a_message_that_is_cut_off_is_refused(length: int) -> None:
    whole = b"I" + struct.pack("!I", 7) + NEW
    with pytest.raises(pgoutput.DecodeError):
        pgoutput.decode(whole[:length])


def test_a_transaction_is_whole_with_its_commit() -> None:
    assembler = Assembler()
    old = b"O" + row(text("1"), text("long, and stored apart"))
    update = b"U" + struct.pack("!I", 7) + old + b"N" + row(text("1"), b"u")
    assert [assembler.take(data) for data in (BEGIN, relation(), update)] == [None, None, None]
    committed = assembler.take(COMMIT)
    assert committed is not None
    assert committed.transaction == Transaction(lsn=500, xid=42)
    whole = {"id": "1", "title": "long, and stored apart"}
    assert committed.changes == {TASKS: [RowChange(old=whole, new=whole)]}


def test_a_table_without_its_old_rows_is_spoilt() -> None:
    assembler = Assembler()
    for data in (BEGIN, relation(b"d"), b"I" + struct.pack("!I", 7) + NEW):
        assembler.take(data)
    committed = assembler.take(COMMIT)
    assert committed is not None
    assert (committed.changes, committed.spoilt) == ({}, frozenset({TASKS}))
