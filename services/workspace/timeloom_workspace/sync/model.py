"""Mutations, and what becomes of them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from timeloom_workspace.sync.policies import Outcome, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A change that a client made, as it came: nothing of it is checked.

    Attributes:
        id: Unique in the project.
        table: The name of its record's.
        operation: A number of the contract.
        record_id: Its record's.
        value: A JSON object of the fields that it sets; None if there is none.
        clock: When it was made.
        base_clock: The record's as its writer knew it.
        user_id: Who made it.
    """

    id: str
    table: str
    operation: int
    record_id: str
    value: bytes | None
    clock: str
    base_clock: str
    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The answer to a mutation; its attributes are those of the contract."""

    mutation_id: str
    outcome: Outcome
    transaction_id: int = 0
    clock: str = ""
    reason: str = ""
    conflict_id: UUID | None = None
    dead_letter_id: UUID | None = None
    is_repeated: bool = False


class ConflictStatus(enum.IntEnum):
    """How far a conflict is, with the numbers of the contract."""

    OPEN = 1
    RESOLVED = 2


class Choice(enum.IntEnum):
    """What a record becomes by a decision, with the numbers of the contract."""

    CLIENT = 1
    SERVER = 2
    VALUE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A mutation that met a record which had been changed; its attributes are those of the contract."""

    id: UUID
    status: ConflictStatus
    policy: Policy
    mutation: Mutation
    server_value: bytes | None
    server_clock: str
    fields: tuple[str, ...]
    result: bytes | None
    client_id: str
    create_time: datetime
    resolve_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A mutation that cannot be applied.

    Attributes:
        awaits_record: Whether it is applied by itself once its record comes into being.
    """

    id: UUID
    client_id: str
    mutation: Mutation
    reason: str
    awaits_record: bool
    attempts: int
    create_time: datetime
