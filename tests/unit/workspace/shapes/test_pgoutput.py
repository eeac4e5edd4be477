"""Messages of logical replication, byte by byte."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_workspace.shapes import pgoutput
from timeloom_workspace.shapes.changes import Committed, RowChange, Transaction
from timeloom_workspace.shapes.replication import Assembler


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


def committed_by(*messages: bytes) -> Committed:
    assembler = Assembler()
    assert [assembler.take(data) for data in (BEGIN, *messages)] == [None] * (1 + len(messages))
    committed = assembler.take(COMMIT)
    assert committed is not None
    return committed


def test_a_row_that_is_told_in_part_spoils_a_table_whose_old_rows_should_be_told() -> None:
    update = b"U" + struct.pack("!I", 7) + b"N" + row(text("1"), b"u")
    committed = committed_by(relation(), update)
    assert (committed.changes, committed.spoilt) == ({}, frozenset({TASKS}))


def test_of_a_table_without_old_rows_keys_are_told_and_values_that_may_have_changed() -> None:
    head = struct.pack("!I", 7)
    committed = committed_by(
        relation(b"d"),
        b"I" + head + NEW,
        b"U" + head + b"N" + row(text("1"), b"u"),
        b"U" + head + b"K" + row(text("1"), b"n") + b"N" + row(text("2"), b"u"),
        b"D" + head + b"K" + row(text("2"), b"n"),
    )
    assert committed.keyed == frozenset({TASKS})
    assert committed.changes == {
        TASKS: [
            RowChange(old=None, new={"id": "1", "title": "ä"}),
            RowChange(old=None, new={"id": "1"}),
            RowChange(old={"id": "1", "title": None}, new={"id": "2"}),
            RowChange(old={"id": "2", "title": None}, new=None),
        ]
    }
