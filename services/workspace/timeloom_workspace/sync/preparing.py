"""A mutation as it came, made a write that policies understand; or the reason why that cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from timeloom_platform.errors import TimeloomError
from timeloom_workspace.clocks import DRIFT_MS_MAX, NEVER, SERVER_NODE, Clock, InvalidClockError
from timeloom_workspace.records.checking import changed_values, new_values, values_of_json
from timeloom_workspace.records.tables import TABLES, Table
from timeloom_workspace.sync.limits import MUTATION_AGE_MAX
from timeloom_workspace.sync.model import Mutation
from timeloom_workspace.sync.policies import Operation, Write

USER_ID_LENGTH_MAX: Final = 200

_AGE_MS_MAX: Final = MUTATION_AGE_MAX // timedelta(milliseconds=1)


class PoisonError(Exception):
    """A mutation cannot be applied; the text is the reason, and quotes no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A mutation that is well formed."""

    table: Table
    record_id: UUID
    write: Write


def prepared(mutation: Mutation, *, now_ms: int) -> Prepared:
    """Checks a mutation.

    Raises:
        PoisonError: It cannot be applied.
    """
    checked_clock(mutation, now_ms=now_ms)
    return prepared_at(mutation, clock=mutation.clock, base_clock=mutation.base_clock)


def prepared_at(mutation: Mutation, *, clock: str, base_clock: str) -> Prepared:
    """Checks a mutation but for its clocks, in whose place others stand.

    Raises:
        PoisonError: It cannot be applied.
    """
    table = _table_of(mutation.table)
    record_id = _record_id_of(mutation.record_id)
    operation = _operation_of(mutation.operation)
    if len(mutation.user_id) > USER_ID_LENGTH_MAX or "\x00" in mutation.user_id:
        raise PoisonError(f"userId: must have up to {USER_ID_LENGTH_MAX} characters, none of them U+0000")
    write = Write(
        operation=operation,
        clock=clock,
        base_clock=base_clock,
        user_id=mutation.user_id,
        values=values_of(table, operation, mutation.value),
    )
    return Prepared(table=table, record_id=record_id, write=write)


def values_of(table: Table, operation: Operation, value: bytes | None) -> dict[str, object]:
    """Reads what a write sets: all that callers may set if it inserts, some of it if it updates.

    Raises:
        PoisonError: It is not allowed.
    """
    if operation is Operation.DELETE:
        if value is not None:
            raise PoisonError("value: must be absent for a deletion")
        return {}
    if value is None:
        raise PoisonError("value: is required")
    try:
        given = values_of_json(table, value)
        values = new_values(table, given) if operation is Operation.INSERT else changed_values(table, given)
    except TimeloomError as error:
        raise PoisonError(_reason(error)) from None
    if not values:
        raise PoisonError("value: sets no field")
    return {name: each for name, each in values.items() if table.fields[name].is_settable}


def checked_clock(mutation: Mutation, *, now_ms: int) -> None:
    """Refuses clocks that order nothing.

    Raises:
        PoisonError: A clock is none, is impossible, or too far from the time.
    """
    clock = _clock_of("clock", mutation.clock)
    if clock.node == SERVER_NODE:
        raise PoisonError(f"clock: must not be of the node {SERVER_NODE}")
    if mutation.base_clock and _clock_of("baseClock", mutation.base_clock) >= clock:
        raise PoisonError("clock: must be later than baseClock")
    ahead = clock.milliseconds - now_ms
    if ahead > DRIFT_MS_MAX:
        raise PoisonError(
            f"clock: is {ahead // 1000} seconds ahead of the server's; at most"
            f" {DRIFT_MS_MAX // 1000} are allowed"
        )
    if ahead < -_AGE_MS_MAX:
        raise PoisonError(f"clock: is older than {MUTATION_AGE_MAX.days} days")


def record_ids_of(mutations: Sequence[Mutation]) -> dict[str, list[UUID]]:
    """Returns the records of mutations, by table; those that name none are left out."""
    found: dict[str, list[UUID]] = {}
    for mutation in mutations:
        try:
            table, record_id = _table_of(mutation.table), _record_id_of(mutation.record_id)
        except PoisonError:
            continue
        found.setdefault(table.name, []).append(record_id)
    return found


def base_clock_of(mutation: Mutation) -> str:
    """Returns what a mutation's writer knew; nothing if that cannot be read."""
    try:
        return str(Clock.parse(mutation.base_clock))
    except InvalidClockError:
        return NEVER


def _clock_of(name: str, text: str) -> Clock:
    try:
        return Clock.parse(text)
    except InvalidClockError as error:
        raise PoisonError(f"{name}: {error}") from None


def _table_of(name: str) -> Table:
    table = TABLES.get(name)
    if table is None:
        raise PoisonError(f"table: must be one of {', '.join(TABLES)}")
    return table


def _record_id_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise PoisonError("recordId: must be a UUID") from None


def _operation_of(number: int) -> Operation:
    try:
        return Operation(number)
    except ValueError:
        raise PoisonError("operation: must be INSERT, UPDATE or DELETE") from None


def _reason(error: TimeloomError) -> str:
    if error.violations:
        return "; ".join(f"{each.field}: {each.description}" for each in error.violations)
    return f"value: {error.message}"
