"""How what is committed reaches the shapes that it concerns."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence

import structlog

from timeloom_workspace.shapes.changes import Committed, RowChange, TableName, Transaction
from timeloom_workspace.shapes.limits import HELD_CHANGES_MAX, RECENT_TRANSACTIONS_MAX
from timeloom_workspace.shapes.membership import UntellableError
from timeloom_workspace.shapes.pgoutput import Relation
from timeloom_workspace.shapes.shape import Shape
from timeloom_workspace.shapes.snapshots import Visibility
from timeloom_workspace.shapes.tables import Table

_logger = structlog.get_logger(__name__)


class _Pending:
    """What happens to a shape's table while its snapshot is being taken.

    Attributes:
        before: Transactions that had been read before: the snapshot has to have them.
        visibility: What the snapshot has; None until that is known.
        held: What was read since, until then.
    """

    def __init__(self, before: Sequence[int]) -> None:
        self.before = before
        self.visibility: Visibility | None = None
        self.held: list[tuple[Transaction, Sequence[RowChange]]] = []
        self.held_count = 0


class _Followed:
    """A table that shapes are made of.

    Attributes:
        table: As they know it.
        shapes: By project and handle.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.shapes: dict[str, dict[str, Shape]] = {}


class Deliveries:
    """Brings transactions to shapes, in the order of the commits.

    Args:
        spoil: Gives up all shapes of a table of which the changes cannot be told.
        give_up: Gives up a shape that cannot go on.
    """

    def __init__(self, *, spoil: Callable[[TableName], None], give_up: Callable[[Shape], None]) -> None:
        self._spoil = spoil
        self._give_up = give_up
        self._followed: dict[TableName, _Followed] = {}
        self._pending: dict[str, _Pending] = {}
        self._recent: deque[int] = deque(maxlen=RECENT_TRANSACTIONS_MAX)
        self.last_lsn = 0

    @property
    def publications(self) -> Collection[str]:
        """What tells of the tables that shapes are made of."""
        return {each.table.registration.publication for each in self._followed.values()}

    @property
    def tables(self) -> Collection[TableName]:
        """Those that shapes are made of."""
        return self._followed.keys()

    def follow(self, shape: Shape) -> None:
        """Holds back for a shape what is read from now on, until its snapshot is known."""
        definition = shape.definition
        self._pending[shape.handle] = _Pending(list(self._recent))
        table = definition.table
        followed = self._followed.setdefault(table.relation, _Followed(table))
        followed.shapes.setdefault(definition.project_id, {})[shape.handle] = shape

    def unfollow(self, shape: Shape) -> None:
        """Brings a shape nothing more."""
        if self._pending.pop(shape.handle, None) is None:
            return
        definition = shape.definition
        followed = self._followed[definition.table.relation]
        shapes = followed.shapes[definition.project_id]
        del shapes[shape.handle]
        if not shapes:
            del followed.shapes[definition.project_id]
        if not followed.shapes:
            del self._followed[definition.table.relation]

    def is_late_enough(self, shape: Shape, visibility: Visibility) -> bool:
        """Whether a snapshot has all that was read before the shape was followed, and so would be missed."""
        return all(visibility.has(xid) for xid in self._pending[shape.handle].before)

    def admit(self, shape: Shape, visibility: Visibility) -> None:
        """Brings a shape what was held back for it, and all that follows, except what its snapshot has."""
        pending = self._pending[shape.handle]
        pending.visibility = visibility
        held, pending.held = pending.held, []
        for transaction, changes in held:
            self._apply(shape, visibility, transaction, changes)

    def begin_anew(self) -> None:
        """Forgets what was read: the slot is lost, and all shapes with it."""
        self._recent.clear()

    def take(self, committed: Committed) -> None:
        """Brings a transaction to the shapes that it concerns."""
        transaction = committed.transaction
        self.last_lsn = transaction.lsn
        self._recent.append(transaction.xid)
        for name in committed.spoilt:
            self._spoil(name)
        for relation in committed.relations:
            self._compare(relation)
        for name, changes in committed.changes.items():
            followed = self._followed.get(name)
            if followed is None:
                continue
            if followed.table.has_old_rows == (name in committed.keyed):
                self._spoil(name)
                continue
            column = followed.table.registration.project_column
            for project_id, rows in by_project(column, changes).items():
                if shapes := followed.shapes.get(project_id):
                    seen = [followed.table.seen(row) for row in rows]
                    for shape in list(shapes.values()):
                        self._bring(shape, transaction, seen)

    def _compare(self, relation: Relation) -> None:
        """Spoils what had the name of a table before: its columns are not the log's."""
        name = relation.schema, relation.name
        followed = self._followed.get(name)
        if followed is not None and not followed.table.is_as_logged(relation.id, relation.columns):
            self._spoil(name)

    def _bring(self, shape: Shape, transaction: Transaction, changes: Sequence[RowChange]) -> None:
        pending = self._pending[shape.handle]
        if pending.visibility is not None:
            self._apply(shape, pending.visibility, transaction, changes)
            return
        pending.held.append((transaction, changes))
        pending.held_count += len(changes)
        if pending.held_count > HELD_CHANGES_MAX:
            _logger.warning("too many changes while a shape begins", handle=shape.handle)
            self._give_up(shape)

    def _apply(
        self, shape: Shape, visibility: Visibility, transaction: Transaction, changes: Sequence[RowChange]
    ) -> None:
        if transaction.lsn < visibility.lsn and visibility.has(transaction.xid):
            return
        try:
            entries = shape.entries_of(transaction, changes)
            if not entries:
                return
            shape.log.append(entries)
        except UntellableError as error:
            _logger.info("a shape cannot go on", handle=shape.handle, reason=str(error))
            self._give_up(shape)
        except OSError:
            _logger.exception("a shape cannot be written", handle=shape.handle)
            self._give_up(shape)
        else:
            shape.wake()


def by_project(column: str | None, changes: Sequence[RowChange]) -> Mapping[str, Sequence[RowChange]]:
    """The changes of each project's rows: one that goes to another project leaves the first.

    Args:
        column: Names the project; None if all rows belong to all.
        changes: In order.
    """
    if column is None:
        return {"": changes}
    found: dict[str, list[RowChange]] = {}
    for change in changes:
        if change.old is None or change.new is None or change.old[column] == change.new[column]:
            row = change.new if change.new is not None else change.old
            moved = [(row, change)] if row is not None else []
        else:
            moved = [
                (change.old, RowChange(old=change.old, new=None)),
                (change.new, RowChange(old=None, new=change.new)),
            ]
        for row, each in moved:
            # A row of no project is nobody's.
            if (project_id := row[column]) is not None:
                found.setdefault(project_id, []).append(each)
    return found
