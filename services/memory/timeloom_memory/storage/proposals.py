"""Near-duplicates that were found, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from timeloom_memory.sharing.scope import Scope
from timeloom_memory.storage.predicates import Parameters
from timeloom_platform.database import Connection

_COLUMNS: Final = "id, namespace, memory_ids, similarity, state, merged_id, create_time, update_time"

_INSERT: Final = """
INSERT INTO proposals (project_id, id, namespace, memory_ids, similarity, state, create_time, update_time)
VALUES ($1, $2, $3, $4, $5, 1, now(), now())
ON CONFLICT (project_id, id) DO NOTHING
"""

_DELETE_OTHERS: Final = """
DELETE FROM proposals WHERE project_id = $1 AND namespace = $2 AND state = 1 AND id <> ALL($3::uuid[])
"""

_SELECT_APART: Final = """
SELECT memory_ids FROM proposals WHERE project_id = $1 AND namespace = $2 AND state IN (3, 4)
"""

_SELECT: Final = f"""
SELECT {_COLUMNS} FROM proposals WHERE project_id = $1 AND id = $2
"""  # noqa: S608 - a constant

_LOCK: Final = f"{_SELECT} FOR UPDATE"

_UPDATE: Final = f"""
UPDATE proposals
SET state = $3, merged_id = coalesce($4, merged_id), update_time = now()
WHERE project_id = $1 AND id = $2
RETURNING {_COLUMNS}
"""  # noqa: S608 - a constant

_UNDO: Final = """
UPDATE proposals SET state = 4, update_time = now() WHERE project_id = $1 AND merged_id = $2 AND state = 2
"""


class ProposalState(IntEnum):
    """What became of a proposal; the numbers are the contract's."""

    OPEN = 1
    APPLIED = 2
    REJECTED = 3
    UNDONE = 4


class Proposal(Struct, frozen=True, kw_only=True):
    """Near-duplicates that may become one memory, the one that would stay first."""

    id: UUID
    namespace: str
    memory_ids: tuple[UUID, ...]
    similarity: float
    state: ProposalState
    merged_id: UUID | None
    create_time: datetime
    update_time: datetime


class NewProposal(Struct, frozen=True, kw_only=True):
    """A proposal that is to be made."""

    id: UUID
    memory_ids: Sequence[UUID]
    similarity: float


async def replace_open(
    connection: Connection, project_id: UUID, namespace: str, wanted: Sequence[NewProposal]
) -> None:
    """Makes proposals that are not there, and drops open ones that hold no longer."""
    await connection.execute(_DELETE_OTHERS, project_id, namespace, [each.id for each in wanted])
    rows = [(project_id, each.id, namespace, list(each.memory_ids), each.similarity) for each in wanted]
    await connection.executemany(_INSERT, rows)


async def select_apart(connection: Connection, project_id: UUID, namespace: str) -> list[frozenset[UUID]]:
    """Returns the sets of memories that somebody has refused to merge, or has merged and taken apart."""
    rows = await connection.fetch(_SELECT_APART, project_id, namespace)
    return [frozenset(row["memory_ids"]) for row in rows]


async def select_page(
    connection: Connection,
    project_id: UUID,
    *,
    namespace: str,
    state: ProposalState,
    scope: Scope,
    after: tuple[float, UUID] | None,
    limit: int,
) -> list[Proposal]:
    """Returns proposals whose namespace may be read, most alike first; of one namespace if it is named."""
    parameters = Parameters(project_id)
    conditions = ["project_id = $1", f"state = {parameters.add(int(state))}"]
    if namespace:
        conditions.append(f"namespace = {parameters.add(namespace)}")
    conditions.append(f"({scope.namespaces_sql(parameters, 'namespace')})")
    if after is not None:
        similarity, proposal_id = (parameters.add(part) for part in after)
        conditions.append(
            f"(similarity < {similarity}::real OR (similarity = {similarity}::real AND id > {proposal_id}))"
        )
    # Only constants of this package and numbers of parameters are put together here.
    statement = f"""
        SELECT {_COLUMNS}
        FROM proposals
        WHERE {" AND ".join(conditions)}
        ORDER BY similarity DESC, id
        LIMIT {parameters.add(limit)}
    """  # noqa: S608 - see above
    return [_proposal(row) for row in await connection.fetch(statement, *parameters.values)]


async def select(connection: Connection, project_id: UUID, proposal_id: UUID) -> Proposal | None:
    """Returns a proposal."""
    row = await connection.fetchrow(_SELECT, project_id, proposal_id)
    return None if row is None else _proposal(row)


async def lock(connection: Connection, project_id: UUID, proposal_id: UUID) -> Proposal | None:
    """Returns a proposal, and keeps others from changing it."""
    row = await connection.fetchrow(_LOCK, project_id, proposal_id)
    return None if row is None else _proposal(row)


async def update(
    connection: Connection,
    project_id: UUID,
    proposal_id: UUID,
    *,
    state: ProposalState,
    merged_id: UUID | None = None,
) -> Proposal:
    """Notes what became of a proposal."""
    return _proposal(await connection.fetchrow(_UPDATE, project_id, proposal_id, int(state), merged_id))


async def undo(connection: Connection, project_id: UUID, merged_id: UUID) -> None:
    """Notes that a merge was taken back, if it was proposed."""
    await connection.execute(_UNDO, project_id, merged_id)


def _proposal(row: Any) -> Proposal:
    values: dict[str, Any] = dict(row)
    values["memory_ids"] = tuple(values["memory_ids"])
    values["state"] = ProposalState(values["state"])
    return Proposal(**values)
