"""What a shape remembers of its rows: its clients are told the same as if the log said what they were."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_workspace.shapes.changes import RowChange, Transaction
from timeloom_workspace.shapes.compaction import Kind
from timeloom_workspace.shapes.log import ShapeLog
from timeloom_workspace.shapes.membership import Membership, UntellableError
from timeloom_workspace.shapes.requests import parse
from timeloom_workspace.shapes.shape import Shape, defined
from timeloom_workspace.shapes.tables import Column, Registration, Table, Words

REGISTRATION = Registration(
    name="runs",
    schema="rooms",
    table="executions",
    role=None,
    words=(Words(column="status", by_number=((1, "RUNNING"), (2, "DONE"))),),
    gone_column="delete_time",
)
TABLE = Table(
    registration=REGISTRATION,
    columns=tuple(
        Column(name=name, type_name="text", dimensions=0, modifier=-1, is_required=True)
        for name in ("id", "status", "title")
    ),
    key=("id",),
    logged=(),
    has_old_rows=False,
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A row, and how its title is stored: if apart, then it is told only when it changes."""

    id: str
    status: str
    title: str
    is_gone: bool
    is_apart: bool

    def told(self, before: Run | None) -> dict[str, str | None]:
        row = {"id": self.id, "status": self.status, "delete_time": "now" if self.is_gone else None}
        if self.is_apart and before is not None and before.title == self.title:
            return row
        return {**row, "title": self.title}

    @property
    def seen(self) -> dict[str, str] | None:
        word = {"1": "RUNNING", "2": "DONE"}[self.status]
        return None if self.is_gone else {"id": self.id, "status": word, "title": self.title}


RUNS = st.builds(
    Run,
    id=st.sampled_from("abc"),
    status=st.sampled_from("12"),
    title=st.sampled_from(("", "x", "y")),
    is_gone=st.booleans(),
    is_apart=st.booleans(),
)
# A row is written, deleted, or gets another key.
STEPS = st.lists(st.tuples(st.sampled_from(("write", "delete", "rename")), RUNS), max_size=30)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShapeLog]:
    """A log to which nothing is appended here."""
    log = ShapeLog(tmp_path_factory.mktemp("log"), chunk_bytes=10)
    yield log
    log.remove()


class Clients:
    """A shape, with what its clients have; it begins anew where it cannot go on, as the engine lets it."""

    def __init__(self, log: ShapeLog, where: str) -> None:
        request = parse("GET", urlencode({"table": "runs", "offset": "-1", "where": where}), b"")
        self._definition, self._clause = defined(request, TABLE, "")
        self._log = log
        self.rows: dict[str, dict[str, str]] = {}
        self.begin([])

    def begin(self, runs: Iterable[Run]) -> None:
        self._shape = Shape(
            handle="1", definition=self._definition, clause=self._clause, log=self._log, members_max=10
        )
        self.rows = self.shown(runs)
        self._shape.remember(
            [json.dumps({"key": key, "value": row}).encode() for key, row in self.rows.items()]
        )

    def shown(self, runs: Iterable[Run]) -> dict[str, dict[str, str]]:
        assert self._clause is not None
        rows = [run.seen for run in runs]
        return {TABLE.key_of(row): row for row in rows if row is not None and self._clause.matches(row)}

    def take(self, change: RowChange) -> int:
        """Learns of a change; returns of how many messages its clients do."""
        entries = self._shape.entries_of(Transaction(lsn=1, xid=1), [TABLE.seen(change)])
        for each in entries:
            value = json.loads(each.data)["value"]
            if each.kind is Kind.INSERT:
                assert each.key not in self.rows
                self.rows[each.key] = value
            elif each.kind is Kind.UPDATE:
                assert value.items() - self.rows[each.key].items(), "an update without anything new"
                self.rows[each.key].update(value)
            else:
                del self.rows[each.key]
        return len(entries)


def change_of(kind: str, run: Run, stored: dict[str, Run]) -> RowChange:
    """What the log says when a row is written, deleted or gets another key; the rows are then as it says."""
    before = stored.pop(run.id, None)
    if kind == "delete":
        return RowChange(old={"id": run.id, "status": None, "title": None, "delete_time": None}, new=None)
    after = run
    old: dict[str, str | None] | None = None
    if kind == "rename" and before is not None and (free := set("abc") - stored.keys() - {run.id}):
        old = {"id": run.id, "status": None, "title": None, "delete_time": None}
        after = replace(run, id=min(free))
    stored[after.id] = after
    return RowChange(old=old, new=after.told(before))


@given(steps=STEPS, where=st.sampled_from(("true", "status = 'RUNNING'", "title <> 'x' OR status = 'DONE'")))
def test_clients_have_what_the_table_has_after_every_change(
    log: ShapeLog, steps: list[tuple[str, Run]], where: str
) -> None:
    clients = Clients(log, where)
    stored: dict[str, Run] = {}
    for kind, run in steps:
        was_shown = clients.shown(stored.values())
        change = change_of(kind, run, stored)
        try:
            count = clients.take(change)
        except UntellableError:
            assert change.new is not None
            assert "title" not in change.new
            clients.begin(stored.values())
        else:
            assert (count == 0) == (clients.shown(stored.values()) == was_shown)
        assert clients.rows == clients.shown(stored.values())


def test_no_more_rows_are_remembered_than_a_shape_may_have() -> None:
    membership = Membership(("id",), rows_max=2)
    for key in "ab":
        membership.add(key, {"id": key})
    with pytest.raises(UntellableError, match="more than 2 rows"):
        membership.put("c", {"id": "c"})
    assert membership.remove("a")
    assert membership.put("c", {"id": "c"}) is not None
    assert len(membership) == 2
