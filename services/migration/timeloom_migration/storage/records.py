"""Records as they came, and the secrets that they had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record, whose value is JSON with placeholders for its secrets."""

    index: int
    store: str
    key: str
    value: str = field(repr=False)
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSecret:
    """A secret that a record had in clear."""

    record_index: int
    number: int
    name: str
    sealed: bytes = field(repr=False)


_INSERT: Final = """
INSERT INTO records (project_id, migration_id, index, store, key, value, sha256)
SELECT $1, $2, r.index, r.store, r.key, r.value, r.sha256
FROM unnest($3::integer [], $4::text [], $5::text [], $6::text [], $7::text [])
    AS r (index, store, key, value, sha256)
"""

_INSERT_SECRETS: Final = """
INSERT INTO record_secrets (project_id, migration_id, record_index, number, name, sealed)
SELECT $1, $2, s.record_index, s.number, s.name, s.sealed
FROM unnest($3::integer [], $4::integer [], $5::text [], $6::bytea [])
    AS s (record_index, number, name, sealed)
"""

# What a value takes is known without reading it.
_SELECT_PART: Final = """
SELECT index, store, key, value, sha256
FROM (
    SELECT index, store, key, value, sha256, sum(octet_length(value)) OVER (ORDER BY index) AS bytes
    FROM records
    WHERE project_id = $1 AND migration_id = $2 AND index >= $3 AND index < $3 + $4
) AS part
WHERE bytes <= $5 OR index = $3
ORDER BY index
"""

_SELECT_NAMED: Final = """
SELECT r.index, r.store, r.key, r.value, r.sha256
FROM records AS r
INNER JOIN unnest($3::text [], $4::text []) AS named (store, key)
    ON r.store = named.store AND r.key = named.key
WHERE r.project_id = $1 AND r.migration_id = $2
ORDER BY r.index
"""

_SELECT_HASHES: Final = """
SELECT sha256 FROM records
WHERE project_id = $1 AND migration_id = $2 AND index >= $3 AND index < $4
ORDER BY index
"""

_SELECT_SECRETS: Final = """
SELECT record_index, number, name, sealed FROM record_secrets
WHERE project_id = $1 AND migration_id = $2 AND record_index = ANY($3::integer [])
"""


async def insert(
    connection: Connection,
    project_id: UUID,
    migration_id: UUID,
    records: Sequence[StoredRecord],
    secrets: Sequence[SealedSecret],
) -> None:
    """Keeps records that were not there, with their secrets."""
    await connection.execute(
        _INSERT,
        project_id,
        migration_id,
        [each.index for each in records],
        [each.store for each in records],
        [each.key for each in records],
        [each.value for each in records],
        [each.sha256 for each in records],
    )
    await connection.execute(
        _INSERT_SECRETS,
        project_id,
        migration_id,
        [each.record_index for each in secrets],
        [each.number for each in secrets],
        [each.name for each in secrets],
        [each.sealed for each in secrets],
    )


async def select_part(
    connection: Connection, project_id: UUID, migration_id: UUID, *, first: int, count: int, bytes_max: int
) -> list[StoredRecord]:
    """Returns the next records, in their order: as many as may be read at once, and one at least."""
    rows = await connection.fetch(_SELECT_PART, project_id, migration_id, first, count, bytes_max)
    return [StoredRecord(**row) for row in rows]


async def select_named(
    connection: Connection, project_id: UUID, migration_id: UUID, names: Iterable[tuple[str, str]]
) -> list[StoredRecord]:
    """Returns the records of these stores and keys."""
    wanted = list(names)
    rows = await connection.fetch(
        _SELECT_NAMED,
        project_id,
        migration_id,
        [store for store, _ in wanted],
        [key for _, key in wanted],
    )
    return [StoredRecord(**row) for row in rows]


async def select_hashes(
    connection: Connection, project_id: UUID, migration_id: UUID, *, first: int, count: int
) -> list[str]:
    """Returns the hashes of some records, in their order."""
    rows = await connection.fetch(_SELECT_HASHES, project_id, migration_id, first, first + count)
    return [row["sha256"] for row in rows]


async def select_secrets(
    connection: Connection, project_id: UUID, migration_id: UUID, record_indexes: Iterable[int]
) -> list[SealedSecret]:
    """Returns the secrets of some records."""
    rows = await connection.fetch(_SELECT_SECRETS, project_id, migration_id, list(record_indexes))
    return [SealedSecret(**row) for row in rows]
