"""Who wins when a write meets a record that was changed since its writer saw it.

Everything here is computed from a record's clocks: when each of its fields was written and by whom, when it
was deleted, and when its own user wrote it last. A *rival* of a write is another one that stands in the
record and that its writer cannot have seen: it is later than the clock that the writer names as known, and
not the writer's own.

Without a rival nobody loses: the write is applied, except for fields that its own writer has written later,
for mutations of one writer may arrive in any order. With a rival the table's policy decides.

By `FIELD_MERGE` a record is the same whatever the order in which writes arrive: each field has its latest
value, and the record exists if its latest write is later than its latest deletion. The other policies choose
between a whole write and the record as it stands, so that what arrives first can matter where writes set
different fields.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from timeloom_workspace.clocks import NEVER, after, node_of


class Policy(enum.IntEnum):
    """The conflict policies, with the numbers of the contract."""

    LAST_WRITE_WINS = 1
    SERVER_WINS = 2
    USER_PRIORITY = 3
    FIELD_MERGE = 4
    MANUAL = 5


class Operation(enum.IntEnum):
    """What a write does to its record, with the numbers of the contract."""

    INSERT = 1
    UPDATE = 2
    DELETE = 3


class Outcome(enum.IntEnum):
    """What becomes of a write, with the numbers of the contract."""

    APPLIED = 1
    SUPERSEDED = 2
    CONFLICT = 3
    REJECTED = 4


DEFAULT_POLICIES: Final[Mapping[str, Policy]] = {
    "tasks": Policy.FIELD_MERGE,
    "environments": Policy.MANUAL,
    "preferences": Policy.LAST_WRITE_WINS,
    "agent_sessions": Policy.FIELD_MERGE,
}
"""By table."""

NO_RECORD: Final = "there is no such record (yet)"
OWN_LATER: Final = "its own writer wrote later"
LATER_STANDS: Final = "a later write stands"
SERVER_STANDS: Final = "the record was changed since its writer saw it"
OWNER_STANDS: Final = "a write of the record's own user stands"
DELETED_LATER: Final = "the record was deleted later"
DELETED_FOR_GOOD: Final = "the record was deleted, and nothing of it is kept"
MERGED_IN_PART: Final = "later writes of some fields stand"
TO_BE_DECIDED: Final = "a person has to decide"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record, or what is kept of one that was deleted.

    Attributes:
        values: Its fields. Of a deleted record: as they were; empty if they are not kept, None if its
            insertion has not arrived.
        field_clocks: When each field was written.
        clock: Names this state of it: later with each change.
        delete_clock: When it was deleted; `NEVER` if it exists.
        user_id: Whose it is; empty if it is the project's.
        user_clock: When its own user wrote it last.
    """

    values: Mapping[str, object] | None
    field_clocks: Mapping[str, str]
    clock: str
    delete_clock: str = NEVER
    user_id: str = ""
    user_clock: str = NEVER

    @property
    def exists(self) -> bool:
        """Whether it was not deleted."""
        return self.delete_clock == NEVER

    def written(self) -> Iterator[str]:
        """Yields the clocks of the writes that stand in it."""
        yield from self.field_clocks.values()
        if not self.exists:
            yield self.delete_clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A mutation that is well formed.

    Attributes:
        values: The fields that it sets; all fields of the table if it is an insertion; none if a deletion.
        clock: When it was made, and by whom.
        base_clock: The clock of the record as its writer knew it; `NEVER` if it knew none.
        user_id: Who made it; empty if nobody says.
    """

    operation: Operation
    clock: str
    values: Mapping[str, object] = field(default_factory=dict[str, object])
    base_clock: str = NEVER
    user_id: str = ""

    def is_own(self, clock: str) -> bool:
        """Whether a write is of the same writer."""
        return node_of(clock) == node_of(self.clock)

    def rivals(self, clock: str) -> bool:
        """Whether a write is one that this one's writer cannot have seen."""
        return clock > self.base_clock and not self.is_own(clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a write, and of its record.

    Attributes:
        outcome: What becomes of the write.
        record: The record afterwards; None if there is still none.
        reason: Why not all of the write was applied; empty if it was.
        fields: What both the write and rivals of it had changed.
        is_contested: Whether somebody lost something by it, or could: it belongs among the conflicts.
    """

    outcome: Outcome
    record: Record | None
    reason: str = ""
    fields: tuple[str, ...] = ()
    is_contested: bool = False


def decide(policy: Policy, record: Record | None, write: Write) -> Verdict:
    """Decides what becomes of a write that meets a record."""
    if record is None:
        return _first(write)
    if record.values is None and write.operation is Operation.UPDATE:
        return Verdict(outcome=Outcome.REJECTED, record=record, reason=NO_RECORD)
    rivals = [clock for clock in (*record.written(), record.clock) if write.rivals(clock)]
    if policy is Policy.FIELD_MERGE:
        verdict = _merged(record, write)
    elif rivals:
        latest = max((clock for clock in record.written() if write.rivals(clock)), default=record.clock)
        verdict = _remembered(_contested(policy, record, write, latest_rival=latest), write)
    else:
        verdict = _remembered(_applied(record, write), write)
    if write.operation is Operation.DELETE and not record.exists:
        # They agree; all that the policy decides is whose deletion it was.
        return Verdict(outcome=Outcome.APPLIED, record=verdict.record)
    if not rivals:
        return verdict
    fields = tuple(sorted(_both_changed(record, write)))
    is_in_part = verdict.outcome is not Outcome.APPLIED or verdict.reason == MERGED_IN_PART
    return replace(verdict, fields=fields, is_contested=is_in_part or bool(fields) or not record.exists)


def _first(write: Write) -> Verdict:
    if write.operation is Operation.UPDATE:
        return Verdict(outcome=Outcome.REJECTED, record=None, reason=NO_RECORD)
    if write.operation is Operation.DELETE:
        # Its insertion may still be on its way, and must find that it was deleted.
        buried = Record(values=None, field_clocks={}, clock=write.clock, delete_clock=write.clock)
        return Verdict(outcome=Outcome.APPLIED, record=buried)
    user_id = str(write.values.get("user_id", ""))
    inserted = Record(
        values=dict(write.values),
        field_clocks=dict.fromkeys(write.values, write.clock),
        clock=write.clock,
        user_id=user_id,
        user_clock=write.clock if user_id and write.user_id == user_id else NEVER,
    )
    return Verdict(outcome=Outcome.APPLIED, record=inserted)


def _contested(policy: Policy, record: Record, write: Write, *, latest_rival: str) -> Verdict:
    match policy:
        case Policy.LAST_WRITE_WINS:
            return _later_of(record, write, latest_rival)
        case Policy.USER_PRIORITY:
            return _by_priority(record, write, latest_rival)
        case Policy.SERVER_WINS:
            return Verdict(outcome=Outcome.SUPERSEDED, record=record, reason=SERVER_STANDS)
        case _:
            return Verdict(outcome=Outcome.CONFLICT, record=record, reason=TO_BE_DECIDED)


def _later_of(record: Record, write: Write, latest_rival: str) -> Verdict:
    if latest_rival > write.clock:
        return Verdict(outcome=Outcome.SUPERSEDED, record=record, reason=LATER_STANDS)
    return _applied(record, write)


def _by_priority(record: Record, write: Write, latest_rival: str) -> Verdict:
    owner_stands = write.rivals(record.user_clock)
    if record.user_id and write.user_id == record.user_id:
        if owner_stands and record.user_clock > write.clock:
            return Verdict(outcome=Outcome.SUPERSEDED, record=record, reason=LATER_STANDS)
        return _applied(record, write, over_others=True)
    if owner_stands:
        return Verdict(outcome=Outcome.SUPERSEDED, record=record, reason=OWNER_STANDS)
    return _later_of(record, write, latest_rival)


def _merged(record: Record, write: Write) -> Verdict:
    if write.operation is Operation.DELETE:
        later = [clock for clock in record.written() if clock > write.clock]
        return _too_late(record, write, later, LATER_STANDS) if later else _applied(record, write)
    if record.exists or write.clock > record.delete_clock:
        return _applied(record, write)
    return _too_late(_laid_into(record, write), write, [record.delete_clock], DELETED_LATER)


def _laid_into(record: Record, write: Write) -> Record:
    """Keeps a write in a record that was deleted later: a still later one may bring the record back."""
    return record if record.values == {} else _with(record, write, _fields_of(record, write))


def _remembered(verdict: Verdict, write: Write) -> Verdict:
    """Keeps the values of an insertion that came after its deletion: later writes may ask for them."""
    record = verdict.record
    if record is None or record.values is not None or write.operation is not Operation.INSERT:
        return verdict
    return replace(verdict, record=_with(record, write, list(write.values)))


def _too_late(record: Record, write: Write, later: list[str], reason: str) -> Verdict:
    """A write loses to later ones; to its own writer's it loses nothing."""
    if all(write.is_own(clock) for clock in later):
        return Verdict(outcome=Outcome.APPLIED, record=record, reason=OWN_LATER)
    return Verdict(outcome=Outcome.SUPERSEDED, record=record, reason=reason)


def _applied(record: Record, write: Write, *, over_others: bool = False) -> Verdict:
    """Applies a write where nothing later stands in its way, or nothing later of its own writer's."""
    if write.operation is Operation.DELETE:
        if _is_too_late(record, write, over_others=over_others):
            return Verdict(outcome=Outcome.APPLIED, record=record, reason=OWN_LATER)
        deleted = replace(
            _signed(record, write), delete_clock=write.clock, clock=after(record.clock, write.clock)
        )
        return Verdict(outcome=Outcome.APPLIED, record=deleted)
    if not record.exists:
        return _revived(record, write, over_others=over_others)
    fields = _fields_of(record, write, over_others=over_others)
    later = [record.field_clocks[name] for name in write.values if name not in fields]
    if not fields:
        return _too_late(record, write, later, LATER_STANDS)
    own = all(write.is_own(clock) for clock in later)
    reason = "" if not later else OWN_LATER if own else MERGED_IN_PART
    return Verdict(outcome=Outcome.APPLIED, record=_with(record, write, fields), reason=reason)


def _revived(record: Record, write: Write, *, over_others: bool) -> Verdict:
    is_own = write.is_own(record.delete_clock)
    if write.clock < record.delete_clock and (is_own or not over_others):
        laid = _laid_into(record, write) if is_own else record
        return _too_late(laid, write, [record.delete_clock], DELETED_LATER)
    if write.operation is Operation.UPDATE and not record.values:
        return Verdict(outcome=Outcome.SUPERSEDED, record=record, reason=DELETED_FOR_GOOD)
    fields = _fields_of(record, write, over_others=over_others)
    revived = replace(_with(record, write, fields), delete_clock=NEVER)
    return Verdict(outcome=Outcome.APPLIED, record=revived)


def _is_too_late(record: Record, write: Write, *, over_others: bool) -> bool:
    """Tells whether a deletion comes after its own writer wrote anew."""
    later = [clock for clock in record.written() if clock > write.clock]
    return any(write.is_own(clock) for clock in later) if over_others else bool(later)


def _fields_of(record: Record, write: Write, *, over_others: bool = False) -> list[str]:
    """Returns the fields of a write that are later than what stands in them."""
    clocks = record.field_clocks
    return [
        name
        for name in write.values
        if (stands := clocks.get(name, NEVER)) < write.clock or (over_others and not write.is_own(stands))
    ]


def _with(record: Record, write: Write, fields: list[str]) -> Record:
    values = {**(record.values or {}), **{name: write.values[name] for name in fields}}
    return replace(
        _signed(record, write, user_id=str(values.get("user_id", ""))),
        values=values,
        field_clocks={**record.field_clocks, **dict.fromkeys(fields, write.clock)},
        clock=after(record.clock, write.clock),
    )


def _signed(record: Record, write: Write, *, user_id: str | None = None) -> Record:
    """Notes whether it is the record's own user who wrote."""
    user_id = record.user_id if user_id is None else user_id
    user_clock = record.user_clock if user_id == record.user_id else NEVER
    if user_id and write.user_id == user_id:
        user_clock = max(user_clock, write.clock)
    return replace(record, user_id=user_id, user_clock=user_clock)


def _both_changed(record: Record, write: Write) -> Iterator[str]:
    names = record.field_clocks if write.operation is Operation.DELETE else write.values
    return (name for name in names if write.rivals(record.field_clocks.get(name, NEVER)))
